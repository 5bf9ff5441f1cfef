import { expect, it } from "vitest";
import type { KeptFiles } from "./audio-files.js";
import { CHUNK_BYTES, createStoredFiles, type StoredFile } from "./stored-files.js";

const CHUNKS = 3;
const MAX_READS = 16;

/** Files of three chunks each, whose reads wait until the test releases them. */
const openFiles = () => {
  const reads: { readonly key: string; readonly release: () => void }[] = [];
  let active = 0;
  let mostActive = 0;
  const { kept } = createStoredFiles({
    contents: {
      async chunk({ id }: StoredFile, position) {
        active += 1;
        mostActive = Math.max(mostActive, active);
        await new Promise<void>((resolve) => reads.push({ key: `${id} ${position}`, release: resolve }));
        active -= 1;
        return new Uint8Array(CHUNK_BYTES).fill(position);
      },
      write: () => Promise.reject(new Error("not written here")),
      remove: () => Promise.resolve(),
    },
    records: {
      find: async (name: string) => ({ id: name, bytes: CHUNKS * CHUNK_BYTES }),
    } as unknown as Parameters<typeof createStoredFiles>[0]["records"], // Safe: only `find` is called.
    arrivals: { prepare: () => Promise.resolve(), receive: () => Promise.reject(new Error("none arrives")) },
    clock: () => new Date(0),
    pruningTime: async () => new Date(0),
    newId: () => "",
    log: { warn: () => undefined },
  });
  const read = async (name: string, first = 0, last = CHUNKS * CHUNK_BYTES - 1): Promise<number> => {
    // Safe: these files are not in a folder.
    const file = await (kept as KeptFiles).find(name);
    let bytes = 0;
    for await (const chunk of file?.read(first, last) ?? []) bytes += chunk.length;
    return bytes;
  };
  /** Releases reads as they come, until the work is done. */
  const finish = async <Result>(work: Promise<Result>): Promise<Result> => {
    let isDone = false;
    const done = work.finally(() => {
      isDone = true;
    });
    while (!isDone) {
      await new Promise(setImmediate);
      for (const { release } of reads) release();
    }
    return done;
  };
  return { reads, read, finish, mostActive: () => mostActive };
};

it("2,000 readers of a clip read each of its chunks once", async () => {
  const files = openFiles();
  const read = await files.finish(Promise.all(Array.from({ length: 2000 }, () => files.read("clip"))));
  expect(new Set(read)).toEqual(new Set([CHUNKS * CHUNK_BYTES]));
  expect(files.reads.map(({ key }) => key)).toEqual(["clip 0", "clip 1", "clip 2"]);
});

it("requests for single bytes of many files read a few chunks at a time, and all are answered", async () => {
  const files = openFiles();
  const parts = Array.from({ length: 100 }, (_, n) => files.read(`clip ${n}`, CHUNK_BYTES, CHUNK_BYTES));
  expect(await files.finish(Promise.all(parts))).toEqual(parts.map(() => 1));
  expect([files.reads.length, files.mostActive()]).toEqual([100, MAX_READS]);
});
