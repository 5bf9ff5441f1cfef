/** An answer of a vendor is a few kilobytes; whatever is longer is no answer of one. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** An answer that goes on past the bound. */
export class AnswerTooLong extends Error {
  override readonly name = "AnswerTooLong";
}

/**
 * Reads the body of a response as text, up to a bound. The signal of the fetch ends it.
 * @throws AnswerTooLong past the bound; then the connection is closed
 */
export const boundedText = async (response: Response, maxBytes = MAX_ANSWER_BYTES): Promise<string> => {
  if (!response.body) return "";
  const chunks: AsyncIterable<Uint8Array> = response.body;
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  // Leaving the loop early cancels the body.
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new AnswerTooLong(`the answer is longer than ${maxBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
};
