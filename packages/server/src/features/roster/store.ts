import { setImmediate as nextTurn } from "node:timers/promises";
import type { ExamPerson, UnseatedPage } from "@invigil/schema";
import { and, asc, count, eq, gt } from "drizzle-orm";
import type { createSoftDeletedPersonEraser } from "../../domain/bulk/erase-from-soft-deleted.js";
import type { createPersonRemover, ExamMembership } from "../../domain/bulk/removal.js";
import { readSoftDeletedExam } from "../../domain/bulk/soft-deleted.js";
import { pageOf } from "../../platform/paging.js";
import { isRoomOf } from "../../storage/conditions.js";
import type { Queries } from "../../storage/port.js";
import { param, query, statement } from "../../storage/statement.js";
import {
  visibleParticipants as participants,
  visibleRooms as rooms,
  visibleUnseated as unseated,
} from "../../storage/tables.js";

export type { ExamMembership };

/** The number of people to count in one turn of the event loop. */
const COUNTED_A_TURN = 2000;
/** The number of rooms whose people to count in one turn of the event loop. */
const ROOMS_A_TURN = 50;

const isAfter = and(eq(unseated.examId, param("examId")), gt(unseated.seq, param("after")));
const { userId, name, role, extraMinutes, seq } = unseated;
const unseatedAfter = statement(
  query
    .select({ seq, person: { userId, name, role, extraMinutes } })
    .from(unseated)
    .where(isAfter)
    .orderBy(asc(seq))
    .limit(param("limit")),
);
const keysAfter = statement(
  query.select({ seq }).from(unseated).where(isAfter).orderBy(asc(seq)).limit(COUNTED_A_TURN),
);
const unseatedPerson = statement(
  query
    .select({ userId, name, role, extraMinutes })
    .from(unseated)
    .where(and(eq(unseated.examId, param("examId")), eq(userId, param("userId")))),
);
const roomsAfter = statement(
  query
    .select({ id: rooms.id })
    .from(rooms)
    .where(and(eq(rooms.examId, param("examId")), gt(rooms.id, param("after"))))
    .orderBy(asc(rooms.id))
    .limit(ROOMS_A_TURN),
);
const examineesOfRoom = statement(
  query
    .select({ people: count() })
    .from(participants)
    .where(
      and(
        eq(participants.examId, param("examId")),
        eq(participants.roomId, param("roomId")),
        eq(participants.role, "examinee"),
      ),
    ),
);
const roomsOfPerson = statement(
  query
    .select({ roomId: rooms.id, name: rooms.name, status: rooms.status, role: participants.role })
    .from(participants)
    .innerJoin(rooms, isRoomOf(rooms, participants))
    .where(and(eq(participants.userId, param("userId")), eq(participants.examId, param("examId"))))
    .orderBy(asc(rooms.id)),
);

export type RosterStore = ReturnType<typeof createRosterStore>;

export const createRosterStore = ({
  storage,
  removePerson,
  eraseFromDeleted,
}: {
  storage: Queries;
  removePerson: ReturnType<typeof createPersonRemover>;
  eraseFromDeleted: ReturnType<typeof createSoftDeletedPersonEraser>;
}) => {
  const countUnseated = async (examId: string): Promise<number> => {
    let total = 0;
    for (let after = 0; ; ) {
      const people = await storage.all(keysAfter, { examId, after });
      total += people.length;
      if (people.length < COUNTED_A_TURN) return total;
      after = people.at(-1)?.seq ?? after;
      await nextTurn();
    }
  };
  const countSeated = async (examId: string): Promise<number> => {
    let total = 0;
    for (let after = ""; ; ) {
      const found = await storage.all(roomsAfter, { examId, after });
      const counts = await storage.together(() =>
        Promise.all(found.map(({ id }) => storage.get(examineesOfRoom, { examId, roomId: id }))),
      );
      for (const counted of counts) total += counted?.people ?? 0;
      if (found.length < ROOMS_A_TURN) return total;
      after = found.at(-1)?.id ?? after;
      await nextTurn();
    }
  };

  return {
    /** In the order of the import. `after` is the `nextCursor` of the previous page. */
    async listUnseated(
      examId: string,
      { limit, after = 0 }: { limit: number; after: number | undefined },
    ): Promise<UnseatedPage> {
      const isFirst = after === 0;
      const [rows, unseatedPeople, seatedPeople] = await storage.together(() =>
        Promise.all([
          storage.all(unseatedAfter, { examId, after, limit: limit + 1 }),
          isFirst ? countUnseated(examId) : 0,
          isFirst ? countSeated(examId) : 0,
        ]),
      );
      const { rows: page, ...next } = pageOf(rows, limit, (row) => row.seq);
      return {
        people: page.map(({ person }) => person),
        ...next,
        ...(isFirst && { totals: { unseated: unseatedPeople, seated: seatedPeople } }),
      };
    },
    /** Returns a person's rooms, oldest first, and their entry among the people without a room. */
    async locate(examId: string, user: string): Promise<ExamPerson> {
      const person = { examId, userId: user };
      const [found, inRooms] = await storage.together(() =>
        Promise.all([storage.get(unseatedPerson, person), storage.all(roomsOfPerson, person)]),
      );
      return { ...(found && { unseated: found }), rooms: inRooms };
    },
    /**
     * Removes a person from all rooms of the exam and their groups, and from the people without a room.
     * `withRecords` also deletes their records and the reports about their streams. `check` gets the person's
     * current state and throws to refuse.
     */
    remove: removePerson,
    /** Whether an exam is deleted, and can be restored. */
    isDeleted: async (examId: string): Promise<boolean> =>
      (await readSoftDeletedExam(storage, examId)) !== undefined,
    /** Erases a person from a deleted exam, with their records. Returns undefined if the exam was restored or erased. */
    eraseFromDeleted,
  };
};
