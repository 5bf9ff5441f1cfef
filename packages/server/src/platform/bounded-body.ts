/** The responses of vendors are a few kilobytes. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** A response exceeded the size limit. */
export class AnswerTooLong extends Error {
  override readonly name = "AnswerTooLong";
}

/**
 * Reads the body of a response as text, up to a limit. The signal of the fetch aborts it.
 * @throws AnswerTooLong above the limit, after closing the connection
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
    if (bytes > maxBytes) throw new AnswerTooLong(`the response is longer than ${maxBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
};
