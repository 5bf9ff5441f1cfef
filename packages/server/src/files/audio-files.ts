import { createHash } from "node:crypto";
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { chmod, mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MAX_AUDIO_BYTES } from "@invigil/schema";
import { InvigilError, invalidInput } from "../platform/errors.js";
import { isSoundOnly } from "./mp4.js";

/** Where audio files are served: without a token, because the apps play them in an `<audio>` tag. */
export const AUDIO_PREFIX = "/audio/";

/** Files that are still arriving. Not served, and left behind only by a process that died. */
const ARRIVING = ".arriving-";
const STALE_MS = 24 * 60 * 60 * 1000;

/** What browsers play, by what the content shows itself to be, and the ending that it is kept and served under. */
const ENDINGS: Readonly<Record<string, string>> = {
  mp3: "mp3",
  wav: "wav",
  ogg: "ogg", // Vorbis
  opus: "ogg",
  oga: "ogg", // FLAC
  m4a: "m4a",
};
const KEPT_NAME = /^[0-9a-f]{64}\.(mp3|wav|ogg|m4a)$/;

/** A file that has arrived whole. Unless it is kept it goes when it is disposed of. */
export interface ArrivedFile extends AsyncDisposable {
  /** Its path on the server once it is kept. */
  readonly url: string;
  /** Puts it where it is served. The same content twice is one file. */
  keep(): void;
}

/** The folder of the audio files that lie here. Their names are the hashes of their content, so that they never change. */
export interface AudioFiles {
  readonly folder: string;
  /** Makes the folder, and clears it of what processes that died had begun to take in. */
  prepare(): Promise<void>;
  /** @throws PAYLOAD_TOO_LARGE, INVALID_INPUT when it is no audio that browsers play */
  receive(content: AsyncIterable<Uint8Array>): Promise<ArrivedFile>;
  /** Whether a file of this name in the folder is for everybody. */
  isServed(name: string): boolean;
  /** Deletes what a path on the server names; URLs of elsewhere name nothing here. */
  remove(url: string): void;
}

export interface AudioFilesDeps {
  readonly folder: string;
  readonly clock: () => Date;
  /** Names what arrives. */
  readonly nonce: () => string;
}

/** A renamed file is where it is only once its folder is on disk. */
const syncFolder = (folder: string): void => {
  const handle = openSync(folder, "r");
  fsyncSync(handle);
  closeSync(handle);
};

export const createAudioFiles = ({ folder, clock, nonce }: AudioFilesDeps): AudioFiles => {
  /** Writes the content to disk as it comes; returns the hash of it. */
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
        // Earlier versions let the group read them.
        if (found && KEPT_NAME.test(name) && (found.mode & 0o077) !== 0) await chmod(path, 0o600);
        if (!name.startsWith(ARRIVING)) continue;
        // Younger ones may be on their way into another process.
        if (found && clock().getTime() - found.mtimeMs > STALE_MS) await rm(path, { force: true });
      }
    },
    async receive(content) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const path = join(folder, `${ARRIVING}${nonce()}`);
      const discard = () => rm(path, { force: true });
      try {
        const hash = await write(path, content);
        // Loaded with the first upload: a start does not wait for it.
        const { fileTypeFromFile } = await import("file-type");
        const kind = (await fileTypeFromFile(path))?.ext ?? "";
        // Most MP4 files do not say at their beginning whether they are sound.
        const ending = ENDINGS[kind === "mp4" && (await isSoundOnly(path)) ? "m4a" : kind];
        if (ending === undefined) throw invalidInput("file", "must be mp3, wav, ogg or m4a audio");
        const name = `${hash}.${ending}`;
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
    isServed: (name) => KEPT_NAME.test(name),
    remove(url) {
      const name = url.startsWith(AUDIO_PREFIX) ? url.slice(AUDIO_PREFIX.length) : "";
      if (KEPT_NAME.test(name)) rmSync(join(folder, name), { force: true });
    },
  };
};
