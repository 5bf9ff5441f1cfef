import { isOver, type Role, type Room } from "@invigil/schema";
import { and, desc, eq, sql } from "drizzle-orm";
import { isAttemptOf } from "../../domain/attempts.js";
import type { StoredExam, StoredRoom, StoredSession } from "../../domain/opened.js";
import { isRoom } from "../../domain/people.js";
import type { RoomExams } from "../../domain/room-exams.js";
import { generationInRoom, type SeatKey } from "../../domain/seats.js";
import type { TokenEnd } from "../../identity/tokens.js";
import { allOf, continueWith, type MaybePromise } from "../../platform/maybe-promise.js";
import { isRoomOf, isSameRoom } from "../../storage/conditions.js";
import type { Queries, Reader } from "../../storage/port.js";
import { param, query, statement } from "../../storage/statement.js";
import {
  accounts,
  attempts,
  bulkChanges,
  exams,
  participants,
  personChanges,
  revokedTokens,
  roomColumns,
  rooms,
  seatGenerations,
  sessions,
  visibleExams,
  visibleParticipants,
  visibleRooms,
} from "../../storage/tables.js";

/** A room, and the role of a person in it. */
export interface RoomWithRole {
  readonly room: StoredRoom;
  readonly role: Role | null;
}

export type RoomOfPerson = Pick<Room, "id" | "status">;

/** The questions about whether a token is still valid. Undefined fields are not asked. */
export interface TokenQuestions {
  /** The id of the token, if it has one. */
  readonly tokenId: string | undefined;
  /** The session that must not have ended. */
  readonly sessionId: string | undefined;
  /** The account that must not be disabled, if there is no session. */
  readonly account: string | undefined;
  /** The room to which links of the seat lead. */
  readonly roomId: string | undefined;
  /** The person whose seat it is. */
  readonly seatOf: string | undefined;
}

/** The questions about a room or an exam. Absent fields are not asked. */
export interface Questions {
  readonly roomId?: string | undefined;
  /** The person whose role in the room is asked. */
  readonly memberId?: string | undefined;
  /** Whether the room of the exam in which the person sits as an examinee is asked, if they are not in the room. */
  readonly withSeat?: boolean | undefined;
  /** Whether the room's exam is asked. */
  readonly withItsExam?: boolean | undefined;
  readonly examId?: string | undefined;
  /** The person whose rooms are asked, in one exam or in all. */
  readonly roomsOf?:
    | { readonly userId: string; readonly role: Role; readonly examId: string | undefined }
    | undefined;
}

export interface Answers {
  /** Why the token is refused: it was revoked, or the account is disabled. */
  readonly refusal: Extract<TokenEnd, "TOKEN_REVOKED" | "ACCOUNT_DISABLED"> | undefined;
  readonly session: StoredSession | undefined;
  readonly room: RoomWithRole | undefined;
  /** The room in which the person sits instead of the one of the question, and the generation of their links there. */
  readonly seat?: { readonly room: StoredRoom; readonly generation: number } | undefined;
  /** The generation of the seat's links. */
  readonly generation: number | undefined;
  readonly exam: StoredExam | undefined;
  readonly rooms: readonly RoomOfPerson[] | undefined;
}

export interface AccessStore {
  /** Answers all questions together. A call begins with those about its token. Both may be about one room only. */
  readonly ask: (about: Questions, token?: TokenQuestions) => MaybePromise<Answers>;
}

/** The number of tokens whose state is cached: two devices for each of 20,000 examinees. */
const REMEMBERED_TOKENS = 40_000;

const disabledAccount = query
  .select({ id: accounts.userId })
  .from(accounts)
  .where(and(eq(accounts.userId, param("account")), eq(accounts.disabled, true)));
