import type { ParticipantRole, RoomStatus } from "@invigil/schema";
import { and, eq } from "drizzle-orm";
import { InvigilError, notInRoom, roomEnded, roomNotFound } from "../platform/errors.js";
import { isRoomOf } from "../storage/conditions.js";
import type { Reader } from "../storage/port.js";
import { param, query, statement } from "../storage/statement.js";
import { visibleParticipants, visibleRooms } from "../storage/tables.js";
import { isRoom } from "./people.js";
import type { SeatKey } from "./seats.js";

// A person of a room, about whom something is written.

/** A room, and the role that a person has in it. Undefined: there is no such room. */
export type RoomWithRole = { readonly status: RoomStatus; readonly role: ParticipantRole | null } | undefined;

const roomWithRole = statement(
  query
    .select({ status: visibleRooms.status, role: visibleParticipants.role })
    .from(visibleRooms)
    .leftJoin(
      visibleParticipants,
      and(isRoomOf(visibleRooms, visibleParticipants), eq(visibleParticipants.userId, param("userId"))),
    )
    .where(isRoom),
);
export const readRoomWithRole = (
  reader: Reader,
  { examId, roomId, userId }: Omit<SeatKey, "userId"> & { readonly userId: string | undefined },
): Promise<RoomWithRole> => reader.get(roomWithRole, { examId, roomId, userId });

/** @throws ROOM_NOT_FOUND, PARTICIPANT_NOT_FOUND */
export const assertInRoom = ({ roomId, userId }: SeatKey, room: RoomWithRole): void => {
  if (!room) throw roomNotFound(roomId);
  if (room.role === null) throw notInRoom({ roomId, userId });
};
/** @throws ROOM_NOT_FOUND, PARTICIPANT_NOT_FOUND, PARTICIPANT_CONFLICT */
export const assertExaminee = (seat: SeatKey, room: RoomWithRole): void => {
  assertInRoom(seat, room);
  if (room?.role !== "examinee")
    throw new InvigilError(
      "PARTICIPANT_CONFLICT",
      `${seat.userId} is no examinee in the room ${seat.roomId}.`,
    );
};
/** @throws ROOM_NOT_FOUND, PARTICIPANT_NOT_FOUND, PARTICIPANT_CONFLICT, ROOM_ENDED */
export const assertExamineeOfOpenRoom = (seat: SeatKey, room: RoomWithRole): void => {
  assertExaminee(seat, room);
  if (room?.status === "ended") throw roomEnded(seat.roomId);
};
