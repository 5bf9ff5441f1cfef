import {
  attachAudioInput,
  attachedAudioSchema,
  audioClipSchema,
  audioPageSchema,
  clipRef,
  createAudioInput,
  detachAudioInput,
  doneSchema,
  listAudioInput,
  updateAudioInput,
} from "@invigil/schema";
import { staffProcedure, watcherProcedure } from "../../trpc/procedures.js";
import { router } from "../../trpc/root.js";
import type { AudioService } from "./service.js";

export const createAudioRouter = ({ audio }: { audio: AudioService }) =>
  router({
    list: watcherProcedure
      .meta({ longAnswer: true })
      .input(listAudioInput)
      .output(audioPageSchema)
      .query(({ input }) => audio.list(input)),
    create: staffProcedure
      .input(createAudioInput)
      .output(audioClipSchema)
      .mutation(({ ctx, input }) => audio.create(ctx.caller, input)),
    update: staffProcedure
      .input(updateAudioInput)
      .output(audioClipSchema)
      .mutation(({ ctx, input }) => audio.update(ctx.caller, input)),
    delete: staffProcedure
      .meta({ alsoWhenFull: true })
      .input(clipRef)
      .output(doneSchema)
      .mutation(({ ctx, input }) => audio.delete(ctx.caller, input.clipId)),
    attach: staffProcedure
      .input(attachAudioInput)
      .output(attachedAudioSchema)
      .mutation(({ ctx, input }) => audio.attach(ctx.caller, input)),
    detach: staffProcedure
      .meta({ alsoWhenFull: true })
      .input(detachAudioInput)
      .output(doneSchema)
      .mutation(({ ctx, input }) => audio.detach(ctx.caller, input)),
  });
