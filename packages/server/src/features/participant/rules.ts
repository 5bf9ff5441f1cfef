import type { Caller, NewParticipant } from "@invigil/schema";
import type { Quotas } from "../../config/config.js";
import type { NewPerson } from "../../domain/people.js";
import { quotaExceeded } from "../../limits/quotas.js";
import { forbidden, InvigilError } from "../../platform/errors.js";
import { streamName } from "../../providers/stream-name.js";
import type { StreamOwner } from "../../providers/types.js";
import type { RoomSize } from "./store.js";

/** Returns the names of a person's two streams in a room. */
export const streamNamesOf = (owner: Omit<StreamOwner, "camera">): NewPerson["streams"] => ({
  main: streamName({ ...owner, camera: "main" }),
  pc: streamName({ ...owner, camera: "pc" }),
});

export const toNewPerson = (
  person: NewParticipant,
  room: { id: string; examId: string },
  now: Date,
): NewPerson => ({
  ...person,
  examId: room.examId,
  roomId: room.id,
  streams: streamNamesOf({ examId: room.examId, roomId: room.id, userId: person.userId }),
  now,
});

/**
 * The quota of people in a room. The transaction that adds people calls `check`, which throws QUOTA_EXCEEDED.
 */
export const roomSizeQuota = (quotas: Quotas | undefined): RoomSize | undefined => {
  if (!quotas) return undefined;
  const { peoplePerRoom: most } = quotas;
  return {
    most,
    check(roomId, size, added) {
      if (size > most)
        throw quotaExceeded({ whose: `The room ${roomId}`, what: "people", held: size - added, most });
    },
  };
};

/**
 * The records may belong to other rooms of the exam. @throws FORBIDDEN for all but administrators, and for a
 * token bound to a room
 */
export const assertMayDeleteRecords = (caller: Caller): void => {
  if (caller.role !== "admin" || caller.roomId !== undefined)
    throw forbidden(
      "Only an administrator, and with no token of one room, may delete cheat records (withRecords).",
    );
};

/** @param reason completes the sentence "<user id> cannot be <action>: " */
export const participantConflict = (
  userId: string,
  action: "moved" | "removed" | "unseated",
  reason: string,
) => new InvigilError("PARTICIPANT_CONFLICT", `${userId} cannot be ${action}: ${reason}.`);
export const isRecordedReason = "something is recorded about them";
export const isCreatorReason = "the room's examinees answer to its creator";
export const hasRecordsReason = (records: number): string =>
  `${records === 1 ? "1 cheat record is" : `${records} cheat records are`} kept about it`;
