import { setImmediate as nextTurn } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { type ExamPlans, PLANS_LISTED, type RoomStatus, type UndonePlan } from "@invigil/schema";
import { and, asc, count, desc, eq, gt, max, sql } from "drizzle-orm";
import type { BulkChanges } from "../../domain/bulk/changes.js";
import type { Author } from "../../domain/calls.js";
import { type EventLog, newEvent, wholeExam } from "../../domain/events.js";
import type { RosterTransaction } from "../../domain/exam-transaction.js";
import type { NewPerson, NewRoom } from "../../domain/people.js";
import { insertPerson, insertRoom } from "../../domain/people.js";
import { isUsed } from "../../domain/traces.js";
import { prepareRoomDeletion, prepareUnseating, seatsOfPlan } from "../../domain/unseating.js";
import type { TaskLog } from "../../domain/vendor-tasks.js";
import type { Writes } from "../../domain/writes.js";
import { createPace } from "../../platform/pace.js";
import type { Queries, Reader } from "../../storage/port.js";
import { insertion, param, query, rawParam, statement } from "../../storage/statement.js";
import {
  rooms as allRooms,
  visibleParticipants as participants,
  participants as people,
  plans,
  visibleRooms as rooms,
  visibleUnseated as unseated,
} from "../../storage/tables.js";
import { type Obstacle, obstacleIn, undoRefused } from "./rules.js";
import type { Person, UnseatedPerson } from "./seating.js";

/** A room of an exam, with its people by role and in the order in which they were added. */
export interface ExamRoom {
  readonly id: string;
  readonly name: string;
  readonly status: RoomStatus;
  readonly people: readonly Person[];
}

/** The state of an exam that a plan is based on. */
export interface ExamPeople {
  /** All rooms, including ended ones, oldest first. */
  readonly rooms: readonly ExamRoom[];
  /** The people without a room, in the order of the import. */
  readonly unseated: readonly UnseatedPerson[];
}

/** The changes of a plan. */
export interface Changes {
  readonly now: Date;
  readonly rooms: readonly NewRoom[];
  /** Makes the people to add to rooms, one after the other. */
  readonly people: () => Iterable<NewPerson>;
  /** Existing rooms that had no teacher, with the one whom they get. */
  readonly handedOn: readonly { readonly roomId: string; readonly createTeacher: string }[];
  readonly author: Author;
  /** The ids of the tasks that would delete the rooms' groups. */
  readonly undo: readonly string[];
}

/** The number of rooms, or people without a room, that one statement reads. */
const PAGE = 500;
/** The cost of a person in a room, in rows. */
const SEAT_ROWS = 4;
/** Comparing a person costs a fraction of changing a row: this many comparisons count as one row. */
const COMPARED_A_ROW = 4;

/** How many people, or rooms, one transaction removes that undoes a plan. */
const PEOPLE_UNDONE = 50;
const ROOMS_UNDONE = 10;

const roomsAfter = statement(
  query
    .select({ id: rooms.id, name: rooms.name, status: rooms.status })
    .from(rooms)
    .where(and(eq(rooms.examId, param("examId")), gt(rooms.id, param("after"))))
    .orderBy(asc(rooms.id))
    .limit(PAGE),
);
const peopleOfRoom = statement(
  query
    .select({ userId: participants.userId, name: participants.name, role: participants.role })
    .from(participants)
    .where(and(eq(participants.examId, param("examId")), eq(participants.roomId, param("roomId"))))
    .orderBy(asc(participants.role), asc(participants.seq)),
);
const unseatedAfter = statement(
  query
    .select({
      seq: unseated.seq,
      person: {
        userId: unseated.userId,
        name: unseated.name,
        role: unseated.role,
        extraMinutes: unseated.extraMinutes,
      },
    })
    .from(unseated)
    .where(and(eq(unseated.examId, param("examId")), gt(unseated.seq, param("after"))))
    .orderBy(asc(unseated.seq))
    .limit(PAGE),
);
const endedRooms = statement(
  query
    .select({ number: count() })
    .from(rooms)
    .where(and(eq(rooms.examId, param("examId")), eq(rooms.status, "ended"))),
);

