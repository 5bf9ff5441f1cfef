import {
  examPeopleInput,
  examPersonRef,
  examPersonSchema,
  listUnseatedInput,
  removedFromExamSchema,
  removeFromExamInput,
  rosterPageSchema,
  unseatedPageSchema,
} from "@invigil/schema";
import { staff, teachers } from "../../trpc/procedures.js";
import type { RosterService } from "./service.js";

export const createRosterProcedures = ({ roster }: { roster: RosterService }) => ({
  exam: {
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
  },
  participant: {
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
  },
});
