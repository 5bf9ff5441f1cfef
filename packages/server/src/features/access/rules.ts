import type { Caller } from "@invigil/schema";
import type { AccessibleExam, GivenBy, IdsOf, StoredExam, StoredRoom } from "../../domain/opened.js";
import type { Ids, Subject } from "../../domain/subjects.js";
import { examNotFound, forbidden, roomEnded, roomNotFound } from "../../platform/errors.js";
import type { Answers, Questions, RoomOfPerson } from "./store.js";

// The permission rules for rooms and exams: what has to be read for each subject, and what follows from the answers. The kinds of procedures
// (`trpc/procedures.ts`) check the caller's role first.
//
// - A person has access to a room when storage lists them in it with the role of their token.
// - An administrator has access to every room.
// - A token that is bound to a room or an exam gives access to nothing else, for every role.
// - An examinee who was moved opens their exam with the token for the room from which they came, until the links of one of these rooms are
//   revoked. A token that an identity service has bound to a room stays in it.
// - A person has access to an exam when they are in one of its rooms. A teacher also has access to the exams that they created.
// - In an ended room, examinees may still read, upload recordings and report late records. For anything else (cheat configs, message tokens)
//   they need a room in progress. The end of a room changes nothing for other roles.
// - A setting for all rooms of an exam (the cheat config) needs a token that is not bound to one room.
// - An exam as a whole belongs to its creator and to administrators, with a token that is not bound to one of its rooms. With such a token, its
//   creator also seats people in all of its rooms.
// - A refusal is 403 whether or not the resource exists. Only administrators get a 404.

export interface Rule<About extends Subject> {
  /** The reads that the decision needs. */
  questions(caller: Caller, ids: Ids): Questions;
  /** Whether the session of the caller's token has to be read. */
  readonly needsSession?: true;
  /** Decides. @throws InvigilError */
  decide(caller: GivenBy<"unbound">, ids: IdsOf<About>, answers: Answers): GivenBy<About>;
  /** Returns the room and the exam that a permitted call counts for. */
  countsFor?(ids: IdsOf<About>, given: GivenBy<About>): Ids | undefined;
}

const NOTHING: Questions = {};
const nothing = (): Questions => NOTHING;

const roomForbidden = (roomId: string) => forbidden(`The room ${roomId} is not open to you.`);
const examForbidden = (examId: string) => forbidden(`The exam ${examId} is not open to you.`);

const questionsOfRoom = ({ roomId: boundTo, userId }: Caller, roomId: string): Questions =>
  // A bound token opens nothing else, so nothing else needs to be read.
  (boundTo ?? roomId) === roomId ? { roomId, memberId: userId } : NOTHING;
/** The questions about the room to which the caller's token is bound, or about their rooms. */
const questionsOfExam = ({ roomId, examId: boundTo, userId, role }: Caller, examId: string): Questions => {
  if ((boundTo ?? examId) !== examId) return NOTHING;
  if (roomId !== undefined) return { examId, roomId, memberId: userId };
  return role === "admin" ? { examId } : { examId, roomsOf: { userId, role, examId } };
};

const roomOf = (caller: Caller, roomId: string, { room: found }: Answers): StoredRoom => {
  if (caller.roomId !== undefined && caller.roomId !== roomId) throw roomForbidden(roomId);
  if (caller.role === "admin") {
    if (!found) throw roomNotFound(roomId);
  } else if (found?.role !== caller.role) throw roomForbidden(roomId);
  if (caller.examId !== undefined && caller.examId !== found.room.examId) throw roomForbidden(roomId);
  return found.room;
};

const isCreator = (caller: Caller, { createdBy }: Pick<StoredExam, "createdBy">): boolean =>
  caller.role === "teacher" && createdBy === caller.userId;
const isManager = (caller: Caller, exam: Pick<StoredExam, "createdBy">): boolean =>
  caller.role === "admin" || isCreator(caller, exam);
/** Whether a caller's token can give access to an exam as a whole. */
const mayBeWhole = (caller: Caller, examId: string): boolean =>
  caller.roomId === undefined && (caller.examId ?? examId) === examId;

