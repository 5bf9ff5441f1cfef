import { createHash } from "node:crypto";
import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MAX_AUDIO_BYTES } from "@invigil/schema";
import { InvigilError, invalidInput } from "../platform/errors.js";
import { isAudioOnly } from "./mp4.js";

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

/** A checked file in the local folder. */
export interface Arrival {
  readonly path: string;
  /** The name to keep it under. */
  readonly name: string;
  /** The SHA-256 of its content, in hexadecimal. */
  readonly hash: string;
  readonly bytes: number;
  /** Deletes the local file if it is still there. */
  discard(): Promise<void>;
}

export interface ArrivalsOptions {
  readonly folder: string;
  /** Returns the time by which incomplete files are old. */
  readonly pruningTime: () => Promise<Date>;
  /** Creates names for incomplete files. */
  readonly nonce: () => string;
}

/** Writes the content to disk as it arrives. Returns its hash and size. */
const write = async (
  path: string,
  content: AsyncIterable<Uint8Array>,
): Promise<Pick<Arrival, "hash" | "bytes">> => {
  const hash = createHash("sha256");
  let bytes = 0;
  async function* measured() {
    for await (const chunk of content) {
      bytes += chunk.length;
      if (bytes > MAX_AUDIO_BYTES)
        throw new InvigilError(
          "PAYLOAD_TOO_LARGE",
          `file must be at most ${MAX_AUDIO_BYTES / 1024 / 1024} MiB`,
        );
      hash.update(chunk);
      yield chunk;
    }
  }
  await writeFile(path, measured(), { flag: "wx", mode: 0o600, flush: true });
  return { hash: hash.digest("hex"), bytes };
};

/** @throws INVALID_INPUT if the content is not audio that browsers play */
const extensionOf = async (path: string): Promise<string> => {
  // Imported on first use, so that it does not delay the start.
  const { fileTypeFromFile } = await import("file-type");
  const kind = (await fileTypeFromFile(path))?.ext ?? "";
  // Most MP4 files do not declare at their beginning whether they are audio only.
  const extension = EXTENSIONS[kind === "mp4" && (await isAudioOnly(path)) ? "m4a" : kind];
  if (extension === undefined) throw invalidInput("file", "must be mp3, wav, ogg or m4a audio");
  return extension;
};

export type Arrivals = ReturnType<typeof createArrivals>;

/** Receives files into a local folder, and checks them on the way. */
export const createArrivals = ({ folder, pruningTime, nonce }: ArrivalsOptions) => {
  const createFolder = () => mkdir(folder, { recursive: true, mode: 0o700 });
  return {
    /** Creates the folder, and deletes incomplete files of crashed processes. */
    async prepare(): Promise<void> {
      await createFolder();
      const now = await pruningTime();
      for (const name of await readdir(folder)) {
        if (!name.startsWith(INCOMPLETE_PREFIX)) continue;
        const path = join(folder, name);
        const found = await stat(path).catch(() => undefined);
        // A newer file may belong to a running process.
        if (found && now.getTime() - found.mtimeMs > STALE_MS) await rm(path, { force: true });
      }
    },
    /** @throws PAYLOAD_TOO_LARGE, INVALID_INPUT if the content is not audio that browsers play */
    async receive(content: AsyncIterable<Uint8Array>): Promise<Arrival> {
      await createFolder();
      const path = join(folder, `${INCOMPLETE_PREFIX}${nonce()}`);
      const discard = () => rm(path, { force: true });
      try {
        const { hash, bytes } = await write(path, content);
        return { path, name: `${hash}.${await extensionOf(path)}`, hash, bytes, discard };
      } catch (error) {
        await discard();
        throw error;
      }
    },
  };
};
