import {
  type Attempt,
  type AttemptAction,
  type AttemptRefusal,
  type ExamTimes,
  isOver,
  type ParticipantRole,
  type RoomStatus,
  RUNNING,
} from "@invigil/schema";
import { and, eq } from "drizzle-orm";
import { attemptColumns, attemptOf, isAttemptOf, plannedMinutes } from "../../domain/attempts.js";
import type { Author } from "../../domain/calls.js";
import { decideAttempts, type NewEntry, prepareDecisions, readSeats } from "../../domain/decisions.js";
import { closeHandsOf } from "../../domain/hands.js";
import type { RoomKey } from "../../domain/room-exams.js";
import type { TaskLog } from "../../domain/vendor-tasks.js";
import type { Writes } from "../../domain/writes.js";
import type { Queries, Reader } from "../../storage/port.js";
import { param, query, type Statement, statement } from "../../storage/statement.js";
import {
  attempts,
  examEntries,
  visibleParticipants as participants,
  visibleRooms as rooms,
  visibleExams,
} from "../../storage/tables.js";

/** The exam and the room in which people are decided about. */
export interface ExamOfDecision {
  readonly startTime: Date;
  readonly endTime: Date;
  readonly createdBy: string;
  readonly controlledBy: "rooms" | "creator";
  readonly maxRoomMinutes: number | null;
  readonly roomStatus: RoomStatus;
}

/** A person whom a call names. */
export interface PersonOfDecision {
  readonly userId: string;
  readonly role: ParticipantRole;
  readonly attempt: Attempt;
  readonly extraMinutes: number;
  /** The entry that was written about them with the key of the call. */
  readonly decided: Required<NewEntry> | null;
}

export interface DecisionRequest {
  readonly room: RoomKey;
  readonly action: AttemptAction;
  readonly entry: NewEntry;
  readonly author: Author;
  readonly now: Date;
  /** Checks the exam and people as of the transaction. Returns the most minutes in total that the author may give. */
  readonly check: (
    exam: ExamOfDecision | undefined,
    people: readonly PersonOfDecision[],
  ) => { readonly maxMinutes?: number | undefined };
}
/** What became of a person's attempt. */
export interface DecisionOutcome {
  readonly userId: string;
  readonly times: ExamTimes;
  readonly attempt: Attempt;
  readonly after: Attempt | AttemptRefusal | "notInRoom";
}

