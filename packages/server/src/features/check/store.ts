import type { ParticipantRole } from "@invigil/schema";
import { and, asc, count, desc, eq, gt, inArray, isNotNull, isNull, ne } from "drizzle-orm";
import { OK } from "../../domain/audit.js";
import { isSameRoom } from "../../storage/conditions.js";
import type { Queries } from "../../storage/port.js";
import { param, query, statement, statements } from "../../storage/statement.js";
import {
  accounts,
  auditEntries,
  joinCodes,
  visibleParticipants as participants,
  visibleRooms as rooms,
  visibleUnseated as unseated,
} from "../../storage/tables.js";

export interface NamedRoom {
  readonly id: string;
  readonly name: string;
}
export interface PersonInRoom {
  readonly roomId: string;
  readonly userId: string;
  readonly name: string;
  readonly role: ParticipantRole;
  readonly createdAt: Date;
}
export interface RoleCount {
  readonly role: ParticipantRole;
  readonly people: number;
}

export const ROOMS_PER_PAGE = 100;
/** The maximum number of entries of the audit that are read. */
const ENTRIES = 1000;
const MAKES_LINKS = ["room.joinLinks", "room.joinCodes", "exam.cards"];

const page = query
  .select({ id: rooms.id, name: rooms.name })
  .from(rooms)
  .where(
    and(eq(rooms.examId, param("examId")), eq(rooms.status, "in_progress"), gt(rooms.id, param("after"))),
  )
  .orderBy(asc(rooms.id))
  .limit(ROOMS_PER_PAGE);
const roomsAfter = statement(page);
const roomsOfPage = page.as("page");
/** Whether a person is in a room of the page. */
const isOnPage = and(
  eq(participants.examId, param("examId")),
  inArray(participants.roomId, query.select({ id: roomsOfPage.id }).from(roomsOfPage)),
);
const countsByRoom = statement(
  query
    .select({ roomId: participants.roomId, role: participants.role, people: count() })
    .from(participants)
    .where(isOnPage)
    .groupBy(participants.roomId, participants.role),
);
const person = {
  roomId: participants.roomId,
  userId: participants.userId,
  name: participants.name,
  role: participants.role,
  createdAt: participants.createdAt,
};
const staffOfRooms = statement(
  query
    .select(person)
    .from(participants)
    .where(and(isOnPage, ne(participants.role, "examinee"))),
);
const peopleWithoutCode = statement(
  query
    .select(person)
    .from(participants)
    .leftJoin(
      joinCodes,
      and(
        isSameRoom(joinCodes, participants),
        eq(joinCodes.userId, participants.userId),
        eq(joinCodes.page, "main"),
      ),
    )
    .where(and(isOnPage, isNull(joinCodes.digest))),
);
const isEnded = and(eq(rooms.examId, param("examId")), eq(rooms.status, "ended"));
const countEnded = statement(query.select({ rooms: count() }).from(rooms).where(isEnded));
const examineesOfEnded = statement(
  query
    .select({ examinees: count() })
    .from(participants)
    .where(
      and(
        eq(participants.examId, param("examId")),
        inArray(participants.roomId, query.select({ id: rooms.id }).from(rooms).where(isEnded)),
        eq(participants.role, "examinee"),
      ),
    ),
);
const countUnseated = statements((onlyExaminees: boolean) =>
  statement(
    query
      .select({ people: count() })
      .from(unseated)
      .where(
        and(eq(unseated.examId, param("examId")), onlyExaminees ? eq(unseated.role, "examinee") : undefined),
      ),
  ),
);
const firstUnseated = statement(
  query
    .select({ userId: unseated.userId, name: unseated.name })
    .from(unseated)
    .where(and(eq(unseated.examId, param("examId")), eq(unseated.role, "examinee")))
    .orderBy(asc(unseated.seq))
    .limit(param("most")),
);
const madeLinks = statement(
  query
    .select({ roomId: auditEntries.roomId, createdAt: auditEntries.createdAt })
    .from(auditEntries)
    .where(
      and(
        eq(auditEntries.examId, param("examId")),
        eq(auditEntries.outcome, OK),
        isNull(auditEntries.personId),
        inArray(auditEntries.procedure, MAKES_LINKS),
      ),
    )
    .orderBy(desc(auditEntries.id))
    .limit(ENTRIES),
);
/** When the times of an exam were changed last. Such a change names the old and the new ones. */
const lastTimes = statement(
  query
    .select({ createdAt: auditEntries.createdAt })
    .from(auditEntries)
    .where(
      and(
        eq(auditEntries.examId, param("examId")),
        eq(auditEntries.outcome, OK),
        eq(auditEntries.procedure, "exam.update"),
        isNotNull(auditEntries.subject),
      ),
    )
    .orderBy(desc(auditEntries.id))
    .limit(1),
);
const enabledAccounts = statement((dialect) =>
  query
    .select({ userId: accounts.userId })
    .from(accounts)
    .where(and(dialect.isAnyOf(accounts.userId, "userIds"), eq(accounts.disabled, false))),
);

