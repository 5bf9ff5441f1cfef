import type { Caller, Role } from "@invigil/schema";
import type { Named } from "../../domain/calls.js";
import type { Principal } from "../../identity/tokens.js";
import { examNotFound, forbidden, InvigilError, roomNotFound } from "../../platform/errors.js";
import { continueWith, type MaybePromise } from "../../platform/maybe-promise.js";
import type {
  AccessStore,
  Answers,
  Questions,
  RoomOfPerson,
  StoredExam,
  StoredRoom,
  StoredSession,
  TokenQuestions,
} from "./store.js";

export type { StoredExam, StoredRoom, StoredSession };

/** The rooms of an exam that a caller may read: all of them, or a list of ids. */
export type AccessibleRooms = "all" | readonly string[];

/** An exam, as far as a caller may read it. */
export interface AccessibleExam {
  readonly exam: StoredExam;
  readonly rooms: AccessibleRooms;
}

/**
 * A caller, with what was read together with their rights when the call began. The answers are for this call only: what outlives it has to
 * ask again.
 */
interface Informed {
  readonly known?: { readonly questions: Questions; readonly answers: Answers };
}
type InformedCaller = Caller & Informed;

/** What counts towards no limits of rooms and exams: who the caller is, and what belongs to neither. */
export interface UncountedAccess {
  /**
   * Checks whether a caller's token is still good: not revoked, of a session that has not ended, of an account that is not disabled, and of
   * links that were not revoked. With `named`, reads together with it what the call names, and returns a caller for this call, for whom the
   * other methods need no further read.
   * @returns undefined if the token is no longer good
   */
  readonly confirm: (caller: Principal, named?: Named) => MaybePromise<Principal | undefined>;
  /** Returns a caller who is the same person as another in the same call, so that what was read for one holds for both. */
  actingAs(confirmed: Principal, person: Principal): Principal;
  /** Whether an exam that a call names was found together with the rights of its caller. */
  readonly hasFound: (caller: Pick<Caller, "userId">, examId: string) => boolean;
  /** Returns the caller without what was read for their call, for what outlives the call. */
  withoutAnswers(caller: Principal): Principal;
  /** Returns the session of a caller's token, if it has not ended. */
  sessionOf(caller: Principal): Promise<StoredSession | undefined>;
  /** Whether a person's account is disabled. Checks no permissions: for use by other services. */
  isDisabled(person: Pick<Caller, "userId" | "role">): Promise<boolean>;
  /**
   * Returns a person's role in a room, or undefined if they are not in it. Checks no permissions: for use by
   * other services.
   */
  roleIn(roomId: string, userId: string): Promise<Role | undefined>;
  /** Returns the caller's role in a room, or undefined if they are not in it. Checks no permissions. */
  ownRoleIn(caller: Caller, roomId: string): Promise<Role | undefined>;
  /**
   * Checks access to what belongs to no room: new exams and the audio library.
   * @throws FORBIDDEN for a token that is bound to a room or an exam
   */
  unbound(caller: Caller): void;
  /** Returns what a caller may do with an exam as a whole that they may use: the rules of `wholeExam` and `unbound`. */
  rightsIn(caller: Caller, exam: { readonly id: string; readonly createdBy: string }): ExamRights;
}

/** What a caller may do with an exam as a whole. */
export interface ExamRights {
  /** Change, plan, end and delete it. */
  readonly mayManage: boolean;
  /** Create another one after it. */
  readonly mayDuplicate: boolean;
}

