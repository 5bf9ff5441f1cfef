import { and, asc, eq, gt, isNotNull, lte, max } from "drizzle-orm";
import { isOfSeat, isRoomOf } from "../../storage/conditions.js";
import type { Reader, Transaction } from "../../storage/port.js";
import { param, query, rawParam, type Statement, statement } from "../../storage/statement.js";
import { participants, type personChanges, rooms, streamNames, unseated } from "../../storage/tables.js";
import type { ExamTransaction } from "../exam-transaction.js";
import { factColumns, joinFacts } from "../person-facts.js";
import { forgetRoomExam, type RoomKey } from "../room-exams.js";
import type { ChangeKey } from "./types.js";

// Rows that bulk changes mark in `added_by`, `removed_by` and `changed_by`. The marks have no index, so these rows are found by ranges of
// their keys, or by their `personChanges`.

type RowOf<Of> = Of extends Statement<infer Row> ? Row : never;

const newestSeat = statement((dialect) =>
  query
    .select({ seq: max(participants.seq) })
    .from(participants)
    .where(dialect.inExam(participants.examId)),
);
const newestUnseated = statement((dialect) =>
  query
    .select({ seq: max(unseated.seq) })
    .from(unseated)
    .where(dialect.inExam(unseated.examId)),
);

/** Returns a `seq` that no participant of an exam exceeds. */
export const readLastSeat = async (reader: Reader, examId: string): Promise<number> =>
  (await reader.get(newestSeat, { examId }))?.seq ?? 0;
/** Returns a `seq` that no person of an exam without a room exceeds. */
export const readLastUnseated = async (reader: Reader, examId: string): Promise<number> =>
  (await reader.get(newestUnseated, { examId }))?.seq ?? 0;

const isRoomOfParticipant = isRoomOf(rooms, participants);

/** Participants in a range of `seq` that a change added. */
export const seatsAddedBetween = statement((dialect) =>
  joinFacts(
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
        ...factColumns,
      })
      .from(participants)
      .innerJoin(rooms, isRoomOfParticipant),
    participants,
  )
    .where(
      and(
        dialect.inExam(participants.examId),
        gt(participants.seq, param("after")),
        lte(participants.seq, param("upTo")),
        eq(participants.addedBy, param("id")),
      ),
    )
    .orderBy(asc(participants.seq)),
);
export type AddedSeat = RowOf<typeof seatsAddedBetween>;

const deleteSeatBySeq = statement((dialect) =>
  query
    .delete(participants)
    .where(and(eq(participants.seq, param("seq")), dialect.inExam(participants.examId))),
);
const deleteAddedStreams = statement(
  query.delete(streamNames).where(and(isOfSeat(streamNames), eq(streamNames.addedBy, param("id")))),
);
/** Deletes a participant whom a change added, with the stream names that it added. */
export const deleteAddedSeat = async (
  tx: Transaction,
  { examId, id }: ChangeKey,
  { seq, roomId, userId }: Pick<AddedSeat, "seq" | "roomId" | "userId">,
): Promise<void> => {
  await Promise.all([
    tx.run(deleteAddedStreams, { examId, roomId, userId, id }),
    tx.run(deleteSeatBySeq, { examId, seq }),
  ]);
};

const markSeatsChanged = statement((dialect) =>
  query
    .update(participants)
    .set({ changedBy: rawParam<number | null>("id") })
    .where(and(dialect.isAnyOf(participants.seq, "seqs", "integer"), dialect.inExam(participants.examId))),
);
const markUnseatedChanged = statement((dialect) =>
  query
    .update(unseated)
    .set({ changedBy: rawParam<number | null>("id") })
    .where(and(dialect.isAnyOf(unseated.seq, "seqs", "integer"), dialect.inExam(unseated.examId))),
);
/** Marks the rows of people who get new names or extra minutes by a change. Null: takes the marks away. */
export const markChanged = async (
  tx: Transaction,
  { examId, id }: { readonly examId: string; readonly id: number | null },
  rows: readonly Pick<typeof personChanges.$inferSelect, "place" | "seq">[],
): Promise<void> => {
  for (const [place, mark] of [
    ["seated", markSeatsChanged],
    ["unseated", markUnseatedChanged],
  ] as const) {
    const seqs = rows.filter((row) => row.place === place).map(({ seq }) => seq);
    if (seqs.length > 0) await tx.run(mark, { examId, id, seqs });
  }
};

/** People of an exam without a room, marked or not. */
export const unseatedOfExam = statement(
  query
    .select({ seq: unseated.seq, addedBy: unseated.addedBy, removedBy: unseated.removedBy })
    .from(unseated)
    .where(and(eq(unseated.examId, param("examId")), gt(unseated.seq, param("after"))))
    .orderBy(asc(unseated.seq))
    .limit(param("limit")),
);
export type Unseated = RowOf<typeof unseatedOfExam>;
export const deleteUnseated = statement((dialect) =>
  query
    .delete(unseated)
    .where(and(dialect.isAnyOf(unseated.seq, "seqs", "integer"), dialect.inExam(unseated.examId))),
);
export const unmarkUnseated = statement((dialect) =>
  query
    .update(unseated)
    .set({ removedBy: null })
    .where(and(dialect.isAnyOf(unseated.seq, "seqs", "integer"), dialect.inExam(unseated.examId))),
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
const isRoom = and(eq(rooms.examId, param("examId")), eq(rooms.id, param("roomId")));
const deleteRoomById = statement(query.delete(rooms).where(isRoom));
/** Deletes a room, of which nothing else is left. */
export const deleteRoom = async (tx: ExamTransaction, room: RoomKey): Promise<void> => {
  await Promise.all([tx.run(deleteRoomById, room), forgetRoomExam(tx, room.roomId)]);
};
export const unmarkRoom = statement(query.update(rooms).set({ removedBy: null }).where(isRoom));

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
    .innerJoin(rooms, isRoomOfParticipant)
    .where(
      and(
        eq(participants.userId, param("userId")),
        eq(participants.examId, param("examId")),
        isNotNull(participants.removedBy),
      ),
    )
    .limit(param("limit")),
);
export const unmarkSeats = statement((dialect) =>
  query
    .update(participants)
    .set({ removedBy: null })
    .where(and(dialect.isAnyOf(participants.seq, "seqs", "integer"), dialect.inExam(participants.examId))),
);
