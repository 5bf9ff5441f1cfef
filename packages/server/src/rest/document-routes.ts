import type { FastifyInstance } from "fastify";
import { sendTagged, type Tagged, tagged } from "../http/etag.js";
import { createDocument, type DocumentOptions } from "./document.js";
import { documentPage, PAGE_HEADERS } from "./document-page.js";

/** `/openapi.json`: the OpenAPI document of the REST paths. `/openapi`: the same as a page. */
export const documentRoutes = (app: FastifyInstance, options: DocumentOptions): void => {
  // Made at the first request: a start must not wait for it.
  let both: { readonly json: Tagged; readonly page: Tagged } | undefined;
  const documents = () => {
    if (both) return both;
    const document = createDocument(options);
    both = { json: tagged(JSON.stringify(document)), page: tagged(documentPage(document)) };
    return both;
  };
  app.get("/openapi.json", (request, reply) => {
    void reply.headers({
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-cache",
      // Tools of any origin may read it, because it is the same for all callers.
      "access-control-allow-origin": "*",
    });
    return sendTagged(request, reply, documents().json);
  });
  app.get("/openapi", (request, reply) => sendTagged(request, reply.headers(PAGE_HEADERS), documents().page));
};
