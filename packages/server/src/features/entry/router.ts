import {
  checkIdentityInput,
  examEntriesInput,
  examEntryPageSchema,
  examEntrySchema,
  examNoteInput,
} from "@invigil/schema";
import { anyone, staff } from "../../trpc/procedures.js";
import type { EntryService } from "./service.js";

export const createEntryProcedures = ({ entry }: { entry: EntryService }) => ({
  exam: {
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
      .query(async ({ ctx: { caller, open }, input }) => entry.entries(caller, await open(input), input)),
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
  },
  participant: {
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
  },
});
