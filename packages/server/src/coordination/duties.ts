import type { Transaction } from "../storage/port.js";
import type { duties } from "../storage/tables.js";

/** What only one server of an installation does at a time. */
export type Duty = (typeof duties.$inferSelect)["name"];

/**
 * Says which server has a duty. Other servers cannot take it until the time that its holder last named. A server that pauses or dies thus
 * gives it up by doing nothing.
 */
export interface Duties {
  /** Takes a duty, or goes on with it, until a time. Returns false while another server has it. */
  take(duty: Duty, lease: { readonly now: Date; readonly until: Date }): Promise<boolean>;
  /**
   * Goes on with a duty until a time, in the transaction of what it writes. Returns false if another server has taken over. If it returns
   * true, no server takes over until the commit, so a late server never writes after its successor.
   */
  keep(tx: Transaction<"installation">, duty: Duty, until: Date): Promise<boolean>;
}

/** The only server has every duty. */
export const EVERY_DUTY: Duties = { take: async () => true, keep: async () => true };
