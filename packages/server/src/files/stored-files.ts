import { LRUCache } from "lru-cache";
import pLimit from "p-limit";
import { createRepeatedWork } from "../platform/repeated-work.js";
import type { Transaction } from "../storage/port.js";
import type { Arrival, Arrivals } from "./arrivals.js";
import { AUDIO_PREFIX, type AudioFiles, type KeptFile, keptNameOf } from "./audio-files.js";

/** The unit in which content is read and, in the database, written. */
export const CHUNK_BYTES = 256 * 1024;

/**
 * The memory for chunks that were read last. When an exam plays a clip, everybody reads the same chunks at the
 * same time.
 */
const CACHE_BYTES = 32 * 1024 * 1024;

/**
 * The maximum number of chunks that are read at the same time. Files are served without a token, so requests for many different chunks
 * must not take all connections. Requests for the same chunk share one read, however many there are.
 */
const MAX_READS = 16;

/** Content without a name is removed after this time. No upload takes so long. */
const ABANDONED_MS = 24 * 60 * 60 * 1000;
const SWEEP_INTERVAL_MS = 60 * 60 * 1000;
const FILES_A_SWEEP = 100;

/** A file with a row in the database. */
export interface StoredFile {
  readonly id: string;
  readonly bytes: number;
}

/**
 * The rows of files. They decide which files exist. Content without a row that has a name is not served, and
 * is removed some time.
 */
export interface FileRecords {
  /** Adds a file without a name. */
  add(file: StoredFile, now: Date): Promise<void>;
  /** Gives a file its name, unless another file has it. Throws if the file is leaving. */
  publish(tx: Transaction<"installation">, id: string, name: string): Promise<void>;
  /** Takes the name from the file that has it, which leaves. */
  unpublish(tx: Transaction<"installation">, name: string, now: Date): Promise<StoredFile | undefined>;
  /** Makes a file leave if it has no name. Returns whether it does. */
  abandon(id: string, now: Date): Promise<boolean>;
  /** Deletes the row of a file that has left. */
  forget(id: string): Promise<void>;
  find(name: string): Promise<StoredFile | undefined>;
  /** Returns files that have had no name since before this time. */
  nameless(before: Date, limit: number): Promise<StoredFile[]>;
}

/** The content of files, by the ids of the files. */
export interface FileContents {
  write(file: StoredFile, arrival: Arrival): Promise<void>;
  /** Returns the bytes of a file from this position on, in chunks. Throws if they are not there. */
  chunk(file: StoredFile, position: number): Promise<Uint8Array>;
  /** Succeeds even if part of the content is not there. */
  remove(file: StoredFile): Promise<void>;
}

export interface StoredFilesOptions {
  readonly arrivals: Arrivals;
  readonly records: FileRecords;
  readonly contents: FileContents;
  readonly clock: () => Date;
  /** Returns the time by which files without a name are old. */
  readonly pruningTime: () => Promise<Date>;
  readonly newId: () => string;
  readonly log: { warn(fields: object, message: string): void };
}

/** Reads chunks through a cache. Simultaneous reads of a chunk are one. Of different chunks, a few are read at a time. */
const createChunkReader = (contents: FileContents): FileContents["chunk"] => {
  const cache = new LRUCache<string, Uint8Array>({
    maxSize: CACHE_BYTES,
    sizeCalculation: (chunk) => chunk.length,
  });
  const running = new Map<string, Promise<Uint8Array>>();
  const inTurn = pLimit(MAX_READS);
  const load = async (key: string, file: StoredFile, position: number): Promise<Uint8Array> => {
    try {
      const chunk = await inTurn(() => contents.chunk(file, position));
      cache.set(key, chunk);
      return chunk;
    } finally {
      running.delete(key);
    }
  };
  return async (file, position) => {
    const key = `${file.id} ${position}`;
    const cached = cache.get(key);
    if (cached) return cached;
    const chunk = running.get(key) ?? load(key, file, position);
    running.set(key, chunk);
    return chunk;
  };
};

/**
 * Keeps files where several servers reach them. Content is written under an id of its own before the
 * transaction of its clip, and only that transaction gives it a name. Removing a file takes its name away in a
 * transaction; its content goes afterwards. So content can be removed slowly, or twice, without affecting
 * another upload of the same content.
 */
export const createStoredFiles = (options: StoredFilesOptions): AudioFiles => {
  const { arrivals, records, contents, clock, pruningTime, newId, log } = options;
  const chunkOf = createChunkReader(contents);

  const erase = async (file: StoredFile): Promise<void> => {
    await contents.remove(file);
    await records.forget(file.id);
  };
  const discard = async (file: StoredFile): Promise<void> => {
    if (await records.abandon(file.id, clock())) await erase(file);
  };
  /** The sweeper repeats what fails. */
  const unlessFails = (work: Promise<void>): Promise<void> =>
    work.catch((error: unknown) => log.warn({ err: error }, "a file could not be removed yet"));

  const keptFile = (file: StoredFile): KeptFile => ({
    bytes: file.bytes,
    async *read(first, last) {
      for (let at = first; at <= last; ) {
        const position = Math.floor(at / CHUNK_BYTES);
        const start = position * CHUNK_BYTES;
        const chunk = await chunkOf(file, position);
        yield chunk.subarray(at - start, last + 1 - start);
        at = start + CHUNK_BYTES;
      }
    },
  });

  return {
    prepare: () => arrivals.prepare(),
    async receive(content) {
      const arrival = await arrivals.receive(content);
      const { name, bytes } = arrival;
      let stored: StoredFile | undefined;
      return {
        url: `${AUDIO_PREFIX}${name}`,
        async store() {
          stored = { id: newId(), bytes };
          await records.add(stored, clock());
          await contents.write(stored, arrival);
        },
        async keep(tx) {
          if (!stored) throw new Error("a file must be stored before it is kept");
          await records.publish(tx, stored.id, name);
        },
        async [Symbol.asyncDispose]() {
          if (stored) await unlessFails(discard(stored));
          await arrival.discard();
        },
      };
    },
    async remove(tx, url) {
      const name = keptNameOf(url);
      const file = name === undefined ? undefined : await records.unpublish(tx, name, clock());
      return async () => {
        if (file) await unlessFails(erase(file));
      };
    },
    kept: {
      async find(name) {
        const file = await records.find(name);
        return file && keptFile(file);
      },
    },
    sweeper: createRepeatedWork({
      intervalMs: SWEEP_INTERVAL_MS,
      async run(isStopping) {
        const before = new Date((await pruningTime()).getTime() - ABANDONED_MS);
        for (const file of await records.nameless(before, FILES_A_SWEEP)) {
          if (isStopping()) return;
          await discard(file);
        }
      },
      onFailure: (error) => log.warn({ err: error }, "abandoned files could not be removed yet"),
    }),
  };
};
