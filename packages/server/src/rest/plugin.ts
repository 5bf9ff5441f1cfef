import formbody from "@fastify/formbody";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { invalidInput } from "../errors.js";
import type { CreateContext } from "../http/context.js";
import type { ServedRouter } from "../router.js";
import { rowCaller } from "./call.js";
import { success } from "./envelope.js";
import { createRoutes, type Row } from "./routes.js";
import { createWire } from "./wire.js";

export interface RestOptions {
  readonly router: ServedRouter;
  readonly createContext: CreateContext;
  readonly timeZone: string;
}

const isFields = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Query and body together, the body winning. */
const sentFields = ({ query, body }: FastifyRequest, { bodyOnly }: Row): Record<string, unknown> => {
  if (body !== undefined && !isFields(body)) throw invalidInput("body", "must be a JSON object");
  return { ...(isFields(query) && !bodyOnly ? query : {}), ...body };
};

/** The old door: a Fastify route for each row of the table. */
export const restPlugin = async (
  app: FastifyInstance,
  { router, createContext, timeZone }: RestOptions,
): Promise<void> => {
  await app.register(formbody);
  const parseJson = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, body, done) => {
    // Some SDKs send the content type without a body.
    if (body.length === 0) done(null, undefined);
    else void parseJson(request, String(body), done);
  });

  const rows: readonly Row[] = createRoutes(createWire({ timeZone }));
  for (const row of rows) {
    const call = rowCaller(router, row);
    app.route({
      method: [...row.methods],
      url: row.path,
      handler: async (request) => {
        const ctx = await createContext(request);
        const sent = () => ({ fields: sentFields(request, row), headers: request.headers });
        return success(await call(sent, ctx));
      },
    });
  }
};