/** Finds a reason to refuse a token: it was revoked, or its account is disabled. */
const refusal = statement(
  query
    .select({ id: revokedTokens.tokenId })
    .from(revokedTokens)
    .where(eq(revokedTokens.tokenId, param("tokenId")))
    .unionAll(disabledAccount)
    .limit(1),
);
const sessionById = statement(
  query
    .select({ userId: sessions.userId, expiresAt: sessions.expiresAt, revokedTokenId: revokedTokens.tokenId })
    .from(sessions)
    .leftJoin(revokedTokens, eq(revokedTokens.tokenId, param("tokenId")))
    .where(eq(sessions.id, param("sessionId"))),
);
const roomWithRole = statement(
  query
    .select({
      room: roomColumns,
      role: visibleParticipants.role,
      attempt: { status: attempts.status, since: attempts.since },
    })
    .from(visibleRooms)
    .leftJoin(
      visibleParticipants,
      and(isRoomOf(visibleRooms, visibleParticipants), eq(visibleParticipants.userId, param("userId"))),
    )
    .leftJoin(attempts, and(isAttemptOf(visibleParticipants), eq(visibleParticipants.role, "examinee")))
    .where(isRoom),
);
/** The rooms in which a person sits an exam, those in progress first. */
const seatInExam = statement(
  query
    .select({
      roomId: visibleRooms.id,
      generation: sql<number>`coalesce(${seatGenerations.generation}, 0)`.mapWith(Number),
    })
    .from(visibleParticipants)
    .innerJoin(visibleRooms, isRoomOf(visibleRooms, visibleParticipants))
    .leftJoin(
      seatGenerations,
      and(
        isSameRoom(seatGenerations, visibleParticipants),
        eq(seatGenerations.userId, visibleParticipants.userId),
      ),
    )
    .where(
      and(
        eq(visibleParticipants.examId, param("examId")),
        eq(visibleParticipants.userId, param("userId")),
        eq(visibleParticipants.role, "examinee"),
      ),
    )
    .orderBy(desc(visibleRooms.status), desc(visibleRooms.id))
    .limit(1),
);
const examById = statement(
  query
    .select({
      id: visibleExams.id,
      name: visibleExams.name,
      startTime: visibleExams.startTime,
      endTime: visibleExams.endTime,
      videoProfile: visibleExams.videoProfile,
      createdBy: visibleExams.createdBy,
      controlledBy: visibleExams.controller,
      maxRoomMinutes: visibleExams.maxRoomMinutes,
      cameras: visibleExams.cameras,
      questionsUrl: visibleExams.questionsUrl,
      detectors: visibleExams.detectors,
      createdAt: visibleExams.createdAt,
      updatedAt: visibleExams.updatedAt,
    })
    .from(visibleExams)
    .where(eq(visibleExams.id, param("examId"))),
);
const roomsOfPerson = () =>
  query
    .select({ id: visibleRooms.id, status: visibleRooms.status, attempt: { status: attempts.status } })
    .from(visibleParticipants)
    .innerJoin(visibleRooms, isRoomOf(visibleRooms, visibleParticipants))
    .leftJoin(attempts, and(isAttemptOf(visibleParticipants), eq(visibleParticipants.role, "examinee")));
const isPerson = and(
  eq(visibleParticipants.userId, param("userId")),
  eq(visibleParticipants.role, param("role")),
);
const roomsInExam = statement(
  roomsOfPerson().where(and(isPerson, eq(visibleParticipants.examId, param("examId")))),
);
const roomsInAllExams = statement(roomsOfPerson().where(isPerson));

/** A room as it is for an examinee: it has ended for those whose attempt is over. */
const asOfAttempt = ({ room, role, attempt }: NonNullable<RoomRow>): RoomWithRole =>
  attempt && isOver(attempt) && room.status === "in_progress"
    ? { room: { ...room, status: "ended", endedAt: attempt.since }, role }
    : { room, role };
type RoomRow = Awaited<ReturnType<typeof readRoomWithRole>>;
const readRoomWithRole = (reader: Reader, seat: SeatKey) => reader.get(roomWithRole, { ...seat });

const ROOMS_AND_PEOPLE = [rooms, participants, personChanges, bulkChanges, attempts] as const;

