import { createHash } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { isKnown } from "../http/files.js";
import { createDocument, type DocumentOptions } from "./document.js";
import { documentPage, PAGE_HEADERS } from "./document-page.js";

interface Made {
  readonly body: string;
  readonly etag: string;
}
const made = (body: string): Made => ({
  body,
  etag: `"${createHash("sha256").update(body).digest("base64url")}"`,
});

/** `/openapi.json`: the OpenAPI document of the REST paths. `/openapi`: the same as a page. */
export const documentRoutes = (app: FastifyInstance, options: DocumentOptions): void => {
  // Made at the first request: a start must not wait for it.
  let both: { readonly json: Made; readonly page: Made } | undefined;
  const documents = () => {
    if (both) return both;
    const document = createDocument(options);
    both = { json: made(JSON.stringify(document)), page: made(documentPage(document)) };
    return both;
  };
  const send = (request: FastifyRequest, reply: FastifyReply, { body, etag }: Made): FastifyReply => {
    void reply.header("etag", etag);
    return isKnown(request.headers["if-none-match"], etag) ? reply.code(304).send() : reply.send(body);
  };
  app.get("/openapi.json", (request, reply) => {
    void reply.headers({
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-cache",
      // Tools of any origin may read it: it is the same for everybody.
      "access-control-allow-origin": "*",
    });
    return send(request, reply, documents().json);
  });
  app.get("/openapi", (request, reply) => send(request, reply.headers(PAGE_HEADERS), documents().page));
};
