import type { FastifyInstance } from "fastify";
import { chargeAnswer } from "../trpc/context.js";

/** Below this size, sending headers and text in one piece is faster. */
const LARGE_LENGTH = 65_536;
/**
 * The number of list items that are serialized at once. V8 allocates texts above 128 KiB separately, which
 * costs more than the text itself. 25 people with their streams take 70 KiB if a name is Chinese.
 */
const ITEMS_PER_PIECE = 25;

/** The most bytes that a UTF-16 code unit takes in UTF-8. */
const BYTES_PER_UNIT = 3;

/** The JSON of an object whose last field is a long list, as bytes. */
const bytesOf = (withoutList: string, list: readonly unknown[]): Buffer => {
  const head = Buffer.from(withoutList.slice(0, -"[]}".length));
  let bytes = head;
  let size = head.length;
  for (let from = 0; from < list.length; from += ITEMS_PER_PIECE) {
    const piece = JSON.stringify(list.slice(from, from + ITEMS_PER_PIECE));
    const most = piece.length * BYTES_PER_UNIT;
    if (bytes.length - size < most) {
      // Usually, the other pieces are about as long as the first.
      const others = Math.ceil((piece.length * (list.length - from)) / ITEMS_PER_PIECE);
      const larger = Buffer.allocUnsafeSlow(size + most + others);
      bytes.copy(larger, 0, 0, size);
      bytes = larger;
    }
    const end = size + bytes.write(piece, size);
    // The brackets of two pieces become a comma.
    if (from > 0) bytes.write(",", size);
    size = end - "]".length;
  }
  size += bytes.write("]}", size);
  return bytes.subarray(0, size);
};

/** The JSON of an answer. As bytes if its last field is a long list. */
export const answerJson = (answer: unknown): string | Buffer => {
  if (typeof answer !== "object" || answer === null || Array.isArray(answer)) return JSON.stringify(answer);
  const name = Object.keys(answer).at(-1);
  // Safe: read by one of its own keys.
  const list = name === undefined ? undefined : (answer as Readonly<Record<string, unknown>>)[name];
  if (name === undefined || !Array.isArray(list) || list.length <= ITEMS_PER_PIECE)
    return JSON.stringify(answer);
  return bytesOf(JSON.stringify({ ...answer, [name]: [] }), list);
};

/**
 * Passes large responses to Node as bytes. Node would copy a text twice, to count its bytes and to prepend
 * the headers, into newly allocated memory. That takes a third of the time for a list of 500 people. If the
 * server creates the JSON itself, it never creates the whole text. The caller is charged for the size.
 */
export const writeLargeAnswersAsBytes = (app: FastifyInstance): void => {
  // Safe: Fastify accepts bytes where it accepts texts.
  app.setReplySerializer(answerJson as (answer: unknown) => string);
  app.addHook("onSend", (request, _reply, payload, done) => {
    const sent =
      typeof payload === "string" && payload.length >= LARGE_LENGTH ? Buffer.from(payload) : payload;
    // Here, each answer of a call passes with its size. That of a small text is close enough.
    if (request.callContext && (typeof sent === "string" || sent instanceof Buffer))
      chargeAnswer(request.callContext, sent.length);
    done(null, sent);
  });
};
