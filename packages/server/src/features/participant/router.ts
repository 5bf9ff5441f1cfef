import {
  addParticipantsInput,
  addParticipantsResultSchema,
  doneSchema,
  listParticipantsInput,
  moveParticipantInput,
  participantRef,
  participantSchema,
  removedParticipantSchema,
  removeParticipantInput,
  setExtraMinutesInput,
  setExtraMinutesResultSchema,
  unseatParticipantInput,
} from "@invigil/schema";
import { anyone, staff, teachers } from "../../trpc/procedures.js";
import type { ParticipantService } from "./service.js";

export const createParticipantProcedures = ({ participant }: { participant: ParticipantService }) => ({
  participant: {
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
  },
});
