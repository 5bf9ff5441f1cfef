import { and, eq, type SQLWrapper } from "drizzle-orm";
import { param } from "./statement.js";

interface Place {
  readonly examId: SQLWrapper;
  readonly roomId: SQLWrapper;
}
/** Whether a row is the room that another row names. */
export const isRoomOf = (room: { readonly examId: SQLWrapper; readonly id: SQLWrapper }, place: Place) =>
  and(eq(room.examId, place.examId), eq(room.id, place.roomId));
/** Whether two rows name the same room. */
export const isSameRoom = (one: Place, other: Place) =>
  and(eq(one.examId, other.examId), eq(one.roomId, other.roomId));
/** Whether a row is about the person `userId` in the room `roomId` of the exam `examId`. */
export const isOfSeat = (row: Place & { readonly userId: SQLWrapper }) =>
  and(eq(row.examId, param("examId")), eq(row.roomId, param("roomId")), eq(row.userId, param("userId")));
