import { endsAtOf, type IssuedToken, type IssueTokenInput } from "@invigil/schema";
import type { FastifyBaseLogger } from "fastify";
import type { PersonTimes } from "../../domain/attempts.js";
import type { ActingCaller } from "../../domain/calls.js";
import type { Opened, StoredExam, StoredRoom } from "../../domain/opened.js";
import type { Principal, TokenIssuer } from "../../identity/tokens.js";
import { forbidden, InvigilError, invalidInput } from "../../platform/errors.js";
import type { MaybePromise } from "../../platform/maybe-promise.js";
import type { ParticipantService } from "../participant/service.js";
import type { AuthStore } from "./store.js";

/** The default lifetime of a token without an exam, in seconds. */
const WITHOUT_EXAM_SECONDS = 8 * 3600;

export interface IssuingService {
  /**
   * Issues a token for another person: a teacher for the people of their rooms, an administrator for any person. The new token cannot have
   * more rights than the binding of the caller's token allows. An unbound token expires no later than the caller's and ends with the
   * caller's session.
   */
  issueToken(
    caller: ActingCaller,
    open: () => MaybePromise<Opened<"room" | "wholeExam" | "unbound">>,
    input: IssueTokenInput,
  ): Promise<IssuedToken>;
}

export const createIssuingService = ({
  store,
  participant,
  tokens,
  clock,
  log,
}: {
  store: AuthStore;
  participant: ParticipantService;
  tokens: TokenIssuer;
  clock: () => Date;
  log: FastifyBaseLogger;
}): IssuingService => {
  const endsAtFor = (
    { startTime, endTime }: Pick<StoredExam, "startTime" | "endTime">,
    { extraMinutes, attempt }: PersonTimes,
  ): Date => endsAtOf({ startTime, endTime, extraMinutes }, attempt, clock());
  const forRoom = async (
    caller: Principal,
    { id: roomId, examId }: StoredRoom,
    input: IssueTokenInput,
  ): Promise<IssuedToken> => {
    if ((input.examId ?? examId) !== examId) throw invalidInput("examId", "is not the exam of the room");
    if (input.role === "admin" && caller.role !== "admin")
      throw forbidden("Only an administrator issues tokens for administrators.");
    const seat = await store.seat(roomId, input.userId);
    const hasSeat = seat !== undefined && (input.role === "admin" || seat.role === input.role);
    if (!hasSeat)
      throw new InvigilError(
        "PARTICIPANT_NOT_FOUND",
        `There is no ${input.role} ${input.userId} in the room ${roomId}.`,
      );
    const person = {
      userId: input.userId,
      role: input.role,
      roomId,
      name: input.name ?? seat.name ?? undefined,
      generation: seat.generation,
      endsAt: endsAtFor(seat.exam, seat.times),
    };
    return tokens.issueForExam(person, input.ttlSeconds);
  };

  const forExam = async (
    { id: examId, ...exam }: StoredExam,
    input: IssueTokenInput,
  ): Promise<IssuedToken> => {
    const { userId, role, name, ttlSeconds } = input;
    const endsAt = endsAtFor(exam, await participant.timesOf(examId, userId));
    const person = { userId, role, examId, name, endsAt };
    return tokens.issueForExam(person, ttlSeconds);
  };

  const issue: IssuingService["issueToken"] = async (caller, open, input) => {
    if (input.roomId === undefined && caller.role !== "admin")
      throw forbidden("A teacher may issue tokens only for their own rooms: roomId is required.");
    const of = await open();
    if ("audioStatus" in of) return forRoom(caller, of, input);
    if ("endTime" in of) return forExam(of, input);
    const { userId, role, name, ttlSeconds = WITHOUT_EXAM_SECONDS } = input;
    const left = Math.floor((caller.expiresAt.getTime() - clock().getTime()) / 1000);
    // The token ends with the caller's session but cannot refresh or end that session.
    const session = { sessionId: caller.sessionId, isIssued: caller.sessionId !== undefined };
    return tokens.issue({ userId, role, name, ...session, ttlSeconds: Math.min(ttlSeconds, left) });
  };

  return {
    async issueToken(caller, open, input) {
      const issued = await issue(caller, open, input);
      const { userId, role, roomId, examId } = input;
      const { tokenId, expiresAt } = issued;
      const by = caller.userId;
      log.info({ ...caller.origin, by, userId, role, roomId, examId, tokenId, expiresAt }, "token issued");
      return issued;
    },
  };
};
