import { type Attempt, isOver, RUNNING } from "@invigil/schema";
import { and, eq, inArray } from "drizzle-orm";
import { alias } from "drizzle-orm/sqlite-core";
import { attemptColumns, attemptOf, isAttemptOf, plannedMinutes } from "../../domain/attempts.js";
import type { Author } from "../../domain/calls.js";
import { prepareDecisions } from "../../domain/decisions.js";
import { closeHandsOf } from "../../domain/hands.js";
import type { TaskLog } from "../../domain/vendor-tasks.js";
import type { Writes } from "../../domain/writes.js";
import { isRoomOf } from "../../storage/conditions.js";
import type { Queries, Reader } from "../../storage/port.js";
import { param, query, statement } from "../../storage/statement.js";
import {
  attempts,
  examEntries,
  participants,
  visibleExams,
  visibleParticipants,
  visibleRooms,
} from "../../storage/tables.js";
import { type DecisionOutcome, type DecisionRequest, firstOf, outcomesOf } from "./rules.js";

/** How many people one transaction decides about. Each has about four rows. */
const DECIDED_AT_ONCE = 100;

const examOfRoom = statement(
  query
    .select({
      startTime: visibleExams.startTime,
      endTime: visibleExams.endTime,
      createdBy: visibleExams.createdBy,
      controlledBy: visibleExams.controller,
      maxRoomMinutes: visibleExams.maxRoomMinutes,
      roomStatus: visibleRooms.status,
    })
    .from(visibleRooms)
    .innerJoin(visibleExams, eq(visibleExams.id, visibleRooms.examId))
    .where(and(eq(visibleRooms.examId, param("examId")), eq(visibleRooms.id, param("roomId")))),
);
const entryColumns = {
  kind: examEntries.kind,
  detail: examEntries.detail,
  minutes: examEntries.minutes,
  reason: examEntries.reason,
  note: examEntries.note,
  message: examEntries.message,
  key: examEntries.key,
};
const seat = alias(participants, "seat");
const examineesOfRoom = query
  .select({ userId: seat.userId })
  .from(seat)
  .where(and(eq(seat.examId, param("examId")), eq(seat.roomId, param("roomId")), eq(seat.role, "examinee")));
/** Finds the seats in the exam of people who are named, or of all examinees of a room. */
const seatsOf = (of: "named" | "room") =>
  statement((dialect) =>
    query
      .select({
        seq: visibleParticipants.seq,
        roomId: visibleParticipants.roomId,
        userId: visibleParticipants.userId,
        role: visibleParticipants.role,
        extraMinutes: plannedMinutes(visibleParticipants),
        roomStatus: visibleRooms.status,
        imServer: visibleRooms.imServer,
        attempt: attemptColumns,
        decided: entryColumns,
      })
      .from(visibleParticipants)
      .innerJoin(visibleRooms, isRoomOf(visibleRooms, visibleParticipants))
      .leftJoin(attempts, isAttemptOf(visibleParticipants))
      .leftJoin(
        examEntries,
        and(
          eq(examEntries.examId, visibleParticipants.examId),
          eq(examEntries.userId, visibleParticipants.userId),
          eq(examEntries.key, param("key")),
        ),
      )
      .where(
        and(
          eq(visibleParticipants.examId, param("examId")),
          of === "named"
            ? dialect.isAnyOf(visibleParticipants.userId, "userIds")
            : inArray(visibleParticipants.userId, examineesOfRoom),
        ),
      ),
  );
const seats = { named: seatsOf("named"), room: seatsOf("room") };

const read = async (reader: Reader, { room, userIds, entry }: DecisionRequest) => {
  const values = { ...room, key: entry.key ?? null };
  const [exam, found] = await Promise.all([
    reader.get(examOfRoom, { ...room }),
    userIds ? reader.all(seats.named, { ...values, userIds }) : reader.all(seats.room, values),
  ]);
  const inOrder = found.toSorted((one, other) => one.seq - other.seq);
  return { exam, seats: inOrder.map((one) => ({ ...one, attempt: attemptOf(one.attempt) ?? RUNNING })) };
};

export type AttemptStore = ReturnType<typeof createAttemptStore>;

export const createAttemptStore = ({
  storage,
  writes,
  tasks,
}: {
  storage: Queries;
  writes: Writes;
  tasks: TaskLog;
}) => ({
  /** Returns what a decision would do. @throws see `outcomesOf` */
  async foresee(request: DecisionRequest): Promise<DecisionOutcome[]> {
    const { exam, seats } = await storage.snapshot((reader) => read(reader, request));
    return outcomesOf(request, exam, seats);
  },
  /**
   * Decides about the first people whom a decision changes, in one transaction: their attempts, entries and events, and the end signal of those
   * terminated. Returns also how many people are left. A repetition with the same key continues with them.
   * @throws see `outcomesOf`
   */
  decide(request: DecisionRequest & { readonly author: Author }) {
    const { room, userIds, action, entry, author, now } = request;
    let changed: readonly { readonly userId: string; readonly after: Attempt }[] = [];
    const target = {
      ...room,
      /** Whom the transaction has changed, when the audit asks for them. */
      get people() {
        return changed.map(({ userId }) => userId);
      },
    };
    return writes.ofExam(target, author, async (tx) => {
      const most = Math.min(userIds?.length ?? DECIDED_AT_ONCE, DECIDED_AT_ONCE);
      const [{ exam, seats }, ids] = await Promise.all([read(tx, request), tx.ids(examEntries, most)]);
      const decided = firstOf(outcomesOf(request, exam, seats), most);
      changed = decided.outcomes.flatMap(({ userId, sitting, isNew }) =>
        isNew && sitting ? [{ userId, after: sitting.attempt }] : [],
      );
      if (changed.length === 0) return decided;
      const over = changed.filter(({ after }) => isOver(after)).map(({ userId }) => userId);
      const theirs = seats.filter(({ role }) => role === "examinee");
      const left = theirs.filter(
        ({ userId, roomStatus }) => roomStatus === "in_progress" && over.includes(userId),
      );
      const { write, events } = prepareDecisions(tx, room, changed, {
        entry,
        ids,
        seats: theirs,
        author,
        now,
      });
      const dismiss = await tasks.prepareDismissals(
        tx,
        left.map(({ userId, roomId, imServer }) => ({
          userId,
          room: { examId: room.examId, id: roomId, imServer },
        })),
        { areTold: action.kind === "terminate", now },
      );
      await tx.last(() =>
        Promise.all([write(), dismiss(events), over.length > 0 && closeHandsOf(tx, room.examId, over, now)]),
      );
      return decided;
    });
  },
});
