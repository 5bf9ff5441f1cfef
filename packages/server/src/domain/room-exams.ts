import { eq } from "drizzle-orm";
import { LRUCache } from "lru-cache";
import { atMost } from "../platform/lru.js";
import type { Reader } from "../storage/port.js";
import { insertion, param, query, statement } from "../storage/statement.js";
import { roomExams } from "../storage/tables.js";
import type { ExamTransaction } from "./exam-transaction.js";

export type RoomKey = { readonly examId: string; readonly roomId: string };

/** The number of rooms whose exams are remembered. */
const REMEMBERED = 50_000;

export const examOfRoom = statement(
  query
    .select({ examId: roomExams.examId })
    .from(roomExams)
    .where(eq(roomExams.roomId, param("roomId"))),
);
const insertRoomExam = insertion(roomExams);
const deleteRoomExam = statement(query.delete(roomExams).where(eq(roomExams.roomId, param("roomId"))));

export type RoomExams = ReturnType<typeof createRoomExams>;

/**
 * Tells the exam of a room, for calls that name only the room. Rows of a room are found by their exam and their room. A room keeps its
 * exam, so exams are remembered. This decides no rights: those are read from the rows of the exam.
 */
export const createRoomExams = () => {
  const remembered = new LRUCache<string, string>(atMost(REMEMBERED));
  /** Looks up the exam of a room that is not remembered, or in whose remembered exam there is no such room. */
  const lookUp = async (reader: Reader, roomId: string): Promise<string | undefined> => {
    const found = await reader.get(examOfRoom, { roomId });
    if (found) remembered.set(roomId, found.examId);
    else remembered.delete(roomId);
    return found?.examId;
  };
  return {
    lookUp,
    /** Returns the exam of a room if it is remembered. The room may have been deleted, and its id been used in another exam. */
    rememberedExamOf: (roomId: string): string | undefined => remembered.get(roomId),
    /** Returns the exam of a room. Undefined if there is no room. */
    examOf: async (reader: Reader, roomId: string): Promise<string | undefined> =>
      remembered.get(roomId) ?? lookUp(reader, roomId),
    /**
     * Reads a part of a room. `read` returns undefined if the exam has no such room. Then the exam is looked up again: the room may have been
     * deleted, and its id been used in another exam.
     */
    async find<Found>(
      reader: Reader,
      roomId: string,
      read: (examId: string) => Promise<Found | undefined>,
    ): Promise<Found | undefined> {
      const known = remembered.get(roomId);
      const found = known === undefined ? undefined : await read(known);
      if (found !== undefined) return found;
      const examId = await lookUp(reader, roomId);
      return examId === undefined || examId === known ? undefined : read(examId);
    },
  };
};

/** Notes the exam of a new room. @throws UniqueError if there is a room with this id, in any exam */
export const noteRoomExam = async (tx: ExamTransaction, room: RoomKey): Promise<void> => {
  await tx.insert(insertRoomExam, [room]);
};
/** Forgets the exam of a room, which is being deleted. */
export const forgetRoomExam = async (tx: ExamTransaction, roomId: string): Promise<void> => {
  await tx.run(deleteRoomExam, { roomId });
};
