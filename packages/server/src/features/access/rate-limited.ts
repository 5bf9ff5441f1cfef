import type { Caller } from "@invigil/schema";
import type { RateLimits } from "../../limits/rates.js";
import type { AccessService, UncountedAccess } from "./service.js";

const ONE = { calls: 1 };

/**
 * Wraps the access service so that each permitted call counts towards the rate limits of its room and exam. The
 * limits count after the permission check: otherwise a stranger could use up the limit of a room.
 */
export const withRateLimits = (access: AccessService, rates: RateLimits): AccessService => {
  const ofExam =
    <Result>(check: (caller: Caller, examId: string) => Promise<Result>) =>
    async (caller: Caller, examId: string): Promise<Result> => {
      const result = await check(caller, examId);
      rates.take({ examId }, ONE);
      return result;
    };
  // Of this type, so that a method that is neither uncounted nor below does not compile.
  const uncounted: UncountedAccess = access;
  return {
    ...uncounted,
    async room(caller, roomId) {
      const room = await access.room(caller, roomId);
      rates.take({ roomId, examId: room.examId }, ONE);
      return room;
    },
    async inProgress(caller, where) {
      await access.inProgress(caller, where);
      rates.take(where, ONE);
    },
    exam: ofExam(access.exam),
    allRooms: ofExam(access.allRooms),
    wholeExam: ofExam(access.wholeExam),
    roomsToRun: ofExam(access.roomsToRun),
    roomsToWatch: ofExam(access.roomsToWatch),
  };
};