export const createAccessStore = ({
  storage,
  roomExams,
}: {
  storage: Queries;
  roomExams: RoomExams;
}): AccessStore => {
  // The first reads of every call, which check whether its token was revoked.
  const max = REMEMBERED_TOKENS;
  const refusalOf = storage.cached(
    { tables: [revokedTokens, accounts], max },
    (reader, tokenId: string | undefined, account: string | undefined) =>
      reader.get(refusal, { tokenId, account }),
  );
  const sessionOf = storage.cached(
    { tables: [sessions, revokedTokens], max },
    (reader, sessionId: string, tokenId: string | undefined) =>
      reader.get(sessionById, { sessionId, tokenId }),
  );
  // The others come after them.
  const freshPerTurn = true;
  const ofPeople = { tables: ROOMS_AND_PEOPLE, freshPerTurn };
  const seatOf = storage.cached(
    { tables: [rooms, seatGenerations], max, freshPerTurn },
    (reader, examId: string, roomId: string, userId: string) =>
      reader.get(generationInRoom, { examId, roomId, userId }),
  );
  const roomOf = storage.cached(ofPeople, async (reader, examId: string, roomId: string, userId: string) => {
    const found = await readRoomWithRole(reader, { examId, roomId, userId });
    return found && asOfAttempt(found);
  });
  const examOf = storage.cached({ tables: [exams, bulkChanges], freshPerTurn }, (reader, examId: string) =>
    reader.get(examById, { examId }),
  );
  const roomsOf = storage.cached(
    ofPeople,
    async (reader, examId: string | undefined, userId: string, role: Role): Promise<RoomOfPerson[]> => {
      const found = await (examId === undefined
        ? reader.all(roomsInAllExams, { userId, role })
        : reader.all(roomsInExam, { examId, userId, role }));
      return found.map(({ id, status, attempt }) => ({
        id,
        status: attempt && isOver(attempt) ? "ended" : status,
      }));
    },
  );

  /**
   * Reads everything in one round trip, the token first, so that the later reads find what was refused since then.
   * @param examOfRoom the exam of the room of the questions. Undefined if there is no such room
   */
  const read = (
    { roomId, memberId, withItsExam, examId: namedExam, roomsOf: person }: Questions,
    token: TokenQuestions | undefined,
    examOfRoom: string | undefined,
  ) => {
    const examId = withItsExam ? examOfRoom : namedExam;
    return storage.together(() =>
      allOf([
        token && token.sessionId === undefined ? refusalOf(token.tokenId, token.account) : undefined,
        token?.sessionId === undefined ? undefined : sessionOf(token.sessionId, token.tokenId),
        examOfRoom === undefined || token?.roomId === undefined || token.seatOf === undefined
          ? undefined
          : seatOf(examOfRoom, token.roomId, token.seatOf),
        examOfRoom === undefined || roomId === undefined || memberId === undefined
          ? undefined
          : roomOf(examOfRoom, roomId, memberId),
        examId === undefined ? undefined : examOf(examId),
        person && roomsOf(person.examId, person.userId, person.role),
      ]),
    );
  };
  type Found = Awaited<ReturnType<typeof read>>;

  /** Adds where a person sits who is not in the room of the questions. */
  const addSeat = async ({ memberId: userId }: Questions, answers: Answers): Promise<Answers> => {
    const { room: left } = answers;
    if (userId === undefined || left?.role !== null) return answers;
    const { examId } = left.room;
    const seat = await storage.get(seatInExam, { examId, userId });
    const found = seat && (await roomOf(examId, seat.roomId, userId));
    return seat && found?.role === "examinee"
      ? { ...answers, seat: { room: found.room, generation: seat.generation } }
      : answers;
  };
  /** Whether the room of the questions is in the exam in which it was looked for. */
  const isFound = ([, , seat, room]: Found): boolean => seat !== undefined || room !== undefined;
  const answersOf = (
    [refused, session, seat, room, exam, rooms]: Found,
    token: TokenQuestions | undefined,
  ): Answers => ({
    refusal: refused && (refused.id === token?.tokenId ? "TOKEN_REVOKED" : "ACCOUNT_DISABLED"),
    session: session && {
      userId: session.userId,
      expiresAt: session.expiresAt,
      isRevoked: session.revokedTokenId !== null,
    },
    room,
    generation: seat?.generation,
    exam,
    rooms,
  });

  const answer: AccessStore["ask"] = (about, token) => {
    const roomId = about.roomId ?? token?.roomId;
    if (roomId === undefined)
      return continueWith(read(about, token, undefined), (found) => answersOf(found, token));
    const lookUp = async (): Promise<Answers> => {
      const examOfRoom = await roomExams.lookUp(storage, roomId);
      return answersOf(await read(about, token, examOfRoom), token);
    };
    const remembered = roomExams.rememberedExamOf(roomId);
    if (remembered === undefined) return lookUp();
    return continueWith(read(about, token, remembered), (found) =>
      isFound(found) ? answersOf(found, token) : lookUp(),
    );
  };

  return {
    ask: (about, token) =>
      about.withSeat
        ? continueWith(answer(about, token), (answers) => addSeat(about, answers))
        : answer(about, token),
  };
};
