import type { Deps } from "../../src/api/deps.js";
import { DatabaseUnavailableError } from "../../src/storage/errors.js";
import type { CachedArgument, CacheOptions, Reader, Storage } from "../../src/storage/port.js";

/** A database that a test takes away from a server for a while. The test itself can still use it. */
export interface Outage {
  /** For `WorldOptions`. */
  readonly change: (deps: Deps) => Deps;
  begin(): void;
  end(): void;
  /** Resolves when this many uses of the database have failed since the outage began. */
  failed(count: number): Promise<void>;
}

export const createOutage = (): Outage => {
  let isGone = false;
  let failures = 0;
  let waiting: (() => void)[] = [];

  const assertPresent = (): void => {
    if (!isGone) return;
    failures += 1;
    for (const look of waiting) look();
    throw new DatabaseUnavailableError("the test has taken the database away");
  };
  const guarded =
    <Args extends readonly unknown[], Result>(use: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      assertPresent();
      return use(...args);
    };
  const withOutage = (storage: Storage): Storage => ({
    ...storage,
    all: (statement, values) => guarded(() => storage.all(statement, values))(),
    get: (statement, values) => guarded(() => storage.get(statement, values))(),
    write: (work, options) => guarded(() => storage.write(work, options))(),
    grouped: (writeAll, grouping) => guarded(storage.grouped(writeAll, grouping)),
    snapshot: (read) => guarded(() => storage.snapshot(read))(),
    cached<Args extends readonly CachedArgument[], Answer>(
      options: CacheOptions,
      read: (reader: Reader, ...args: Args) => Promise<Answer>,
    ) {
      const cached = storage.cached(options, read);
      return guarded(async (...args: Args) => cached(...args));
    },
    othersVersion: guarded(() => storage.othersVersion()),
  });

  return {
    change: (deps) => {
      const { db } = deps;
      return { ...deps, db: { ...db, storage: withOutage(db.storage), control: withOutage(db.control) } };
    },
    begin() {
      failures = 0;
      isGone = true;
    },
    end() {
      isGone = false;
    },
    failed: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (failures < count) return;
          waiting = waiting.filter((other) => other !== look);
          resolve();
        };
        waiting.push(look);
        look();
      }),
  };
};
