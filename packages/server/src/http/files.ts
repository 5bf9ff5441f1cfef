import { mkdirSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";

/** Where audio files are served: without a token, because the apps play them in an `<audio>` tag. */
export const AUDIO_PREFIX = "/audio/";

/** The folder that they lie in. Their names are the hashes of their content, so that they never change. */
export const audioDir = (dataDir: string): string => join(dataDir, "audio");

export const audioFiles = async (app: FastifyInstance, { dataDir }: { dataDir: string }): Promise<void> => {
  const root = audioDir(dataDir);
  mkdirSync(root, { recursive: true });
  await app.register(fastifyStatic, {
    root,
    prefix: AUDIO_PREFIX,
    index: false,
    dotfiles: "ignore",
    immutable: true,
    maxAge: "365d",
    decorateReply: false,
  });
};
