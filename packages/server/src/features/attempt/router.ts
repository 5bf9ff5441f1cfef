import {
  consentSchema,
  decidedSchema,
  doneSchema,
  examRef,
  extendAttemptsInput,
  finishAttemptInput,
  finishedAttemptSchema,
  giveConsentInput,
  givenConsentSchema,
  openAttemptInput,
  pauseAttemptsInput,
  readinessSchema,
  reopenAttemptsInput,
  reportReadinessInput,
  resumeAttemptsInput,
  setConsentInput,
  setDetectorsInput,
  sittingSchema,
  terminateAttemptsInput,
  waveThroughInput,
} from "@invigil/schema";
import { anyone, examinees, teachers } from "../../trpc/procedures.js";
import type { AttemptService } from "./service.js";
import type { SittingService } from "./sitting.js";

const controlled =
  "Teachers: their own rooms and all rooms of exams that they created. If an exam is controlled by its creator, only its creator.";
const meta = {
  errors: ["ROOM_NOT_FOUND", "ROOM_ENDED"],
  charges: ["events", "writeRows"],
  rows: 500,
  longAnswer: true,
} as const;

export const createAttemptProcedures = ({
  attempt,
  sitting,
}: {
  attempt: AttemptService;
  sitting: SittingService;
}) => ({
  attempt: {
    open: examinees("ownSeat")
      .meta({
        sentence:
          "Returns what the candidate's page begins with, before, during and after the exam. A person who was moved from the room gets what the page begins with in their new one.",
        errors: ["ROOM_NOT_FOUND", "PARTICIPANT_NOT_FOUND"],
        rows: 10,
        audited: "none",
        allowedWhenDiskFull: true,
      })
      .input(openAttemptInput)
      .output(sittingSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => sitting.open(caller, await open(input), input)),
    consent: examinees("room")
      .meta({
        sentence:
          "Says that the caller agrees to be watched. They agree to the newest consent text of the exam.",
        errors: ["ROOM_NOT_FOUND", "PARTICIPANT_NOT_FOUND", "ROOM_ENDED", "EXAM_CONFLICT"],
        charges: ["events"],
        audited: "none",
        allowedWhenDiskFull: true,
      })
      .input(giveConsentInput)
      .output(givenConsentSchema)
      .mutation(async ({ ctx: { caller, open }, input }) =>
        sitting.giveConsent(caller, await open(input), input.version),
      ),
    reportReadiness: examinees("room")
      .meta({
        sentence:
          "Reports what the checks of the caller's page before the exam have found. A changed check is accepted every three seconds.",
        errors: ["ROOM_NOT_FOUND", "PARTICIPANT_NOT_FOUND", "ROOM_ENDED"],
        charges: ["events"],
        audited: "none",
      })
      .input(reportReadinessInput)
      .output(readinessSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => sitting.report(caller, await open(input), input)),
    pause: teachers("roomToRun")
      .meta({ ...meta, sentence: "Pauses the attempts of examinees of a room." })
      .input(pauseAttemptsInput)
      .output(decidedSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => attempt.pause(caller, await open(input), input)),
    resume: teachers("roomToRun")
      .meta({ ...meta, sentence: "Resumes attempts that are paused.", allowedWhenDiskFull: true })
      .input(resumeAttemptsInput)
      .output(decidedSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => attempt.resume(caller, await open(input), input)),
    extend: teachers("roomToRun")
      .meta({
        ...meta,
        access: controlled,
        sentence: "Gives minutes to the attempts of examinees of a room, or takes some away.",
      })
      .input(extendAttemptsInput)
      .output(decidedSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => attempt.extend(caller, await open(input), input)),
    terminate: teachers("roomToRun")
      .meta({
        ...meta,
        access: controlled,
        sentence: "Ends the attempts of examinees of a room: the room has ended for them.",
        allowedWhenDiskFull: true,
      })
      .input(terminateAttemptsInput)
      .output(decidedSchema)
      .mutation(async ({ ctx: { caller, open }, input }) =>
        attempt.terminate(caller, await open(input), input),
      ),
    reopen: teachers("roomToRun")
      .meta({
        ...meta,
        access: controlled,
        sentence: "Reopens attempts that were finished or terminated, and gives back the time since then.",
      })
      .input(reopenAttemptsInput)
      .output(decidedSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => attempt.reopen(caller, await open(input), input)),
    finish: examinees("room")
      .meta({
        sentence: "Ends the caller's own attempt, once the exam has begun. Staff can reopen it.",
        errors: ["ROOM_NOT_FOUND", "PARTICIPANT_NOT_FOUND", "EXAM_CONFLICT"],
        charges: ["events"],
        audited: "none",
        allowedWhenDiskFull: true,
      })
      .input(finishAttemptInput)
      .output(finishedAttemptSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => attempt.finish(caller, await open(input))),
  },
  exam: {
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
  },
  participant: {
    waveThrough: teachers("room")
      .meta({
        sentence: "Lets an examinee of a room begin without the checks before the exam, or no longer.",
        errors: ["ROOM_NOT_FOUND", "PARTICIPANT_NOT_FOUND", "PARTICIPANT_CONFLICT", "ROOM_ENDED"],
        charges: ["events"],
      })
      .input(waveThroughInput)
      .output(readinessSchema)
      .mutation(async ({ ctx: { caller, open }, input }) =>
        sitting.waveThrough(caller, await open(input), input),
      ),
    setDetectors: teachers("room")
      .meta({
        sentence:
          "Switches the detectors of the candidate's page off for an examinee of a room, or on again.",
        errors: ["ROOM_NOT_FOUND", "PARTICIPANT_NOT_FOUND", "PARTICIPANT_CONFLICT", "ROOM_ENDED"],
        charges: ["events"],
      })
      .input(setDetectorsInput)
      .output(doneSchema)
      .mutation(async ({ ctx: { caller, open }, input }) =>
        sitting.setDetectors(caller, await open(input), input),
      ),
  },
});
