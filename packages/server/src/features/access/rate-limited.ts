import type { Caller } from "@invigil/schema";
import type { AuditQuota } from "../../domain/audit.js";
import type { RateLimits } from "../../limits/rates.js";
import type { AccessService, UncountedAccess } from "./service.js";

const ONE = { calls: 1 };

/**
 * Wraps the access service so that each permitted call counts towards the rate limits of its room and exam. The
 * limits count after the permission check: otherwise a stranger could use up the limit of a room.
 * @param noteUse called at each permitted call, with the exam if it is known
 * @param assertExam checks the exam's quota of the audit, for the same reason after the permission
 */
export const withRateLimits = (
  access: AccessService,
  rates: RateLimits,
  noteUse: (caller: Caller, examId: string | undefined) => void,
  assertExam: AuditQuota["assertExam"],
): AccessService => {
  const ofExam =
    <Result>(check: (caller: Caller, examId: string) => Promise<Result>) =>
    async (caller: Caller, examId: string): Promise<Result> => {
      const result = await check(caller, examId);
      noteUse(caller, examId);
      rates.take({ examId }, ONE);
      await assertExam(caller, examId);
      return result;
    };
  // Of this type, so that a method that is neither uncounted nor below does not compile.
  const uncounted: UncountedAccess = access;
  return {
    ...uncounted,
    async room(caller, roomId) {
      const room = await access.room(caller, roomId);
      noteUse(caller, room.examId);
      rates.take({ roomId, examId: room.examId }, ONE);
      await assertExam(caller, room.examId);
      return room;
    },
    async inProgress(caller, where) {
      await access.inProgress(caller, where);
      noteUse(caller, where.examId);
      rates.take(where, ONE);
      if (where.examId !== undefined) await assertExam(caller, where.examId);
    },
    exam: ofExam(access.exam),
    allRooms: ofExam(access.allRooms),
    wholeExam: ofExam(access.wholeExam),
    roomsToRun: ofExam(access.roomsToRun),
  };
};
