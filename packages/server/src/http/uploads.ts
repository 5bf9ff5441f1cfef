import multipart, { type Multipart } from "@fastify/multipart";
import { uploadAudioInput } from "@invigil/schema";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { AudioService, AudioUpload } from "../features/audio/service.js";
import { InvigilError, invalidInput, parsed } from "../platform/errors.js";
import { originOf, recordToken } from "../trpc/context.js";
import type { Bodies } from "./bodies.js";
import type { CreateContext } from "./context.js";
import { success } from "./envelope.js";
import { toFailure } from "./failures.js";

/** The maximum number of parts in a form. Four are used. */
const MAX_PARTS = 20;
/** The maximum size of a field. The longest has 64 characters. */
const MAX_FIELD_BYTES = 4096;
const FILE = "file";

const notMultipart = () =>
  new InvigilError("UNSUPPORTED_MEDIA_TYPE", "The content-type must be multipart/form-data.");

/** Converts errors of the multipart parser, which have no status. */
async function* withReadErrors<Part>(parts: AsyncIterable<Part>): AsyncGenerator<Part> {
  try {
    yield* parts;
  } catch {
    throw invalidInput("form", "cannot be read");
  }
}

/** The parts of a form. The multipart parser would wait forever if the connection is already closed. */
async function* partsOf(request: FastifyRequest): AsyncGenerator<Multipart> {
  if (request.raw.destroyed) throw new Error("The connection is closed.");
  yield* request.parts();
}

/** Reads a form. Its fields may precede or follow the file, so they are complete only after the file. */
const readForm = (parts: AsyncIterable<Multipart>): AudioUpload => {
  const fields: Record<string, unknown> = {};
  async function* content() {
    let [files, count] = [0, 0];
    for await (const part of withReadErrors(parts)) {
      count += 1;
      if (count > MAX_PARTS) throw invalidInput("form", `must have at most ${MAX_PARTS} parts`);
      const { fieldname: name } = part;
      if (part.type === "field") {
        if (name === FILE) throw invalidInput(FILE, "must be a file");
        if (Object.hasOwn(fields, name)) throw invalidInput(name, "must occur only once");
        fields[name] = part.value;
        continue;
      }
      files += 1;
      if (name !== FILE) throw invalidInput(name, "must not be a file: the file is in the field 'file'");
      if (files > 1) throw invalidInput(FILE, "must occur only once");
      // Safe: a stream without an encoding yields buffers.
      yield* withReadErrors(part.file as AsyncIterable<Uint8Array>);
    }
    if (files === 0) throw invalidInput(FILE, "is required");
  }
  return { content: content(), metadata: () => parsed(uploadAudioInput, fields) };
};

export interface UploadOptions {
  readonly audio: AudioService;
  readonly createContext: CreateContext;
  readonly bodies: Bodies;
}

/** `POST /audio`: a form with a file and its metadata. The response has the format of the REST paths. */
export const audioUploads = async (
  app: FastifyInstance,
  { audio, createContext, bodies }: UploadOptions,
): Promise<void> => {
  app.removeAllContentTypeParsers();
  // The audio service limits the size of the file.
  await app.register(multipart, {
    throwFileSizeLimit: false,
    limits: { fileSize: Number.POSITIVE_INFINITY, fieldSize: MAX_FIELD_BYTES, fieldNameSize: 100 },
  });
  app.addContentTypeParser("*", (_request, _body, done) => done(notMultipart()));

  app.route({
    method: "POST",
    url: "/audio",
    // Before a body is read, so that it is known who sent one that cannot be.
    onRequest: (request, _reply, done) => {
      createContext(request, "upload").then((context) => {
        context.requested = ["audio.upload"];
        done();
      }, done);
    },
    handler: async (request, reply) => {
      const context = request.callContext ?? (await createContext(request, "upload"));
      const identity = await context.identify();
      if (identity instanceof InvigilError) {
        recordToken(context, "audio.upload", identity);
        throw identity;
      }
      const author = { ...identity, origin: originOf(context, "audio.upload"), audited: "change" } as const;
      await context.accessLog?.admit(author);
      if (!request.isMultipart()) throw notMultipart();
      const untrack = bodies.track(request);
      let why: { readonly reason: string; readonly why: string } | undefined;
      try {
        return success(await audio.upload(author, readForm(partsOf(request))));
      } catch (error) {
        why = { reason: toFailure(error).code, why: error instanceof Error ? error.message : String(error) };
        throw error;
      } finally {
        untrack();
        // Without a response, the request has no log line.
        const noteAborted = () => request.log.info(why ?? {}, "upload aborted");
        const noteAnswered = () => {
          reply.raw.off("close", noteAborted);
          if (why) request.log.info(why, "upload refused");
        };
        if (reply.raw.destroyed) noteAborted();
        else reply.raw.once("close", noteAborted).once("finish", noteAnswered);
        // The rest of a refused upload must be read, or the client does not read the response.
        request.raw.resume();
      }
    },
  });
};
