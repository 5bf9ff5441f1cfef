import type { Caller, Role } from "@invigil/schema";
import { examNotFound, forbidden, InvigilError, roomNotFound } from "../../platform/errors.js";
import type { AccessStore, RoomOfPerson, StoredRoom } from "./store.js";

export type { StoredRoom };

/** The rooms of an exam that a caller may read: all of them, or a list of ids. */
export type Reach = "all" | readonly string[];

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
 */
export interface AccessService {
  /** @throws FORBIDDEN, ROOM_NOT_FOUND (administrators) */
  room(caller: Caller, roomId: string): Promise<StoredRoom>;
  /**
   * Returns a person's role in a room, or undefined if they are not in it. Checks no permissions: for use by
   * other services.
   */
  roleIn(roomId: string, userId: string): Promise<Role | undefined>;
  /** @throws FORBIDDEN, EXAM_NOT_FOUND (administrators) */
  exam(caller: Caller, examId: string): Promise<Reach>;
  /**
   * Checks access for a teacher's settings that apply to all rooms of an exam.
   * @throws FORBIDDEN, also for a token that is bound to one of the rooms; EXAM_NOT_FOUND (administrators)
   */
  allRooms(caller: Caller, examId: string): Promise<void>;
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
  wholeExam(caller: Caller, examId: string): Promise<void>;
  /**
   * Returns the rooms of an exam that a caller may run. The exam's creator may run all of them.
   * @throws FORBIDDEN, EXAM_NOT_FOUND (administrators)
   */
  roomsToRun(caller: Caller, examId: string): Promise<Reach>;
  /**
   * Checks access to what belongs to no room: new exams and the audio library.
   * @throws FORBIDDEN for a token that is bound to a room or an exam
   */
  unbound(caller: Caller): void;
}

export const createAccessService = ({ store }: { store: AccessStore }): AccessService => {
  const roomForbidden = (roomId: string) => forbidden(`The room ${roomId} is not open to you.`);
  const examForbidden = (examId: string) => forbidden(`The exam ${examId} is not open to you.`);

  const room: AccessService["room"] = async (caller, roomId) => {
    if (caller.roomId !== undefined && caller.roomId !== roomId) throw roomForbidden(roomId);
    const found = await store.room(roomId, caller.userId);
    if (caller.role === "admin") {
      if (!found) throw roomNotFound(roomId);
    } else if (found?.role !== caller.role) throw roomForbidden(roomId);
    if (caller.examId !== undefined && caller.examId !== found.room.examId) throw roomForbidden(roomId);
    return found.room;
  };

  const isCreator = (caller: Caller, found: { createdBy: string } | undefined): boolean =>
    caller.role === "teacher" && found?.createdBy === caller.userId;

  const exam: AccessService["exam"] = async (caller, examId) => {
    if (caller.examId !== undefined && caller.examId !== examId) throw examForbidden(examId);
    if (caller.roomId !== undefined) {
      const bound = await room(caller, caller.roomId);
      if (bound.examId !== examId) throw examForbidden(examId);
      return [bound.id];
    }
    const found = await store.exam(examId);
    if (caller.role === "admin") {
      if (!found) throw examNotFound(examId);
      return "all";
    }
    const rooms = await store.roomsOf(examId, caller.userId, caller.role);
    if (rooms.length === 0 && !isCreator(caller, found)) throw examForbidden(examId);
    return rooms.map(({ id }) => id);
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
    return examId === undefined
      ? store.allRoomsOf(caller.userId, caller.role)
      : store.roomsOf(examId, caller.userId, caller.role);
  };

  return {
    room,
    roleIn: (roomId, userId) => store.roleIn(roomId, userId),
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
      const last = rooms.at(-1);
      if (!last) throw forbidden("You are in no room.");
      if (!rooms.some(({ status }) => status === "in_progress"))
        throw new InvigilError("ROOM_ENDED", `The room ${last.id} has ended.`);
    },
    async wholeExam(caller, examId) {
      if (caller.roomId !== undefined || (caller.examId ?? examId) !== examId) throw examForbidden(examId);
      const found = await store.exam(examId);
      if (caller.role === "admin" && !found) throw examNotFound(examId);
      if (caller.role !== "admin" && !isCreator(caller, found)) throw examForbidden(examId);
    },
    async roomsToRun(caller, examId) {
      const reach = await exam(caller, examId);
      if (reach === "all" || caller.roomId !== undefined) return reach;
      return isCreator(caller, await store.exam(examId)) ? "all" : reach;
    },
    unbound(caller) {
      if (caller.roomId !== undefined) throw forbidden(`The token works only in the room ${caller.roomId}.`);
      if (caller.examId !== undefined) throw forbidden(`The token works only in the exam ${caller.examId}.`);
    },
  };
};
