import {
  createExamInput,
  deletedExamSchema,
  deleteExamInput,
  doneSchema,
  eraseExamInput,
  examPageSchema,
  examPeopleInput,
  examPlanSchema,
  examRef,
  examSchema,
  examSnapshotSchema,
  listExamsInput,
  onExamEventInput,
  onPeopleEventInput,
  planExamInput,
  restorableExamPageSchema,
  restoredExamSchema,
  rosterPageSchema,
  updateExamInput,
} from "@invigil/schema";
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
import type { RosterService } from "../roster/service.js";
import type { SubscriptionService } from "../subscriptions/service.js";
import type { ExamService } from "./service.js";

export const createExamRouter = ({
  exam,
  plan,
  roster,
  subscriptions,
}: {
  exam: ExamService;
  plan: PlanService;
  roster: RosterService;
  subscriptions: SubscriptionService;
}) =>
  router({
    create: staffProcedure
      .meta({
        sentence: "Creates an exam.",
        errors: ["AUDIO_CLIP_NOT_FOUND", "QUOTA_EXCEEDED"],
        charges: ["rooms", "writeRows"],
        bodyKib: 1024,
      })
      .input(createExamInput)
      .output(examSchema)
      .mutation(({ ctx, input }) => exam.create(ctx.caller, input)),
    get: anyoneProcedure
      .meta({ sentence: "Returns an exam and the audio that it plays.", errors: ["EXAM_NOT_FOUND"] })
      .input(examRef)
      .output(examSchema)
      .query(({ ctx, input }) => exam.get(ctx.caller, input.examId)),
    list: watcherProcedure
      .meta({
        sentence: "Returns the exams that the caller may see.",
        access: "Teachers and inspectors: the exams that they may use.",
        longAnswer: true,
      })
      .input(listExamsInput)
      .output(examPageSchema)
      .query(({ ctx, input }) => exam.list(ctx.caller, input)),
    update: staffProcedure
      .meta({
        sentence: "Changes an exam.",
        access: "Teachers: the exams that they created.",
        errors: ["EXAM_NOT_FOUND", "AUDIO_CLIP_NOT_FOUND"],
        charges: ["writeRows"],
        bodyKib: 1024,
      })
      .input(updateExamInput)
      .output(examSchema)
      .mutation(({ ctx, input }) => exam.update(ctx.caller, input)),
    delete: staffProcedure
      .meta({
        sentence: "Deletes an exam.",
        access: "Teachers: the exams that they created.",
        errors: ["EXAM_NOT_FOUND", "EXAM_CONFLICT"],
        charges: ["writeRows"],
        rows: 1000,
        alsoWhenFull: true,
      })
      .input(deleteExamInput)
      .output(deletedExamSchema)
      .mutation(({ ctx, input }) => exam.delete(ctx.caller, input)),
    listDeleted: adminProcedure
      .meta({ sentence: "Returns the deleted exams that can be restored.", longAnswer: true })
      .input(listExamsInput)
      .output(restorableExamPageSchema)
      .query(({ ctx, input }) => exam.listDeleted(ctx.caller, input)),
    restore: adminProcedure
      .meta({
        sentence: "Restores a deleted exam.",
        errors: ["EXAM_NOT_FOUND"],
        uncounted: true,
        alsoWhenFull: true,
      })
      .input(examRef)
      .output(restoredExamSchema)
      .mutation(({ ctx, input }) => exam.restore(ctx.caller, input.examId)),
    erase: adminProcedure
      .meta({
        sentence: "Erases a deleted exam at once.",
        errors: ["EXAM_NOT_FOUND"],
        uncounted: true,
        alsoWhenFull: true,
      })
      .input(eraseExamInput)
      .output(doneSchema)
      .mutation(({ ctx, input }) => exam.erase(ctx.caller, input)),
    plan: staffProcedure
      .meta({
        sentence: "Assigns rooms to the people of an exam who have none.",
        access: "Teachers: the exams that they created.",
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
      .mutation(({ ctx, input }) => plan.plan(ctx.caller, input)),
    people: watcherProcedure
      .meta({
        sentence: "Returns the people of an exam, with and without a room, as they are now.",
        access: "Teachers: the exams that they created. Inspectors: the people of their rooms in the exam.",
        audited: "access",
        errors: ["EXAM_NOT_FOUND"],
        longAnswer: true,
      })
      .input(examPeopleInput)
      .output(rosterPageSchema)
      .query(({ ctx, input }) => roster.people(ctx.caller, input)),
    snapshot: overseerProcedure
      .meta({
        sentence: "Returns the rooms of an exam, to subscribe from.",
        errors: ["EXAM_NOT_FOUND"],
        rows: 100,
        longAnswer: true,
      })
      .input(examRef)
      .output(examSnapshotSchema)
      .query(({ ctx, input }) => subscriptions.examSnapshot(ctx.caller, input.examId)),
    onEvent: overseerProcedure
      .meta({
        sentence: "Delivers the events of all rooms of an exam as they happen.",
        audited: "access",
        errors: ["EXAM_NOT_FOUND"],
        longAnswer: true,
      })
      .input(onExamEventInput)
      .subscription(async ({ ctx, input, signal }) =>
        trackEvents(
          await subscriptions.subscribeToExam({ ...ctx, signal }, input),
          subscriptions.presenter.exam,
          ctx,
        ),
      ),
    onPeople: watcherProcedure
      .meta({
        sentence: "Delivers what changes about the people of an exam and its rooms, as it happens.",
        access: "Teachers: the exams that they created. Inspectors: the people of their rooms in the exam.",
        audited: "access",
        errors: ["EXAM_NOT_FOUND"],
        longAnswer: true,
      })
      .input(onPeopleEventInput)
      .subscription(async ({ ctx, input, signal }) =>
        trackEvents(
          await subscriptions.subscribeToPeople({ ...ctx, signal }, input),
          subscriptions.presenter.people,
          ctx,
        ),
      ),
  });
