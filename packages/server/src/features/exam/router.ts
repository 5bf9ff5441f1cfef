import {
  createExamInput,
  deletedExamSchema,
  deleteExamInput,
  doneSchema,
  eraseExamInput,
  examPageSchema,
  examPlanSchema,
  examRef,
  examSchema,
  examSnapshotSchema,
  listExamsInput,
  onExamEventInput,
  planExamInput,
  restorableExamPageSchema,
  restoredExamSchema,
  updateExamInput,
} from "@invigil/schema";
import { originOf } from "../../trpc/context.js";
import {
  adminProcedure,
  anyoneProcedure,
  overseerProcedure,
  staffProcedure,
  watcherProcedure,
} from "../../trpc/procedures.js";
import { router } from "../../trpc/root.js";
import { trackEvents } from "../../trpc/subscriptions.js";
import type { PlanService } from "../plan/service.js";
import type { LiveService } from "../subscriptions/service.js";
import type { ExamService } from "./service.js";

export const createExamRouter = ({
  exam,
  plan,
  live,
}: {
  exam: ExamService;
  plan: PlanService;
  live: LiveService;
}) =>
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
      .meta({ longAnswer: true })
      .input(listExamsInput)
      .output(examPageSchema)
      .query(({ ctx, input }) => exam.list(ctx.caller, input)),
    update: staffProcedure
      .input(updateExamInput)
      .output(examSchema)
      .mutation(({ ctx, input }) => exam.update(ctx.caller, input)),
    delete: staffProcedure
      .meta({ alsoWhenFull: true })
      .input(deleteExamInput)
      .output(deletedExamSchema)
      .mutation(({ ctx, input }) => exam.delete(ctx.caller, input, originOf(ctx))),
    listDeleted: adminProcedure
      .meta({ longAnswer: true })
      .input(listExamsInput)
      .output(restorableExamPageSchema)
      .query(({ ctx, input }) => exam.listDeleted(ctx.caller, input)),
    restore: adminProcedure
      .meta({ alsoWhenFull: true })
      .input(examRef)
      .output(restoredExamSchema)
      .mutation(({ ctx, input }) => exam.restore(ctx.caller, input.examId, originOf(ctx))),
    erase: adminProcedure
      .meta({ alsoWhenFull: true })
      .input(eraseExamInput)
      .output(doneSchema)
      .mutation(({ ctx, input }) => exam.erase(ctx.caller, input, originOf(ctx))),
    plan: staffProcedure
      .meta({ longAnswer: true })
      .input(planExamInput)
      .output(examPlanSchema)
      .mutation(({ ctx, input }) => plan.plan(ctx.caller, input)),
    snapshot: overseerProcedure
      .meta({ longAnswer: true })
      .input(examRef)
      .output(examSnapshotSchema)
      .query(({ ctx, input }) => live.examSnapshot(ctx.caller, input.examId)),
    onEvent: overseerProcedure
      .meta({ longAnswer: true })
      .input(onExamEventInput)
      .subscription(async ({ ctx, input, signal }) =>
        trackEvents(await live.subscribeToExam({ ...ctx, signal }, input), live.presenter.exam, ctx),
      ),
  });
