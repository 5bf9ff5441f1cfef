import { and, eq, exists, or, sql } from "drizzle-orm";
import { type Dialect, param, query } from "../storage/statement.js";
import { visibleParticipants, visibleRooms } from "../storage/tables.js";

// The history of an examinee goes with them. The staff of the room in which they sit see what happened to them in all rooms of the exam. The
// staff of a room that they left see what happened there.

const { examId, roomId, userId, role } = visibleParticipants;
const isSeat = and(eq(examId, param("examId")), eq(userId, param("userId")), eq(role, "examinee"));

/** Whether the examinee `userId` sits in the room `roomId`. */
const sitsInRoom = exists(
  query
    .select({ one: sql`1` })
    .from(visibleParticipants)
    .where(and(isSeat, eq(roomId, param("roomId")))),
);
/** Whether the examinee `userId` sits in one of the rooms `roomIds`. */
export const sitsInRooms = (dialect: Dialect) =>
  exists(
    query
      .select({ one: sql`1` })
      .from(visibleParticipants)
      .where(and(isSeat, dialect.isAnyOf(roomId, "roomIds"))),
  );

/**
 * The rooms whose rows about `userId` belong to the history that the staff of the room `roomId` see: all rooms of the exam if the person sits
 * in it, or else the room alone. For tables with an index by room and person.
 */
export const roomsOfHistory = query
  .select({ id: visibleRooms.id })
  .from(visibleRooms)
  .where(and(eq(visibleRooms.examId, param("examId")), or(eq(visibleRooms.id, param("roomId")), sitsInRoom)));
