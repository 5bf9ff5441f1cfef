import {
  type CameraNeed,
  type ExamTimes,
  type ParticipantRole,
  type RoomStatus,
  RUNNING,
} from "@invigil/schema";
import { and, eq, sql } from "drizzle-orm";
import {
  attemptColumns,
  attemptOf,
  isAttemptOf,
  type PersonTimes,
  plannedMinutes,
} from "../../domain/attempts.js";
import type { Author } from "../../domain/calls.js";
import type { RoomKey } from "../../domain/room-exams.js";
import type { Writes } from "../../domain/writes.js";
import type { JoinPage } from "../../identity/join-codes.js";
import { isRoomOf, isSameRoom } from "../../storage/conditions.js";
import type { Queries, Reader } from "../../storage/port.js";
import { insertion, param, query, statement } from "../../storage/statement.js";
import {
  attempts,
  joinCodes,
  seatGenerations,
  streamNames,
  visibleExams,
  visibleParticipants,
  visibleRooms,
} from "../../storage/tables.js";

/** A page of a seat in some room. */
export interface SeatPage {
  readonly userId: string;
  readonly page: JoinPage;
}

/** A page that gets a code: the first of those that it may have, unless another page has that. */
export interface PageToCode extends SeatPage {
  /** The codes that it may have, by their digests. */
  readonly codes: ReadonlyMap<string, string>;
  /** Returns those that it keeps if its person was moved from another room. */
  codesFrom(roomId: string): ReadonlyMap<string, string>;
}

/** The page that a code opens. */
export type OpenedPage = RoomKey & SeatPage;

/** A seat with what decides whether its person may join now. */
export interface OpenSeat {
  readonly name: string;
  readonly role: ParticipantRole;
  readonly extraMinutes: number;
  readonly roomName: string;
  readonly roomStatus: RoomStatus;
  /** The exam, with its times without extra minutes. */
  readonly exam: Pick<ExamTimes, "startTime" | "endTime"> & { readonly cameras: CameraNeed };
  readonly times: PersonTimes;
  readonly generation: number;
}

const isInRoom = and(
  eq(visibleParticipants.examId, param("examId")),
  eq(visibleParticipants.roomId, param("roomId")),
);
/** The people of a room with the codes of their pages. A person without a code has one row. */
const codesOfPeople = statement((dialect) =>
  query
    .select({ userId: visibleParticipants.userId, page: joinCodes.page, digest: joinCodes.digest })
    .from(visibleParticipants)
    .leftJoin(
      joinCodes,
      and(isSameRoom(joinCodes, visibleParticipants), eq(joinCodes.userId, visibleParticipants.userId)),
    )
    .where(and(isInRoom, dialect.isAnyOf(visibleParticipants.userId, "userIds"))),
);
/** Codes name no exam, because a person who types one knows only the code. */
const pagesByCode = statement((dialect) =>
  query
    .select({
      examId: joinCodes.examId,
      roomId: joinCodes.roomId,
      userId: joinCodes.userId,
      page: joinCodes.page,
      digest: joinCodes.digest,
    })
    .from(joinCodes)
    .where(dialect.isAnyOf(joinCodes.digest, "digests")),
);
/** The names of streams stay in the rooms from which people were moved. */
const roomsOfPeople = statement((dialect) =>
  query
    .select({ userId: streamNames.userId, roomId: streamNames.roomId })
    .from(visibleRooms)
    .innerJoin(
      streamNames,
      and(
        isRoomOf(visibleRooms, streamNames),
        eq(streamNames.camera, "main"),
        dialect.isAnyOf(streamNames.userId, "userIds"),
      ),
    )
    .where(eq(visibleRooms.examId, param("examId"))),
);
const deleteCodes = statement((dialect) =>
  query
    .delete(joinCodes)
    .where(
      and(
        eq(joinCodes.examId, param("examId")),
        eq(joinCodes.roomId, param("roomId")),
        dialect.isAnyOf(joinCodes.digest, "digests"),
      ),
    ),
);
const insertCodes = insertion(joinCodes);
const openSeat = statement(
  query
    .select({
      name: visibleParticipants.name,
      role: visibleParticipants.role,
      extraMinutes: visibleParticipants.extraMinutes,
      roomName: visibleRooms.name,
      roomStatus: visibleRooms.status,
      exam: {
        startTime: visibleExams.startTime,
        endTime: visibleExams.endTime,
        cameras: visibleExams.cameras,
      },
      plannedMinutes: plannedMinutes(visibleParticipants),
      attempt: attemptColumns,
      generation: sql<number>`coalesce(${seatGenerations.generation}, 0)`.mapWith(Number),
    })
    .from(visibleParticipants)
    .innerJoin(visibleRooms, isRoomOf(visibleRooms, visibleParticipants))
    .innerJoin(visibleExams, eq(visibleExams.id, visibleRooms.examId))
    .leftJoin(attempts, isAttemptOf(visibleParticipants))
    .leftJoin(
      seatGenerations,
      and(
        isSameRoom(seatGenerations, visibleParticipants),
        eq(seatGenerations.userId, visibleParticipants.userId),
      ),
    )
    .where(and(isInRoom, eq(visibleParticipants.userId, param("userId")))),
);

