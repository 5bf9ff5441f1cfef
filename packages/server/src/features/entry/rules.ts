import { MAX_ENTRIES_WRITTEN } from "@invigil/schema";
import type { EntryRow } from "../../domain/exam-entries.js";
import { assertExaminee, assertInRoom, type RoomWithRole } from "../../domain/examinee.js";
import { quotaExceeded } from "../../limits/quotas.js";
import { invalidInput, roomNotFound } from "../../platform/errors.js";

const FIELDS = ["roomId", "kind", "detail", "note"] as const;

/** @throws INVALID_INPUT if a key was used for another entry */
export const assertSameEntry = (earlier: EntryRow, row: EntryRow): void => {
  const isSame =
    FIELDS.every((field) => earlier[field] === row[field]) &&
    earlier.aboutTime?.getTime() === row.aboutTime?.getTime();
  if (!isSame) throw invalidInput("key", "was used for another entry");
};

/**
 * Checks whether the room and the person exist that an entry is about. An identity is that of an examinee.
 * @throws ROOM_NOT_FOUND, PARTICIPANT_NOT_FOUND, PARTICIPANT_CONFLICT
 */
export const assertSubject = (
  { examId, roomId, userId, kind }: Pick<EntryRow, "examId" | "roomId" | "userId" | "kind">,
  room: RoomWithRole,
): void => {
  if (roomId === null) return;
  if (userId !== null)
    (kind === "identity" ? assertExaminee : assertInRoom)({ examId, roomId, userId }, room);
  else if (!room) throw roomNotFound(roomId);
};

/** @throws QUOTA_EXCEEDED */
export const assertMayWrite = (author: string, examId: string, written: number): void => {
  if (written >= MAX_ENTRIES_WRITTEN)
    throw quotaExceeded({
      whose: `${author} in the exam ${examId}`,
      what: "notes and checks",
      held: MAX_ENTRIES_WRITTEN,
      most: MAX_ENTRIES_WRITTEN,
    });
};
