import type { Transaction } from "../storage/port.js";
import type { Author } from "./calls.js";

/** What a change is about. Ids that do not apply are absent. */
export interface Target {
  readonly examId?: string | undefined;
  readonly roomId?: string | undefined;
  /** The people who are affected, if the change names them. There is one row for each. */
  readonly people?: readonly string[] | undefined;
  /** The id of something else: a clip, a token, a session. Never a secret. */
  readonly subject?: string | undefined;
}

/** Writes the rows that say who changed what. */
export interface AuditLog {
  /** Adds the rows of a change, in its transaction, if the procedure of its author is audited for changes. Starts its statement at once. */
  add(tx: Transaction, author: Author, target: Target): Promise<unknown>;
}
