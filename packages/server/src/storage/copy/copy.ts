import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { SetupError } from "../../platform/setup-error.js";
import type { CopySource, CopyTarget, TableReader } from "./ends.js";
import { fromSqlite, intoSqlite } from "./sqlite.js";
import { COPIED_TABLES, type CopiedTable, LEFT_OUT, type Row } from "./tables.js";

/** The interface of the copy to its caller. */
export interface CopyControl {
  /** @throws to stop the copy */
  readonly throwIfStopped: () => void;
  readonly show: (done: number, all: number) => void;
}

export interface CopyResult {
  /** The number of rows of each table. */
  readonly rows: Readonly<Record<string, number>>;
  /** The tables that were not copied, because they describe running servers. */
  readonly leftOut: readonly string[];
  /** Whether others used the source during the copy, which may lack their last changes. */
  readonly sourceWasInUse: boolean;
}

const MAX_PAGE_ROWS = 2_000;
const FIRST_PAGE_ROWS = 50;
/** The size of a page, in characters, that the number of its rows is chosen for. */
const PAGE_CHARS = 4 * 1024 * 1024;

/** Sorts the keys of objects, since databases store them in different orders. */
const sortKeys = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  const sorted = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return sorted.map(([key, inner]) => [key, sortKeys(inner)]);
};

/** Writes a value as JSON allows it. Equal values become equal. */
const canonical = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return String(value.getTime());
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
  return sortKeys(value);
};

/**
 * The number of the rows of a table, and a hash of their values. The order of the rows does not matter, because databases return them in
 * different orders.
 */
interface Fingerprint {
  readonly rows: number;
  readonly hash: string;
}

/** Hashes distinct rows in any order: the hashes of the rows are combined by exclusive or. */
const createRowsHash = () => {
  const combined = Buffer.alloc(32);
  return {
    add(line: string): void {
      const hash = createHash("sha256").update(line).digest();
      for (let index = 0; index < combined.length; index += 1)
        combined[index] = (combined[index] ?? 0) ^ (hash[index] ?? 0);
    },
    digest: () => combined.toString("hex"),
  };
};

/** Reads a table, page by page. Returns the fingerprint of all rows. */
const readTable = async (
  reader: TableReader,
  table: CopiedTable,
  onPage: (rows: readonly Row[]) => Promise<void>,
): Promise<Fingerprint> => {
  const hash = createRowsHash();
  let rows = 0;
  let limit = FIRST_PAGE_ROWS;
  let after: Row | undefined;
  for (;;) {
    const page = await reader.readPage(table, after, limit);
    let chars = 0;
    for (const row of page) {
      const line = `${JSON.stringify(row.map(canonical))}\n`;
      hash.add(line);
      chars += line.length;
    }
    rows += page.length;
    await onPage(page);
    const last = page.at(-1);
    if (!last || page.length < limit) return { rows, hash: hash.digest() };
    after = last;
    const fitting = Math.floor((page.length * PAGE_CHARS) / chars);
    limit = Math.max(1, Math.min(MAX_PAGE_ROWS, limit * 4, fitting));
  }
};

/** @throws SetupError when the table does not have the same rows in the target */
const compare = (table: CopiedTable, source: Fingerprint, target: Fingerprint): void => {
  const { name } = table;
  if (source.rows !== target.rows)
    throw new SetupError(
      `The copy of the table ${name} is wrong: it has ${target.rows} rows instead of ${source.rows}. Nothing was changed.`,
    );
  if (source.hash !== target.hash)
    throw new SetupError(
      `The copy of the table ${name} is wrong: a value differs from the original. Nothing was changed.`,
    );
};

/** Fills the target with the rows of the source, and checks them. */
const fill = async (source: CopySource, target: CopyTarget, control: CopyControl): Promise<CopyResult> => {
  let all = 0;
  for (const table of COPIED_TABLES) all += await source.countRows(table);
  let done = 0;
  const step = async (rows: number): Promise<void> => {
    done += rows;
    // The second half of the progress is for the check.
    control.show(done, all * 2);
    // SQLite blocks the event loop, and signals arrive there.
    await setImmediate();
    control.throwIfStopped();
  };

  const copied: { table: CopiedTable; fingerprint: Fingerprint; last: number }[] = [];
  for (const table of COPIED_TABLES) {
    const fingerprint = await readTable(source, table, async (rows) => {
      if (rows.length > 0) await target.write(table, rows);
      await step(rows.length);
    });
    const last = await source.lastGenerated(table);
    if (table.generated) await target.continueAfter(table, last);
    copied.push({ table, fingerprint, last });
  }

  for (const { table, fingerprint, last } of copied) {
    compare(table, fingerprint, await readTable(target, table, (rows) => step(rows.length)));
    if ((await target.lastGenerated(table)) !== last)
      throw new SetupError(
        `The copy of the table ${table.name} is wrong: it generates other ids than the original. Nothing was changed.`,
      );
  }
  await target.complete();
  // The source may stay in use, so listeners must not mistake the events of one database for those of the other.
  await target.beginEpoch();
  control.throwIfStopped();
  return {
    rows: Object.fromEntries(copied.map(({ table, fingerprint }) => [table.name, fingerprint.rows])),
    leftOut: LEFT_OUT,
    sourceWasInUse: source.isInUse,
  };
};

/** Where a database is: a file of SQLite, or the URL of a PostgreSQL database. */
export type CopyEnd = { readonly file: string } | { readonly url: string };

const withSource = async <Result>(
  end: CopyEnd,
  work: (source: CopySource) => Promise<Result>,
): Promise<Result> => {
  if ("file" in end) return fromSqlite(end.file, work);
  const { fromPostgres } = await import("./postgres.js");
  return fromPostgres(end.url, work);
};

const withTarget = async <Result>(
  end: CopyEnd,
  work: (target: CopyTarget) => Promise<Result>,
): Promise<Result> => {
  if ("file" in end) return intoSqlite(end.file, work);
  const { intoPostgres } = await import("./postgres.js");
  return intoPostgres(end.url, work);
};

/**
 * Copies an installation's database, as it is at one moment, into an empty one of any kind. The target changes
 * as a whole: when the copy fails or is stopped, the target is as before.
 * @throws SetupError when the source cannot be read, the target is not empty, or the copy failed
 */
export const copyDatabase = (from: CopyEnd, to: CopyEnd, control: CopyControl): Promise<CopyResult> =>
  withSource(from, (source) => withTarget(to, (target) => fill(source, target, control)));