export type CheckStore = ReturnType<typeof createCheckStore>;

/** The reads of a check. */
export const createCheckStore = ({ storage }: { storage: Queries }) => ({
  /** Returns rooms in progress, oldest first, after an id, and with their people. The last page has fewer than `ROOMS_PER_PAGE`. */
  async rooms(
    examId: string,
    after: string,
  ): Promise<{
    readonly rooms: readonly NamedRoom[];
    readonly counts: readonly (RoleCount & { readonly roomId: string })[];
    readonly staff: readonly PersonInRoom[];
    /** The people who have no join code. */
    readonly withoutCode: readonly PersonInRoom[];
  }> {
    const of = { examId, after };
    const [found, counts, staff, withoutCode] = await storage.together(() =>
      Promise.all([
        storage.all(roomsAfter, of),
        storage.all(countsByRoom, of),
        storage.all(staffOfRooms, of),
        storage.all(peopleWithoutCode, of),
      ]),
    );
    return { rooms: found, counts, staff, withoutCode };
  },
  /** Counts the rooms that have ended, and the examinees in them. */
  async ended(examId: string): Promise<{ readonly rooms: number; readonly examinees: number }> {
    const [ended, people] = await storage.together(() =>
      Promise.all([storage.get(countEnded, { examId }), storage.get(examineesOfEnded, { examId })]),
    );
    return { rooms: ended?.rooms ?? 0, examinees: people?.examinees ?? 0 };
  },
  /** Counts the people without a room, and names the first examinees among them. */
  async unseated(
    examId: string,
    most: number,
  ): Promise<{
    readonly examinees: number;
    readonly staff: number;
    readonly first: readonly Pick<PersonInRoom, "userId" | "name">[];
  }> {
    const [all, examinees, first] = await storage.together(() =>
      Promise.all([
        storage.get(countUnseated(false), { examId }),
        storage.get(countUnseated(true), { examId }),
        storage.all(firstUnseated, { examId, most }),
      ]),
    );
    const { people = 0 } = examinees ?? {};
    return { examinees: people, staff: (all?.people ?? 0) - people, first };
  },
  /** When links or codes were made last, by room. The empty id: of the whole exam. */
  async linksMadeAt(examId: string): Promise<ReadonlyMap<string, Date>> {
    const madeAt = new Map<string, Date>();
    for (const { roomId, createdAt } of await storage.all(madeLinks, { examId }))
      if (!madeAt.has(roomId ?? "")) madeAt.set(roomId ?? "", createdAt);
    return madeAt;
  },
  /** When the times of an exam were changed. Undefined: never, as far as the audit goes back. */
  timesChangedAt: async (examId: string): Promise<Date | undefined> =>
    (await storage.get(lastTimes, { examId }))?.createdAt,
  /** Returns those of the people who have an account and may log in. */
  withAccount: async (userIds: readonly string[]): Promise<ReadonlySet<string>> =>
    new Set((await storage.all(enabledAccounts, { userIds })).map(({ userId }) => userId)),
});
