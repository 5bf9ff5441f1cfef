import {
  createRoomInput,
  deleteRoomInput,
  doneSchema,
  endedExamSchema,
  examRef,
  listRoomsInput,
  renameRoomInput,
  roomPageSchema,
  roomRef,
  roomSchema,
  roomWithCheatConfigSchema,
  setAudioStatusInput,
  setTeacherInput,
} from "@invigil/schema";
import { admins, anyone, teachers } from "../../trpc/procedures.js";
import type { RoomService } from "./service.js";

export const createRoomProcedures = ({ room }: { room: RoomService }) => ({
  exam: {
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
  },
  room: {
    create: teachers("allRooms", "unbound")
      .meta({
        sentence: "Creates a room, and an exam of the same name unless one is named.",
        access: "In an existing exam: those who may use it.",
        errors: [
          "EXAM_NOT_FOUND",
          "EXAM_CONFLICT",
          "PARTICIPANT_CONFLICT",
          "QUOTA_EXCEEDED",
          "PROVIDER_NOT_CONFIGURED",
          "PROVIDER_FAILED",
        ],
        charges: ["rooms", "people", "events"],
        bodyKib: 1024,
      })
      .input(createRoomInput)
      .output(roomSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => room.create(caller, await open(input), input)),
    get: anyone("room")
      .meta({ sentence: "Returns a room, with the cheat config of its exam.", errors: ["ROOM_NOT_FOUND"] })
      .input(roomRef)
      .output(roomWithCheatConfigSchema)
      .query(async ({ ctx: { caller, open }, input }) => room.get(caller, await open(input))),
    rename: teachers("wholeExam")
      .meta({
        sentence: "Gives a room another name.",
        errors: ["EXAM_NOT_FOUND", "ROOM_NOT_FOUND", "EXAM_CONFLICT"],
        charges: ["events"],
      })
      .input(renameRoomInput)
      .output(roomSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => room.rename(caller, await open(input), input)),
    setTeacher: teachers("wholeExam")
      .meta({
        sentence:
          "Makes a teacher of the exam the `createTeacher` of a room, whom its examinees answer to. The teacher is added to the room if they are not in it.",
        errors: [
          "EXAM_NOT_FOUND",
          "ROOM_NOT_FOUND",
          "PARTICIPANT_NOT_FOUND",
          "ROOM_ENDED",
          "PARTICIPANT_CONFLICT",
          "EXAM_CONFLICT",
          "QUOTA_EXCEEDED",
        ],
        charges: ["people", "events"],
      })
      .input(setTeacherInput)
      .output(roomSchema)
      .mutation(async ({ ctx: { caller, open }, input }) =>
        room.setTeacher(caller, await open(input), input),
      ),
    delete: teachers("wholeExam")
      .meta({
        sentence: "Deletes a room that no person has entered, and in which only its `createTeacher` is.",
        errors: ["EXAM_NOT_FOUND", "ROOM_NOT_FOUND", "EXAM_CONFLICT"],
        charges: ["events"],
        allowedWhenDiskFull: true,
      })
      .input(deleteRoomInput)
      .output(doneSchema)
      .mutation(async ({ ctx: { caller, open }, input }) =>
        room.delete(caller, await open(input), input.roomId),
      ),
    end: teachers("room")
      .meta({
        sentence: "Ends a room.",
        errors: ["ROOM_NOT_FOUND"],
        charges: ["events"],
        allowedWhenDiskFull: true,
      })
      .input(roomRef)
      .output(doneSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => room.end(caller, await open(input))),
    reopen: admins("room")
      .meta({
        sentence: "Reopens a room that has ended.",
        errors: ["ROOM_NOT_FOUND", "EXAM_CONFLICT", "PROVIDER_NOT_CONFIGURED", "PROVIDER_FAILED"],
        charges: ["events"],
      })
      .input(roomRef)
      .output(roomSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => room.reopen(caller, await open(input))),
    setAudioStatus: teachers("room")
      .meta({
        sentence: "Stores whether the teacher is speaking to the whole room.",
        errors: ["ROOM_NOT_FOUND", "ROOM_ENDED"],
        charges: ["events"],
        allowedWhenDiskFull: true,
      })
      .input(setAudioStatusInput)
      .output(doneSchema)
      .mutation(async ({ ctx: { caller, open }, input }) =>
        room.setAudioStatus(caller, await open(input), input.audioStatus),
      ),
    list: teachers("ownRooms")
      .meta({
        sentence: "Returns the rooms that the caller may see.",
        access: "Teachers: their own rooms.",
        longAnswer: true,
      })
      .input(listRoomsInput)
      .output(roomPageSchema)
      .query(async ({ ctx: { caller, open }, input }) => room.list(caller, await open(), input)),
  },
});