/**
 * The permission rules for rooms and exams. The procedure kinds in `trpc/procedures.ts` check the caller's role
 * first.
 *
 * - A person has access to a room when storage lists them in it with the role of their token.
 * - An administrator has access to every room.
 * - A token that is bound to a room or an exam gives access to nothing else, whoever uses it.
 * - A person has access to an exam when they are in one of its rooms. A teacher also has access to the exams
 *   that they created.
 * - In an ended room, examinees may still read, upload recordings and report late records. For anything else
 *   (cheat configs, message tokens) they need a room in progress. The end of a room changes nothing for other
 *   roles.
 * - A setting for all rooms of an exam (the cheat config) needs a token that is not bound to one room.
 * - An exam as a whole belongs to its creator and to administrators, with a token that is not bound to one of
 *   its rooms.
 * - A refusal is 403 whether or not the resource exists. Only administrators get a 404.
 *
 * Of each permitted call, its own methods count one for the room and the exam: see `rate-limited.ts`.
 */
export interface AccessService extends UncountedAccess {
  /** @throws FORBIDDEN, ROOM_NOT_FOUND (administrators) */
  room(caller: Caller, roomId: string): Promise<StoredRoom>;
  /** @throws FORBIDDEN, EXAM_NOT_FOUND (administrators) */
  readonly exam: (caller: Caller, examId: string) => Promise<AccessibleExam>;
  /**
   * Checks access for a teacher's settings that apply to all rooms of an exam.
   * @throws FORBIDDEN, also for a token that is bound to one of the rooms; EXAM_NOT_FOUND (administrators)
   */
  readonly allRooms: (caller: Caller, examId: string) => Promise<void>;
  /**
   * Checks access to what examinees lose when their room ends. An examinee needs a room in progress: the given
   * room, any of their rooms in the given exam, or any of their rooms at all. For other roles this checks the
   * given room and exam like `room` and `exam`, and allows the call if neither is given.
   * @throws FORBIDDEN, ROOM_ENDED (examinees), ROOM_NOT_FOUND, EXAM_NOT_FOUND (administrators)
   */
  inProgress(
    caller: Caller,
    where: { roomId?: string | undefined; examId?: string | undefined },
  ): Promise<void>;
  /**
   * Checks access to an exam as a whole: its people, its plan, its deletion.
   * @throws FORBIDDEN for all but administrators and the exam's creator, EXAM_NOT_FOUND (administrators)
   */
  readonly wholeExam: (caller: Caller, examId: string) => Promise<StoredExam>;
  /**
   * Returns the rooms of an exam that a caller may run, or may look at as an inspector. The exam's creator may run all of them.
   * @throws FORBIDDEN, EXAM_NOT_FOUND (administrators)
   */
  readonly roomsToRun: (caller: Caller, examId: string) => Promise<AccessibleRooms>;
}

/** The account that a token needs. Examinees have no accounts. */
const accountOf = ({ role, userId }: Pick<Caller, "role" | "userId">): string | undefined =>
  role === "examinee" ? undefined : userId;

/** Returns the questions that decide about a caller's access to an exam: about the room to which their token is bound, or their rooms. */
const questionsOfExam = (caller: Caller, examId: string): Questions => {
  const { roomId, userId, role } = caller;
  if (roomId !== undefined) return { examId, roomId, memberId: userId };
  return role === "admin" ? { examId } : { examId, roomsOf: { userId, role, examId } };
};

/** Returns the questions that decide about a caller's access to what a call names, or else to what their token is bound to. */
const questionsOf = (caller: Caller, { roomId, examId, anyRoom = false }: Named): Questions => {
  const { roomId: ownRoom, examId: ownExam, userId, role } = caller;
  // A bound token opens nothing else, so nothing else needs to be read.
  if (roomId !== undefined) return (ownRoom ?? roomId) === roomId ? { roomId, memberId: userId } : {};
  if (examId !== undefined) return (ownExam ?? examId) === examId ? questionsOfExam(caller, examId) : {};
  if (ownRoom !== undefined) return { roomId: ownRoom, memberId: userId };
  if (ownExam !== undefined) return questionsOfExam(caller, ownExam);
  return anyRoom && role === "examinee" ? { roomsOf: { userId, role, examId: undefined } } : {};
};

