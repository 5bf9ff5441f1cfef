import type { Role, Room, VideoProfile } from "@invigil/schema";
import { and, eq, exists, sql } from "drizzle-orm";
import type { RoomExams } from "../../domain/room-exams.js";
import { generationInRoom } from "../../domain/seats.js";
import type { Storage } from "../../storage/port.js";
import { param, query, statement } from "../../storage/statement.js";
import {
  accounts,
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

export type StoredRoom = Room & { readonly endedAt: Date | null };

/** A room, and the role of a person in it. */
export interface RoomWithRole {
  readonly room: StoredRoom;
  readonly role: Role | null;
}

export type RoomOfPerson = Pick<Room, "id" | "status">;

export interface StoredExam {
  readonly id: string;
  readonly name: string;
  readonly startTime: Date;
  readonly endTime: Date;
  readonly videoProfile: VideoProfile | null;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A session that has not ended. */
export interface StoredSession {
  readonly userId: string;
  readonly expiresAt: Date;
  /** Whether the token of the question was revoked. */
  readonly isRevoked: boolean;
}

/** What is asked about a call. What is absent is not asked. */
export interface Questions {
  /** A token without a session: its id, if it has one, and the account that must not be disabled. */
  readonly token?: { readonly tokenId: string | undefined; readonly account: string | undefined } | undefined;
  readonly session?: { readonly id: string; readonly tokenId: string | undefined } | undefined;
  /** The room of the next two questions. */
  readonly roomId?: string | undefined;
  /** The person whose role in the room is asked. */
  readonly memberId?: string | undefined;
  /** The person whose seat in the room is asked. */
  readonly seatOf?: string | undefined;
  readonly examId?: string | undefined;
  /** The person whose rooms are asked, in one exam or in all. */
  readonly roomsOf?:
    | { readonly userId: string; readonly role: Role; readonly examId: string | undefined }
    | undefined;
}

export interface Answers {
  /** Whether the token was revoked, or the account is disabled. */
  readonly isRefused: boolean;
  readonly session: StoredSession | undefined;
  readonly room: RoomWithRole | undefined;
  /** The generation of the seat's links. */
  readonly generation: number | undefined;
  readonly exam: StoredExam | undefined;
  readonly rooms: readonly RoomOfPerson[] | undefined;
}

export interface AccessStore {
  /** Answers all questions together. A call that asks about its token begins with this. */
  ask(questions: Questions): Promise<Answers>;
}

/** The number of tokens whose state is cached: two devices for each of 20,000 examinees. */
const REMEMBERED_TOKENS = 40_000;

const revokedToken = query
  .select({ tokenId: revokedTokens.tokenId })
  .from(revokedTokens)
  .where(eq(revokedTokens.tokenId, param("tokenId")));
const disabledAccount = query
  .select({ userId: accounts.userId })
  .from(accounts)
  .where(and(eq(accounts.userId, param("account")), eq(accounts.disabled, true)));
const tokenState = statement(
  query
    .select({ isRefused: sql`${exists(revokedToken)} OR ${exists(disabledAccount)}`.mapWith(Boolean) })
    .from(sql`(SELECT 1) AS one`),
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
    .select({ room: roomColumns, role: visibleParticipants.role })
    .from(visibleRooms)
    .leftJoin(
      visibleParticipants,
      and(
        eq(visibleParticipants.examId, visibleRooms.examId),
        eq(visibleParticipants.roomId, visibleRooms.id),
        eq(visibleParticipants.userId, param("userId")),
      ),
    )
    .where(and(eq(visibleRooms.examId, param("examId")), eq(visibleRooms.id, param("roomId")))),
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
      createdAt: visibleExams.createdAt,
      updatedAt: visibleExams.updatedAt,
    })
    .from(visibleExams)
    .where(eq(visibleExams.id, param("examId"))),
);
const roomsOfPerson = () =>
  query
    .select({ id: visibleRooms.id, status: visibleRooms.status })
    .from(visibleParticipants)
    .innerJoin(
      visibleRooms,
      and(
        eq(visibleRooms.examId, visibleParticipants.examId),
        eq(visibleRooms.id, visibleParticipants.roomId),
      ),
    );
