import { and, asc, eq, gt, isNotNull, lte, max } from "drizzle-orm";
import type { Reader, Transaction } from "../../storage/port.js";
import { param, query, type Statement, statement } from "../../storage/statement.js";
import { participants, rooms, streamNames, unseated } from "../../storage/tables.js";

// Rows that bulk changes mark in `added_by` and `removed_by`. The marks have no index, so these rows are found by ranges of their keys.

type RowOf<Of> = Of extends Statement<infer Row> ? Row : never;

const newestSeat = statement(query.select({ seq: max(participants.seq) }).from(participants));
const newestWaiting = statement(query.select({ seq: max(unseated.seq) }).from(unseated));

export const readLastSeat = async (reader: Reader): Promise<number> =>
  (await reader.get(newestSeat))?.seq ?? 0;
export const readLastWaiting = async (reader: Reader): Promise<number> =>
  (await reader.get(newestWaiting))?.seq ?? 0;

/** Participants in a range of `seq` that a change added. */
export const seatsAddedBetween = statement(
  query
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
        gt(participants.seq, param("after")),
        lte(participants.seq, param("upTo")),
        eq(participants.addedBy, param("id")),
      ),
    )
    .orderBy(asc(participants.seq)),
);
export type AddedSeat = RowOf<typeof seatsAddedBetween>;

const deleteSeatBySeq = statement(query.delete(participants).where(eq(participants.seq, param("seq"))));
const deleteAddedStreams = statement(
  query
    .delete(streamNames)
    .where(
      and(
        eq(streamNames.roomId, param("roomId")),
        eq(streamNames.userId, param("userId")),
        eq(streamNames.addedBy, param("id")),
      ),
    ),
);
/** Deletes a participant whom a change added, with the stream names that it added. */
export const deleteAddedSeat = async (
  tx: Transaction,
  id: number,
  { seq, roomId, userId }: Pick<AddedSeat, "seq" | "roomId" | "userId">,
): Promise<void> => {
  await tx.run(deleteAddedStreams, { roomId, userId, id });
  await tx.run(deleteSeatBySeq, { seq });
};

/** People of an exam without a room, marked or not. */
export const waitingOfExam = statement(
  query
    .select({ seq: unseated.seq, addedBy: unseated.addedBy, removedBy: unseated.removedBy })
    .from(unseated)
    .where(and(eq(unseated.examId, param("examId")), gt(unseated.seq, param("after"))))
    .orderBy(asc(unseated.seq))
    .limit(param("limit")),
);
export type Waiting = RowOf<typeof waitingOfExam>;
export const deleteWaiting = statement((dialect) =>
  query.delete(unseated).where(dialect.isAnyOf(unseated.seq, "seqs", "integer")),
);
export const unmarkWaiting = statement((dialect) =>
  query
    .update(unseated)
    .set({ removedBy: null })
    .where(dialect.isAnyOf(unseated.seq, "seqs", "integer")),
);

/** Rooms of an exam, hidden ones included. */
export const roomsOfExam = statement(
  query
    .select({
      id: rooms.id,
      status: rooms.status,
      imServer: rooms.imServer,
      addedBy: rooms.addedBy,
      removedBy: rooms.removedBy,
    })
    .from(rooms)
    .where(and(eq(rooms.examId, param("examId")), gt(rooms.id, param("after"))))
    .orderBy(asc(rooms.id))
    .limit(param("limit")),
);
export type ChangedRoom = RowOf<typeof roomsOfExam>;
export const deleteRoom = statement(query.delete(rooms).where(eq(rooms.id, param("roomId"))));
export const unmarkRoom = statement(
  query
    .update(rooms)
    .set({ removedBy: null })
    .where(eq(rooms.id, param("roomId"))),
);

/** A person's seats in an exam from which some change removes them. */
export const removedSeats = statement(
  query
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
        eq(participants.userId, param("userId")),
        eq(rooms.examId, param("examId")),
        isNotNull(participants.removedBy),
      ),
    )
    .limit(param("limit")),
);
export const unmarkSeats = statement((dialect) =>
  query
    .update(participants)
    .set({ removedBy: null })
    .where(dialect.isAnyOf(participants.seq, "seqs", "integer")),
);
