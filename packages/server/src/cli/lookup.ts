import type { ExamSummary, Room } from "@invigil/schema";
import { SetupError } from "../setup-error.js";
import type { Office } from "./office.js";
import { count } from "./output.js";

// What people call things by, found.

/** An exam by its id. @throws EXAM_NOT_FOUND */
export const examNamed = (call: Office["call"], exam: string): Promise<ExamSummary> =>
  call.exam.get({ examId: exam });

/** All rooms, newest first: of one exam, or of all. */
export const allRooms = async (call: Office["call"], examId?: string): Promise<Room[]> => {
  const rooms: Room[] = [];
  let cursor: string | undefined;
  do {
    const page = await call.room.list({ examId, cursor, pageSize: 100 });
    rooms.push(...page.rooms);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return rooms;
};

/**
 * A room by its id; of an exam also by its name, where it alone has it.
 * @throws ROOM_NOT_FOUND, SetupError
 */
export const roomNamed = async (call: Office["call"], room: string, exam?: ExamSummary): Promise<Room> => {
  if (exam === undefined) return call.room.get({ roomId: room });
  const rooms = await allRooms(call, exam.id);
  const byId = rooms.filter(({ id }) => id === room);
  const found = byId.length > 0 ? byId : rooms.filter(({ name }) => name === room);
  if (found[0] && found.length === 1) return found[0];
  throw new SetupError(
    found.length === 0
      ? `The exam ${exam.name} has no room '${room}'`
      : `The exam ${exam.name} has ${count(found.length, "room")} '${room}': name it by its id`,
  );
};
