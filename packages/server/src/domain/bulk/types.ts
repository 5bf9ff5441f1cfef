import type { Transaction } from "../../storage/port.js";
import type { bulkChanges } from "../../storage/tables.js";

/** A change of many rows of one exam. See docs/decisions/0032. */
export type BulkChange = typeof bulkChanges.$inferSelect;

/** The part of a phase that one transaction does. */
export interface Window {
  /** Where the window begins: the `next` of the window before it; an empty text for the first one. */
  readonly after: string | number;
  /** How many rows it changes, about. */
  readonly rows: number;
}

/** What a window did. */
export interface WindowResult {
  /** How many rows it changed or looked at. */
  readonly used: number;
  /** Where the next window begins; absent when nothing is left. */
  readonly next?: string | number | undefined;
}

/** A part of the work that a change needs, done in windows. */
export type Phase = (tx: Transaction, change: BulkChange, window: Window) => Promise<WindowResult>;
