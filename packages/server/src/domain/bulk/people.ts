import { and, asc, eq, gt, isNotNull, lte, max, sql } from "drizzle-orm";
import type { Queries } from "../../storage/sqlite/client.js";
import { participants, rooms, streamNames, unseated } from "../../storage/tables.js";

// The rows that bulk changes mark, found without an index of the marks.

/** Participants are looked at by ranges of `seq`: those that a change added are among those that were added since it began. */
export const rowsOfChanges = (queries: Queries) => {
  const id = sql.placeholder("id");
  const after = sql.placeholder("after");
  const limit = sql.placeholder("limit");
  const examId = sql.placeholder("examId");
  const lastSeat = queries
    .select({ seq: max(participants.seq) })
    .from(participants)
    .prepare();
  const lastWaiting = queries
    .select({ seq: max(unseated.seq) })
    .from(unseated)
    .prepare();
  return {
    lastSeat: () => lastSeat.get()?.seq ?? 0,
    lastWaiting: () => lastWaiting.get()?.seq ?? 0,
    /** Those in a range of `seq` that a change added. */
    seatedIn: queries
      .select({
        seq: participants.seq,
        roomId: participants.roomId,
        userId: participants.userId,
        role: participants.role,
        name: participants.name,
        extraMinutes: participants.extraMinutes,
        main: participants.mainPublishStatus,
        pc: participants.pcPublishStatus,
        roomAddedBy: rooms.addedBy,
      })
      .from(participants)
      .innerJoin(rooms, eq(rooms.id, participants.roomId))
      .where(
        and(
          gt(participants.seq, after),
          lte(participants.seq, sql.placeholder("upTo")),
          eq(participants.addedBy, id),
        ),
      )
      .prepare(),
    deleteSeat: queries
      .delete(participants)
      .where(eq(participants.seq, sql.placeholder("seq")))
      .prepare(),
    deleteStreams: queries
      .delete(streamNames)
      .where(
        and(
          eq(streamNames.roomId, sql.placeholder("roomId")),
          eq(streamNames.userId, sql.placeholder("userId")),
          eq(streamNames.addedBy, id),
        ),
      )
      .prepare(),
    /** People of the exam without a room, marked or not. */
    waiting: queries
      .select({ seq: unseated.seq, addedBy: unseated.addedBy, removedBy: unseated.removedBy })
      .from(unseated)
      .where(and(eq(unseated.examId, examId), gt(unseated.seq, after)))
      .orderBy(asc(unseated.seq))
      .limit(limit)
      .prepare(),
    deleteWaiting: queries
      .delete(unseated)
      .where(eq(unseated.seq, sql.placeholder("seq")))
      .prepare(),
    keepWaiting: queries
      .update(unseated)
      .set({ removedBy: null })
      .where(eq(unseated.seq, sql.placeholder("seq")))
      .prepare(),
    /** Rooms of the exam, hidden ones too. */
    rooms: queries
      .select({
        id: rooms.id,
        status: rooms.status,
        imServer: rooms.imServer,
        addedBy: rooms.addedBy,
        removedBy: rooms.removedBy,
      })
      .from(rooms)
      .where(and(eq(rooms.examId, examId), gt(rooms.id, after)))
      .orderBy(asc(rooms.id))
      .limit(limit)
      .prepare(),
    deleteRoom: queries
      .delete(rooms)
      .where(eq(rooms.id, sql.placeholder("roomId")))
      .prepare(),
    keepRoom: queries
      .update(rooms)
      .set({ removedBy: null })
      .where(eq(rooms.id, sql.placeholder("roomId")))
      .prepare(),
    /** Where somebody sits in the exam, as far as a change takes them away. */
    seatsOf: queries
      .select({
        seq: participants.seq,
        roomId: participants.roomId,
        role: participants.role,
        imServer: rooms.imServer,
        removedBy: participants.removedBy,
      })
      .from(participants)
      .innerJoin(rooms, eq(rooms.id, participants.roomId))
      .where(
        and(
          eq(participants.userId, sql.placeholder("userId")),
          eq(rooms.examId, examId),
          isNotNull(participants.removedBy),
        ),
      )
      .limit(limit)
      .prepare(),
    keepSeat: queries
      .update(participants)
      .set({ removedBy: null })
      .where(eq(participants.seq, sql.placeholder("seq")))
      .prepare(),
  };
};
