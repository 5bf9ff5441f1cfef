import type { bulkChanges } from "../../storage/tables.js";

/** A change of many rows of one exam: see docs/decisions/0032. */
export type BulkChange = typeof bulkChanges.$inferSelect;

/**
 * A part of what is to be done for a change, in windows. `after` is where the window begins: the `next` of the window before it, or
 * the start. Runs inside a write and changes about `rows` rows.
 */
export type Phase = (
  change: BulkChange,
  window: { readonly after: string | number; readonly rows: number },
) => {
  /** How many rows it changed or looked at. */
  readonly used: number;
  /** Where the next window begins; absent when nothing is left. */
  readonly next?: string | number | undefined;
};
