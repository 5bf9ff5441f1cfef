import type { RateLimits } from "../../limits/rates.js";
import type { AccessService } from "./service.js";

const ONE = { calls: 1 };

/**
 * The same rules; what is let through counts for the room and the exam that it is about. After the rules, so that nobody
 * can use up what belongs to a room that is not open to them.
 */
export const countCalls = (access: AccessService, rates: RateLimits): AccessService => ({
  ...access,
  async room(caller, roomId) {
    const room = await access.room(caller, roomId);
    rates.take({ roomId, examId: room.examId }, ONE);
    return room;
  },
  async exam(caller, examId) {
    const reach = await access.exam(caller, examId);
    rates.take({ examId }, ONE);
    return reach;
  },
  async inProgress(caller, where) {
    await access.inProgress(caller, where);
    rates.take(where, ONE);
  },
  async wholeExam(caller, examId) {
    await access.wholeExam(caller, examId);
    rates.take({ examId }, ONE);
  },
  async roomsToRun(caller, examId) {
    const reach = await access.roomsToRun(caller, examId);
    rates.take({ examId }, ONE);
    return reach;
  },
});
