import type { FastifyCorsOptions } from "@fastify/cors";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { MediaService } from "../features/stream/media.js";
import { InvigilError, invalidInput } from "../platform/errors.js";
import type { MediaRole } from "../providers/types.js";
import { answerErrors } from "./failures.js";
import { REQUEST_ID_HEADER } from "./logging.js";

declare module "fastify" {
  interface FastifyContextConfig {
    cors?: FastifyCorsOptions;
  }
}

const PREFIX = "/media/";
/** Pages of other origins may send more methods and headers to these paths than to others, and read more of the answers. */
const config = {
  cors: {
    methods: ["POST", "PATCH", "DELETE"],
    allowedHeaders: ["authorization", "content-type", "if-match", REQUEST_ID_HEADER],
    exposedHeaders: [REQUEST_ID_HEADER, "retry-after", "location", "etag", "link"],
  },
};

/** The largest offer of a browser has some 8 KiB. */
const MAX_OFFER_BYTES = 32 * 1024;
const SDP = "application/sdp";
const FRAGMENT = "application/trickle-ice-sdpfrag";

/** Reads a body, which has nothing to do with bodies of calls: it is not JSON, and it is read after the token. */
const readText = async ({ raw, headers }: FastifyRequest, type: string): Promise<string> => {
  if (headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase() !== type)
    throw new InvigilError("UNSUPPORTED_MEDIA_TYPE", `The content-type must be ${type}.`);
  const chunks: Buffer[] = [];
  let bytes = 0;
  // What is left of a refused body is read and discarded after the answer.
  for await (const chunk of raw.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_OFFER_BYTES) throw invalidInput("offer", `must have at most ${MAX_OFFER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("latin1");
};

/** Reads the media session that an offer comes after. */
const sessionIn = ({ after }: { readonly after?: unknown }): string | undefined => {
  if (after === undefined) return undefined;
  if (typeof after === "string" && /^[0-9a-f]{32}$/.test(after)) return after;
  throw invalidInput("after", "must be the id of a media session");
};

/** Identifies the connection of an answer: another one follows a restart of ICE. */
const tagOf = (answer: string): string => `"${/^a=ice-ufrag:(\S+)/m.exec(answer)?.[1] ?? ""}"`;

const PROTOCOLS: readonly { readonly protocol: string; readonly role: MediaRole }[] = [
  { protocol: "whip", role: "publish" },
  { protocol: "whep", role: "watch" },
];

/** Browsers publish by WHIP (RFC 9725) and watch by WHEP: an SDP offer is posted, and the answer names the media session. */
export const mediaRoutes = async (
  app: FastifyInstance,
  { media }: { readonly media: MediaService },
): Promise<void> => {
  // Players look at the status, and never at the body.
  answerErrors(app, "http");
  app.removeAllContentTypeParsers();
  // The token is checked before the body is read.
  app.addContentTypeParser("*", (_request, _payload, done) => done(null, undefined));
  // Preflights are answered before it is called.
  app.options(`${PREFIX}*`, { config }, () => undefined);
  for (const { protocol, role } of PROTOCOLS)
    app.post<{ Params: { stream: string }; Querystring: { after?: unknown } }>(
      `${PREFIX}${protocol}/:stream`,
      { config },
      async (request, reply) => {
        const { stream } = request.params;
        const after = sessionIn(request.query);
        const { session, answer } = await media.open(
          request.headers.authorization,
          { role, stream, after },
          () => readText(request, SDP),
        );
        return reply.status(201).type(SDP).header("location", `${PREFIX}sessions/${session}`).send(answer);
      },
    );
  app.patch<{ Params: { session: string } }>(
    `${PREFIX}sessions/:session`,
    { config },
    async (request, reply) => {
      const answer = await media.restart(request.headers.authorization, request.params.session, () =>
        readText(request, FRAGMENT),
      );
      return reply.header("etag", tagOf(answer)).type(FRAGMENT).send(answer);
    },
  );
  app.delete<{ Params: { session: string } }>(
    `${PREFIX}sessions/:session`,
    { config },
    async (request, reply) => {
      await media.end(request.headers.authorization, request.params.session);
      return reply.status(204).send();
    },
  );
};
