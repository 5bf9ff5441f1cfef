import type { Caller, Role } from "@invigil/schema";
import type { AuditQuota } from "../../domain/audit.js";
import type { ActingCaller } from "../../domain/calls.js";
import type {
  Access,
  ConfirmedRights,
  IdsFor,
  IdsOf,
  Opened,
  StoredExam,
  StoredRoom,
} from "../../domain/opened.js";
// oxlint-disable-next-line no-restricted-imports -- This file decides what a caller may use.
import { opened } from "../../domain/opened.js";
import type { Ids, Subject } from "../../domain/subjects.js";
import type { Principal, TokenEnd } from "../../identity/tokens.js";
import type { RateLimits } from "../../limits/rates.js";
import { continueWith, type MaybePromise } from "../../platform/maybe-promise.js";
import { type ExamRights, type Rule, rightsIn, rules } from "./rules.js";
import type { AccessStore, Answers, Questions, TokenQuestions } from "./store.js";

export interface AccessService extends Access {
  /** Whether a person's account is disabled. Checks no permissions: for use by other services. */
  isDisabled(person: Pick<Caller, "userId" | "role">): Promise<boolean>;
  /**
   * Returns a room and a person's role in it, or undefined if they are not in it. Checks no permissions: for use by
   * other services.
   */
  seatIn(
    roomId: string,
    userId: string,
  ): Promise<{ readonly role: Role; readonly room: StoredRoom } | undefined>;
  /** Returns what a caller may do with an exam as a whole that they may use. */
  rightsIn(caller: Caller, exam: Pick<StoredExam, "id" | "createdBy">): ExamRights;
}

/** The answers that were read when a call began. They are valid for this call only. */
interface Known {
  readonly questions: Questions;
  readonly answers: Answers;
}

const NOTHING: Questions = {};
const NO_ANSWERS: Answers = {
  refusal: undefined,
  session: undefined,
  room: undefined,
  generation: undefined,
  exam: undefined,
  rooms: undefined,
};
const ONE = { calls: 1 };

/** The account that a token needs. Examinees have no accounts. */
const accountOf = ({ role, userId }: Pick<Caller, "role" | "userId">): string | undefined =>
  role === "examinee" ? undefined : userId;

const questionsOfToken = (caller: Principal): TokenQuestions => {
  // Only links have a generation.
  const isLink = caller.generation !== undefined;
  return {
    tokenId: caller.tokenId,
    sessionId: caller.sessionId,
    account: accountOf(caller),
    roomId: isLink ? caller.roomId : undefined,
    seatOf: isLink ? caller.userId : undefined,
  };
};

/** Whether all of these questions were asked. */
const includes = (
  asked: Questions,
  { roomId, memberId, withSeat = false, withItsExam = false, examId, roomsOf }: Questions,
): boolean =>
  (memberId === undefined || (asked.roomId === roomId && asked.memberId === memberId)) &&
  (!withSeat || (asked.roomId === roomId && asked.withSeat === true)) &&
  (!withItsExam || (asked.roomId === roomId && asked.withItsExam === true)) &&
  (examId === undefined || asked.examId === examId) &&
  (roomsOf === undefined ||
    (asked.roomsOf?.userId === roomsOf.userId &&
      asked.roomsOf.role === roomsOf.role &&
      asked.roomsOf.examId === roomsOf.examId));

/**
 * Decides which tokens are valid, and opens rooms and exams. It reads what the rule of a subject needs, lets the rule decide (`rules.ts`),
 * and counts permitted calls. The limits of rooms and exams count after the decision: otherwise a stranger could use up the limit of a
 * room.
 */
