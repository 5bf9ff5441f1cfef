import {
  addParticipantsInput,
  addParticipantsResultSchema,
  doneSchema,
  examPersonRef,
  examPersonSchema,
  importParticipantsInput,
  importResultSchema,
  listParticipantsInput,
  listUnseatedInput,
  moveParticipantInput,
  participantRef,
  participantSchema,
  removedFromExamSchema,
  removedParticipantSchema,
  removeFromExamInput,
  removeParticipantInput,
  setExtraMinutesInput,
  setExtraMinutesResultSchema,
  unseatedPageSchema,
} from "@invigil/schema";
import { anyoneProcedure, staffProcedure, watcherProcedure } from "../../trpc/procedures.js";
import { router } from "../../trpc/root.js";
import type { ImportService } from "../import/service.js";
import type { RosterService } from "../roster/service.js";
import type { ParticipantService } from "./service.js";

export const createParticipantRouter = ({
  participant,
  imports,
  roster,
}: {
  participant: ParticipantService;
  imports: ImportService;
  roster: RosterService;
}) =>
  router({
    get: anyoneProcedure
      .meta({
        sentence: "Returns a person of a room, with the URLs of their streams.",
        access:
          "Teachers and inspectors: in their own rooms. Examinees: themselves and the room's `createTeacher`.",
        errors: ["ROOM_NOT_FOUND", "PARTICIPANT_NOT_FOUND"],
      })
      .input(participantRef)
      .output(participantSchema)
      .query(({ ctx, input }) => participant.get(ctx.caller, input)),
    list: watcherProcedure
      .meta({
        sentence: "Returns the people of a room in one role, in the order in which they were added.",
        audited: "access",
        errors: ["ROOM_NOT_FOUND"],
        rows: 40,
        longAnswer: true,
      })
      .input(listParticipantsInput)
      .output(participantSchema.array())
      .query(({ ctx, input }) => participant.list(ctx.caller, input)),
    add: staffProcedure
      .meta({
        sentence: "Adds people to a room, or changes their names and extra minutes.",
        errors: ["ROOM_NOT_FOUND", "ROOM_ENDED", "PARTICIPANT_CONFLICT", "EXAM_CONFLICT", "QUOTA_EXCEEDED"],
        charges: ["people", "events"],
        bodyKib: 1024,
      })
      .input(addParticipantsInput)
      .output(addParticipantsResultSchema)
      .mutation(({ ctx, input }) => participant.add(ctx.caller, input)),
    setExtraMinutes: staffProcedure
      .meta({
        sentence: "Changes the extra minutes of examinees of a room, all or none, and adds nobody to it.",
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
      .mutation(({ ctx, input }) => participant.setExtraMinutes(ctx.caller, input)),
    import: staffProcedure
      .meta({
        sentence: "Imports people from a spreadsheet into an exam.",
        access: "Teachers: into an exam that they created, or into one room of theirs.",
        errors: ["EXAM_NOT_FOUND", "ROOM_NOT_FOUND", "ROOM_ENDED", "EXAM_CONFLICT", "QUOTA_EXCEEDED"],
        charges: ["writeRows", "imports"],
        rows: 1000,
        bodyKib: 15 * 1024,
      })
      .input(importParticipantsInput)
      .output(importResultSchema)
      .mutation(({ ctx, input }) => imports.importFile(ctx.caller, input)),
    move: staffProcedure
      .meta({
        sentence: "Moves a person to another room of the exam.",
        access: "Teachers: if both rooms are theirs.",
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
      .mutation(({ ctx, input }) => participant.move(ctx.caller, input)),
    remove: staffProcedure
      .meta({
        sentence: "Removes a person from a room.",
        access: "Teachers: from their own rooms. With records: administrators only.",
        errors: [
          "ROOM_NOT_FOUND",
          "PARTICIPANT_NOT_FOUND",
          "ROOM_ENDED",
          "PARTICIPANT_CONFLICT",
          "EXAM_CONFLICT",
        ],
        charges: ["events"],
        alsoWhenFull: true,
      })
      .input(removeParticipantInput)
      .output(removedParticipantSchema)
      .mutation(({ ctx, input }) => participant.remove(ctx.caller, input)),
    listUnseated: staffProcedure
      .meta({
        sentence: "Returns the people of an exam who have no room yet.",
        audited: "access",
        access: "Teachers: the exams that they created.",
        errors: ["EXAM_NOT_FOUND"],
        longAnswer: true,
      })
      .input(listUnseatedInput)
      .output(unseatedPageSchema)
      .query(({ ctx, input }) => roster.listUnseated(ctx.caller, input)),
    locate: staffProcedure
      .meta({
        sentence: "Finds a person in an exam.",
        audited: "access",
        access: "Teachers: the exams that they created.",
        errors: ["EXAM_NOT_FOUND", "PARTICIPANT_NOT_FOUND"],
      })
      .input(examPersonRef)
      .output(examPersonSchema)
      .query(({ ctx, input }) => roster.locate(ctx.caller, input)),
    removeFromExam: staffProcedure
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
        alsoWhenFull: true,
      })
      .input(removeFromExamInput)
      .output(removedFromExamSchema)
      .mutation(({ ctx, input }) => roster.remove(ctx.caller, input)),
  });
