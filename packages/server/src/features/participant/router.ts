import {
  addParticipantsInput,
  addParticipantsResultSchema,
  checkIdentityInput,
  diagnoseInput,
  diagnosisSchema,
  doneSchema,
  examEntrySchema,
  examPersonRef,
  examPersonSchema,
  importParticipantsInput,
  importResultSchema,
  listParticipantsInput,
  listUnseatedInput,
  moveParticipantInput,
  participantRef,
  participantSchema,
  readinessSchema,
  removedFromExamSchema,
  removedParticipantSchema,
  removeFromExamInput,
  removeParticipantInput,
  setDetectorsInput,
  setExtraMinutesInput,
  setExtraMinutesResultSchema,
  unseatedPageSchema,
  unseatParticipantInput,
  waveThroughInput,
} from "@invigil/schema";
import { anyone, staff, teachers } from "../../trpc/procedures.js";
import { router } from "../../trpc/root.js";
import type { SittingService } from "../attempt/sitting.js";
import type { DiagnosisService } from "../check/diagnosis.js";
import type { EntryService } from "../entry/service.js";
import type { ImportService } from "../import/service.js";
import type { RosterService } from "../roster/service.js";
import type { ParticipantService } from "./service.js";

export const createParticipantRouter = ({
  participant,
  imports,
  roster,
  entry,
  sitting,
  diagnosis,
}: {
  participant: ParticipantService;
  imports: ImportService;
  roster: RosterService;
  entry: EntryService;
  sitting: SittingService;
  diagnosis: DiagnosisService;
}) =>
  router({
    get: anyone("room")
      .meta({
        sentence: "Returns a person of a room, with the URLs of their streams.",
        access:
          "Teachers and inspectors: in their own rooms. Examinees: themselves and the room's `createTeacher`.",
        errors: ["ROOM_NOT_FOUND", "PARTICIPANT_NOT_FOUND"],
      })
      .input(participantRef)
      .output(participantSchema)
      .query(async ({ ctx: { caller, open }, input }) =>
        participant.get(caller, await open(input), input.userId),
      ),
    checkIdentity: staff("room")
      .meta({
        sentence: "Says whether an examinee of a room is who they should be. The last check counts.",
        access: "Teachers and inspectors: in their own rooms.",
        errors: ["ROOM_NOT_FOUND", "PARTICIPANT_NOT_FOUND", "PARTICIPANT_CONFLICT", "QUOTA_EXCEEDED"],
        charges: ["events"],
      })
      .input(checkIdentityInput)
      .output(examEntrySchema)
      .mutation(async ({ ctx: { caller, open }, input }) =>
        entry.checkIdentity(caller, await open(input), input),
      ),
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
    list: staff("room")
      .meta({
        sentence: "Returns the people of a room in one role, in the order in which they were added.",
        audited: "access",
        errors: ["ROOM_NOT_FOUND"],
        rows: 40,
        longAnswer: true,
      })
      .input(listParticipantsInput)
      .output(participantSchema.array())
      .query(async ({ ctx: { caller, open }, input }) =>
        participant.list(caller, await open(input), input.role),
      ),
    add: teachers("roomToRun")
      .meta({
        sentence: "Adds people to a room, or changes their names and extra minutes.",
        errors: ["ROOM_NOT_FOUND", "ROOM_ENDED", "PARTICIPANT_CONFLICT", "EXAM_CONFLICT", "QUOTA_EXCEEDED"],
        charges: ["people", "events"],
        bodyKib: 1024,
      })
      .input(addParticipantsInput)
      .output(addParticipantsResultSchema)
      .mutation(async ({ ctx: { caller, open }, input }) =>
        participant.add(caller, await open(input), input.participants),
      ),
    setExtraMinutes: teachers("roomToRun")
      .meta({
        sentence:
          "Changes the extra minutes of examinees of a room, all or none. It adds no people to the room.",
        errors: [
          "ROOM_NOT_FOUND",
          "PARTICIPANT_NOT_FOUND",
          "ROOM_ENDED",
          "PARTICIPANT_CONFLICT",
          "EXAM_CONFLICT",
        ],
        charges: ["people", "events"],
        bodyKib: 1024,
      })
      .input(setExtraMinutesInput)
      .output(setExtraMinutesResultSchema)
      .mutation(async ({ ctx: { caller, open }, input }) =>
        participant.setExtraMinutes(caller, await open(input), input.participants),
      ),
    import: teachers("wholeExam")
      .meta({
        sentence: "Imports people from a spreadsheet into an exam.",
        access: "Teachers: into an exam that they created, or into one room of theirs.",
        errors: [
          "EXAM_NOT_FOUND",
          "ROOM_NOT_FOUND",
          "ROOM_ENDED",
          "PARTICIPANT_CONFLICT",
          "EXAM_CONFLICT",
          "QUOTA_EXCEEDED",
        ],
        charges: ["readRows", "writeRows", "imports"],
        rows: 1000,
        bodyKib: 15 * 1024,
      })
      .input(importParticipantsInput)
      .output(importResultSchema)
      .mutation(async ({ ctx: { caller, open }, input }) =>
        imports.importFile(caller, () => open(input), input),
      ),
    move: teachers("roomToRun")
      .meta({
        sentence: "Moves a person to another room of the exam.",
        access: "Teachers: between their own rooms, and between all rooms of an exam that they created.",
        errors: [
          "ROOM_NOT_FOUND",
          "PARTICIPANT_NOT_FOUND",
          "ROOM_ENDED",
          "PARTICIPANT_CONFLICT",
          "EXAM_CONFLICT",
          "QUOTA_EXCEEDED",
        ],
        charges: ["events"],
        bodyKib: 1024,
      })
      .input(moveParticipantInput)
      .output(doneSchema)
      .mutation(async ({ ctx: { caller, open }, input }) =>
        participant.move(caller, await open(input), input),
      ),
    remove: teachers("roomToRun")
      .meta({
        sentence: "Removes a person from a room.",
        access:
          "Teachers: from their own rooms, and from all rooms of an exam that they created. With records: administrators only.",
        errors: [
          "ROOM_NOT_FOUND",
          "PARTICIPANT_NOT_FOUND",
          "ROOM_ENDED",
          "PARTICIPANT_CONFLICT",
          "EXAM_CONFLICT",
        ],
        charges: ["events"],
        allowedWhenDiskFull: true,
      })
      .input(removeParticipantInput)
      .output(removedParticipantSchema)
      .mutation(async ({ ctx: { caller, open }, input }) =>
        participant.remove(caller, await open(input), input),
      ),
    unseat: teachers("wholeExam")
      .meta({
        sentence:
          "Removes a person from a room that they have not entered, so that the next plan gives them another one.",
        errors: [
          "EXAM_NOT_FOUND",
          "ROOM_NOT_FOUND",
          "PARTICIPANT_NOT_FOUND",
          "ROOM_ENDED",
          "PARTICIPANT_CONFLICT",
          "EXAM_CONFLICT",
        ],
        charges: ["events"],
      })
      .input(unseatParticipantInput)
      .output(doneSchema)
      .mutation(async ({ ctx: { caller, open }, input }) =>
        participant.unseat(caller, await open(input), input),
      ),
    listUnseated: teachers("wholeExam")
      .meta({
        sentence: "Returns the people of an exam who have no room yet.",
        audited: "access",
        errors: ["EXAM_NOT_FOUND"],
        longAnswer: true,
      })
      .input(listUnseatedInput)
      .output(unseatedPageSchema)
      .query(async ({ ctx: { open }, input }) => roster.listUnseated(await open(input), input)),
    locate: teachers("wholeExam")
      .meta({
        sentence: "Finds a person in an exam.",
        audited: "access",
        errors: ["EXAM_NOT_FOUND", "PARTICIPANT_NOT_FOUND"],
      })
      .input(examPersonRef)
      .output(examPersonSchema)
      .query(async ({ ctx: { open }, input }) => roster.locate(await open(input), input.userId)),
    diagnose: staff("roomsToRun", "unbound")
      .meta({
        sentence:
          "Says what keeps a person from entering: their seats, links, codes and account, and their last refused calls.",
        access:
          "Teachers and inspectors: people of their own rooms, and teachers of the exams that they created. Without an exam: administrators only.",
        audited: "access",
        errors: ["EXAM_NOT_FOUND", "PARTICIPANT_NOT_FOUND"],
        charges: ["readRows"],
      })
      .input(diagnoseInput)
      .output(diagnosisSchema)
      .query(async ({ ctx: { caller, open }, input }) =>
        diagnosis.diagnose(caller, await open(input), input),
      ),
    removeFromExam: teachers("wholeExam")
      .meta({
        sentence: "Removes a person from an exam and all of its rooms.",
        access: "Teachers: the exams that they created. With records: administrators only.",
        errors: [
          "EXAM_NOT_FOUND",
          "PARTICIPANT_NOT_FOUND",
          "ROOM_ENDED",
          "PARTICIPANT_CONFLICT",
          "EXAM_CONFLICT",
        ],
        charges: ["writeRows"],
        rows: 100,
        allowedWhenDiskFull: true,
      })
      .input(removeFromExamInput)
      .output(removedFromExamSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => roster.remove(caller, () => open(input), input)),
  });