const NOTHING: Questions = {};

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
const includes = (asked: Questions, { roomId, memberId, examId, roomsOf }: Questions): boolean =>
  (memberId === undefined || (asked.roomId === roomId && asked.memberId === memberId)) &&
  (examId === undefined || asked.examId === examId) &&
  (roomsOf === undefined ||
    (asked.roomsOf?.userId === roomsOf.userId &&
      asked.roomsOf.role === roomsOf.role &&
      asked.roomsOf.examId === roomsOf.examId));

export const createAccessService = ({
  store,
  clock,
}: {
  store: AccessStore;
  clock: () => Date;
}): AccessService => {
  const roomForbidden = (roomId: string) => forbidden(`The room ${roomId} is not open to you.`);
  const examForbidden = (examId: string) => forbidden(`The exam ${examId} is not open to you.`);

  /** Returns the answers to questions about a caller that were given when the call began, or asks. */
  const ask = ({ known }: InformedCaller, questions: Questions): MaybePromise<Answers> =>
    known && includes(known.questions, questions) ? known.answers : store.ask(questions);

  const isDisabled: AccessService["isDisabled"] = async (person) => {
    const account = accountOf(person);
    if (account === undefined) return false;
    const nothing = { tokenId: undefined, sessionId: undefined, roomId: undefined, seatOf: undefined };
    return (await store.ask(NOTHING, { ...nothing, account })).isRefused;
  };

  /** Whether a token is no longer good, apart from the account of a token that was issued in another person's session. */
  const isEnded = ({ sessionId, generation }: Principal, answers: Answers): boolean => {
    const { session } = answers;
    const hasSession =
      sessionId === undefined || (session && !session.isRevoked && session.expiresAt > clock());
    return answers.isRefused || !hasSession || (generation ?? 0) < (answers.generation ?? 0);
  };

  const confirm: AccessService["confirm"] = (caller, named) => {
    const questions = named ? questionsOf(caller, named) : NOTHING;
    return continueWith(store.ask(questions, questionsOfToken(caller)), (answers) => {
      if (isEnded(caller, answers)) return undefined;
      const confirmed = named ? { ...caller, known: { questions, answers } } : caller;
      const { session } = answers;
      // Disabling an account ends its sessions, so the account of the session's person needs no check.
      if (!session || session.userId === caller.userId) return confirmed;
      return isDisabled(caller).then((disabled) => (disabled ? undefined : confirmed));
    });
  };

  const room: AccessService["room"] = async (caller, roomId) => {
    if (caller.roomId !== undefined && caller.roomId !== roomId) throw roomForbidden(roomId);
    const answers = ask(caller, { roomId, memberId: caller.userId });
    // Usually it is known, and nothing waits.
    const { room: found } = answers instanceof Promise ? await answers : answers;
    if (caller.role === "admin") {
      if (!found) throw roomNotFound(roomId);
    } else if (found?.role !== caller.role) throw roomForbidden(roomId);
    if (caller.examId !== undefined && caller.examId !== found.room.examId) throw roomForbidden(roomId);
    return found.room;
  };

  const isCreator = (caller: Caller, found: { createdBy: string } | undefined): boolean =>
    caller.role === "teacher" && found?.createdBy === caller.userId;
  /** Whether a caller's token can be good for an exam as a whole. */
  const mayBeWhole = (caller: Caller, examId: string): boolean =>
    caller.roomId === undefined && (caller.examId ?? examId) === examId;
  const isManager = (caller: Caller, found: { createdBy: string }): boolean =>
    caller.role === "admin" || isCreator(caller, found);

  const exam: AccessService["exam"] = async (caller, examId) => {
    if (caller.examId !== undefined && caller.examId !== examId) throw examForbidden(examId);
    const { exam: found, rooms } = await ask(caller, questionsOfExam(caller, examId));
    if (caller.roomId !== undefined) {
      const bound = await room(caller, caller.roomId);
      if (bound.examId !== examId) throw examForbidden(examId);
      if (!found) throw examNotFound(examId);
      return { exam: found, rooms: [bound.id] };
    }
    if (caller.role === "admin") {
      if (!found) throw examNotFound(examId);
      return { exam: found, rooms: "all" };
    }
    if (!found || (rooms?.length === 0 && !isCreator(caller, found))) throw examForbidden(examId);
    return { exam: found, rooms: rooms?.map(({ id }) => id) ?? [] };
  };

  /** The caller's rooms among those that the request is about. */
  const requestedRooms = async (
    caller: Caller,
    {
      roomId = caller.roomId,
      examId = caller.examId,
    }: { roomId?: string | undefined; examId?: string | undefined },
  ): Promise<readonly RoomOfPerson[]> => {
    if (roomId !== undefined) return [await room(caller, roomId)];
    const { userId, role } = caller;
    return (await ask(caller, { roomsOf: { userId, role, examId } })).rooms ?? [];
  };

  const roomsToRun: AccessService["roomsToRun"] = async (caller, examId) => {
    const { exam: found, rooms } = await exam(caller, examId);
    if (rooms === "all" || caller.roomId !== undefined) return rooms;
    return isCreator(caller, found) ? "all" : rooms;
  };

  return {
    confirm,
    actingAs(confirmed, person) {
      const { known }: InformedCaller = confirmed;
      return known ? { ...person, known } : person;
    },
    hasFound: ({ known }: Pick<Caller, "userId"> & Informed, examId) => known?.answers.exam?.id === examId,
    withoutAnswers(caller) {
      const { known: _, ...rest }: InformedCaller & Principal = caller;
      return rest;
    },
    async sessionOf(caller) {
      if (caller.sessionId === undefined) return undefined;
      const { known }: InformedCaller = caller;
      const { session } = known?.answers ?? (await store.ask(NOTHING, questionsOfToken(caller)));
      return session;
    },
    isDisabled,
    room,
    async roleIn(roomId, userId) {
      const { room: found } = await store.ask({ roomId, memberId: userId });
      return found?.role ?? undefined;
    },
    async ownRoleIn(caller, roomId) {
      const { room: found } = await ask(caller, { roomId, memberId: caller.userId });
      return found?.role ?? undefined;
    },
    exam,
    async allRooms(caller, examId) {
      await exam(caller, examId);
      if (caller.roomId !== undefined)
        throw forbidden(
          `The token works only in the room ${caller.roomId}, not for the whole exam ${examId}.`,
        );
    },
    async inProgress(caller, where) {
      if (where.roomId !== undefined) await room(caller, where.roomId);
      if (where.examId !== undefined) await exam(caller, where.examId);
      if (caller.role !== "examinee") return;
      const rooms = await requestedRooms(caller, where);
      if (rooms.length === 0) throw forbidden("You are in no room.");
      if (rooms.some(({ status }) => status === "in_progress")) return;
      const [last] = rooms
        .map(({ id }) => id)
        .toSorted()
        .reverse();
      throw new InvigilError("ROOM_ENDED", `The room ${last} has ended.`);
    },
    async wholeExam(caller, examId) {
      if (!mayBeWhole(caller, examId)) throw examForbidden(examId);
      const { exam: found } = await ask(caller, { examId });
      if (!found && caller.role === "admin") throw examNotFound(examId);
      if (!found || !isManager(caller, found)) throw examForbidden(examId);
      return found;
    },
    roomsToRun,
    unbound(caller) {
      if (caller.roomId !== undefined) throw forbidden(`The token works only in the room ${caller.roomId}.`);
      if (caller.examId !== undefined) throw forbidden(`The token works only in the exam ${caller.examId}.`);
    },
    rightsIn(caller, found) {
      const mayManage = mayBeWhole(caller, found.id) && isManager(caller, found);
      return { mayManage, mayDuplicate: mayManage && caller.examId === undefined };
    },
  };
};
