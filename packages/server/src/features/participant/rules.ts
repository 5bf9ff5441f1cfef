import type { Caller, NewParticipant, RoomStatus } from "@invigil/schema";
import type { NewPerson } from "../../domain/people.js";
import type { SeatKey } from "../../domain/seats.js";
import type { Seat } from "../../domain/unseating.js";
import { quotaExceeded } from "../../limits/quotas.js";
import { forbidden, InvigilError, notInRoom, roomEnded, roomNotFound } from "../../platform/errors.js";
import { streamName } from "../../providers/stream-name.js";
import type { StreamOwner } from "../../providers/types.js";

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

/** @throws ROOM_NOT_FOUND, ROOM_ENDED */
export const openRoomOf = <Room extends { readonly status: RoomStatus }>(
  roomId: string,
  room: Room | undefined,
): Room => {
  if (!room) throw roomNotFound(roomId);
  if (room.status === "ended") throw roomEnded(roomId);
  return room;
};

/**
 * @param before - the number of people before some are added. A number above `most` may stand for any greater one
 * @throws QUOTA_EXCEEDED
 */
export const assertRoomSize = (
  roomId: string,
  {
    before,
    added,
    most = Number.POSITIVE_INFINITY,
  }: { before: number; added: number; most: number | undefined },
): void => {
  if (added > 0 && before + added > most)
    throw quotaExceeded({
      whose: `The room ${roomId}`,
      what: "people",
      held: Math.min(before, most + 1 - added),
      most,
    });
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

/** @throws PARTICIPANT_NOT_FOUND, or PARTICIPANT_CONFLICT if they cannot leave their room as if they had never been in it */
export const unseatable = (key: Pick<SeatKey, "roomId" | "userId">, seat: Seat | undefined): Seat => {
  if (!seat) throw notInRoom(key);
  const refused = (reason: string) => participantConflict(key.userId, "unseated", reason);
  if (key.userId === seat.createTeacher) throw refused(isCreatorReason);
  if (seat.trace === "entered") throw refused("they have entered the room");
  if (seat.trace) throw refused(isRecordedReason);
  return seat;
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
