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
      .input(participantRef)
      .output(participantSchema)
      .query(({ ctx, input }) => participant.get(ctx.caller, input)),
    list: watcherProcedure
      .meta({ longAnswer: true })
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
    move: staffProcedure
      .input(moveParticipantInput)
      .output(doneSchema)
      .mutation(({ ctx, input }) => participant.move(ctx.caller, input)),
    remove: staffProcedure
      .meta({ alsoWhenFull: true })
      .input(removeParticipantInput)
      .output(removedParticipantSchema)
      .mutation(({ ctx, input }) => participant.remove(ctx.caller, input)),
    listUnseated: staffProcedure
      .meta({ longAnswer: true })
      .input(listUnseatedInput)
      .output(unseatedPageSchema)
      .query(({ ctx, input }) => roster.listUnseated(ctx.caller, input)),
    locate: staffProcedure
      .input(examPersonRef)
      .output(examPersonSchema)
      .query(({ ctx, input }) => roster.locate(ctx.caller, input)),
    removeFromExam: staffProcedure
      .meta({ alsoWhenFull: true })
      .input(removeFromExamInput)
      .output(removedFromExamSchema)
      .mutation(({ ctx, input }) => roster.remove(ctx.caller, input)),
  });
