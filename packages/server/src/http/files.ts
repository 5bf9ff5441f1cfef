import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";
import { AUDIO_PREFIX, type AudioFiles } from "../audio-files.js";
import { invalidInput } from "../errors.js";
import { failure } from "../rest/envelope.js";

const RANGE_NOT_SATISFIABLE = 416;

/** Serves audio files: in part, from a cache, and without a token. */
export const audioFiles = async (app: FastifyInstance, { files }: { files: AudioFiles }): Promise<void> => {
  await files.prepare();
  app.setErrorHandler<Error & { statusCode?: number; headers?: Record<string, string> }>(
    (error, request, reply) => {
      if (error.statusCode !== RANGE_NOT_SATISFIABLE) throw error;
      // Players go by the status and by the header, which says how long the file is.
      return reply
        .code(RANGE_NOT_SATISFIABLE)
        .headers(error.headers ?? {})
        .send({
          ...failure(invalidInput("range", "begins behind the end of the file"), request.id),
          code: RANGE_NOT_SATISFIABLE,
          errorCode: String(RANGE_NOT_SATISFIABLE),
        });
    },
  );
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
