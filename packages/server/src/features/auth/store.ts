import { type AccountRole, type ExamTimes, type ParticipantRole, RUNNING } from "@invigil/schema";
import { and, eq, lte, ne, sql } from "drizzle-orm";
import type { RunningLogin } from "../../coordination/login-throttle.js";
import {
  attemptColumns,
  attemptOf,
  isAttemptOf,
  type PersonTimes,
  plannedMinutes,
} from "../../domain/attempts.js";
import type { Author } from "../../domain/calls.js";
import { isRoom } from "../../domain/people.js";
import type { PruningClock } from "../../domain/pruning-clock.js";
import type { RoomExams } from "../../domain/room-exams.js";
import type { Writes } from "../../domain/writes.js";
import { isOwnTokenId } from "../../identity/tokens.js";
import { isRoomOf } from "../../storage/conditions.js";
import type { Queries, Reader } from "../../storage/port.js";
import { insertion, param, query, rawParam, statement } from "../../storage/statement.js";
import {
  accounts,
  attempts,
  revokedTokens,
  seatGenerations,
  sessions,
  visibleExams,
  visibleParticipants,
  visibleRooms,
} from "../../storage/tables.js";

export interface StoredAccount {
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

/**
 * A person's seat in a room, and the end of the room's exam. The person's fields are null if they are not in
 * the room.
 */
export interface LoginSeat {
  readonly examId: string;
  readonly exam: Pick<ExamTimes, "startTime" | "endTime">;
  readonly role: ParticipantRole | null;
  readonly name: string | null;
  readonly times: PersonTimes;
  /** The generation of the seat's links. */
  readonly generation: number;
}

/**
 * How long rows outlive their token or session, in days. While the system's clock is ahead, rows are deleted
 * too early; without this margin a revoked token would be valid again once the clock is corrected.
 */
const DAYS = { session: 30, revokedToken: 366 } as const;
const DAY_MS = 86_400_000;
const daysBefore = (now: Date, days: number): Date => new Date(now.getTime() - days * DAY_MS);

const accountById = statement(
  query
    .select({
      userId: accounts.userId,
      role: accounts.role,
      name: accounts.name,
      passwordHash: accounts.passwordHash,
      disabled: accounts.disabled,
    })
    .from(accounts)
    .where(eq(accounts.userId, param("userId"))),
);
const seatInRoom = statement(
  query
    .select({
      examId: visibleRooms.examId,
      exam: { startTime: visibleExams.startTime, endTime: visibleExams.endTime },
      role: visibleParticipants.role,
      name: visibleParticipants.name,
      plannedMinutes: plannedMinutes({ examId: visibleRooms.examId, userId: param("userId") }),
      attempt: attemptColumns,
      generation: sql<number>`coalesce(${seatGenerations.generation}, 0)`,
    })
    .from(visibleRooms)
    .innerJoin(visibleExams, eq(visibleExams.id, visibleRooms.examId))
    .leftJoin(
      visibleParticipants,
      and(isRoomOf(visibleRooms, visibleParticipants), eq(visibleParticipants.userId, param("userId"))),
    )
    .leftJoin(attempts, isAttemptOf(visibleParticipants))
    .leftJoin(
      seatGenerations,
      and(isRoomOf(visibleRooms, seatGenerations), eq(seatGenerations.userId, param("userId"))),
    )
    .where(isRoom),
);
const insertSession = insertion(sessions);
const deleteSession = statement(query.delete(sessions).where(eq(sessions.id, param("sessionId"))));
const deleteOtherSessions = statement(
  query
    .delete(sessions)
    .where(and(eq(sessions.userId, param("userId")), ne(sessions.id, param("sessionId")))),
);
const deleteOldSessions = statement(query.delete(sessions).where(lte(sessions.expiresAt, param("before"))));
const insertRevokedToken = insertion(revokedTokens, { onConflict: "ignore" });
const deleteOldRevokedTokens = statement(
  query.delete(revokedTokens).where(lte(revokedTokens.expiresAt, param("before"))),
);
const replacePassword = statement(
  query
    .update(accounts)
    .set({ passwordHash: rawParam<string>("to"), updatedAt: rawParam<Date>("now") })
    .where(and(eq(accounts.userId, param("userId")), eq(accounts.passwordHash, param("from")))),
);

export type AuthStore = ReturnType<typeof createAuthStore>;

export const createAuthStore = ({
  storage,
  writes,
  roomExams: examsOfRooms,
  pruning,
}: {
  storage: Queries;
  writes: Writes;
  roomExams: RoomExams;
  pruning: Pick<PruningClock, "last">;
}) => {
  return {
    account: (userId: string, reader: Reader = storage): Promise<StoredAccount | undefined> =>
      reader.get(accountById, { userId }),

    /**
     * Starts a session and ends the login, in one transaction. Returns false if the account was disabled, or its password changed,
     * since it was read. Then the login has failed.
     */
    startSession: (
      started: NewSession,
      {
        passwordHash,
        running,
        author,
      }: { readonly passwordHash: string; readonly running: RunningLogin; readonly author: Author },
    ): Promise<boolean> => {
      let mayStart = false;
      return running.decide((countIn) =>
        writes.ofInstallation(
          () => (mayStart ? { people: [started.userId], subject: started.id } : undefined),
          author,
          async (tx) => {
            const { userId } = started;
            const [count, , account] = await Promise.all([
              countIn(tx),
              tx.lock(accounts, userId),
              tx.get(accountById, { userId }),
            ]);
            mayStart = account !== undefined && !account.disabled && account.passwordHash === passwordHash;
            await tx.last(() =>
              Promise.all([
                mayStart && tx.run(deleteOldSessions, { before: daysBefore(pruning.last(), DAYS.session) }),
                mayStart && tx.insert(insertSession, [started]),
                count(mayStart),
              ]),
            );
            return mayStart;
          },
          { continues: true },
        ),
      );
    },

    endSession: (sessionId: string, author: Author): Promise<void> =>
      writes.ofInstallation({ subject: sessionId }, author, async (tx) => {
        await tx.last(() => tx.run(deleteSession, { sessionId }));
      }),

    /** Revoking a token again changes nothing. */
    revoke: (
      token: { tokenId: string; expiresAt: Date | null; createdAt: Date },
      author: Author,
    ): Promise<void> =>
      // Any other text may be a token or a secret that a person pasted by mistake.
      writes.ofInstallation(
        { subject: isOwnTokenId(token.tokenId) ? token.tokenId : undefined },
        author,
        async (tx) => {
          await tx.last(() =>
            Promise.all([
              tx.run(deleteOldRevokedTokens, { before: daysBefore(pruning.last(), DAYS.revokedToken) }),
              tx.insert(insertRevokedToken, [token]),
            ]),
          );
        },
      ),

    /**
     * Also ends the account's other sessions and the login, in one transaction. Returns false if the password changed since it was read.
     * Then the login has failed.
     */
    changePassword: ({
      userId,
      from,
      to,
      sessionId,
      running,
      now,
      author,
    }: {
      userId: string;
      from: string;
      to: string;
      /** The session that does not end. */
      sessionId: string;
      running: RunningLogin;
      now: Date;
      author: Author;
    }): Promise<boolean> => {
      let isReplaced = false;
      return running.decide((countIn) =>
        writes.ofInstallation(
          () => (isReplaced ? { people: [userId] } : undefined),
          author,
          async (tx) => {
            const [count, replaced] = await Promise.all([
              countIn(tx),
              tx.run(replacePassword, { userId, from, to, now }),
            ]);
            isReplaced = replaced > 0;
            await tx.last(() =>
              Promise.all([
                isReplaced && tx.run(deleteOtherSessions, { userId, sessionId }),
                count(isReplaced),
              ]),
            );
            return isReplaced;
          },
          { continues: true },
        ),
      );
    },

    seat: (roomId: string, userId: string): Promise<LoginSeat | undefined> =>
      examsOfRooms.find(storage, roomId, async (examId) => {
        const found = await storage.get(seatInRoom, { examId, roomId, userId });
        if (!found) return undefined;
        const { plannedMinutes: extraMinutes, attempt, ...seat } = found;
        return { ...seat, times: { extraMinutes, attempt: attemptOf(attempt) ?? RUNNING } };
      }),
  };
};