const keyOf = ({ userId, page }: SeatPage): string => `${page} ${userId}`;

/** The digests of the codes of a room's pages, by `keyOf`, and the people of the room. */
interface Present {
  readonly people: ReadonlySet<string>;
  readonly digests: ReadonlyMap<string, string>;
  /** The rooms in which people have been whose code is not one of their seat, by user id. */
  readonly rooms: ReadonlyMap<string, readonly string[]>;
}
const readRooms = async (
  reader: Pick<Reader, "all">,
  examId: string,
  userIds: readonly string[],
): Promise<Present["rooms"]> => {
  const rooms = new Map<string, string[]>();
  if (userIds.length === 0) return rooms;
  for (const { userId, roomId } of await reader.all(roomsOfPeople, { examId, userIds }))
    rooms.set(userId, [...(rooms.get(userId) ?? []), roomId]);
  return rooms;
};
const readPresent = async (
  reader: Pick<Reader, "all">,
  { examId, roomId }: RoomKey,
  wanted: readonly PageToCode[],
): Promise<Present> => {
  const userIds = [...new Set(wanted.map(({ userId }) => userId))];
  const rows = await reader.all(codesOfPeople, { examId, roomId, userIds });
  const digests = new Map<string, string>();
  for (const { userId, page, digest } of rows)
    if (page !== null && digest !== null) digests.set(keyOf({ userId, page }), digest);
  const others = wanted.filter((one) => {
    const has = digests.get(keyOf(one));
    return has !== undefined && !one.codes.has(has);
  });
  const rooms = await readRooms(reader, examId, [...new Set(others.map(({ userId }) => userId))]);
  return { people: new Set(rows.map(({ userId }) => userId)), digests, rooms };
};

/** Returns the code that a page keeps. Undefined if it has none, or one of an earlier generation or secret. */
const keptBy = (one: PageToCode, { digests, rooms }: Present): string | undefined => {
  const has = digests.get(keyOf(one));
  if (has === undefined) return undefined;
  const own = one.codes.get(has);
  if (own !== undefined) return own;
  const from = rooms.get(one.userId)?.find((roomId) => one.codesFrom(roomId).has(has));
  return from === undefined ? undefined : one.codesFrom(from).get(has);
};

