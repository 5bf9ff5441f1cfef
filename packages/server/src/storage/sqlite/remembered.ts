import { getTableName } from "drizzle-orm";
import { LRUCache } from "lru-cache";
import { atMost } from "../../platform/lru.js";
import type { Asked, Reader, RememberOptions } from "../port.js";

interface Remembered {
  readonly answer: unknown;
  readonly stamp: number;
}

const MANY = 10_000;

/** Unambiguous: a text is preceded by its length. */
const keyOf = (args: readonly Asked[]): string => {
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
  readonly remember: <Args extends readonly Asked[], Answer>(
    options: RememberOptions,
    read: (reader: Reader, ...args: Args) => Promise<Answer>,
  ) => (...args: Args) => Promise<Answer>;
  /** Notes that the transaction under way writes a table. */
  readonly noteWrite: (table: string) => void;
  /** The transaction under way is committed: forgets what was read from the tables that it wrote. */
  readonly committed: () => void;
  readonly rolledBack: () => void;
  readonly forgetAll: () => void;
}

/**
 * Reads that are remembered, and forgotten when a write to one of their tables commits: by this process, table by table, or by another,
 * which `othersVersion` tells. See docs/decisions/0019-remembered-reads.md.
 */
export const createRememberedReads = (
  /** Gives the reader of a read that depends on these tables. */
  readerFor: (tables: readonly string[]) => Reader,
  othersVersion: () => number | undefined,
): RememberedReads => {
  /** How many commits have written each table. */
  const commits = new Map<string, number>();
  const written = new Set<string>();
  /** Counts what others have committed. */
  let others = 0;
  let lastVersion: number | undefined;
  let hasLookedThisTurn = false;

  const lookAtOthers = (): void => {
    if (!hasLookedThisTurn) {
      hasLookedThisTurn = true;
      setImmediate(() => {
        hasLookedThisTurn = false;
      });
    }
    const version = othersVersion();
    if (version === lastVersion) return;
    lastVersion = version;
    others += 1;
  };

  return {
    noteWrite: (table) => void written.add(table),
    committed() {
      for (const table of written) commits.set(table, (commits.get(table) ?? 0) + 1);
      written.clear();
    },
    rolledBack: () => written.clear(),
    forgetAll() {
      others += 1;
    },

    remember: ({ tables, max = MANY, withinCalls = false }, read) => {
      const names = tables.map((table) => getTableName(table));
      const reader = readerFor(names);
      const answers = new LRUCache<string, Remembered>(atMost(max));
      /** Grows with every commit that the answers depend on, and never becomes what it was. */
      const stampNow = (): number => {
        let stamp = others;
        for (const name of names) stamp += commits.get(name) ?? 0;
        return stamp;
      };
      return async (...args) => {
        if (!withinCalls || !hasLookedThisTurn) lookAtOthers();
        const key = keyOf(args);
        // Taken before the read: what is committed meanwhile may be in a part of the answer and not in another.
        const stamp = stampNow();
        const known = answers.get(key);
        // Safe: under this key stands what the same read answered to the same arguments.
        if (known?.stamp === stamp) return known.answer as Awaited<ReturnType<typeof read>>;
        const answer = frozen(await read(reader, ...args));
        answers.set(key, { answer, stamp });
        return answer;
      };
    },
  };
};
