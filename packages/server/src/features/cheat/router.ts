import {
  addCheatRecordsInput,
  cheatConfigSchema,
  cheatRecordPageSchema,
  doneSchema,
  examRef,
  listCheatRecordsInput,
  setCheatConfigInput,
} from "@invigil/schema";
import {
  anyoneProcedure,
  reporterProcedure,
  staffProcedure,
  watcherProcedure,
} from "../../trpc/procedures.js";
import { router } from "../../trpc/root.js";
import type { CheatService } from "./service.js";

export const createCheatRouter = ({ cheat }: { cheat: CheatService }) =>
  router({
    setConfig: staffProcedure
      .meta({ sentence: "Stores the settings of the detectors of an exam." })
      .input(setCheatConfigInput)
      .output(doneSchema)
      .mutation(({ ctx, input }) => cheat.setConfig(ctx.caller, input)),
    getConfig: anyoneProcedure
      .meta({ sentence: "Returns the settings of the detectors of an exam.", longAnswer: true })
      .input(examRef)
      .output(cheatConfigSchema)
      .query(({ ctx, input }) => cheat.getConfig(ctx.caller, input.examId)),
    addRecords: reporterProcedure
      .meta({ sentence: "Stores what the detectors saw." })
      .input(addCheatRecordsInput)
      .output(doneSchema)
      .mutation(({ ctx, input }) => cheat.addRecords(ctx.caller, input)),
    listRecords: watcherProcedure
      .meta({
        sentence: "Returns the cheat records of a room or an exam, the newest first.",
        longAnswer: true,
      })
      .input(listCheatRecordsInput)
      .output(cheatRecordPageSchema)
      .query(({ ctx, input }) => cheat.listRecords(ctx.caller, input)),
  });
