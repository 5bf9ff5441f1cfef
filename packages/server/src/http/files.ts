import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";
import { AUDIO_PREFIX, type AudioFiles } from "../audio-files.js";

/** Serves audio files: in part, from a cache, and without a token. */
export const audioFiles = async (app: FastifyInstance, { files }: { files: AudioFiles }): Promise<void> => {
  await files.prepare();
  await app.register(fastifyStatic, {
    root: files.folder,
    prefix: AUDIO_PREFIX,
    allowedPath: (path) => files.isServed(path.slice(1)),
    index: false,
    dotfiles: "ignore",
    immutable: true,
    maxAge: "365d",
    decorateReply: false,
  });
};
