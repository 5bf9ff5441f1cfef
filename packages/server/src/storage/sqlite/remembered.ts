import { getTableName } from "drizzle-orm";
import { LRUCache } from "lru-cache";
import { atMost } from "../../platform/lru.js";
import type { Reader, RememberedArgument, RememberOptions } from "../port.js";

interface CachedResult {
  readonly answer: unknown;
  readonly stamp: number;
}

const DEFAULT_MAX = 10_000;

/** Unambiguous, since the length of a text precedes it. */
const keyOf = (args: readonly RememberedArgument[]): string => {
  let key = "";
  for (const arg of args) key += typeof arg === "string" ? `${arg.length}:${arg}|` : `${arg}|`;
  return key;
};

const frozen = <Value>(value: Value): Value => {
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
};

export interface RememberedReads {
  readonly remember: <Args extends readonly RememberedArgument[], Answer>(
    options: RememberOptions,
    read: (reader: Reader, ...args: Args) => Promise<Answer>,
  ) => (...args: Args) => Promise<Answer>;
  /** Records that the current transaction writes to a table. */
  readonly noteWrite: (table: string) => void;
  /** Called when the current transaction is committed: removes cached reads of the tables that it wrote. */
  readonly committed: () => void;
  readonly rolledBack: () => void;
}

/**
 * Caches reads until a write to one of their tables is committed: by this process, table by table, or by
 * another process, which `othersVersion` reveals. See docs/decisions/0019-remembered-reads.md.
 */
export const createRememberedReads = (
  /** Returns the reader for a read that depends on these tables. */
  readerFor: (tables: readonly string[]) => Reader,
  othersVersion: () => number | undefined,
): RememberedReads => {
  /** The number of commits that have written to each table. */
  const commits = new Map<string, number>();
  const written = new Set<string>();
  /** The number of commits of other processes that were noticed. */
  let otherCommits = 0;
  let lastVersion: number | undefined;
  let isCheckedThisTurn = false;

  const checkOtherCommits = (): void => {
    if (!isCheckedThisTurn) {
      isCheckedThisTurn = true;
      setImmediate(() => {
        isCheckedThisTurn = false;
      });
    }
    const version = othersVersion();
    if (version === lastVersion) return;
    lastVersion = version;
    otherCommits += 1;
  };

  return {
    noteWrite: (table) => void written.add(table),
    committed() {
      for (const table of written) commits.set(table, (commits.get(table) ?? 0) + 1);
      written.clear();
    },
    rolledBack: () => written.clear(),

    remember: ({ tables, max = DEFAULT_MAX, withinCalls = false }, read) => {
      const names = tables.map((table) => getTableName(table));
      const reader = readerFor(names);
      const answers = new LRUCache<string, CachedResult>(atMost(max));
      /** Increases with every commit that the result depends on, and never repeats a value. */
      const stampNow = (): number => {
        let stamp = otherCommits;
        for (const name of names) stamp += commits.get(name) ?? 0;
        return stamp;
      };
      return async (...args) => {
        if (!withinCalls || !isCheckedThisTurn) checkOtherCommits();
        const key = keyOf(args);
        // Taken before the read: a commit during the read may be in one part of the result and not in another.
        const stamp = stampNow();
        const cached = answers.get(key);
        // Safe: the entries of this cache come from this read.
        if (cached?.stamp === stamp) return cached.answer as Awaited<ReturnType<typeof read>>;
        const answer = frozen(await read(reader, ...args));
        answers.set(key, { answer, stamp });
        return answer;
      };
    },
  };
};
