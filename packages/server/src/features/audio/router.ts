import {
  attachAudioInput,
  attachedAudioSchema,
  audioClipSchema,
  audioPageSchema,
  createAudioInput,
  listAudioInput,
} from "@invigil/schema";
import { router, staffProcedure, watcherProcedure } from "../../trpc.js";
import type { AudioService } from "./service.js";

export const createAudioRouter = ({ audio }: { audio: AudioService }) =>
  router({
    list: watcherProcedure
      .input(listAudioInput)
      .output(audioPageSchema)
      .query(({ input }) => audio.list(input)),
    create: staffProcedure
      .input(createAudioInput)
      .output(audioClipSchema)
      .mutation(({ ctx, input }) => audio.create(ctx.caller, input)),
    attach: staffProcedure
      .input(attachAudioInput)
      .output(attachedAudioSchema)
      .mutation(({ ctx, input }) => audio.attach(ctx.caller, input)),
  });
