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
      .meta({ sentence: "Searches the audio library.", longAnswer: true })
      .input(listAudioInput)
      .output(audioPageSchema)
      .query(({ input }) => audio.list(input)),
    create: staffProcedure
      .meta({ sentence: "Adds a clip to the audio library whose file another server hosts." })
      .input(createAudioInput)
      .output(audioClipSchema)
      .mutation(({ ctx, input }) => audio.create(ctx.caller, input)),
    update: staffProcedure
      .meta({ sentence: "Changes a clip of the audio library." })
      .input(updateAudioInput)
      .output(audioClipSchema)
      .mutation(({ ctx, input }) => audio.update(ctx.caller, input)),
    delete: staffProcedure
      .meta({ sentence: "Deletes a clip of the audio library.", alsoWhenFull: true })
      .input(clipRef)
      .output(doneSchema)
      .mutation(({ ctx, input }) => audio.delete(ctx.caller, input.clipId)),
    attach: staffProcedure
      .meta({ sentence: "Lets an exam play a clip." })
      .input(attachAudioInput)
      .output(attachedAudioSchema)
      .mutation(({ ctx, input }) => audio.attach(ctx.caller, input)),
    detach: staffProcedure
      .meta({ sentence: "Removes a clip from an exam.", alsoWhenFull: true })
      .input(detachAudioInput)
      .output(doneSchema)
      .mutation(({ ctx, input }) => audio.detach(ctx.caller, input)),
  });