const examOf = (caller: Caller, examId: string, answers: Answers): AccessibleExam => {
  if (caller.examId !== undefined && caller.examId !== examId) throw examForbidden(examId);
  const { exam, rooms } = answers;
  if (caller.roomId !== undefined) {
    const bound = roomOf(caller, caller.roomId, answers);
    if (bound.examId !== examId) throw examForbidden(examId);
    if (!exam) throw examNotFound(examId);
    return { exam, rooms: [bound.id] };
  }
  if (caller.role === "admin") {
    if (!exam) throw examNotFound(examId);
    return { exam, rooms: "all" };
  }
  if (!exam || (rooms?.length === 0 && !isCreator(caller, exam))) throw examForbidden(examId);
  return { exam, rooms: rooms?.map(({ id }) => id) ?? [] };
};

/** @throws FORBIDDEN, ROOM_ENDED unless one of an examinee's rooms is in progress */
const assertInProgress = (rooms: readonly RoomOfPerson[]): void => {
  if (rooms.length === 0) throw forbidden("You are in no room.");
  if (rooms.some(({ status }) => status === "in_progress")) return;
  const [last] = rooms
    .map(({ id }) => id)
    .toSorted()
    .toReversed();
  throw roomEnded(last ?? "");
};
const unbound = (caller: Caller): void => {
  if (caller.roomId !== undefined) throw forbidden(`The token works only in the room ${caller.roomId}.`);
  if (caller.examId !== undefined) throw forbidden(`The token works only in the exam ${caller.examId}.`);
};

/** Whether the token of an examinee's link leads on to their seat in another room: its links were not revoked since. */
const mayFollow = (
  { role, generation }: Pick<GivenBy<"unbound">, "role" | "generation">,
  newest: number,
): boolean => role === "examinee" && generation !== undefined && generation >= newest;

/** The usual rules of subjects that are a room or an exam. */
const ofRoom = {
  questions: (caller: Caller, { roomId = "" }: Ids) => questionsOfRoom(caller, roomId),
  countsFor: ({ roomId }: Ids, { examId }: StoredRoom) => ({ roomId, examId }),
};
const ofExam = {
  questions: (caller: Caller, { examId = "" }: Ids) => questionsOfExam(caller, examId),
  countsFor: ({ examId }: Ids) => ({ examId }),
};

