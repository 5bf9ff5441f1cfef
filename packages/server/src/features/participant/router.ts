import {
  addParticipantsInput,
  addParticipantsResultSchema,
  doneSchema,
  importParticipantsInput,
  importResultSchema,
  listParticipantsInput,
  participantRef,
  participantSchema,
} from "@invigil/schema";
import { anyoneProcedure, router, staffProcedure, watcherProcedure } from "../../trpc.js";
import type { ImportService } from "../import/service.js";
import type { ParticipantService } from "./service.js";

export const createParticipantRouter = ({
  participant,
  imports,
}: {
  participant: ParticipantService;
  imports: ImportService;
}) =>
  router({
    get: anyoneProcedure
      .input(participantRef)
      .output(participantSchema)
      .query(({ ctx, input }) => participant.get(ctx.caller, input)),
    list: watcherProcedure
      .input(listParticipantsInput)
      .output(participantSchema.array())
      .query(({ ctx, input }) => participant.list(ctx.caller, input)),
    add: staffProcedure
      .input(addParticipantsInput)
      .output(addParticipantsResultSchema)
      .mutation(({ ctx, input }) => participant.add(ctx.caller, input)),
    import: staffProcedure
      .input(importParticipantsInput)
      .output(importResultSchema)
      .mutation(({ ctx, input }) => imports.importFile(ctx.caller, input)),
    remove: staffProcedure
      .input(participantRef)
      .output(doneSchema)
      .mutation(({ ctx, input }) => participant.remove(ctx.caller, input)),
  });
