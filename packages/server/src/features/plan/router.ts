import {
  examPlanSchema,
  examPlansSchema,
  examRef,
  planExamInput,
  undonePlanSchema,
  undoPlanInput,
} from "@invigil/schema";
import { teachers } from "../../trpc/procedures.js";
import type { PlanService } from "./service.js";

export const createPlanProcedures = ({ plan }: { plan: PlanService }) => ({
  exam: {
    plan: teachers("wholeExam")
      .meta({
        sentence: "Assigns rooms to the people of an exam who have none.",
        errors: [
          "EXAM_NOT_FOUND",
          "EXAM_CONFLICT",
          "PARTICIPANT_CONFLICT",
          "QUOTA_EXCEEDED",
          "PROVIDER_NOT_CONFIGURED",
          "PROVIDER_FAILED",
        ],
        charges: ["writeRows"],
        rows: 1000,
        bodyKib: 1024,
        longAnswer: true,
      })
      .input(planExamInput)
      .output(examPlanSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => plan.plan(caller, await open(input), input)),
    plans: teachers("wholeExam")
      .meta({ sentence: "Returns the plans of an exam.", errors: ["EXAM_NOT_FOUND"] })
      .input(examRef)
      .output(examPlansSchema)
      .query(async ({ ctx: { open }, input }) => plan.list(await open(input))),
    undoPlan: teachers("wholeExam")
      .meta({
        sentence:
          "Unseats the people whom a plan seated, and deletes the rooms that it created, as long as no person has entered them.",
        errors: ["EXAM_NOT_FOUND", "EXAM_CONFLICT"],
        charges: ["events", "writeRows"],
        rows: 1000,
      })
      .input(undoPlanInput)
      .output(undonePlanSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => plan.undo(caller, await open(input), input)),
  },
});
