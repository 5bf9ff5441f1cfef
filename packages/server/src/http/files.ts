import { extname } from "node:path";
import { Readable } from "node:stream";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import {
  AUDIO_PREFIX,
  type AudioFiles,
  isKeptName,
  type KeptFile,
  type KeptFiles,
} from "../files/audio-files.js";
import { InvigilError, invalidInput } from "../platform/errors.js";
import { failure } from "./envelope.js";
import { isKnown } from "./etag.js";
import { refuseOtherMethods } from "./read-only.js";

const RANGE_NOT_SATISFIABLE = 416;

/**
 * Whether a range header requests a single range. Other headers must be ignored, which `@fastify/static` does
 * not do.
 */
const isSingleRange = (range: string): boolean => {
  const [part, first, last] = /^bytes=(?:(\d+)-(\d*)|-0*[1-9]\d*)$/.exec(range) ?? [];
  return part !== undefined && !(first && last && Number(first) > Number(last));
};

const SECONDS_A_YEAR = 365 * 24 * 60 * 60;

const serveFolder = (app: FastifyInstance, folder: string) =>
  app.register(fastifyStatic, {
    root: folder,
    prefix: AUDIO_PREFIX,
    allowedPath: (path) => isKeptName(path.slice(1)),
    index: false,
    dotfiles: "ignore",
    immutable: true,
    maxAge: SECONDS_A_YEAR * 1000,
    decorateReply: false,
  });

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".mp3": "audio/mpeg",
  ".wav": "audio/wav",
  ".ogg": "audio/ogg",
  ".m4a": "audio/mp4",
};

/** The first and the last byte to send. */
type Span = readonly [first: number, last: number];

/**
 * Returns the requested part of a file. Undefined: the whole file.
 * @throws an error with the status 416 if the file has no such part
 */
const requestedPart = (range: string | undefined, bytes: number): Span | undefined => {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(range ?? "") ?? [];
  if (first === undefined) return undefined;
  if (first === "") return [Math.max(0, bytes - Number(last)), bytes - 1];
  if (Number(first) < bytes) return [Number(first), last ? Math.min(Number(last), bytes - 1) : bytes - 1];
  throw Object.assign(new Error("the file has no such part"), {
    statusCode: RANGE_NOT_SATISFIABLE,
    headers: { "content-range": `bytes */${bytes}` },
  });
};

/**
 * Streams a part of a file. Resolves when the first bytes are there, so that a failure can still be answered
 * with its status.
 */
const streamOf = async (file: KeptFile, [first, last]: Span): Promise<Readable> => {
  const chunks = file.read(first, last)[Symbol.asyncIterator]();
  let next = await chunks.next();
  async function* all() {
    for (; !next.done; next = await chunks.next()) yield next.value;
  }
  // One chunk at a time: the next is read when the client has taken the last.
  return Readable.from(all(), { objectMode: true, highWaterMark: 1 });
};

/** Answers with a kept file, like `@fastify/static`. */
const sendFile = async (
  { method, headers }: FastifyRequest,
  reply: FastifyReply,
  { name, file }: { readonly name: string; readonly file: KeptFile },
): Promise<FastifyReply> => {
  const { bytes } = file;
  const etag = `"${name}"`;
  const cacheHeaders = {
    etag,
    "accept-ranges": "bytes",
    "cache-control": `public, max-age=${SECONDS_A_YEAR}, immutable`,
  };
  if (isKnown(headers["if-none-match"], etag)) return reply.code(304).headers(cacheHeaders).send();
  const condition = headers["if-range"];
  const part =
    condition === undefined || condition === etag ? requestedPart(headers.range, bytes) : undefined;
  const [first, last] = part ?? [0, bytes - 1];
  const content = method === "HEAD" ? undefined : await streamOf(file, [first, last]);
  // Set last: a failure must not be cached.
  reply.headers({
    ...cacheHeaders,
    "content-type": CONTENT_TYPES[extname(name)],
    "content-length": last + 1 - first,
  });
  if (part) reply.code(206).header("content-range", `bytes ${first}-${last}/${bytes}`);
  return reply.send(content);
};

const serveKept = (app: FastifyInstance, kept: KeptFiles): void => {
  app.route<{ Params: { readonly "*": string } }>({
    method: ["GET", "HEAD"],
    url: `${AUDIO_PREFIX}*`,
    handler: async (request, reply) => {
      const name = request.params["*"];
      const file = isKeptName(name) ? await kept.find(name) : undefined;
      if (!file) return reply.callNotFound();
      return sendFile(request, reply, { name, file });
    },
  });
};

/** Serves audio files without a token, with support for ranges and caching. */
export const serveAudioFiles = async (
  app: FastifyInstance,
  { files }: { files: AudioFiles },
): Promise<void> => {
  await files.prepare();
  app.setErrorHandler<Error & { statusCode?: number; headers?: Record<string, string> }>(
    (error, request, reply) => {
      // Players read no envelope, so an error has its own status, unlike on the REST paths.
      if (error instanceof InvigilError) return reply.code(error.status).send(failure(error, request.id));
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
  refuseOtherMethods(app, `${AUDIO_PREFIX}*`);
  if ("folder" in files.kept) await serveFolder(app, files.kept.folder);
  else serveKept(app, files.kept);
};
