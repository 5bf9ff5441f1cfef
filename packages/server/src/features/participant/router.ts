import {
  addParticipantsInput,
  addParticipantsResultSchema,
  doneSchema,
  listParticipantsInput,
  participantRef,
  participantSchema,
} from "@invigil/schema";
import { anyoneProcedure, router, staffProcedure, watcherProcedure } from "../../trpc.js";
import type { ParticipantService } from "./service.js";

export const createParticipantRouter = ({ participant }: { participant: ParticipantService }) =>
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
    remove: staffProcedure
      .input(participantRef)
      .output(doneSchema)
      .mutation(({ ctx, input }) => participant.remove(ctx.caller, input)),
  });
