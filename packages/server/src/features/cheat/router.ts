import {
  addCheatRecordsInput,
  cheatConfigSchema,
  cheatRecordPageSchema,
  doneSchema,
  examRef,
  listCheatRecordsInput,
  setCheatConfigInput,
} from "@invigil/schema";
import { allButInspectors, anyone, staff, teachers } from "../../trpc/procedures.js";
import type { CheatService } from "./service.js";

export const createCheatProcedures = ({ cheat }: { cheat: CheatService }) => ({
  cheat: {
    setConfig: teachers("allRooms")
      .meta({
        sentence: "Stores the settings of the detectors of an exam.",
        access:
          "Teachers: in exams that they may use. Not with a token that is bound to one room, because the config applies to the whole exam.",
        errors: ["EXAM_NOT_FOUND"],
        charges: ["events"],
        bodyKib: 1024,
      })
      .input(setCheatConfigInput)
      .output(doneSchema)
      .mutation(async ({ ctx: { caller, open }, input }) =>
        cheat.setConfig(caller, await open(input), input.data),
      ),
    getConfig: anyone("examInProgress")
      .meta({
        sentence: "Returns the settings of the detectors of an exam.",
        errors: ["EXAM_NOT_FOUND", "CHEAT_CONFIG_NOT_FOUND", "ROOM_ENDED"],
        longAnswer: true,
      })
      .input(examRef)
      .output(cheatConfigSchema)
      .query(async ({ ctx: { open }, input }) => cheat.getConfig(await open(input))),
    addRecords: allButInspectors("room")
      .meta({
        sentence: "Stores what the detectors saw.",
        audited: "none",
        access: "Teachers: in their own rooms. Examinees: about themselves.",
        errors: ["ROOM_NOT_FOUND", "ROOM_ENDED", "QUOTA_EXCEEDED"],
        charges: ["records", "recordBytes"],
        bodyKib: 1024,
      })
      .input(addCheatRecordsInput)
      .output(doneSchema)
      .mutation(async ({ ctx: { caller, open }, input }) =>
        cheat.addRecords(caller, await open(input), input),
      ),
    listRecords: staff("room", "exam")
      .meta({
        sentence: "Returns the cheat records of a room or an exam, the newest first.",
        audited: "access",
        access:
          "Teachers and inspectors: in their own rooms. Of a whole exam, they get the records of their rooms.",
        errors: ["ROOM_NOT_FOUND", "EXAM_NOT_FOUND"],
        longAnswer: true,
      })
      .input(listCheatRecordsInput)
      .output(cheatRecordPageSchema)
      .query(async ({ ctx: { caller, open }, input }) => cheat.listRecords(caller, await open(input), input)),
  },
});
