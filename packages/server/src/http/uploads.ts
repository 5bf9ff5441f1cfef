import multipart, { type Multipart } from "@fastify/multipart";
import { uploadAudioInput } from "@invigil/schema";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { AudioService, AudioUpload } from "../features/audio/service.js";
import { InvigilError, invalidInput, parsed } from "../platform/errors.js";
import type { Bodies } from "./bodies.js";
import type { CreateContext } from "./context.js";
import { success } from "./envelope.js";

/** Parts of a form, at most: there are four to read. */
const MAX_PARTS = 20;
/** A field's value, at most: the longest has 64 characters. */
const MAX_FIELD_BYTES = 4096;
const FILE = "file";

const notAForm = () =>
  new InvigilError("UNSUPPORTED_MEDIA_TYPE", "The content-type must be multipart/form-data.");

/** Says that a form is broken, in place of its reader, whose failures carry no status. */
async function* readable<Part>(parts: AsyncIterable<Part>): AsyncGenerator<Part> {
  try {
    yield* parts;
  } catch {
    throw invalidInput("form", "cannot be read");
  }
}

/** The parts of a request's form. Their reader would wait for ever on a connection that broke before it began. */
async function* partsOf(request: FastifyRequest): AsyncGenerator<Multipart> {
  if (request.raw.destroyed) throw new Error("The connection is broken.");
  yield* request.parts();
}

/** Reads a form: its fields may stand before the file and after it, so they are known once the file is read. */
const readForm = (parts: AsyncIterable<Multipart>): AudioUpload => {
  const fields: Record<string, unknown> = {};
  async function* content() {
    let [files, count] = [0, 0];
    for await (const part of readable(parts)) {
      count += 1;
      if (count > MAX_PARTS) throw invalidInput("form", `must have at most ${MAX_PARTS} parts`);
      const { fieldname: name } = part;
      if (part.type === "field") {
        if (name === FILE) throw invalidInput(FILE, "must be a file");
        if (Object.hasOwn(fields, name)) throw invalidInput(name, "must be there once");
        fields[name] = part.value;
        continue;
      }
      files += 1;
      if (name !== FILE) throw invalidInput(name, "must not be a file: the file is in the field 'file'");
      if (files > 1) throw invalidInput(FILE, "must be there once");
      // Safe: without an encoding set, a stream of bytes gives bytes.
      yield* readable(part.file as AsyncIterable<Uint8Array>);
    }
    if (files === 0) throw invalidInput(FILE, "is required");
  }
  return { content: content(), described: () => parsed(uploadAudioInput, fields) };
};

export interface UploadOptions {
  readonly audio: AudioService;
  readonly createContext: CreateContext;
  readonly bodies: Bodies;
}

/** `POST /audio`: a form with a file and what is said about it. Answers as the documented paths do. */
export const audioUploads = async (
  app: FastifyInstance,
  { audio, createContext, bodies }: UploadOptions,
): Promise<void> => {
  app.removeAllContentTypeParsers();
  // The file's size is counted where it is written.
  await app.register(multipart, {
    throwFileSizeLimit: false,
    limits: { fileSize: Number.POSITIVE_INFINITY, fieldSize: MAX_FIELD_BYTES, fieldNameSize: 100 },
  });
  app.addContentTypeParser("*", (_request, _body, done) => done(notAForm()));

  app.route({
    method: "POST",
    url: "/audio",
    handler: async (request, reply) => {
      const { identity } = await createContext(request);
      if (identity instanceof InvigilError) throw identity;
      if (!request.isMultipart()) throw notAForm();
      const ended = bodies.hold(request);
      try {
        return success(await audio.upload(identity, readForm(partsOf(request))));
      } finally {
        ended();
        // Nothing can be answered, so there is no line of the request.
        if (reply.raw.destroyed) request.log.info("upload broken off");
        // What a refused upload still sends must be read, or the client never gets to the answer.
        request.raw.resume();
      }
    },
  });
};
