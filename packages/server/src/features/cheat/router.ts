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
      .input(setCheatConfigInput)
      .output(doneSchema)
      .mutation(({ ctx, input }) => cheat.setConfig(ctx.caller, input)),
    getConfig: anyoneProcedure
      .meta({ longAnswer: true })
      .input(examRef)
      .output(cheatConfigSchema)
      .query(({ ctx, input }) => cheat.getConfig(ctx.caller, input.examId)),
    addRecords: reporterProcedure
      .input(addCheatRecordsInput)
      .output(doneSchema)
      .mutation(({ ctx, input }) => cheat.addRecords(ctx.caller, input)),
    listRecords: watcherProcedure
      .meta({ longAnswer: true })
      .input(listCheatRecordsInput)
      .output(cheatRecordPageSchema)
      .query(({ ctx, input }) => cheat.listRecords(ctx.caller, input)),
  });
