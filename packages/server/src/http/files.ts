import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";
import { AUDIO_PREFIX, type AudioFiles } from "../files/audio-files.js";
import { InvigilError, invalidInput } from "../platform/errors.js";
import { failure } from "./envelope.js";

const RANGE_NOT_SATISFIABLE = 416;

/**
 * Whether a range header requests a single range. Other headers must be ignored, which `@fastify/static` does
 * not do.
 */
const isSingleRange = (range: string): boolean => {
  const [part, first, last] = /^bytes=(?:(\d+)-(\d*)|-0*[1-9]\d*)$/.exec(range) ?? [];
  return part !== undefined && !(first && last && Number(first) > Number(last));
};

/** Serves audio files without a token, with support for ranges and caching. */
export const serveAudioFiles = async (
  app: FastifyInstance,
  { files }: { files: AudioFiles },
): Promise<void> => {
  await files.prepare();
  app.setErrorHandler<Error & { statusCode?: number; headers?: Record<string, string> }>(
    (error, request, reply) => {
      if (error.statusCode !== RANGE_NOT_SATISFIABLE) throw error;
      // Players need the status and the content-range header, which contains the size of the file.
      return reply
        .code(RANGE_NOT_SATISFIABLE)
        .headers(error.headers ?? {})
        .send({
          ...failure(invalidInput("range", "exceeds the size of the file"), request.id),
          code: RANGE_NOT_SATISFIABLE,
          errorCode: String(RANGE_NOT_SATISFIABLE),
        });
    },
  );
  app.addHook("onRequest", (request, _reply, done) => {
    const { headers } = request.raw;
    if (headers.range !== undefined && !isSingleRange(headers.range)) delete headers.range;
    done();
  });
  app.route({
    method: ["POST", "PUT", "PATCH", "DELETE"],
    url: `${AUDIO_PREFIX}*`,
    // Runs before the body is read.
    onRequest: (_request, reply, done) => {
      reply.header("allow", "GET, HEAD");
      done(new InvigilError("METHOD_NOT_ALLOWED", "The path supports GET and HEAD."));
    },
    handler: () => undefined, // never called
  });
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
