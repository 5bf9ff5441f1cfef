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
      .meta({
        sentence: "Adds a clip to the audio library whose file another server hosts.",
        access: "A default clip: administrators only.",
      })
      .input(createAudioInput)
      .output(audioClipSchema)
      .mutation(({ ctx, input }) => audio.create(ctx.caller, input)),
    update: staffProcedure
      .meta({
        sentence: "Changes a clip of the audio library.",
        access: "Teachers: clips that they added and that are not default clips.",
        errors: ["AUDIO_CLIP_NOT_FOUND"],
      })
      .input(updateAudioInput)
      .output(audioClipSchema)
      .mutation(({ ctx, input }) => audio.update(ctx.caller, input)),
    delete: staffProcedure
      .meta({
        sentence: "Deletes a clip of the audio library.",
        access: "Teachers: clips that they added and that are not default clips.",
        errors: ["AUDIO_CLIP_NOT_FOUND", "AUDIO_CLIP_CONFLICT"],
        alsoWhenFull: true,
      })
      .input(clipRef)
      .output(doneSchema)
      .mutation(({ ctx, input }) => audio.delete(ctx.caller, input.clipId)),
    attach: staffProcedure
      .meta({
        sentence: "Lets an exam play a clip.",
        access: "Teachers: the exams that they created.",
        errors: ["EXAM_NOT_FOUND", "AUDIO_CLIP_NOT_FOUND", "QUOTA_EXCEEDED"],
      })
      .input(attachAudioInput)
      .output(attachedAudioSchema)
      .mutation(({ ctx, input }) => audio.attach(ctx.caller, input)),
    detach: staffProcedure
      .meta({
        sentence: "Removes a clip from an exam.",
        access: "Teachers: the exams that they created.",
        errors: ["EXAM_NOT_FOUND", "AUDIO_CLIP_NOT_FOUND"],
        alsoWhenFull: true,
      })
      .input(detachAudioInput)
      .output(doneSchema)
      .mutation(({ ctx, input }) => audio.detach(ctx.caller, input)),
  });
