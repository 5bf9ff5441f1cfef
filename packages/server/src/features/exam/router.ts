import {
  cardPageSchema,
  cardsInput,
  createExamInput,
  deletedExamSchema,
  deleteExamInput,
  doneSchema,
  duplicatedExamSchema,
  duplicateExamInput,
  endedExamSchema,
  eraseExamInput,
  examCheckSchema,
  examPageSchema,
  examPeopleInput,
  examPlanSchema,
  examRef,
  examSchema,
  examSeriesInput,
  examSeriesSchema,
  examSnapshotSchema,
  listDeletedExamsInput,
  listExamsInput,
  onExamEventInput,
  onPeopleEventInput,
  planExamInput,
  restorableExamPageSchema,
  restoredExamSchema,
  roomSeriesInput,
  roomSeriesPageSchema,
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
import type { CheckService } from "../check/service.js";
import type { CardService } from "../join/service.js";
import type { PlanService } from "../plan/service.js";
import type { RoomService } from "../room/service.js";
import type { RosterService } from "../roster/service.js";
import type { SeriesService } from "../series/service.js";
import type { SubscriptionService } from "../subscriptions/service.js";
import type { DuplicateService } from "./duplicates.js";
import type { ExamService } from "./service.js";

export const createExamRouter = ({
  exam,
  plan,
  series,
  room,
  cards,
  duplicates,
  checks,
  roster,
  subscriptions,
}: {
  exam: ExamService;
  plan: PlanService;
  series: SeriesService;
  room: RoomService;
  cards: CardService;
  duplicates: DuplicateService;
  checks: CheckService;
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
    duplicate: staffProcedure
      .meta({
        sentence: "Makes a new exam after another, on request with its rooms and people.",
        access: "Teachers: the exams that they created.",
        errors: [
          "EXAM_NOT_FOUND",
          "AUDIO_CLIP_NOT_FOUND",
          "PARTICIPANT_CONFLICT",
          "QUOTA_EXCEEDED",
          "PROVIDER_NOT_CONFIGURED",
          "PROVIDER_FAILED",
        ],
        charges: ["rooms", "readRows", "writeRows"],
        rows: 1000,
      })
      .input(duplicateExamInput)
      .output(duplicatedExamSchema)
      .mutation(({ ctx, input }) => duplicates.duplicate(ctx.caller, input)),
    end: staffProcedure
      .meta({
        sentence: "Ends the rooms of an exam.",
        access: "Teachers: the exams that they created.",
        errors: ["EXAM_NOT_FOUND"],
        charges: ["events", "writeRows"],
        rows: 1000,
        alsoWhenFull: true,
      })
      .input(examRef)
      .output(endedExamSchema)
      .mutation(({ ctx, input }) => room.endAll(ctx.caller, input.examId)),
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
      .input(listDeletedExamsInput)
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
    series: watcherProcedure
      .meta({
        sentence:
          "Returns how many were present, published and were detected in each minute of the last day.",
        access: "Teachers and inspectors: their rooms. Teachers: all rooms of the exams that they created.",
        errors: ["EXAM_NOT_FOUND", "ROOM_NOT_FOUND"],
        rows: 1000,
        longAnswer: true,
      })
      .input(examSeriesInput)
      .output(examSeriesSchema)
      .query(({ ctx, input }) => series.ofExam(ctx.caller, input)),
    roomSeries: watcherProcedure
      .meta({
        sentence: "Returns the same for each room of an exam, of the last hour.",
        access: "Teachers and inspectors: their rooms. Teachers: all rooms of the exams that they created.",
        errors: ["EXAM_NOT_FOUND"],
        rows: 1000,
        longAnswer: true,
      })
      .input(roomSeriesInput)
      .output(roomSeriesPageSchema)
      .query(({ ctx, input }) => series.ofRooms(ctx.caller, input)),
    check: staffProcedure
      .meta({
        sentence: "Says what is missing for an exam.",
        access: "Teachers: the exams that they created.",
        errors: ["EXAM_NOT_FOUND"],
        rows: 1000,
        longAnswer: true,
      })
      .input(examRef)
      .output(examCheckSchema)
      .query(({ ctx, input }) => checks.check(ctx.caller, input.examId)),
    // As `room.joinCodes`, which it may make.
    cards: staffProcedure
      .meta({
        sentence: "Makes cards with which people enter their rooms, to be printed or mailed.",
        audited: "access",
        access: "Teachers: their own rooms, and all rooms of an exam that they created.",
        errors: ["ROOM_NOT_FOUND", "EXAM_NOT_FOUND", "ROOM_ENDED", "EXAM_OVER", "PROVIDER_NOT_CONFIGURED"],
        charges: ["writeRows"],
        rows: 500,
        alsoWhenFull: true,
        longAnswer: true,
      })
      .input(cardsInput)
      .output(cardPageSchema)
      .mutation(({ ctx, input }) => cards.page(ctx.caller, input)),
    people: watcherProcedure
      .meta({
        sentence: "Returns the people of an exam, with and without a room, as they are now.",
        access:
          "Teachers and inspectors: the people of their rooms. Teachers: everybody in the exams that they created.",
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
        access:
          "Teachers and inspectors: the people of their rooms. Teachers: everybody in the exams that they created.",
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
