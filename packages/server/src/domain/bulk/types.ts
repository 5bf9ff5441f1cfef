import type { bulkChanges } from "../../storage/tables.js";
import type { RosterTransaction } from "../exam-transaction.js";

/** A change of many rows of one exam. See docs/decisions/0032. */
export type BulkChange = typeof bulkChanges.$inferSelect;

/** Identifies a change. */
export type ChangeKey = Pick<BulkChange, "examId" | "id">;

/** The part of a phase that one transaction processes. */
export interface Window {
  /** Where the window begins: the `next` of the previous window, or an empty text for the first one. */
  readonly after: string | number;
  /** About how many rows the window may change. */
  readonly rows: number;
}

export interface WindowResult {
  /** How many rows the window changed or read. */
  readonly used: number;
  /** Where the next window begins. Absent if the phase is done. */
  readonly next?: string | number | undefined;
}

/** A part of the work that a change needs, done in windows. */
export type Phase = (tx: RosterTransaction, change: BulkChange, window: Window) => Promise<WindowResult>;
