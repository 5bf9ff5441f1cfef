import type { RateLimits } from "../../limits/rates.js";
import type { AccessService } from "./service.js";

const ONE = { calls: 1 };

/**
 * Wraps the access service so that each permitted call counts towards the rate limits of its room and exam. The
 * limits count after the permission check: otherwise a stranger could use up the limit of a room.
 */
export const withRateLimits = (access: AccessService, rates: RateLimits): AccessService => ({
  ...access,
  async room(caller, roomId) {
    const room = await access.room(caller, roomId);
    rates.take({ roomId, examId: room.examId }, ONE);
    return room;
  },
  async exam(caller, examId) {
    const reached = await access.exam(caller, examId);
    rates.take({ examId }, ONE);
    return reached;
  },
  async allRooms(caller, examId) {
    await access.allRooms(caller, examId);
    rates.take({ examId }, ONE);
  },
  async inProgress(caller, where) {
    await access.inProgress(caller, where);
    rates.take(where, ONE);
  },
  async wholeExam(caller, examId) {
    const exam = await access.wholeExam(caller, examId);
    rates.take({ examId }, ONE);
    return exam;
  },
  async roomsToRun(caller, examId) {
    const reach = await access.roomsToRun(caller, examId);
    rates.take({ examId }, ONE);
    return reach;
  },
});
