import type { AccountRole, ParticipantRole } from "@invigil/schema";
import { and, eq, lte, ne, sql } from "drizzle-orm";
import { generationReader } from "../../domain/seat-generations.js";
import type { Database } from "../../storage/sqlite/client.js";
import {
  accounts,
  visibleExams as exams,
  visibleParticipants as participants,
  revokedTokens,
  visibleRooms as rooms,
  sessions,
} from "../../storage/tables.js";

export interface StoredLogin {
  readonly userId: string;
  readonly role: AccountRole;
  readonly name: string;
  readonly passwordHash: string;
  readonly disabled: boolean;
}

export interface NewSession {
  readonly id: string;
  readonly userId: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** A person as a room knows it, and when the room's exam ends. */
export interface Seat {
  readonly examId: string;
  readonly examEndTime: Date;
  readonly role: ParticipantRole | null;
  readonly name: string | null;
  readonly extraMinutes: number | null;
  /** Of the links of that place. */
  readonly generation: number;
}

/** Whose place in which room a token is for, and of which generation of that seat's links it is. */
export interface TokenSeat {
  readonly roomId: string;
  readonly userId: string;
  readonly generation: number;
}

export interface AuthStore {
  /** A login that has not ended, and whether this token of it was revoked. */
  session(
    sessionId: string,
    tokenId: string | undefined,
  ): Promise<{ userId: string; expiresAt: Date; isRevoked: boolean } | undefined>;
  /**
   * Whether a token was revoked, an account disabled, or the links of a token's generation revoked; what is not given is not
   * looked at.
   */
  isTakenBack(about: {
    readonly tokenId?: string | undefined;
    readonly account?: string | undefined;
    readonly seat?: TokenSeat | undefined;
  }): Promise<boolean>;
  account(userId: string): Promise<StoredLogin | undefined>;
  /** False when the account was disabled, or its password changed, since it was read. */
  startSession(session: NewSession, passwordHash: string): Promise<boolean>;
  endSession(sessionId: string): Promise<void>;
  /** Revoking a token again changes nothing. */
  revoke(token: { tokenId: string; expiresAt: Date | null; createdAt: Date }): Promise<void>;
  /** Also ends the account's other sessions. False when the password was changed since it was read. */
  changePassword(change: {
    userId: string;
    from: string;
    to: string;
    /** The session that stays. */
    sessionId: string;
    now: Date;
  }): Promise<boolean>;
  seat(roomId: string, userId: string): Promise<Seat | undefined>;
  examEnd(examId: string): Promise<Date | undefined>;
}

/**
 * How long rows are kept after what they are about has expired, in days. The system's clock may be wrong for a while: what
 * was deleted while it was ahead would be missing once it is right again, and a token that was revoked would be good again.
 */
const DAYS = { session: 30, revokedToken: 366 } as const;
const DAY_MS = 86_400_000;
const longBefore = (now: Date, days: number): Date => new Date(now.getTime() - days * DAY_MS);

/** Tokens whose state is remembered: two devices for each of 20,000 candidates. */
const REMEMBERED_TOKENS = 40_000;

export const createAuthStore = ({ db: { queries, write, remember } }: { db: Database }): AuthStore => {
  const session = queries
    .select({ userId: sessions.userId, expiresAt: sessions.expiresAt, revoked: revokedTokens.tokenId })
    .from(sessions)
    .leftJoin(revokedTokens, eq(revokedTokens.tokenId, sql.placeholder("tokenId")))
    .where(eq(sessions.id, sql.placeholder("sessionId")))
    .prepare();
  const revoked = queries
    .select({ tokenId: revokedTokens.tokenId })
    .from(revokedTokens)
    .where(eq(revokedTokens.tokenId, sql.placeholder("tokenId")))
    .prepare();
  const disabled = queries
    .select({ disabled: accounts.disabled })
    .from(accounts)
    .where(eq(accounts.userId, sql.placeholder("userId")))
    .prepare();
  const account = queries
    .select({
      userId: accounts.userId,
      role: accounts.role,
      name: accounts.name,
      passwordHash: accounts.passwordHash,
      disabled: accounts.disabled,
    })
    .from(accounts)
    .where(eq(accounts.userId, sql.placeholder("userId")))
    .prepare();
  const seat = queries
    .select({
      examId: rooms.examId,
      examEndTime: exams.endTime,
      role: participants.role,
      name: participants.name,
      extraMinutes: participants.extraMinutes,
    })
    .from(rooms)
    .innerJoin(exams, eq(exams.id, rooms.examId))
    .leftJoin(
      participants,
      and(eq(participants.roomId, rooms.id), eq(participants.userId, sql.placeholder("userId"))),
    )
    .where(eq(rooms.id, sql.placeholder("roomId")))
    .prepare();
  const examEnd = queries
    .select({ endTime: exams.endTime })
    .from(exams)
    .where(eq(exams.id, sql.placeholder("examId")))
    .prepare();

  const generationOf = generationReader(queries);

  // Every call asks for these: whether its token was taken back.
  const sessionOf = remember(
    (sessionId: string, tokenId: string | undefined) => {
      const found = session.get({ sessionId, tokenId: tokenId ?? null });
      return found && { userId: found.userId, expiresAt: found.expiresAt, isRevoked: found.revoked !== null };
    },
    { max: REMEMBERED_TOKENS },
  );
  const wasTakenBack = remember(
    (
      tokenId: string | undefined,
      account: string | undefined,
      roomId: string | undefined,
      userId: string,
      generation: number,
    ) =>
      (tokenId !== undefined && revoked.get({ tokenId }) !== undefined) ||
      (account !== undefined && disabled.get({ userId: account })?.disabled === true) ||
      (roomId !== undefined && generation < generationOf(roomId, userId)),
    { max: REMEMBERED_TOKENS },
  );

  return {
    session: async (sessionId, tokenId) => sessionOf(sessionId, tokenId),
    isTakenBack: async ({ tokenId, account: of, seat: at }) =>
      wasTakenBack(tokenId, of, at?.roomId, at?.userId ?? "", at?.generation ?? 0),
    account: async (userId) => account.get({ userId }),

    startSession: (started, passwordHash) =>
      write(() => {
        const found = account.get({ userId: started.userId });
        if (!found || found.disabled || found.passwordHash !== passwordHash) return false;
        queries
          .delete(sessions)
          .where(lte(sessions.expiresAt, longBefore(started.createdAt, DAYS.session)))
          .run();
        queries.insert(sessions).values(started).run();
        return true;
      }),

    endSession: (sessionId) =>
      write(() => {
        queries.delete(sessions).where(eq(sessions.id, sessionId)).run();
      }),

    revoke: (token) =>
      write(() => {
        queries
          .delete(revokedTokens)
          .where(lte(revokedTokens.expiresAt, longBefore(token.createdAt, DAYS.revokedToken)))
          .run();
        queries.insert(revokedTokens).values(token).onConflictDoNothing().run();
      }),

    changePassword: ({ userId, from, to, sessionId, now }) =>
      write(() => {
        const { changes } = queries
          .update(accounts)
          .set({ passwordHash: to, updatedAt: now })
          .where(and(eq(accounts.userId, userId), eq(accounts.passwordHash, from)))
          .run();
        if (changes === 0) return false;
        queries
          .delete(sessions)
          .where(and(eq(sessions.userId, userId), ne(sessions.id, sessionId)))
          .run();
        return true;
      }),

    async seat(roomId, userId) {
      const found = seat.get({ roomId, userId });
      return found && { ...found, generation: generationOf(roomId, userId) };
    },
    examEnd: async (examId) => examEnd.get({ examId })?.endTime,
  };
};
