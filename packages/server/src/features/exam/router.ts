import {
  createExamInput,
  examPlanSchema,
  examRef,
  examSchema,
  planExamInput,
  updateExamInput,
} from "@invigil/schema";
import { anyoneProcedure, router, staffProcedure } from "../../trpc.js";
import type { PlanService } from "../plan/service.js";
import type { ExamService } from "./service.js";

export const createExamRouter = ({ exam, plan }: { exam: ExamService; plan: PlanService }) =>
  router({
    create: staffProcedure
      .input(createExamInput)
      .output(examSchema)
      .mutation(({ ctx, input }) => exam.create(ctx.caller, input)),
    get: anyoneProcedure
      .input(examRef)
      .output(examSchema)
      .query(({ ctx, input }) => exam.get(ctx.caller, input.examId)),
    update: staffProcedure
      .input(updateExamInput)
      .output(examSchema)
      .mutation(({ ctx, input }) => exam.update(ctx.caller, input)),
    plan: staffProcedure
      .input(planExamInput)
      .output(examPlanSchema)
      .mutation(({ ctx, input }) => plan.plan(ctx.caller, input)),
  });
