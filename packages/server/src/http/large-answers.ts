import type { FastifyInstance } from "fastify";

/** Below this, a text and the head of its answer go out best in one piece. */
const LARGE = 65_536;
/**
 * Entries of a list whose JSON is made at once. A text of more than 128 KiB gets memory of its own from V8, which costs more than
 * the text: 25 people with their streams are 70 KiB where a name is Chinese.
 */
const AT_ONCE = 25;

/** The bytes of a list's JSON, piece by piece. */
const piecesOf = (list: readonly unknown[]): Buffer[] => {
  const pieces: Buffer[] = [];
  for (let from = 0; from < list.length; from += AT_ONCE) {
    const piece = Buffer.from(JSON.stringify(list.slice(from, from + AT_ONCE)));
    // The bracket that begins it: the list began before.
    if (from > 0) piece.write(",");
    const isLast = from + AT_ONCE >= list.length;
    pieces.push(isLast ? piece : piece.subarray(0, -"]".length));
  }
  return pieces;
};

/** An answer's JSON; as bytes where its last field is a long list. */
export const answerJson = (answer: unknown): string | Buffer => {
  if (typeof answer !== "object" || answer === null || Array.isArray(answer)) return JSON.stringify(answer);
  const name = Object.keys(answer).at(-1);
  // Safe: read by one of its own names.
  const list = name === undefined ? undefined : (answer as Readonly<Record<string, unknown>>)[name];
  if (name === undefined || !Array.isArray(list) || list.length <= AT_ONCE) return JSON.stringify(answer);
  const withoutList = JSON.stringify({ ...answer, [name]: [] });
  const head = Buffer.from(withoutList.slice(0, -"[]}".length));
  return Buffer.concat([head, ...piecesOf(list), Buffer.from("}")]);
};

/**
 * Hands large answers to Node as bytes. Of a text it copies the whole to count its bytes, and again to put the head before it, each
 * time into memory that the system must give and clear: a third of what a list of 500 people takes. Where we make the text
 * ourselves we never make the whole of it.
 */
export const writeLargeAnswersAsBytes = (app: FastifyInstance): void => {
  // Safe: Fastify takes bytes where it takes texts.
  app.setReplySerializer(answerJson as (answer: unknown) => string);
  app.addHook("onSend", (_request, _reply, payload, done) => {
    done(null, typeof payload === "string" && payload.length >= LARGE ? Buffer.from(payload) : payload);
  });
};
