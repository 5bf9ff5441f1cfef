import { createHash } from "node:crypto";
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { chmod, mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MAX_AUDIO_BYTES } from "@invigil/schema";
import { InvigilError, invalidInput } from "../platform/errors.js";
import { isAudioOnly } from "./mp4.js";

/**
 * The path of audio files. They are served without a token, because apps play them in an `<audio>` element.
 */
export const AUDIO_PREFIX = "/audio/";

/** The prefix of incomplete files. They are not served. A process that crashes leaves them behind. */
const INCOMPLETE_PREFIX = ".arriving-";
const STALE_MS = 24 * 60 * 60 * 1000;

/**
 * The audio types that browsers play, as detected from the content, with the extension of the stored file.
 */
const EXTENSIONS: Readonly<Record<string, string>> = {
  mp3: "mp3",
  wav: "wav",
  ogg: "ogg", // Vorbis
  opus: "ogg",
  oga: "ogg", // FLAC
  m4a: "m4a",
};
const STORED_NAME = /^[0-9a-f]{64}\.(mp3|wav|ogg|m4a)$/;

/** A completely received file. Disposing deletes it, unless it was kept. */
export interface ReceivedFile extends AsyncDisposable {
  /** The path of the file on the server once it is kept. */
  readonly url: string;
  /** Moves the file to its final name. Files with equal content are stored once. */
  keep(): void;
}

/** Stored audio files. A file is named after the hash of its content, so it never changes. */
export interface AudioFiles {
  readonly folder: string;
  /** Creates the folder, and deletes incomplete files of crashed processes. */
  prepare(): Promise<void>;
  /** @throws PAYLOAD_TOO_LARGE, INVALID_INPUT if the content is not audio that browsers play */
  receive(content: AsyncIterable<Uint8Array>): Promise<ReceivedFile>;
  /** Whether the file with this name is public. */
  isServed(name: string): boolean;
  /** Deletes the file of a path on the server. Other URLs are ignored. */
  remove(url: string): void;
}

export interface AudioFilesDeps {
  readonly folder: string;
  readonly clock: () => Date;
  /** Creates names for incomplete files. */
  readonly nonce: () => string;
}

/** A rename is durable only after its folder was synchronized. */
const syncFolder = (folder: string): void => {
  const handle = openSync(folder, "r");
  fsyncSync(handle);
  closeSync(handle);
};

export const createAudioFiles = ({ folder, clock, nonce }: AudioFilesDeps): AudioFiles => {
  /** Writes the content to disk as it arrives. Returns its hash. */
  const write = async (path: string, content: AsyncIterable<Uint8Array>): Promise<string> => {
    const hash = createHash("sha256");
    async function* measured() {
      let size = 0;
      for await (const chunk of content) {
        size += chunk.length;
        if (size > MAX_AUDIO_BYTES)
          throw new InvigilError(
            "PAYLOAD_TOO_LARGE",
            `file must be at most ${MAX_AUDIO_BYTES / 1024 / 1024} MiB`,
          );
        hash.update(chunk);
        yield chunk;
      }
    }
    await writeFile(path, measured(), { flag: "wx", mode: 0o600, flush: true });
    return hash.digest("hex");
  };

  return {
    folder,
    async prepare() {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      for (const name of await readdir(folder)) {
        const path = join(folder, name);
        const found = await stat(path).catch(() => undefined);
        // Earlier versions made them readable for the group.
        if (found && STORED_NAME.test(name) && (found.mode & 0o077) !== 0) await chmod(path, 0o600);
        if (!name.startsWith(INCOMPLETE_PREFIX)) continue;
        // A newer file may belong to a running process.
        if (found && clock().getTime() - found.mtimeMs > STALE_MS) await rm(path, { force: true });
      }
    },
    async receive(content) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const path = join(folder, `${INCOMPLETE_PREFIX}${nonce()}`);
      const discard = () => rm(path, { force: true });
      try {
        const hash = await write(path, content);
        // Imported on first use, so that it does not delay the start.
        const { fileTypeFromFile } = await import("file-type");
        const kind = (await fileTypeFromFile(path))?.ext ?? "";
        // Most MP4 files do not declare at their beginning whether they are audio only.
        const extension = EXTENSIONS[kind === "mp4" && (await isAudioOnly(path)) ? "m4a" : kind];
        if (extension === undefined) throw invalidInput("file", "must be mp3, wav, ogg or m4a audio");
        const name = `${hash}.${extension}`;
        return {
          url: `${AUDIO_PREFIX}${name}`,
          keep() {
            renameSync(path, join(folder, name));
            syncFolder(folder);
          },
          [Symbol.asyncDispose]: discard,
        };
      } catch (error) {
        await discard();
        throw error;
      }
    },
    isServed: (name) => STORED_NAME.test(name),
    remove(url) {
      const name = url.startsWith(AUDIO_PREFIX) ? url.slice(AUDIO_PREFIX.length) : "";
      if (STORED_NAME.test(name)) rmSync(join(folder, name), { force: true });
    },
  };
};
