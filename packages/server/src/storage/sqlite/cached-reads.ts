import { getTableName } from "drizzle-orm";
import { LRUCache } from "lru-cache";
import { atMost } from "../../platform/lru.js";
import type { CachedArgument, CacheOptions, Reader, Storage } from "../port.js";
import { type Connection, readerOf } from "./connection.js";

interface CachedResult {
  readonly answer: unknown;
  readonly stamp: number;
}

const DEFAULT_MAX = 10_000;

/** Unambiguous, since the length of a text precedes it. */
const keyOf = (args: readonly CachedArgument[]): string => {
  let key = "";
  for (const arg of args) key += typeof arg === "string" ? `${arg.length}:${arg}|` : `${arg}|`;
  return key;
};

const frozen = <Value>(value: Value): Value => {
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
};

export interface CachedReads {
  readonly cached: Storage["cached"];
  /** Records that the current transaction writes to a table. */
  readonly noteWrite: (table: string) => void;
  /** See `Database.requestArrived`. */
  readonly requestArrived: () => void;
  /** Called when the current transaction is committed: removes cached reads of the tables that it wrote. */
  readonly committed: () => void;
  readonly rolledBack: () => void;
}

/**
 * Caches reads until a write to one of their tables is committed: by this process, table by table, or by
 * another process, which `othersVersion` reveals. See docs/decisions/0019-remembered-reads.md.
 */
export const createCachedReads = (
  /** Returns the connection for a read that depends on these tables. */
  connectionFor: (tables: readonly string[]) => Connection,
  othersVersion: () => number | undefined,
): CachedReads => {
  /** The number of commits that have written to each table. */
  const commits = new Map<string, { number: number }>();
  const commitsTo = (table: string): { number: number } => {
    const known = commits.get(table) ?? { number: 0 };
    commits.set(table, known);
    return known;
  };
  const written = new Set<string>();
  /** The number of commits of other processes that were noticed. */
  let otherCommits = 0;
  let lastVersion: number | undefined;
  let isCheckedThisTurn = false;
  /** Whether the look at other commits holds for the requests of this turn. */
  let isLookShared = false;

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

  /** Creates the cache of one read. */
  const createCache = ({ tables, max = DEFAULT_MAX, freshPerTurn = false }: CacheOptions) => {
    const names = tables.map((table) => getTableName(table));
    const tableCommits = names.map(commitsTo);
    const answers = new LRUCache<string, CachedResult>(atMost(max));
    return {
      connection: connectionFor(names),
      /**
       * Returns a number that increases with every commit that the result depends on, and never repeats a value. It is taken before the
       * read: a commit during the read may be in one part of the result and not in another.
       */
      stampNow(): number {
        if (freshPerTurn ? !isCheckedThisTurn : !isLookShared) checkOtherCommits();
        let stamp = otherCommits;
        for (const { number } of tableCommits) stamp += number;
        return stamp;
      },
      find(key: string, stamp: number): CachedResult | undefined {
        const cached = answers.get(key);
        return cached?.stamp === stamp ? cached : undefined;
      },
      keep<Answer>(key: string, answer: Answer, stamp: number): Answer {
        answers.set(key, { answer: frozen(answer), stamp });
        return answer;
      },
    };
  };

  return {
    noteWrite: (table) => void written.add(table),
    requestArrived() {
      if (isLookShared) return;
      checkOtherCommits();
      isLookShared = true;
      setImmediate(() => {
        isLookShared = false;
      });
    },
    committed() {
      for (const table of written) commitsTo(table).number += 1;
      written.clear();
    },
    rolledBack: () => written.clear(),

    cached<Args extends readonly CachedArgument[], Answer>(
      options: CacheOptions,
      read: (reader: Reader, ...args: Args) => Promise<Answer>,
    ) {
      const cache = createCache(options);
      const reader = readerOf(cache.connection);
      const readAndKeep = async (args: Args, key: string, stamp: number): Promise<Answer> =>
        cache.keep(key, await read(reader, ...args), stamp);
      return (...args: Args) => {
        const stamp = cache.stampNow();
        const key = keyOf(args);
        const known = cache.find(key, stamp);
        // Safe: the entries of this cache come from this read.
        return known ? (known.answer as Answer) : readAndKeep(args, key, stamp);
      };
    },
  };
};
