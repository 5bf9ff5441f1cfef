import type { Principal } from "../identity/tokens.js";
import { type CountedCaller, identityKey } from "../identity/usage-key.js";
import type { Share } from "../storage/port.js";

// What services learn of a call, besides its input.

/** A way into the server. */
export type EntryPoint = "rest" | "trpc" | "drop-in" | "upload" | "join-code" | "command" | "in-process";

/**
 * What the audit keeps of a procedure:
 * - `change`: a row for each change, in the transaction of the change.
 * - `access`: a row for each call that succeeded. Equal calls of one second share it, and a crash may lose those of the last second.
 * - `none`: nothing, because the rows that a call writes say who wrote them, or because it affects only its caller.
 */
export type Audited = "change" | "access" | "none";

/** Identifies a call, in log lines and in the audit. */
export interface Origin {
  readonly reqId: string;
  /** The address of the client, or `in-process`. */
  readonly address: string;
  readonly entryPoint: EntryPoint;
  /** The name of the procedure, for example `room.create`. */
  readonly procedure: string;
  /** Who runs a command: the user of the operating system, and the name that they gave. */
  readonly operator?: string | undefined;
}

/** Who makes a change, and by which call. */
export interface Author
  extends CountedCaller,
    Pick<Principal, "role" | "tokenId" | "sessionId" | "isIssued" | "generation"> {
  readonly origin: Origin;
  readonly audited: Audited;
  /** Whether the call is accepted although the audit of its exam, or almost although that of its actor, is full. */
  readonly isUrgent?: boolean | undefined;
}

/** A caller in the middle of a call. */
export interface ActingCaller extends Principal, Pick<Author, "origin" | "audited" | "isUrgent"> {}

/** The share of the storage that an author's writes take. Work in the background has no author. */
export const shareOf = (author: CountedCaller | undefined, examId?: string): Share => ({
  caller: author && identityKey(author),
  examId,
});
