import type { RosterTransaction } from "../exam-transaction.js";
import type { BulkChange, Phase } from "./types.js";

/** Processes the rows of a window. */
export type Apply<Row> = (tx: RosterTransaction, change: BulkChange, rows: readonly Row[]) => Promise<void>;

/** Makes a phase that processes rows in the order of a key. */
export const overRows =
  <Row, Key extends string | number>(
    first: Key,
    {
      weight,
      read,
      key,
      apply,
    }: {
      /** How many rows are changed for each row that is read. */
      readonly weight: number;
      /** Reads at most `limit` rows whose keys are greater than `after`. */
      readonly read: (tx: RosterTransaction, change: BulkChange, after: Key, limit: number) => Promise<Row[]>;
      readonly key: (row: Row) => Key;
      readonly apply: Apply<Row>;
    },
  ): Phase =>
  async (tx, change, { after, rows }) => {
    const limit = Math.max(1, Math.ceil(rows / weight));
    // Safe: the previous window returned a key.
    const found = await read(tx, change, after === "" ? first : (after as Key), limit);
    await apply(tx, change, found);
    const last = found.at(-1);
    return {
      used: found.length * weight,
      next: last === undefined || found.length < limit ? undefined : key(last),
    };
  };
