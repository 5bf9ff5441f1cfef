import type Sqlite from "better-sqlite3";
import { LRUCache } from "lru-cache";
import { atMost } from "../../platform/lru.js";
import { createFootprints, EXPLAIN, TABLES_BY_PAGE, type Table } from "./footprints.js";

/** What a remembered read may be asked for. */
type Asked = string | number | boolean | undefined;

export interface RememberOptions {
  /** Answers that are kept; those that were not asked for longest go first. */
  readonly max?: number;
  /**
   * Whether it is asked for within calls, each of which began with a read that is not: then whether another process has committed
   * is looked for once a turn of the event loop, and what it committed before the call began still counts.
   */
  readonly withinCalls?: boolean;
}

/**
 * Makes a read that is done once and then remembered for as long as its answer is what the database would say. `read`
 * runs statements and nothing else that changes, and answers at once. What it returns is frozen and shared: nobody may change it.
 */
export type Remember = <Args extends readonly Asked[], Answer>(
  read: (...args: Args) => Answer,
  options?: RememberOptions,
) => (...args: Args) => Answer;

export interface Memory {
  readonly remember: Remember;
  /** Another number after every commit of another connection. */
  readonly othersVersion: () => number | undefined;
  /** Must be told of every statement of the connection just before it runs. */
  readonly noteStatement: (sql: string, parameters: readonly unknown[]) => void;
}

interface Remembered {
  readonly answer: unknown;
  /** What was read for it. */
  readonly tables: readonly Table[];
  readonly stamp: number;
}

const MANY = 10_000;

const DATA_VERSION = "PRAGMA data_version";
/** Whether a statement is none of the application's: it is about other statements. */
export const isAboutStatements = (sql: string): boolean =>
  sql === DATA_VERSION || sql.startsWith(EXPLAIN) || sql === TABLES_BY_PAGE;

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

/**
 * Reads that are remembered, and forgotten exactly when what they read is written: by this connection, table by
 * table, or by any other, which SQLite's `data_version` tells: see docs/decisions/0019-remembered-reads.md.
 */
export const createMemory = (
  sqlite: Sqlite.Database,
  noteWrite: (table: string) => void = () => undefined,
): Memory => {
  const dataVersion = sqlite.prepare<[], number>(DATA_VERSION).pluck();
  const footprints = createFootprints(sqlite);
  /** Counts what others have committed. */
  let others = 0;
  let lastVersion: number | undefined;
  let hasLookedThisTurn = false;
  /** The tables of the read that is being done for the first time. */
  let reading: Set<Table> | undefined;

  const lookAtOthers = (): void => {
    if (!hasLookedThisTurn) {
      hasLookedThisTurn = true;
      setImmediate(() => {
        hasLookedThisTurn = false;
      });
    }
    const version = dataVersion.get();
    if (version === lastVersion) return;
    lastVersion = version;
    others += 1;
  };

  /** Grows with every write to one of the tables, and never becomes what it was. */
  const stampOf = (tables: Iterable<Table>, since = others): number => {
    let stamp = since;
    for (const table of tables) stamp += table.writes;
    return stamp;
  };

  const depend = (tables: Iterable<Table>): void => {
    if (reading) for (const table of tables) reading.add(table);
  };

  const firstTime = <Answer>(read: () => Answer): Remembered & { answer: Answer } => {
    const outer = reading;
    const tables = new Set<Table>();
    // What others commit while it reads may be in a part of the answer and not in another.
    const since = others;
    reading = tables;
    try {
      const answer = frozen(read());
      return { answer, tables: [...tables], stamp: stampOf(tables, since) };
    } finally {
      reading = outer;
      depend(tables);
    }
  };

  return {
    othersVersion: () => dataVersion.get(),

    noteStatement(sql, parameters) {
      // Such a statement writes nothing, and is looked at only where somebody wants to know what it reads.
      if (!reading && sql.startsWith("select ")) return;
      const { reads, writes } = footprints.of(sql, parameters.length);
      for (const table of writes) {
        table.writes += 1;
        noteWrite(table.name);
      }
      depend(reads);
    },

    remember(read, { max = MANY, withinCalls = false } = {}) {
      const answers = new LRUCache<string, Remembered>(atMost(max));
      return (...args) => {
        // What a transaction has written is nobody's yet: it may be undone.
        if (sqlite.inTransaction) return read(...args);
        if (!withinCalls || !hasLookedThisTurn) lookAtOthers();
        const key = keyOf(args);
        const known = answers.get(key);
        if (known && known.stamp === stampOf(known.tables)) {
          depend(known.tables);
          // Safe: under this key stands what the same read answered to the same arguments.
          return known.answer as ReturnType<typeof read>;
        }
        const first = firstTime(() => read(...args));
        answers.set(key, first);
        return first.answer;
      };
    },
  };
};
