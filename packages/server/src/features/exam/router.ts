import {
  createExamInput,
  deletedExamSchema,
  deleteExamInput,
  examPageSchema,
  examPlanSchema,
  examRef,
  examSchema,
  listExamsInput,
  planExamInput,
  updateExamInput,
} from "@invigil/schema";
import { anyoneProcedure, router, staffProcedure, watcherProcedure } from "../../trpc.js";
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
    list: watcherProcedure
      .input(listExamsInput)
      .output(examPageSchema)
      .query(({ ctx, input }) => exam.list(ctx.caller, input)),
    update: staffProcedure
      .input(updateExamInput)
      .output(examSchema)
      .mutation(({ ctx, input }) => exam.update(ctx.caller, input)),
    delete: staffProcedure
      .input(deleteExamInput)
      .output(deletedExamSchema)
      .mutation(({ ctx, input }) => exam.delete(ctx.caller, input)),
    plan: staffProcedure
      .input(planExamInput)
      .output(examPlanSchema)
      .mutation(({ ctx, input }) => plan.plan(ctx.caller, input)),
  });
