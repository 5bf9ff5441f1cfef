import { setImmediate as nextTurn } from "node:timers/promises";
import type { ExamPerson, UnseatedPage } from "@invigil/schema";
import { and, asc, count, eq, gt, sql } from "drizzle-orm";
import type { BulkChanges } from "../../domain/bulk/changes.js";
import { createPersonRemover, type Standing } from "../../domain/bulk/removal.js";
import type { Database } from "../../storage/sqlite/client.js";
import {
  visibleParticipants as participants,
  visibleRooms as rooms,
  visibleUnseated as unseated,
} from "../../storage/tables.js";

export type { Standing };

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
    check: (standing: Standing) => void,
  ): Promise<Standing>;
}

/** People that are counted in one turn. */
const COUNTED_AT_ONCE = 2000;

export const createRosterStore = ({ db, bulk }: { db: Database; bulk: BulkChanges }): RosterStore => {
  const { queries } = db;
  const remove = createPersonRemover({ db, bulk });
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
  const somePeople = queries
    .select({ seq })
    .from(unseated)
    .where(and(ofExam, gt(seq, sql.placeholder("after"))))
    .orderBy(asc(seq))
    .limit(COUNTED_AT_ONCE)
    .prepare();
  const someRooms = queries
    .select({ id: rooms.id })
    .from(rooms)
    .where(and(eq(rooms.examId, sql.placeholder("examId")), gt(rooms.id, sql.placeholder("after"))))
    .orderBy(asc(rooms.id))
    .limit(COUNTED_AT_ONCE)
    .prepare();
  const countInRoom = queries
    .select({ people: count() })
    .from(participants)
    .where(and(eq(participants.roomId, sql.placeholder("roomId")), eq(participants.role, "examinee")))
    .prepare();

  const countUnseated = async (examId: string): Promise<number> => {
    let total = 0;
    for (let after = 0; ; ) {
      const people = somePeople.values({ examId, after });
      total += people.length;
      if (people.length < COUNTED_AT_ONCE) return total;
      after = Number(people.at(-1)?.[0]);
      await nextTurn();
    }
  };
  const countSeated = async (examId: string): Promise<number> => {
    let total = 0;
    let counted = 0;
    for (let after = ""; ; ) {
      const found = someRooms.all({ examId, after });
      for (const { id } of found) {
        const { people = 0 } = countInRoom.get({ roomId: id }) ?? {};
        total += people;
        counted += people + 1;
        if (counted < COUNTED_AT_ONCE) continue;
        counted = 0;
        await nextTurn();
      }
      if (found.length < COUNTED_AT_ONCE) return total;
      after = found.at(-1)?.id ?? after;
    }
  };

  const roomsOf = queries
    .select({
      roomId: rooms.id,
      name: rooms.name,
      status: rooms.status,
      role: participants.role,
    })
    .from(participants)
    .innerJoin(rooms, eq(rooms.id, participants.roomId))
    .where(
      and(eq(participants.userId, sql.placeholder("userId")), eq(rooms.examId, sql.placeholder("examId"))),
    )
    .orderBy(asc(rooms.id))
    .prepare();

  return {
    async listUnseated(examId, { limit, after = 0 }) {
      const rows = page.all({ examId, after, limit: limit + 1 });
      const last = rows.slice(0, limit).at(-1);
      return {
        people: rows.slice(0, limit).map(({ person }) => person),
        ...(rows.length > limit && last && { nextCursor: last.seq }),
        ...(after === 0 && {
          totals: {
            unseated: await countUnseated(examId),
            seated: await countSeated(examId),
          },
        }),
      };
    },
    async locate(examId, user) {
      const waiting = waitingOf.get({ examId, userId: user });
      return { ...(waiting && { unseated: waiting }), rooms: roomsOf.all({ examId, userId: user }) };
    },
    remove,
  };
};
