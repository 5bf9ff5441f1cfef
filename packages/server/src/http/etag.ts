import { createHash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";

/** A text that is the same for everybody, with the tag by which browsers revalidate it. */
export interface Tagged {
  readonly body: string;
  readonly etag: string;
}

export const tagged = (body: string): Tagged => ({
  body,
  etag: `"${createHash("sha256").update(body).digest("base64url")}"`,
});

/** Whether the client has the current content, according to a header with ETags. */
export const isKnown = (header = "", etag: string): boolean =>
  header.split(",").some((one) => {
    const known = one.trim().replace(/^W\//, "");
    return known === etag || known === "*";
  });

/** Sends a text, unless the client has it. */
export const sendTagged = (
  request: FastifyRequest,
  reply: FastifyReply,
  { body, etag }: Tagged,
): FastifyReply => {
  void reply.header("etag", etag);
  return isKnown(request.headers["if-none-match"], etag) ? reply.code(304).send() : reply.send(body);
};