const isPerson = and(
  eq(visibleParticipants.userId, param("userId")),
  eq(visibleParticipants.role, param("role")),
);
const roomsInExam = statement(
  roomsOfPerson().where(and(isPerson, eq(visibleParticipants.examId, param("examId")))),
);
const roomsInAllExams = statement(roomsOfPerson().where(isPerson));

const ROOMS_AND_PEOPLE = [rooms, participants, personChanges, bulkChanges] as const;

export const createAccessStore = ({
  storage,
  roomExams,
}: {
  storage: Storage;
  roomExams: RoomExams;
}): AccessStore => {
  // The first reads of every call, which check whether its token was revoked.
  const max = REMEMBERED_TOKENS;
  const tokenPart = storage.part(
    { tables: [revokedTokens, accounts], max },
    tokenState,
    (tokenId: string | undefined, account: string | undefined) => ({ tokenId, account }),
  );
  const sessionPart = storage.part(
    { tables: [sessions, revokedTokens], max },
    sessionById,
    (sessionId: string, tokenId: string | undefined) => ({ sessionId, tokenId }),
  );
  // The others may rely on them.
  const withinCalls = true;
  const ofPeople = { tables: ROOMS_AND_PEOPLE, withinCalls };
  const seatPart = storage.part(
    { tables: [rooms, seatGenerations], max, withinCalls },
    generationInRoom,
    (examId: string, roomId: string, userId: string) => ({ examId, roomId, userId }),
  );
  const roomPart = storage.part(ofPeople, roomWithRole, (examId: string, roomId: string, userId: string) => ({
    examId,
    roomId,
    userId,
  }));
  const examPart = storage.part(
    { tables: [exams, bulkChanges], withinCalls },
    examById,
    (examId: string) => ({ examId }),
  );
  const roomsPart = storage.listPart(ofPeople, roomsInExam, (examId: string, userId: string, role: Role) => ({
    examId,
    userId,
    role,
  }));
  const allRoomsPart = storage.listPart(ofPeople, roomsInAllExams, (userId: string, role: Role) => ({
    userId,
    role,
  }));

  const roomsOfPart = ({ userId, role, examId }: NonNullable<Questions["roomsOf"]>) =>
    examId === undefined ? allRoomsPart(userId, role) : roomsPart(examId, userId, role);
  /** @param examOfRoom the exam of the room of the questions. Undefined if there is no such room */
  const answer = async (
    { token, session, roomId = "", memberId, seatOf, examId, roomsOf }: Questions,
    examOfRoom: string | undefined,
  ): Promise<Answers> => {
    const [state, stored, seat, room, exam, rooms] = await storage.ask([
      token && tokenPart(token.tokenId, token.account),
      session && sessionPart(session.id, session.tokenId),
      examOfRoom === undefined || seatOf === undefined ? undefined : seatPart(examOfRoom, roomId, seatOf),
      examOfRoom === undefined || memberId === undefined ? undefined : roomPart(examOfRoom, roomId, memberId),
      examId === undefined ? undefined : examPart(examId),
      roomsOf && roomsOfPart(roomsOf),
    ]);
    return {
      isRefused: state?.isRefused ?? false,
      session: stored && {
        userId: stored.userId,
        expiresAt: stored.expiresAt,
        isRevoked: stored.revokedTokenId !== null,
      },
      room,
      generation: seat?.generation,
      exam,
      rooms,
    };
  };

  return {
    async ask(questions) {
      const { roomId } = questions;
      if (roomId === undefined) return answer(questions, undefined);
      const remembered = roomExams.rememberedExamOf(roomId);
      const answers = remembered === undefined ? undefined : await answer(questions, remembered);
      if (answers && (answers.room !== undefined || answers.generation !== undefined)) return answers;
      const examId = await roomExams.lookUp(storage, roomId);
      return answers && examId === remembered ? answers : answer(questions, examId);
    },
  };
};
