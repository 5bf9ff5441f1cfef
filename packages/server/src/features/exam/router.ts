import {
  cardPageSchema,
  cardsInput,
  consentSchema,
  createExamInput,
  deletedExamSchema,
  deleteExamInput,
  doneSchema,
  duplicatedExamSchema,
  duplicateExamInput,
  endedExamSchema,
  eraseExamInput,
  examCheckSchema,
  examEntriesInput,
  examEntryPageSchema,
  examEntrySchema,
  examNoteInput,
  examPageSchema,
  examPeopleInput,
  examPlanSchema,
  examPlansSchema,
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
  setConsentInput,
  undonePlanSchema,
  undoPlanInput,
  updateExamInput,
} from "@invigil/schema";
import { admins, anyone, inspectors, staff, teachers } from "../../trpc/procedures.js";
import { router } from "../../trpc/root.js";
import { trackEvents } from "../../trpc/subscriptions.js";
import type { AttemptService } from "../attempt/service.js";
import type { SittingService } from "../attempt/sitting.js";
import type { CheckService } from "../check/service.js";
import type { EntryService } from "../entry/service.js";
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
  attempt,
  entry,
  sitting,
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
  attempt: AttemptService;
  entry: EntryService;
  sitting: SittingService;
  subscriptions: SubscriptionService;
}) =>
  router({
    create: teachers("unbound")
      .meta({
        sentence: "Creates an exam.",
        errors: ["AUDIO_CLIP_NOT_FOUND", "QUOTA_EXCEEDED"],
        charges: ["rooms", "writeRows"],
        bodyKib: 1024,
      })
      .input(createExamInput)
      .output(examSchema)
      .mutation(async ({ ctx: { open }, input }) => exam.create(await open(), input)),
    get: anyone("exam")
      .meta({ sentence: "Returns an exam and the audio that it plays.", errors: ["EXAM_NOT_FOUND"] })
      .input(examRef)
      .output(examSchema)
      .query(async ({ ctx: { caller, open }, input }) => exam.get(caller, await open(input))),
    consent: anyone("exam")
      .meta({
        sentence: "Returns what the people of an exam agree to before it.",
        errors: ["EXAM_NOT_FOUND"],
      })
      .input(examRef)
      .output(consentSchema)
      .query(async ({ ctx: { open }, input }) => sitting.consent(await open(input))),
    setConsent: teachers("wholeExam")
      .meta({
        sentence:
          "Writes a new version of the text that the people of an exam agree to. The same text writes nothing.",
        errors: ["EXAM_NOT_FOUND"],
        charges: ["events"],
        bodyKib: 256,
      })
      .input(setConsentInput)
      .output(consentSchema)
      .mutation(async ({ ctx: { caller, open }, input }) =>
        sitting.setConsent(caller, await open(input), input),
      ),
    list: staff("ownExams")
      .meta({
        sentence: "Returns the exams that the caller may see.",
        access: "Teachers and inspectors: the exams that they may use.",
        longAnswer: true,
      })
      .input(listExamsInput)
      .output(examPageSchema)
      .query(async ({ ctx: { caller, open }, input }) => exam.list(caller, await open(), input)),
    update: teachers("wholeExam")
      .meta({
        sentence: "Changes an exam.",
        errors: ["EXAM_NOT_FOUND", "AUDIO_CLIP_NOT_FOUND"],
        charges: ["events", "writeRows"],
        bodyKib: 1024,
      })
      .input(updateExamInput)
      .output(examSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => exam.update(caller, await open(input), input)),
    duplicate: teachers("wholeExam")
      .meta({
        sentence: "Copies an exam, optionally with its rooms and people.",
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
      .mutation(async ({ ctx: { caller, open }, input }) =>
        duplicates.duplicate(caller, await open(input), input),
      ),
    end: teachers("wholeExam")
      .meta({
        sentence: "Ends the rooms of an exam.",
        errors: ["EXAM_NOT_FOUND"],
        charges: ["events", "writeRows"],
        rows: 1000,
        allowedWhenDiskFull: true,
      })
      .input(examRef)
      .output(endedExamSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => room.endAll(caller, await open(input))),
    delete: teachers("wholeExam")
      .meta({
        sentence: "Deletes an exam.",
        errors: ["EXAM_NOT_FOUND", "EXAM_CONFLICT"],
        charges: ["writeRows"],
        rows: 1000,
        allowedWhenDiskFull: true,
      })
      .input(deleteExamInput)
      .output(deletedExamSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => exam.delete(caller, await open(input), input)),
    listDeleted: admins("unbound")
      .meta({ sentence: "Returns the deleted exams that can be restored.", longAnswer: true })
      .input(listDeletedExamsInput)
      .output(restorableExamPageSchema)
      .query(async ({ ctx: { open }, input }) => exam.listDeleted(await open(), input)),
    restore: admins("deletedExam")
      .meta({
        sentence: "Restores a deleted exam.",
        errors: ["EXAM_NOT_FOUND"],
        allowedWhenDiskFull: true,
      })
      .input(examRef)
      .output(restoredExamSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => exam.restore(caller, await open(input))),
    erase: admins("deletedExam")
      .meta({
        sentence: "Erases a deleted exam at once.",
        errors: ["EXAM_NOT_FOUND"],
        allowedWhenDiskFull: true,
      })
      .input(eraseExamInput)
      .output(doneSchema)
      .mutation(async ({ ctx: { caller, open }, input }) =>
        exam.erase(caller, await open(input), input.confirm),
      ),
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
    series: staff("roomsToRun")
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
      .query(async ({ ctx: { caller, open }, input }) => series.ofExam(caller, await open(input), input)),
    roomSeries: staff("roomsToRun")
      .meta({
        sentence:
          "Returns how many were present, published and were detected in each room of an exam, for each minute of the last hour.",
        access: "Teachers and inspectors: their rooms. Teachers: all rooms of the exams that they created.",
        errors: ["EXAM_NOT_FOUND"],
        rows: 1000,
        longAnswer: true,
      })
      .input(roomSeriesInput)
      .output(roomSeriesPageSchema)
      .query(async ({ ctx: { caller, open }, input }) => series.ofRooms(caller, await open(input), input)),
    check: teachers("wholeExam")
      .meta({
        sentence: "Returns what is missing for an exam.",
        errors: ["EXAM_NOT_FOUND"],
        rows: 1000,
        longAnswer: true,
      })
      .input(examRef)
      .output(examCheckSchema)
      .query(async ({ ctx: { caller, open }, input }) => checks.check(caller, await open(input))),
    // Allowed when the disk is full, like `room.joinCodes`, because it may create codes.
    cards: teachers("roomToRun", "roomsToRun")
      .meta({
        sentence: "Creates cards with which people join their rooms, to be printed or mailed.",
        audited: "access",
        access: "Teachers: their own rooms, and all rooms of an exam that they created.",
        errors: ["ROOM_NOT_FOUND", "EXAM_NOT_FOUND", "ROOM_ENDED", "EXAM_OVER", "PROVIDER_NOT_CONFIGURED"],
        charges: ["writeRows"],
        rows: 500,
        allowedWhenDiskFull: true,
        longAnswer: true,
      })
      .input(cardsInput)
      .output(cardPageSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => cards.page(caller, await open(input), input)),
    people: staff("roomsToRun")
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
      .query(async ({ ctx: { caller, open }, input }) => roster.people(caller, await open(input), input)),
    entries: anyone("roomsToRun")
      .meta({
        sentence: "Returns what was decided about the people of an exam, and what staff noted.",
        access:
          "Teachers and inspectors: entries of their rooms. Teachers: all of the exams that they created. Examinees: decisions about themselves.",
        audited: "access",
        errors: ["EXAM_NOT_FOUND"],
        longAnswer: true,
      })
      .input(examEntriesInput)
      .output(examEntryPageSchema)
      .query(async ({ ctx: { caller, open }, input }) => attempt.entries(caller, await open(input), input)),
    note: staff("roomsToRun")
      .meta({
        sentence:
          "Keeps what staff noted about a person, a room or the exam, for the next invigilator and for a review. Examinees never see it.",
        access:
          "Teachers and inspectors: about their rooms and the people in them. Teachers: about all of the exams that they created.",
        errors: ["EXAM_NOT_FOUND", "ROOM_NOT_FOUND", "PARTICIPANT_NOT_FOUND", "QUOTA_EXCEEDED"],
        charges: ["events"],
      })
      .input(examNoteInput)
      .output(examEntrySchema)
      .mutation(async ({ ctx: { caller, open }, input }) => entry.note(caller, await open(input), input)),
    snapshot: inspectors("exam")
      .meta({
        sentence: "Returns the rooms of an exam, and the position from which to subscribe.",
        errors: ["EXAM_NOT_FOUND"],
        rows: 100,
        longAnswer: true,
      })
      .input(examRef)
      .output(examSnapshotSchema)
      .query(async ({ ctx: { open }, input }) => subscriptions.examSnapshot(await open(input))),
    onEvent: inspectors("exam")
      .meta({
        sentence: "Delivers the events of all rooms of an exam as they happen.",
        audited: "access",
        errors: ["EXAM_NOT_FOUND"],
        longAnswer: true,
      })
      .input(onExamEventInput)
      .subscription(async ({ ctx, input, signal }) =>
        trackEvents(
          await subscriptions.subscribeToExam({ ...ctx, signal }, await ctx.open(input), input.lastEventId),
          subscriptions.presenter.exam,
          ctx,
        ),
      ),
    onPeople: staff("roomsToRun")
      .meta({
        sentence: "Delivers changes of the people and rooms of an exam as they happen.",
        access:
          "Teachers and inspectors: the people of their rooms. Teachers: everybody in the exams that they created.",
        audited: "access",
        errors: ["EXAM_NOT_FOUND"],
        longAnswer: true,
      })
      .input(onPeopleEventInput)
      .subscription(async ({ ctx, input, signal }) =>
        trackEvents(
          await subscriptions.subscribeToPeople({ ...ctx, signal }, await ctx.open(input), input.lastEventId),
          subscriptions.presenter.people,
          ctx,
        ),
      ),
  });
