import { isDeepStrictEqual } from "node:util";
import type { RoomStatus } from "@invigil/schema";
import { asc, eq, sql } from "drizzle-orm";
import type { Database } from "../../db/client.js";
import { type EventWriter, tellOfArrival } from "../../db/events.js";
import { insertRoom, type NewPerson, type NewRoom, personInserter } from "../../db/inserts.js";
import { participants, rooms, unseated } from "../../db/tables.js";
import type { TaskWriter } from "../../db/vendor-tasks.js";
import type { Newcomer, Person } from "./seating.js";

/** A room of an exam, with its people by role and in the order in which they came. */
export interface ExamRoom {
  readonly id: string;
  readonly name: string;
  readonly status: RoomStatus;
  readonly people: readonly Person[];
}

/** An exam as a plan sees it. */
export interface ExamPeople {
  /** Every room, ended ones too, in the order in which they were made. */
  readonly rooms: readonly ExamRoom[];
  /** Who has no room yet, in the order of the import. */
  readonly waiting: readonly Newcomer[];
}

/** What a plan changes. */
export interface Changes {
  readonly rooms: readonly NewRoom[];
  readonly people: readonly NewPerson[];
  /** The tasks that would delete the rooms' groups. */
  readonly undo: readonly string[];
}

export interface PlanStore {
  read(examId: string): Promise<ExamPeople>;
  /** Makes the rooms and puts the people into them. False, and nothing is done, when the exam is not as it was seen. */
  carryOut(examId: string, seen: ExamPeople, changes: Changes): Promise<boolean>;
}

export const createPlanStore = ({
  db,
  tasks,
  events,
}: {
  db: Database;
  tasks: TaskWriter;
  events: EventWriter;
}): PlanStore => {
  const { queries, write } = db;
  const examId = sql.placeholder("examId");
  const roomsOf = queries
    .select({ id: rooms.id, name: rooms.name, status: rooms.status })
    .from(rooms)
    .where(eq(rooms.examId, examId))
    .orderBy(asc(rooms.id))
    .prepare();
  const { roomId, userId, name, role, seq } = participants;
  const peopleOf = queries
    .select({ userId, name, role })
    .from(participants)
    .where(eq(roomId, sql.placeholder("roomId")))
    .orderBy(asc(role), asc(seq))
    .prepare();
  const waitingFor = queries
    .select({
      userId: unseated.userId,
      name: unseated.name,
      role: unseated.role,
      extraMinutes: unseated.extraMinutes,
    })
    .from(unseated)
    .where(eq(unseated.examId, examId))
    .orderBy(asc(unseated.seq))
    .prepare();
  const insertPerson = personInserter(queries);

  const read = (exam: string): ExamPeople => ({
    rooms: roomsOf
      .all({ examId: exam })
      .map((room) => ({ ...room, people: peopleOf.all({ roomId: room.id }) })),
    waiting: waitingFor.all({ examId: exam }),
  });

  return {
    read: async (exam) => read(exam),
    carryOut: (exam, seen, changes) =>
      write(() => {
        if (!isDeepStrictEqual(read(exam), seen)) return false;
        const made = new Set(changes.rooms.map(({ id }) => id));
        for (const room of changes.rooms) insertRoom(queries, room);
        for (const person of changes.people) {
          const arrived = insertPerson(person);
          // The first people of a new room are in its snapshot.
          if (!made.has(person.roomId)) tellOfArrival(events, person.roomId, arrived, person.now);
        }
        for (const room of changes.rooms) events.add(room.id, "room_created", {}, room.now);
        tasks.keepGroups(changes.undo);
        return true;
      }),
  };
};
