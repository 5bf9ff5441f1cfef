import type { ExamPerson, ParticipantRole, UnseatedPage } from "@invigil/schema";
import { and, asc, count, eq, gt, sql } from "drizzle-orm";
import type { Database } from "../../db/client.js";
import { noteErasure } from "../../db/erasures.js";
import type { EventWriter } from "../../db/events.js";
import { countRecords, deletePerson, deleteRecords } from "../../db/inserts.js";
import { participants, rooms, unseated } from "../../db/tables.js";
import type { RoomOfGroups, TaskWriter } from "../../db/vendor-tasks.js";

/** Somebody in an exam, and what would keep it there. */
export interface Ties extends ExamPerson {
  /** The rooms whose creator it is. */
  readonly created: readonly string[];
  /** Cheat records about it in any room of the exam, also one that it was moved out of. */
  readonly records: number;
}

export interface RosterStore {
  /** In the order of the import; `after` is the `nextCursor` of the page before. */
  listUnseated(examId: string, page: { limit: number; after: number | undefined }): Promise<UnseatedPage>;
  /** Its rooms in the order in which they were made. */
  locate(examId: string, userId: string): Promise<ExamPerson>;
  /**
   * Takes a person out of all rooms of the exam and their groups, and from among those who wait; `withRecords` with
   * what was recorded about it and reported of its streams. `check` sees before what there is, and refuses by throwing.
   */
  remove(
    person: { examId: string; userId: string; withRecords: boolean; now: Date },
    check: (ties: Ties) => void,
  ): Promise<Ties>;
}

export const createRosterStore = ({
  db,
  tasks,
  events,
}: {
  db: Database;
  tasks: TaskWriter;
  events: EventWriter;
}): RosterStore => {
  const { queries, write } = db;
  const ofExam = eq(unseated.examId, sql.placeholder("examId"));
  const isPerson = and(ofExam, eq(unseated.userId, sql.placeholder("userId")));
  const { userId, name, role, extraMinutes, seq } = unseated;
  const page = queries
    .select({ seq, person: { userId, name, role, extraMinutes } })
    .from(unseated)
    .where(and(ofExam, gt(seq, sql.placeholder("after"))))
    .orderBy(asc(seq))
    .limit(sql.placeholder("limit"))
    .prepare();
  const waitingOf = queries
    .select({ userId, name, role, extraMinutes })
    .from(unseated)
    .where(isPerson)
    .prepare();
  const countWaiting = queries.select({ people: count() }).from(unseated).where(ofExam).prepare();
  const countSeated = queries
    .select({ people: count() })
    .from(rooms)
    .innerJoin(participants, and(eq(participants.roomId, rooms.id), eq(participants.role, "examinee")))
    .where(eq(rooms.examId, sql.placeholder("examId")))
    .prepare();
  const roomsOf = queries
    .select({
      room: { roomId: rooms.id, name: rooms.name, status: rooms.status, role: participants.role },
      createTeacher: rooms.createTeacher,
      imServer: rooms.imServer,
    })
    .from(participants)
    .innerJoin(rooms, eq(rooms.id, participants.roomId))
    .where(
      and(eq(participants.userId, sql.placeholder("userId")), eq(rooms.examId, sql.placeholder("examId"))),
    )
    .orderBy(asc(rooms.id))
    .prepare();

  const whereabouts = (
    examId: string,
    user: string,
  ): Omit<Ties, "records"> & { groups: (RoomOfGroups & { role: ParticipantRole })[] } => {
    const waiting = waitingOf.get({ examId, userId: user });
    const there = roomsOf.all({ examId, userId: user });
    return {
      ...(waiting && { unseated: waiting }),
      rooms: there.map(({ room }) => room),
      created: there.filter(({ createTeacher }) => createTeacher === user).map(({ room }) => room.roomId),
      groups: there.map(({ room, imServer }) => ({ id: room.roomId, imServer, role: room.role })),
    };
  };

  return {
    async listUnseated(examId, { limit, after = 0 }) {
      const rows = page.all({ examId, after, limit: limit + 1 });
      const last = rows.slice(0, limit).at(-1);
      return {
        people: rows.slice(0, limit).map(({ person }) => person),
        ...(rows.length > limit && last && { nextCursor: last.seq }),
        ...(after === 0 && {
          totals: {
            unseated: countWaiting.get({ examId })?.people ?? 0,
            seated: countSeated.get({ examId })?.people ?? 0,
          },
        }),
      };
    },
    async locate(examId, user) {
      const { unseated: waiting, rooms: there } = whereabouts(examId, user);
      return { ...(waiting && { unseated: waiting }), rooms: there };
    },
    remove: ({ examId, userId: user, withRecords, now }, check) =>
      write(() => {
        const { groups, ...there } = whereabouts(examId, user);
        const ties = { ...there, records: countRecords(queries, { examId, userId: user }) };
        check(ties);
        if (withRecords) {
          deleteRecords(queries, { examId, userId: user });
          noteErasure(queries, { examId, userId: user }, now);
        }
        for (const { role: inRoom, ...room } of groups) {
          const person = { userId: user, role: inRoom };
          deletePerson(queries, room.id, user, { streamsStay: false });
          tasks.sendAway(room, person, now);
          events.add(room.id, "participant_removed", person, now);
        }
        queries
          .delete(unseated)
          .where(and(eq(unseated.examId, examId), eq(userId, user)))
          .run();
        return ties;
      }),
  };
};