export const createAccessService = ({
  store,
  clock,
  rates,
  noteUse,
  assertExam,
}: {
  store: AccessStore;
  clock: () => Date;
  rates: RateLimits;
  /** Called at each permitted call, with the exam if it is known. */
  noteUse: (caller: Caller, examId: string | undefined) => void;
  /** Checks the exam's quota of the audit. */
  assertExam: AuditQuota["assertExam"];
}): AccessService => {
  /** Returns the answers that a rule needs: those that were given when the call began, or those that are read now. */
  const answersTo = (
    { needsSession }: Pick<Rule<Subject>, "needsSession">,
    caller: Principal,
    questions: Questions,
    known: Known | undefined,
  ): MaybePromise<Answers> => {
    if (known && includes(known.questions, questions)) return known.answers;
    if (needsSession && caller.sessionId !== undefined) return store.ask(questions, questionsOfToken(caller));
    return includes(NOTHING, questions) ? NO_ANSWERS : store.ask(questions);
  };
  /** Counts a permitted call. */
  const count = (caller: Caller, owners: Ids | undefined): MaybePromise<void> => {
    if (!owners) return undefined;
    noteUse(caller, owners.examId);
    rates.take(owners, ONE);
    return owners.examId === undefined ? undefined : assertExam(caller, owners.examId);
  };

  const rightsWith = (known?: Known): ConfirmedRights => {
    /** @param isCounted whether the call counts for its room and exam */
    const decide = <About extends Subject>(
      isCounted: boolean,
      caller: ActingCaller,
      about: About,
      ids: IdsOf<About>,
    ): MaybePromise<Opened<About>> => {
      const rule = rules[about];
      const questions = rule.questions(caller, ids);
      return continueWith(answersTo(rule, caller, questions, known), (answers) => {
        const given = rule.decide(caller, ids, answers);
        const counted = isCounted ? count(caller, rule.countsFor?.(ids, given)) : undefined;
        return continueWith(counted, () => opened<About>(given));
      });
    };
    return {
      open: (caller, about, ...ids) => decide(true, caller, about, idsOf(about, ids)),
      // Safe: the rules of subjects that last longer than a call do not give their caller.
      look: (caller, about, ...ids) => decide(false, caller as ActingCaller, about, idsOf(about, ids)),
      foundExam: known?.answers.exam?.id,
      roleInRoom: known?.answers.room?.role ?? undefined,
    };
  };
  // Safe: only subjects that need no ids may go without.
  const idsOf = <About extends Subject>(_: About, [ids = {}]: IdsFor<About>): IdsOf<About> =>
    ids as IdsOf<About>;

  const isDisabled: AccessService["isDisabled"] = async (person) => {
    const account = accountOf(person);
    if (account === undefined) return false;
    const nothing = { tokenId: undefined, sessionId: undefined, roomId: undefined, seatOf: undefined };
    return (await store.ask(NOTHING, { ...nothing, account })).refusal !== undefined;
  };

  /** Returns why a token is no longer good, apart from the account of a token that was issued in another person's session. */
  const endOf = (
    { sessionId, generation }: Principal,
    { refusal, session, ...answers }: Answers,
  ): TokenEnd | undefined => {
    if (refusal) return refusal;
    if (session?.isRevoked) return "TOKEN_REVOKED";
    if (sessionId !== undefined && !(session && session.expiresAt > clock())) return "SESSION_ENDED";
    return (generation ?? 0) < (answers.generation ?? 0) ? "LINKS_REVOKED" : undefined;
  };

  return {
    ...rightsWith(),
    confirm(caller, about, ids = {}) {
      const questions = about === undefined ? NOTHING : rules[about].questions(caller, ids);
      return continueWith(store.ask(questions, questionsOfToken(caller)), (answers) => {
        const end = endOf(caller, answers);
        if (end) return end;
        const rights = rightsWith({ questions, answers });
        const { session } = answers;
        // Disabling an account ends its sessions, so the account of the session's person needs no check.
        if (!session || session.userId === caller.userId) return rights;
        return isDisabled(caller).then((disabled) => (disabled ? "ACCOUNT_DISABLED" : rights));
      });
    },
    isDisabled,
    async seatIn(roomId, userId) {
      const { room: found } = await store.ask({ roomId, memberId: userId });
      return found?.role ? { role: found.role, room: found.room } : undefined;
    },
    rightsIn,
  };
};
