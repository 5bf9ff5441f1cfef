import {
  type AnswerHandInput,
  type Caller,
  type Hand,
  type HandRefusal,
  MAX_HANDS,
  type RaiseHandInput,
  type RoomStatus,
} from "@invigil/schema";
import { assertInRoom, type RoomWithRole } from "../../domain/examinee.js";
import type { SeatKey } from "../../domain/seats.js";
import { quotaExceeded } from "../../limits/quotas.js";
import { forbidden, InvigilError, invalidInput, roomEnded } from "../../platform/errors.js";

type Actor = Pick<Caller, "userId" | "role">;

/**
 * Returns whose hand is raised, and which of the staff takes it at once. Examinees raise their own. Staff raise one on behalf of an examinee.
 * @throws FORBIDDEN, INVALID_INPUT, ROOM_ENDED
 */
export const raisedBy = (
  caller: Actor,
  { id: roomId, status }: { readonly id: string; readonly status: RoomStatus },
  { userId }: Pick<RaiseHandInput, "userId">,
): { readonly userId: string; readonly takenBy: string | undefined } => {
  if (caller.role !== "examinee") {
    if (userId === undefined) throw invalidInput("userId", "is required: whose hand is it?");
    return { userId, takenBy: caller.userId };
  }
  // It may have ended for them alone.
  if (status === "ended") throw roomEnded(roomId);
  if (userId !== undefined && userId !== caller.userId)
    throw forbidden(`An examinee may raise only their own hand, not that of ${userId}.`);
  return { userId: caller.userId, takenBy: undefined };
};

/**
 * Returns who of the staff answers, or whose own hand it must be. Examinees may take back their own, and end their break with it.
 * @throws FORBIDDEN, ROOM_ENDED
 */
export const answeredBy = (
  caller: Actor,
  { id: roomId, status }: { readonly id: string; readonly status: RoomStatus },
  { action, note }: Pick<AnswerHandInput, "action" | "note">,
): { readonly by: string | undefined; readonly of: string | undefined } => {
  if (caller.role !== "examinee") return { by: caller.userId, of: undefined };
  if (status === "ended") throw roomEnded(roomId);
  if (action !== "resolve" || note !== undefined)
    throw forbidden("An examinee may only resolve their own hand, without a note.");
  return { by: undefined, of: caller.userId };
};

/** @throws ROOM_NOT_FOUND, ROOM_ENDED, PARTICIPANT_NOT_FOUND, INVALID_INPUT unless the person sits the exam in the room */
export const assertMayHaveHand = (seat: SeatKey, room: RoomWithRole): void => {
  if (room?.status === "ended") throw roomEnded(seat.roomId);
  assertInRoom(seat, room);
  if (room?.role !== "examinee")
    throw invalidInput("userId", "must be an examinee: only examinees raise their hands");
};

/** @throws QUOTA_EXCEEDED */
export const assertMayRaise = ({ roomId, userId }: SeatKey, held: number): void => {
  if (held >= MAX_HANDS)
    throw quotaExceeded({
      whose: `${userId} in the room ${roomId}`,
      what: "raised hands",
      held: MAX_HANDS,
      most: MAX_HANDS,
    });
};

/** The error of an answer that does not fit the hand. */
export const handConflict = ({ id, userId, takenBy }: Hand, refused: HandRefusal): InvigilError => {
  const whose = `The hand ${id} of ${userId}`;
  const why = {
    taken: `${whose} was taken by ${takenBy}.`,
    resolved: `${whose} is resolved already.`,
    notABreak: `${whose} asks for no break, so there is nothing to grant.`,
  };
  return new InvigilError("HAND_CONFLICT", why[refused]);
};
