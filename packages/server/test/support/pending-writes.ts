import type { Storage } from "../../src/storage/port.js";

/** A storage that knows which of its writes have not ended. */
export interface WatchedStorage {
  readonly storage: Storage;
  /** Resolves when no write is pending. */
  written(): Promise<void>;
}

export const watchWrites = (storage: Storage): WatchedStorage => {
  const pending = new Set<Promise<unknown>>();
  const watch = <Result>(write: Promise<Result>): Promise<Result> => {
    const settled: Promise<unknown> = Promise.allSettled([write]).then(() => pending.delete(settled));
    pending.add(settled);
    return write;
  };
  return {
    storage: {
      ...storage,
      write: (work, options) => watch(storage.write(work, options)),
      grouped: (writeAll, grouping) => {
        const write = storage.grouped(writeAll, grouping);
        return (call) => watch(write(call));
      },
    },
    async written() {
      while (pending.size > 0) await Promise.all(pending);
    },
  };
};
