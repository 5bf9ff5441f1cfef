import type { Caller } from "@invigil/schema";
import { forbidden } from "../../platform/errors.js";

/**
 * A deleted exam is open to administrators only.
 * @throws FORBIDDEN for all others, and for a token that is bound to a room or to another exam
 */
export const assertMayUseDeleted = ({ role, roomId, examId: boundTo }: Caller, examId: string): void => {
  if (role !== "admin" || roomId !== undefined || (boundTo ?? examId) !== examId)
    throw forbidden(`The exam ${examId} is not open to you.`);
};