/** Chooses the code of each page: the first of its codes that no other page of any exam has. */
const choose = async (
  reader: Reader,
  room: RoomKey,
  wanted: readonly PageToCode[],
): Promise<{ page: PageToCode; digest: string; code: string }[]> => {
  const taken = new Map<string, string>();
  const ownerOf = (of: OpenedPage): string => JSON.stringify([of.examId, of.roomId, of.userId, of.page]);
  const digests = wanted.flatMap(({ codes }) => [...codes.keys()]);
  for (const row of await reader.all(pagesByCode, { digests })) taken.set(row.digest, ownerOf(row));
  return wanted.map((page) => {
    const owner = ownerOf({ ...room, ...page });
    const free = [...page.codes].find(([one]) => (taken.get(one) ?? owner) === owner);
    if (!free) throw new Error(`all codes of ${page.userId} in ${room.roomId} are taken`);
    const [digest, code] = free;
    taken.set(digest, owner);
    return { page, digest, code };
  });
};

export type CodeStore = ReturnType<typeof createCodeStore>;

export const createCodeStore = ({ storage, writes }: { storage: Queries; writes: Writes }) => ({
  /**
   * Gives pages of seats in a room their codes. A page keeps its code if it is one of those that it may have. Returns the codes of the
   * pages, in the same order, undefined if a person is not in the room any more; and how many codes are new.
   */
  async assign(
    { examId, roomId }: RoomKey,
    wanted: readonly PageToCode[],
    author: Author,
  ): Promise<{ readonly codes: readonly (string | undefined)[]; readonly written: number }> {
    const room = { examId, roomId };
    const known = await readPresent(storage, room, wanted);
    const lacking = wanted.filter((one) => known.people.has(one.userId) && !keptBy(one, known));
    if (lacking.length === 0) return { codes: wanted.map((one) => keptBy(one, known)), written: 0 };
    return writes.ofExam(
      room,
      author,
      async (tx) => {
        const present = await readPresent(tx, room, wanted);
        const missing = wanted.filter((one) => present.people.has(one.userId) && !keptBy(one, present));
        const outdated = missing.flatMap((one) => present.digests.get(keyOf(one)) ?? []);
        if (outdated.length > 0) await tx.run(deleteCodes, { ...room, digests: outdated });
        const chosen = await choose(tx, room, missing);
        if (chosen.length > 0)
          await tx.last(() =>
            tx.insert(
              insertCodes,
              chosen.map(({ page: { userId, page }, digest }) => ({ ...room, userId, page, digest })),
            ),
          );
        const added = new Map(chosen.map(({ page, code }) => [page, code]));
        return {
          codes: wanted.map((one) => keptBy(one, present) ?? added.get(one)),
          written: chosen.length,
        };
      },
      { repeatable: true },
    );
  },

  /** Returns the page with this code. */
  async find(digest: string): Promise<OpenedPage | undefined> {
    const [page, another] = await storage.all(pagesByCode, { digests: [digest] });
    // Two servers gave the same code to pages of two exams at the same time. It opens neither of them.
    return another ? undefined : page;
  },
  /** Returns the digests of the codes of a seat, by `JoinPage`. */
  async digestsOf({ userId, ...room }: Omit<OpenedPage, "page">): Promise<ReadonlyMap<JoinPage, string>> {
    const rows = await storage.all(codesOfPeople, { ...room, userIds: [userId] });
    return new Map(rows.flatMap(({ page, digest }) => (page && digest ? [[page, digest] as const] : [])));
  },
  /** Returns the rooms of an exam in which a person is or was: not those from which they were removed. */
  async roomsOf(examId: string, userId: string): Promise<readonly string[]> {
    return (await readRooms(storage, examId, [userId])).get(userId) ?? [];
  },
  /** Returns a seat. Undefined if the person, the room or the exam is not there. */
  async seat({ examId, roomId, userId }: Omit<OpenedPage, "page">): Promise<OpenSeat | undefined> {
    const found = await storage.get(openSeat, { examId, roomId, userId });
    if (!found) return undefined;
    const { plannedMinutes: extraMinutes, attempt, ...seat } = found;
    return { ...seat, times: { extraMinutes, attempt: attemptOf(attempt) ?? RUNNING } };
  },
});
