import type { CopiedTable, Row } from "./tables.js";

// The two ends of a copy. Each database implements both.

export interface TableReader {
  countRows(table: CopiedTable): Promise<number>;
  /** Returns the first rows after a row, or of all rows, in the order of the primary keys of the database. */
  readPage(table: CopiedTable, after: Row | undefined, limit: number): Promise<readonly Row[]>;
  /** Returns the last value that was generated for the table, even if its row was deleted. 0: none. */
  lastGenerated(table: CopiedTable): Promise<number>;
}

/** A database as it was at one moment. */
export interface CopySource extends TableReader {
  /** Whether others use the database, so that the copy may lack their last changes. */
  readonly isInUse: boolean;
}

/** An empty database that is being filled. */
export interface CopyTarget extends TableReader {
  write(table: CopiedTable, rows: readonly Row[]): Promise<void>;
  /** Makes the database generate values after this one. */
  continueAfter(table: CopiedTable, last: number): Promise<void>;
  /** Called when all rows are written. @throws SetupError when rows refer to rows that do not exist */
  complete(): Promise<void>;
  /** Begins a new epoch of the event log. */
  beginEpoch(): Promise<void>;
}