export const rules: { readonly [About in Subject]: Rule<About> } = {
  nothing: { questions: nothing, decide: (caller) => caller },
  unbound: {
    questions: nothing,
    decide(caller) {
      unbound(caller);
      return caller;
    },
  },
  session: { questions: nothing, needsSession: true, decide: (_, __, { session }) => ({ session }) },
  room: { ...ofRoom, decide: (caller, { roomId }, answers) => roomOf(caller, roomId, answers) },
  ownSeat: {
    questions(caller, ids) {
      const questions = ofRoom.questions(caller, ids);
      // Other tokens lead nowhere else.
      return caller.roomId === ids.roomId ? { ...questions, withSeat: true } : questions;
    },
    decide(caller, { roomId }, answers) {
      const { room: found, seat } = answers;
      const hasLeft = found?.role === null && (caller.examId ?? found.room.examId) === found.room.examId;
      return seat && hasLeft && mayFollow(caller, seat.generation)
        ? seat.room
        : roomOf(caller, roomId, answers);
    },
    countsFor: (_, { id: roomId, examId }) => ({ roomId, examId }),
  },
  roomToRun: {
    ...ofRoom,
    questions(caller, ids) {
      const questions = ofRoom.questions(caller, ids);
      const mayBeCreator = caller.role === "teacher" && caller.roomId === undefined;
      return mayBeCreator ? { ...questions, withItsExam: true } : questions;
    },
    decide(caller, { roomId }, answers) {
      const { room: found, exam } = answers;
      const isOwn = found && exam && mayBeWhole(caller, exam.id) && isCreator(caller, exam);
      return isOwn ? found.room : roomOf(caller, roomId, answers);
    },
  },
  exam: { ...ofExam, decide: (caller, { examId }, answers) => examOf(caller, examId, answers) },
  examInProgress: {
    ...ofExam,
    decide(caller, { examId }, answers) {
      const exam = examOf(caller, examId, answers);
      if (caller.role === "examinee")
        assertInProgress(
          caller.roomId === undefined || !answers.room ? (answers.rooms ?? []) : [answers.room.room],
        );
      return exam;
    },
  },
  allRooms: {
    ...ofExam,
    decide(caller, { examId }, answers) {
      const exam = examOf(caller, examId, answers);
      if (caller.roomId !== undefined)
        throw forbidden(
          `The token works only in the room ${caller.roomId}, not for the whole exam ${examId}.`,
        );
      return exam;
    },
  },
  roomsToRun: {
    ...ofExam,
    decide(caller, { examId }, answers) {
      const { exam, rooms } = examOf(caller, examId, answers);
      return { exam, rooms: caller.roomId === undefined && isCreator(caller, exam) ? "all" : rooms };
    },
  },
  wholeExam: {
    ...ofExam,
    questions: ({ examId: boundTo }, { examId }) => ((boundTo ?? examId) === examId ? { examId } : NOTHING),
    decide(caller, { examId }, { exam }) {
      if (!mayBeWhole(caller, examId)) throw examForbidden(examId);
      if (!exam && caller.role === "admin") throw examNotFound(examId);
      if (!exam || !isManager(caller, exam)) throw examForbidden(examId);
      return exam;
    },
  },
  deletedExam: {
    questions: nothing,
    decide(caller, { examId }) {
      if (caller.role !== "admin" || !mayBeWhole(caller, examId)) throw examForbidden(examId);
      return { examId };
    },
  },
  messageLogin: {
    needsSession: true,
    questions(caller, { roomId = caller.roomId }) {
      const { role, userId, examId } = caller;
      if (roomId !== undefined) return questionsOfRoom(caller, roomId);
      return role === "examinee" ? { roomsOf: { userId, role, examId } } : NOTHING;
    },
    decide(caller, { roomId }, answers) {
      if (roomId !== undefined) roomOf(caller, roomId, answers);
      if (caller.role === "examinee") {
        const one = roomId ?? caller.roomId;
        assertInProgress(one === undefined ? (answers.rooms ?? []) : [roomOf(caller, one, answers)]);
      }
      return { session: answers.session };
    },
    countsFor: ({ roomId }) => ({ roomId }),
  },
  ownRooms: {
    questions: (caller) => (caller.roomId === undefined ? NOTHING : questionsOfRoom(caller, caller.roomId)),
    decide: (caller, _, answers) => ({
      bound: caller.roomId === undefined ? undefined : roomOf(caller, caller.roomId, answers),
    }),
    countsFor: (_, { bound }) => bound && { roomId: bound.id, examId: bound.examId },
  },
  ownExams: {
    questions(caller) {
      if (caller.roomId !== undefined) return questionsOfRoom(caller, caller.roomId);
      return caller.examId === undefined ? NOTHING : questionsOfExam(caller, caller.examId);
    },
    decide(caller, _, answers) {
      if (caller.roomId !== undefined)
        return { room: roomOf(caller, caller.roomId, answers), exam: undefined };
      const exam = caller.examId === undefined ? undefined : examOf(caller, caller.examId, answers).exam;
      return { room: undefined, exam };
    },
    countsFor: (_, { room, exam }) =>
      room ? { roomId: room.id, examId: room.examId } : exam && { examId: exam.id },
  },
};

/** What a caller may do with an exam as a whole. */
export interface ExamRights {
  /** Change, plan, end and delete it. */
  readonly mayManage: boolean;
  /** Create another one after it. */
  readonly mayDuplicate: boolean;
}
/** Returns what a caller may do with an exam as a whole that they may use: the rules of `wholeExam` and `unbound`. */
export const rightsIn = (
  caller: Caller,
  exam: { readonly id: string; readonly createdBy: string },
): ExamRights => {
  const mayManage = mayBeWhole(caller, exam.id) && isManager(caller, exam);
  return { mayManage, mayDuplicate: mayManage && caller.examId === undefined };
};
