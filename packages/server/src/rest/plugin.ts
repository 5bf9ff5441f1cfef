import { parse as parseForm } from "node:querystring";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ServedRouter } from "../api/router.js";
import type { Bodies } from "../http/bodies.js";
import { bodyLimitOf } from "../http/body-limits.js";
import type { CreateContext } from "../http/context.js";
import { type RestStatus, success } from "../http/envelope.js";
import { invalidInput } from "../platform/errors.js";
import { onceByText } from "../platform/once.js";
import { createRowCaller } from "./call.js";
import { documentRoutes } from "./document-routes.js";
import { createRoutes, type Row } from "./routes.js";
import { createWire } from "./wire.js";

export interface RestOptions {
  readonly router: ServedRouter;
  readonly createContext: CreateContext;
  readonly bodies: Bodies;
  readonly timeZone: string;
  readonly restStatus: RestStatus;
}

/**
 * The maximum number of fields in a form. Further fields are ignored, like all fields that a path does not
 * read.
 */
const MAX_FORM_FIELDS = 100;

const isFields = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The fields of query and body. The body takes precedence. */
const sentFields = ({ query, body }: FastifyRequest, { bodyOnly }: Row): Record<string, unknown> => {
  if (body !== undefined && !isFields(body)) throw invalidInput("body", "must be a JSON object");
  return { ...(isFields(query) && !bodyOnly ? query : {}), ...body };
};

/** The rows by time zone. Apps with the same one share them, because creating the codecs takes longer than the routes. */
const rowsOf = onceByText((timeZone): readonly Row[] => createRoutes(createWire({ timeZone })));

/** The REST API: one Fastify route per row of the table. */
export const restPlugin = async (
  app: FastifyInstance,
  { router, createContext, bodies, timeZone, restStatus }: RestOptions,
): Promise<void> => {
  const parseJson = app.getDefaultJsonParser("error", "error");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", (request, _payload, done) => {
    bodies.read(request, (error, body) => {
      // Some SDKs send the content type without a body.
      if (error || !body || body.length === 0) done(error, undefined);
      else void parseJson(request, body.toString(), done);
    });
  });
  app.addContentTypeParser("application/x-www-form-urlencoded", (request, _payload, done) => {
    bodies.read(request, (error, body) => {
      if (error || !body) done(error, undefined);
      else done(null, { ...parseForm(body.toString(), "&", "=", { maxKeys: MAX_FORM_FIELDS }) });
    });
  });

  const rows = rowsOf(timeZone);
  documentRoutes(app, { rows, router, restStatus });
  for (const row of rows) {
    const call = createRowCaller(router, row);
    app.route({
      method: [...row.methods],
      url: row.path,
      // Runs before the body is parsed, so that only bodies of authorized callers are read.
      onRequest: (request, _reply, done) => {
        if (request.method !== "POST") return done();
        createContext(request, "rest").then((context) => {
          request.bodyLimit = bodyLimitOf(context, router, [row.procedure]);
          done();
        }, done);
      },
      handler: async (request) => {
        const ctx = request.callContext ?? (await createContext(request, "rest"));
        const sent = () => ({ fields: sentFields(request, row), headers: request.headers });
        return success(await call(sent, ctx));
      },
    });
  }
};
