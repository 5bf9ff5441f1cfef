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
import { staff, teachers } from "../../trpc/procedures.js";
import type { AudioService } from "./service.js";

export const createAudioProcedures = ({ audio }: { audio: AudioService }) => ({
  audio: {
    list: staff("nothing")
      .meta({ sentence: "Searches the audio library.", longAnswer: true })
      .input(listAudioInput)
      .output(audioPageSchema)
      .query(({ input }) => audio.list(input)),
    create: teachers("unbound")
      .meta({
        sentence: "Adds a clip to the audio library. Another server hosts its file.",
        access: "A default clip: administrators only.",
      })
      .input(createAudioInput)
      .output(audioClipSchema)
      .mutation(async ({ ctx: { open }, input }) => audio.create(await open(), input)),
    update: teachers("unbound")
      .meta({
        sentence: "Changes a clip of the audio library.",
        access: "Teachers: clips that they added and that are not default clips.",
        errors: ["AUDIO_CLIP_NOT_FOUND"],
      })
      .input(updateAudioInput)
      .output(audioClipSchema)
      .mutation(async ({ ctx: { open }, input }) => audio.update(await open(), input)),
    delete: teachers("unbound")
      .meta({
        sentence: "Deletes a clip of the audio library.",
        access: "Teachers: clips that they added and that are not default clips.",
        errors: ["AUDIO_CLIP_NOT_FOUND", "AUDIO_CLIP_CONFLICT"],
        allowedWhenDiskFull: true,
      })
      .input(clipRef)
      .output(doneSchema)
      .mutation(async ({ ctx: { open }, input }) => audio.delete(await open(), input.clipId)),
    attach: teachers("wholeExam")
      .meta({
        sentence: "Attaches a clip to an exam.",
        errors: ["EXAM_NOT_FOUND", "AUDIO_CLIP_NOT_FOUND", "QUOTA_EXCEEDED"],
      })
      .input(attachAudioInput)
      .output(attachedAudioSchema)
      .mutation(async ({ ctx: { caller, open }, input }) => audio.attach(caller, await open(input), input)),
    detach: teachers("wholeExam")
      .meta({
        sentence: "Removes a clip from an exam.",
        errors: ["EXAM_NOT_FOUND", "AUDIO_CLIP_NOT_FOUND"],
        allowedWhenDiskFull: true,
      })
      .input(detachAudioInput)
      .output(doneSchema)
      .mutation(async ({ ctx: { caller, open }, input }) =>
        audio.detach(caller, await open(input), input.attachmentId),
      ),
  },
});
