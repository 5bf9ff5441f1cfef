import { answerHandInput, handPageSchema, handSchema, listHandsInput, raiseHandInput } from "@invigil/schema";
import { allButInspectors, staff } from "../../trpc/procedures.js";
import type { HandService } from "./service.js";

export const createHandProcedures = ({ hand }: { hand: HandService }) => ({
  hand: {
    raise: allButInspectors("room")
      .meta({
        sentence: "Raises the hand of an examinee. If they have an open hand, returns that.",
        audited: "none",
        access: "Teachers: in their own rooms, on behalf of a person. Examinees: their own hand.",
        errors: ["ROOM_NOT_FOUND", "ROOM_ENDED", "PARTICIPANT_NOT_FOUND", "HAND_CONFLICT", "QUOTA_EXCEEDED"],
        charges: ["events"],
      })
      .input(raiseHandInput)
      .output(handSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => hand.raise(caller, await open(input), input)),
    // A break that has begun must end, also when the disk is full.
    answer: allButInspectors("room")
      .meta({
        sentence: "Takes, grants or resolves a raised hand.",
        audited: "none",
        access: "Teachers: in their own rooms. Examinees: they may resolve their own hand.",
        errors: ["ROOM_NOT_FOUND", "ROOM_ENDED", "HAND_NOT_FOUND", "HAND_CONFLICT"],
        charges: ["events"],
        allowedWhenDiskFull: true,
      })
      .input(answerHandInput)
      .output(handSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => hand.answer(caller, await open(input), input)),
    list: staff("room", "exam")
      .meta({
        sentence: "Returns the raised hands of a room or an exam, the oldest first.",
        access:
          "Teachers and inspectors: in their own rooms. Of a whole exam, they get the hands of their rooms.",
        errors: ["ROOM_NOT_FOUND", "EXAM_NOT_FOUND"],
        longAnswer: true,
      })
      .input(listHandsInput)
      .output(handPageSchema)
      .query(async ({ ctx: { open }, input }) => hand.list(await open(input), input)),
  },
});