const lastPlan = statement(
  query
    .select({ number: max(plans.number) })
    .from(plans)
    .where(eq(plans.examId, param("examId"))),
);
const insertPlan = insertion(plans);
const plansOfExam = statement(
  query
    .select({
      plan: plans.number,
      newRooms: plans.newRooms,
      seated: plans.seated,
      by: plans.createdBy,
      createdAt: plans.createdAt,
      undoneAt: plans.undoneAt,
    })
    .from(plans)
    .where(eq(plans.examId, param("examId")))
    .orderBy(desc(plans.number))
    .limit(PLANS_LISTED),
);
const isPlan = and(eq(plans.examId, param("examId")), eq(plans.number, param("plan")));
const planByNumber = statement(query.select({ undoneAt: plans.undoneAt }).from(plans).where(isPlan));
const setUndone = statement(
  query
    .update(plans)
    .set({ undoneAt: rawParam<Date>("now") })
    .where(isPlan),
);
const setCreateTeacher = statement(
  query
    .update(allRooms)
    .set({ createTeacher: rawParam<string>("createTeacher"), updatedAt: rawParam<Date>("now") })
    .where(and(eq(allRooms.examId, param("examId")), eq(allRooms.id, param("roomId")))),
);
/** The rooms that a plan made, after one of them, each with a person whom the plan did not seat. */
const roomsOfPlan = statement(
  query
    .select({
      id: allRooms.id,
      examId: allRooms.examId,
      name: allRooms.name,
      status: allRooms.status,
      imServer: allRooms.imServer,
      isUsed: sql`${isUsed}`.mapWith(Boolean),
      other: sql<string | null>`(${query
        .select({ userId: people.userId })
        .from(people)
        .where(
          and(
            eq(people.examId, allRooms.examId),
            eq(people.roomId, allRooms.id),
            sql`coalesce(${people.plan}, 0) <> ${param("plan")}`,
          ),
        )
        .limit(1)})`,
    })
    .from(allRooms)
    .where(
      and(
        eq(allRooms.examId, param("examId")),
        gt(allRooms.id, param("after")),
        eq(allRooms.plan, param("plan")),
      ),
    )
    .orderBy(asc(allRooms.id))
    .limit(param("limit")),
);

/** The exam has changed since it was read. */
class ExamChanged extends Error {
  constructor() {
    super("the exam has changed");
  }
}

/** Reads the rooms of an exam, each with its people. */
async function* roomsOf(reader: Reader, examId: string): AsyncGenerator<ExamRoom, void, void> {
  for (let after = ""; ; ) {
    const found = await reader.all(roomsAfter, { examId, after });
    for (const room of found)
      yield { ...room, people: await reader.all(peopleOfRoom, { examId, roomId: room.id }) };
    if (found.length < PAGE) return;
    after = found.at(-1)?.id ?? after;
  }
}
/** Reads the unseated people, page by page. */
async function* unseatedOf(reader: Reader, examId: string): AsyncGenerator<UnseatedPerson[], void, void> {
  for (let after = 0; ; ) {
    const found = await reader.all(unseatedAfter, { examId, after });
    yield found.map(({ person }) => person);
    if (found.length < PAGE) return;
    after = found.at(-1)?.seq ?? after;
  }
}

/**
 * Compares an exam with an earlier state, in parts: yields the number of people and rooms compared. @throws
 * ExamChanged
 */
async function* compare(
  reader: Reader,
  examId: string,
  seen: ExamPeople,
): AsyncGenerator<number, void, void> {
  let rooms = 0;
  for await (const room of roomsOf(reader, examId)) {
    if (!isDeepStrictEqual(room, seen.rooms[rooms])) throw new ExamChanged();
    rooms += 1;
    yield 1 + room.people.length;
  }
  let unseated = 0;
  for await (const people of unseatedOf(reader, examId)) {
    if (!isDeepStrictEqual(people, seen.unseated.slice(unseated, unseated + people.length)))
      throw new ExamChanged();
    unseated += people.length;
    yield people.length;
  }
  if (rooms !== seen.rooms.length || unseated !== seen.unseated.length) throw new ExamChanged();
}

export type PlanStore = ReturnType<typeof createPlanStore>;

