import type { ExamEntry } from "@invigil/schema";
import type { examEntries } from "../storage/tables.js";

// The entries of an exam: what was decided about its people, and what staff found and noted.

export type EntryRow = typeof examEntries.$inferSelect;
/** Returns an entry as staff see it. */
export const toEntry = (row: EntryRow): ExamEntry => ({
  id: row.id,
  ...(row.roomId !== null && { roomId: row.roomId }),
  ...(row.userId !== null && { userId: row.userId }),
  by: { userId: row.byUserId, role: row.byRole },
  kind: row.kind,
  ...(row.minutes !== null && { minutes: row.minutes }),
  ...(row.kind === "pause" && { giveBack: row.detail === GIVES_BACK }),
  // Safe: the detail of a termination is what its input said.
  ...(row.kind === "terminate" && { answers: row.detail as NonNullable<ExamEntry["answers"]> }),
  // Safe: so are those of checks and notes.
  ...(row.kind === "identity" && { identity: row.detail as NonNullable<ExamEntry["identity"]> }),
  ...(row.kind === "note" && { severity: row.detail as NonNullable<ExamEntry["severity"]> }),
  ...(row.aboutTime && { at: row.aboutTime }),
  ...(row.reason !== null && { reason: row.reason }),
  ...(row.note !== null && { note: row.note }),
  ...(row.message !== null && { message: row.message }),
  time: row.createdAt,
});
/** The detail of a pause whose time is given back. */
export const GIVES_BACK = "givesBack";
