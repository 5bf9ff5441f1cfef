import type { ChangedTime, ExamEntry } from "@invigil/schema";
import { eq, getTableColumns } from "drizzle-orm";
import { accounts, examEntries } from "../storage/tables.js";

// The entries of an exam: what was decided about its people, and what staff found and noted.

export type EntryRow = typeof examEntries.$inferSelect;
export type NamedEntryRow = EntryRow & { readonly byName?: string | null };
/** The columns of entries and of their authors' names, for statements that join `accounts` on `isAuthor`. Administrators are in no list of a room. */
export const namedEntry = { ...getTableColumns(examEntries), byName: accounts.name };
export const isAuthor = eq(accounts.userId, examEntries.byUserId);
/** How a change of an exam's times concerns a person. */
export interface ChangedTimes {
  /** Undefined: the exam begins as before. */
  readonly starts: ChangedTime | undefined;
  readonly ends: ChangedTime;
}
/** Writes changed times as the detail of an entry: the old and the new end, and then the old and the new start. */
export const timesDetail = ({ starts, ends }: ChangedTimes): string =>
  [ends, starts].flatMap((one) => (one ? [one.from.toISOString(), one.to.toISOString()] : [])).join(" ");
const timesOf = ({ detail }: EntryRow): Partial<Pick<ExamEntry, "starts" | "ends">> => {
  const [endFrom, endTo, startFrom, startTo] = (detail ?? "").split(" ").map((time) => new Date(time));
  return {
    ...(startFrom && startTo && { starts: { from: startFrom, to: startTo } }),
    ...(endFrom && endTo && { ends: { from: endFrom, to: endTo } }),
  };
};
/** Returns an entry as staff see it. */
export const toEntry = (row: NamedEntryRow): ExamEntry => ({
  id: row.id,
  ...(row.roomId !== null && { roomId: row.roomId }),
  ...(row.userId !== null && { userId: row.userId }),
  by: { userId: row.byUserId, role: row.byRole, ...(row.byName && { name: row.byName }) },
  kind: row.kind,
  ...(row.minutes !== null && { minutes: row.minutes }),
  ...(row.kind === "times" && timesOf(row)),
  ...(row.kind === "pause" && { giveBack: row.detail === GIVES_BACK }),
  // Safe: the detail of a termination is what its input said.
  ...(row.kind === "terminate" && { answers: row.detail as NonNullable<ExamEntry["answers"]> }),
  // Safe: so are those of checks and notes.
  ...(row.kind === "identity" && { identity: row.detail as NonNullable<ExamEntry["identity"]> }),
  ...(row.kind === "consent" && { version: Number(row.detail) }),
  ...(row.kind === "note" && { severity: row.detail as NonNullable<ExamEntry["severity"]> }),
  ...(row.aboutTime && { at: row.aboutTime }),
  ...(row.reason !== null && { reason: row.reason }),
  ...(row.note !== null && { note: row.note }),
  ...(row.message !== null && { message: row.message }),
  time: row.createdAt,
});
/** Returns an entry as the person sees it whom it is about. */
export const toEntryOfPerson = (row: EntryRow): ExamEntry => {
  const { by: _, note: __, ...own } = toEntry(row);
  return own;
};
/** The detail of a pause whose time is given back. */
export const GIVES_BACK = "givesBack";