export const createPlanStore = ({
  storage,
  writes,
  bulk,
  tasks,
  events,
}: {
  storage: Queries;
  writes: Writes;
  bulk: BulkChanges;
  tasks: TaskLog;
  events: EventLog;
}) => {
  async function* prepare(
    tx: RosterTransaction,
    { id, examId }: { readonly id: number; readonly examId: string },
    seen: ExamPeople,
    changes: Changes,
  ): AsyncGenerator<number, number, void> {
    const [before, last] = await Promise.all([tx.get(endedRooms, { examId }), tx.get(lastPlan, { examId })]);
    const plan = (last?.number ?? 0) + 1;
    for await (const compared of compare(tx, examId, seen)) yield Math.ceil(compared / COMPARED_A_ROW);
    for (const room of changes.rooms) {
      await insertRoom(tx, { ...room, plan }, id);
      yield 1;
    }
    let seated = 0;
    for (const person of changes.people()) {
      await insertPerson(tx, { ...person, plan }, id);
      seated += 1;
      yield SEAT_ROWS;
    }
    for (const task of changes.undo) {
      await tasks.keepGroups(tx, examId, [task]);
      yield 1;
    }
    // Readers see these writes at once, so they are made in the transaction that announces the plan.
    const { now, handedOn } = changes;
    const newRooms = changes.rooms.length;
    const [after] = await Promise.all([
      tx.get(endedRooms, { examId }),
      ...handedOn.map((room) => tx.run(setCreateTeacher, { examId, now, ...room })),
      events.addAll(
        tx,
        handedOn.map(({ roomId }) => newEvent({ examId, roomId }, "room_changed", {}, now)),
      ),
      tx.insert(insertPlan, [
        { examId, number: plan, newRooms, seated, createdBy: changes.author.userId, createdAt: now },
      ]),
    ]);
    // Rooms may end while the change is prepared. Other changes of the exam's rooms and people are locked out.
    if (after?.number !== before?.number) throw new ExamChanged();
    return plan;
  }

  return {
    /** Reads an exam in parts, one in each turn of the event loop. */
    async read(examId: string): Promise<ExamPeople> {
      const seen = { rooms: [] as ExamRoom[], unseated: [] as UnseatedPerson[] };
      const pace = createPace(PAGE);
      for await (const room of roomsOf(storage, examId)) {
        seen.rooms.push(room);
        await pace(1 + room.people.length);
      }
      for await (const people of unseatedOf(storage, examId)) {
        seen.unseated.push(...people);
        await pace(people.length);
      }
      return seen;
    },
    /**
     * Creates the rooms and adds the people. All of it becomes visible at once. Returns the number of the plan. Returns undefined, and writes
     * nothing, when the exam has changed since it was read.
     */
    async apply(examId: string, seen: ExamPeople, changes: Changes): Promise<number | undefined> {
      try {
        return await bulk.run(
          { kind: "plan", examId, now: changes.now, author: changes.author },
          ({ id }, tx) => prepare(tx, { id, examId }, seen, changes),
        );
      } catch (error) {
        if (error instanceof ExamChanged) return undefined;
        throw error;
      }
    },

    list: async (examId: string): Promise<ExamPlans> =>
      (await storage.all(plansOfExam, { examId })).map(({ undoneAt, ...plan }) => ({
        ...plan,
        ...(undoneAt && { undoneAt }),
      })),

    /** Returns when a plan was undone: null if it was not. Undefined if there is no such plan. */
    undoneAt: async (examId: string, plan: number): Promise<Date | null | undefined> =>
      (await storage.get(planByNumber, { examId, plan }))?.undoneAt,

    /** Returns the first reason not to undo a plan, if there is any. Looks in several turns of the event loop. */
    async obstacleTo(examId: string, plan: number): Promise<Obstacle | undefined> {
      for (let [person, room] = [0, ""]; ; await nextTurn()) {
        const [seats, made] = await storage.together(() =>
          Promise.all([
            storage.all(seatsOfPlan, { examId, plan, after: person, limit: PEOPLE_UNDONE }),
            storage.all(roomsOfPlan, { examId, plan, after: room, limit: ROOMS_UNDONE }),
          ]),
        );
        const obstacle = obstacleIn(seats, made);
        if (obstacle || seats.length + made.length === 0) return obstacle;
        person = seats.at(-1)?.seq ?? person;
        room = made.at(-1)?.id ?? room;
      }
    },

    /**
     * Unseats some of the people of a plan or, when none are left, deletes some of its rooms.
     * @throws EXAM_CONFLICT if people have come since `obstacleTo` looked
     */
    undoSome: (
      examId: string,
      plan: number,
      { now, author }: { readonly now: Date; readonly author: Author | undefined },
    ): Promise<UndonePlan & { readonly isDone: boolean }> =>
      writes.ofRoster(
        { examId, subject: String(plan) },
        author,
        (reader) =>
          Promise.all([
            reader.all(seatsOfPlan, { examId, plan, after: 0, limit: PEOPLE_UNDONE }),
            reader.all(roomsOfPlan, { examId, plan, after: "", limit: ROOMS_UNDONE }),
          ]),
        async (tx, [seats, made]) => {
          const empty = seats.length > 0 ? [] : made;
          const obstacle = obstacleIn(seats, empty);
          if (obstacle) throw undoRefused(plan, obstacle);
          const deps = { tasks, events, now };
          const parts = await Promise.all([
            ...seats.map((seat) => prepareUnseating(tx, examId, seat, deps)),
            ...empty.map((room) => prepareRoomDeletion(tx, room, deps)),
          ]);
          const isDone = seats.length === 0 && empty.length < ROOMS_UNDONE;
          await tx.last(() =>
            Promise.all([
              ...parts.map((write) => write()),
              isDone && tx.run(setUndone, { examId, plan, now }),
              events.add(tx, wholeExam(examId), "roster_changed", {}, now),
            ]),
          );
          return { unseated: seats.length, deletedRooms: empty.length, isDone };
        },
      ),
  };
};
