import type { Caller, Role } from "@invigil/schema";
import { examNotFound, forbidden, InvigilError, roomNotFound } from "../../platform/errors.js";
import type { AccessStore, RoomOfPerson, StoredRoom } from "./store.js";

export type { StoredRoom };

/** The rooms of an exam that a caller may read: every one, or these. */
export type Reach = "all" | readonly string[];

/**
 * Who may reach what: the whole rule. The procedure kinds have checked the caller's role before.
 *
 * - A person reaches a room by being in it, in the role that its token says; storage decides, not the client.
 * - An administrator reaches every room.
 * - A token that is bound to a room or an exam reaches nothing else, whoever holds it.
 * - An exam is reached by being in one of its rooms; a teacher also reaches the exam that it made.
 * - A room that has ended leaves its examinees what they have to read, to report late and to upload; for the rest
 *   (cheat configs, message tokens) they need a room in progress. It leaves everybody else what it was.
 * - What one of an exam's teachers sets for all of its rooms (the cheat config) is not for a token of one room.
 * - An exam as a whole is its maker's and the administrators', in a token that is not bound to one of its rooms.
 * - A refusal is 403 whether or not the thing exists: only administrators are told that it does not.
 */
export interface AccessService {
  /** @throws FORBIDDEN, ROOM_NOT_FOUND (administrators) */
  room(caller: Caller, roomId: string): Promise<StoredRoom>;
  /** What somebody is in a room; undefined where it is in none of that id. Asks nobody's permission: for other services. */
  roleIn(roomId: string, userId: string): Promise<Role | undefined>;
  /** @throws FORBIDDEN, EXAM_NOT_FOUND (administrators) */
  exam(caller: Caller, examId: string): Promise<Reach>;
  /**
   * For what a teacher of an exam's rooms sets for all of them.
   * @throws FORBIDDEN, also for a token that is bound to one of the rooms; EXAM_NOT_FOUND (administrators)
   */
  allRooms(caller: Caller, examId: string): Promise<void>;
  /**
   * For what an ended room no longer gives its examinees: in the room, or the exam, that was asked for, or wherever
   * the caller is. To everybody else it is open as `room` and `exam` say, and without either.
   * @throws FORBIDDEN, ROOM_ENDED (examinees), ROOM_NOT_FOUND, EXAM_NOT_FOUND (administrators)
   */
  inProgress(
    caller: Caller,
    where: { roomId?: string | undefined; examId?: string | undefined },
  ): Promise<void>;
  /**
   * For what concerns an exam as a whole: its people, its plan, its end.
   * @throws FORBIDDEN for all but administrators and the exam's maker, EXAM_NOT_FOUND (administrators)
   */
  wholeExam(caller: Caller, examId: string): Promise<void>;
  /**
   * The rooms of an exam that a caller may run: to its maker, too, every one.
   * @throws FORBIDDEN, EXAM_NOT_FOUND (administrators)
   */
  roomsToRun(caller: Caller, examId: string): Promise<Reach>;
  /**
   * For what belongs to no room: new exams and the audio library.
   * @throws FORBIDDEN for a token that is bound to a room or an exam
   */
  unbound(caller: Caller): void;
}

export const createAccessService = ({ store }: { store: AccessStore }): AccessService => {
  const noRoom = (roomId: string) => forbidden(`The room ${roomId} is not open to you.`);
  const noExam = (examId: string) => forbidden(`The exam ${examId} is not open to you.`);

  const room: AccessService["room"] = async (caller, roomId) => {
    if (caller.roomId !== undefined && caller.roomId !== roomId) throw noRoom(roomId);
    const found = await store.room(roomId, caller.userId);
    if (caller.role === "admin") {
      if (!found) throw roomNotFound(roomId);
    } else if (found?.role !== caller.role) throw noRoom(roomId);
    if (caller.examId !== undefined && caller.examId !== found.room.examId) throw noRoom(roomId);
    return found.room;
  };

  const maker = (caller: Caller, found: { createdBy: string } | undefined): boolean =>
    caller.role === "teacher" && found?.createdBy === caller.userId;

  const exam: AccessService["exam"] = async (caller, examId) => {
    if (caller.examId !== undefined && caller.examId !== examId) throw noExam(examId);
    if (caller.roomId !== undefined) {
      const bound = await room(caller, caller.roomId);
      if (bound.examId !== examId) throw noExam(examId);
      return [bound.id];
    }
    const found = await store.exam(examId);
    if (caller.role === "admin") {
      if (!found) throw examNotFound(examId);
      return "all";
    }
    const rooms = await store.roomsOf(examId, caller.userId, caller.role);
    if (rooms.length === 0 && !maker(caller, found)) throw noExam(examId);
    return rooms.map(({ id }) => id);
  };

  /** The rooms through which an examinee comes to what it asks for. */
  const roomsOf = async (
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
      const rooms = await roomsOf(caller, where);
      const last = rooms.at(-1);
      if (!last) throw forbidden("You are in no room.");
      if (!rooms.some(({ status }) => status === "in_progress"))
        throw new InvigilError("ROOM_ENDED", `The room ${last.id} has ended.`);
    },
    async wholeExam(caller, examId) {
      if (caller.roomId !== undefined || (caller.examId ?? examId) !== examId) throw noExam(examId);
      const found = await store.exam(examId);
      if (caller.role === "admin" && !found) throw examNotFound(examId);
      if (caller.role !== "admin" && !maker(caller, found)) throw noExam(examId);
    },
    async roomsToRun(caller, examId) {
      const reach = await exam(caller, examId);
      if (reach === "all" || caller.roomId !== undefined) return reach;
      return maker(caller, await store.exam(examId)) ? "all" : reach;
    },
    unbound(caller) {
      if (caller.roomId !== undefined) throw forbidden(`The token works only in the room ${caller.roomId}.`);
      if (caller.examId !== undefined) throw forbidden(`The token works only in the exam ${caller.examId}.`);
    },
  };
};
