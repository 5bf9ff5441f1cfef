import type { Caller } from "@invigil/schema";
import type { AccessService } from "./service.js";

/** Called after each permitted call about an exam, or about one of its rooms. */
export type Tell = (caller: Caller, examId: string) => void;

/** Wraps the access service so that it tells who looks at which exam. */
export const withTelling = (access: AccessService, tell: Tell): AccessService => {
  const ofExam =
    <Result>(check: (caller: Caller, examId: string) => Promise<Result>) =>
    async (caller: Caller, examId: string): Promise<Result> => {
      const result = await check(caller, examId);
      tell(caller, examId);
      return result;
    };
  return {
    ...access,
    async room(caller, roomId) {
      const room = await access.room(caller, roomId);
      tell(caller, room.examId);
      return room;
    },
    exam: ofExam(access.exam),
    wholeExam: ofExam(access.wholeExam),
  };
};