const examOfRoom = statement(
  query
    .select({
      startTime: visibleExams.startTime,
      endTime: visibleExams.endTime,
      createdBy: visibleExams.createdBy,
      controlledBy: visibleExams.controller,
      maxRoomMinutes: visibleExams.maxRoomMinutes,
      roomStatus: rooms.status,
    })
    .from(rooms)
    .innerJoin(visibleExams, eq(visibleExams.id, rooms.examId))
    .where(and(eq(rooms.examId, param("examId")), eq(rooms.id, param("roomId")))),
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
/** Finds people of a room: those named, or all examinees. Or finds the seats of examinees in the exam. */
const peopleOf = (of: "named" | "all" | "exam") =>
  statement((dialect) =>
    query
      .select({
        seq: participants.seq,
        userId: participants.userId,
        role: participants.role,
        extraMinutes: plannedMinutes(participants),
        attempt: attemptColumns,
        decided: entryColumns,
      })
      .from(participants)
      .leftJoin(attempts, isAttemptOf(participants))
      .leftJoin(
        examEntries,
        and(
          eq(examEntries.examId, participants.examId),
          eq(examEntries.userId, participants.userId),
          eq(examEntries.key, param("key")),
        ),
      )
      .where(
        and(
          eq(participants.examId, param("examId")),
          of === "exam" ? undefined : eq(participants.roomId, param("roomId")),
          of === "all" ? undefined : dialect.isAnyOf(participants.userId, "userIds"),
          of === "named" ? undefined : eq(participants.role, "examinee"),
        ),
      ),
  );
const people = { named: peopleOf("named"), all: peopleOf("all"), exam: peopleOf("exam") };
type PersonRow = typeof people.named extends Statement<infer Row> ? Row : never;

export type AttemptStore = ReturnType<typeof createAttemptStore>;

export const createAttemptStore = ({
  storage,
  writes,
  tasks,
}: {
  storage: Queries;
  writes: Writes;
  tasks: TaskLog;
}) => {
  const readExam = (reader: Reader, room: RoomKey): Promise<ExamOfDecision | undefined> =>
    reader.get(examOfRoom, { ...room });
  const toPeople = (found: readonly PersonRow[]): PersonOfDecision[] =>
    found
      .toSorted((one, other) => one.seq - other.seq)
      .map((person) => ({ ...person, attempt: attemptOf(person.attempt) ?? RUNNING }));
  const readPeople = async (
    reader: Reader,
    room: RoomKey,
    userIds: readonly string[] | undefined,
    key: string | null,
  ): Promise<PersonOfDecision[]> =>
    toPeople(
      await (userIds
        ? reader.all(people.named, { ...room, userIds, key })
        : reader.all(people.all, { ...room, key })),
    );
  /** Finds examinees of a room who may have been moved since. An attempt belongs to the exam, so any of their seats is right. */
  const readMoved = async (
    reader: Reader,
    { examId }: RoomKey,
    userIds: readonly string[],
    key: string | null,
  ): Promise<PersonOfDecision[]> => {
    const found = await reader.all(people.exam, { examId, userIds, key });
    return toPeople([...new Map(found.map((person) => [person.userId, person])).values()]);
  };
  /** Decides about people as of a read. */
  const outcomesOf = (
    { action, now, check }: DecisionRequest,
    exam: ExamOfDecision | undefined,
    found: readonly PersonOfDecision[],
  ): DecisionOutcome[] => {
    const { maxMinutes } = check(exam, found);
    if (!exam) return [];
    const { startTime, endTime } = exam;
    const candidates = found.map(({ extraMinutes, ...person }) => ({
      ...person,
      times: { startTime, endTime, extraMinutes },
    }));
    return decideAttempts(candidates, action, { now, maxMinutes }).map(
      ({ candidate: { userId, times, attempt, decided }, after }) => ({
        userId,
        times,
        attempt,
        after: decided ? attempt : after,
      }),
    );
  };

  return {
    /** The people of a room whom a call is about, in the order in which they were added: those named, or all examinees. */
    async people(
      room: RoomKey,
      userIds: readonly string[] | undefined,
      key: string | null,
    ): Promise<{ readonly exam: ExamOfDecision | undefined; readonly people: PersonOfDecision[] }> {
      const [exam, found] = await storage.snapshot((reader) =>
        Promise.all([readExam(reader, room), readPeople(reader, room, userIds, key)]),
      );
      return { exam, people: found };
    },
    /** Returns what a decision would do. */
    foresee: outcomesOf,
    /**
     * Decides about some examinees of a room, in one transaction: their attempts, entries and events, and the end signal of those terminated.
     * A person who was moved since the room was read is found in their new room. One who is in no room of the exam has no outcome.
     */
    decide: (request: DecisionRequest, userIds: readonly string[]): Promise<DecisionOutcome[]> => {
      const { room, action, entry, author, now } = request;
      return writes.ofExam({ ...room, people: userIds }, author, async (tx) => {
        const [exam, found, seats] = await Promise.all([
          readExam(tx, room),
          readMoved(tx, room, userIds, entry.key ?? null),
          readSeats(tx, room.examId, userIds),
        ]);
        const outcomes = outcomesOf(request, exam, found);
        const changed = outcomes.flatMap(({ userId, attempt, after }) =>
          typeof after === "string" || after === attempt ? [] : [{ userId, after }],
        );
        if (changed.length === 0) return outcomes;
        const over = changed.filter(({ after }) => isOver(after)).map(({ userId }) => userId);
        const left = seats.filter(({ userId, status }) => status === "in_progress" && over.includes(userId));
        const [{ write, events: changes }, dismiss] = await Promise.all([
          prepareDecisions(tx, room, changed, { entry, seats, author, now }),
          tasks.prepareDismissals(
            tx,
            left.map(({ userId, roomId, imServer }) => ({
              userId,
              room: { examId: room.examId, id: roomId, imServer },
            })),
            { areTold: action.kind === "terminate", now },
          ),
        ]);
        await tx.last(() =>
          Promise.all([
            write(),
            dismiss(changes),
            over.length > 0 && closeHandsOf(tx, room.examId, over, now),
          ]),
        );
        return outcomes;
      });
    },
  };
};
