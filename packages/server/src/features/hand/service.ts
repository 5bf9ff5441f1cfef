import {
  type AnswerHandInput,
  type Hand,
  type HandPage,
  handStatuses,
  type ListHandsInput,
  MAX_HANDS,
  type RaiseHandInput,
} from "@invigil/schema";
import type { ActingCaller } from "../../domain/calls.js";
import { handFor } from "../../domain/hands.js";
import type { Opened } from "../../domain/opened.js";
import { quotaExceeded } from "../../limits/quotas.js";
import type { RateLimits } from "../../limits/rates.js";
import { forbidden, InvigilError, invalidInput, roomEnded, roomNotFound } from "../../platform/errors.js";
import type { HandStore, NoHand } from "./store.js";

export type HandService = ReturnType<typeof createHandService>;

export const createHandService = ({
  store,
  clock,
  rates,
}: {
  readonly store: HandStore;
  readonly clock: () => Date;
  readonly rates: Pick<RateLimits, "takeChange">;
}) => {
  const isHand = (outcome: Hand | NoHand): outcome is Hand => typeof outcome === "object" && "id" in outcome;

  /** @throws the error of an outcome without a hand */
  const handOf = (
    caller: ActingCaller,
    outcome: Hand | NoHand,
    { roomId, userId = "", handId = 0 }: { roomId: string; userId?: string; handId?: number },
  ): Hand => {
    if (isHand(outcome)) return handFor(caller, outcome);
    switch (outcome) {
      case "noRoom":
        throw roomNotFound(roomId);
      case "ended":
        throw roomEnded(roomId);
      case "notInRoom":
        throw new InvigilError("PARTICIPANT_NOT_FOUND", `${userId} is not in the room ${roomId}.`);
      case "noExaminee":
        throw invalidInput("userId", "must be an examinee: only examinees raise their hands");
      case "full":
        throw quotaExceeded({
          whose: `${userId} in the room ${roomId}`,
          what: "raised hands",
          held: MAX_HANDS,
          most: MAX_HANDS,
        });
      case "notFound":
        throw new InvigilError("HAND_NOT_FOUND", `The room ${roomId} has no raised hand ${handId}.`);
      default:
    }
    const { refused, hand } = outcome;
    const whose = `The hand ${hand.id} of ${hand.userId}`;
    const why = {
      taken: `${whose} was taken by ${hand.takenBy}.`,
      resolved: `${whose} is resolved already.`,
      notABreak: `${whose} asks for no break, so there is nothing to grant.`,
    };
    throw new InvigilError("HAND_CONFLICT", why[refused]);
  };

  return {
    /** Raises the hand of an examinee, who may raise only their own. A person of the staff raises one on behalf of a person, and takes it. */
    async raise(
      caller: ActingCaller,
      { id: roomId, examId, status }: Opened<"room">,
      { userId: named, kind, text }: RaiseHandInput,
    ): Promise<Hand> {
      const isExaminee = caller.role === "examinee";
      // It may have ended for them alone.
      if (isExaminee && status === "ended") throw roomEnded(roomId);
      const userId = named ?? (isExaminee ? caller.userId : undefined);
      if (userId === undefined) throw invalidInput("userId", "is required: whose hand is it?");
      if (isExaminee && userId !== caller.userId)
        throw forbidden(`An examinee may raise only their own hand, not that of ${userId}.`);
      rates.takeChange({ caller, roomId, examId });
      const by = isExaminee ? undefined : caller.userId;
      const outcome = await store.raise({ examId, roomId }, { userId, kind, text, by, now: clock() }, caller);
      return handOf(caller, outcome, { roomId, userId });
    },

    /** Answers a hand. Examinees may take back their own, and end their break with it. */
    async answer(
      caller: ActingCaller,
      { id: roomId, examId, status }: Opened<"room">,
      { handId, action, note }: AnswerHandInput,
    ): Promise<Hand> {
      const isExaminee = caller.role === "examinee";
      if (isExaminee && status === "ended") throw roomEnded(roomId);
      if (isExaminee && (action !== "resolve" || note !== undefined))
        throw forbidden("An examinee may only resolve their own hand, without a note.");
      rates.takeChange({ caller, roomId, examId });
      const [by, of] = isExaminee ? [undefined, caller.userId] : [caller.userId, undefined];
      const answer = { id: handId, of, action, by, note, now: clock() };
      return handOf(caller, await store.answer({ examId, roomId }, answer, caller), { roomId, handId });
    },

    list: (
      of: Opened<"room" | "exam">,
      { examId, userId, statuses, pageSize, cursor }: ListHandsInput,
    ): Promise<HandPage> => {
      if (!("rooms" in of) && examId !== undefined && examId !== of.examId)
        throw invalidInput("examId", `is not the exam of the room ${of.id}`);
      const scope =
        "rooms" in of ? { examId: of.exam.id, rooms: of.rooms } : { examId: of.examId, rooms: [of.id] };
      return store.list(scope, {
        userId,
        statuses: statuses ?? handStatuses,
        limit: pageSize,
        after: cursor,
      });
    },
  };
};
