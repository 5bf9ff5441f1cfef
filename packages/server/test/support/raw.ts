import { connect } from "node:net";
import type { Parsed } from "./calls.js";

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The parsed JSON body. */
  readonly body: Parsed;
}

/**
 * Writes bytes to a server, ends the request, and reads the first response until the server closes the
 * connection.
 */
export const sendRaw = (url: string, bytes: string | Buffer): Promise<RawAnswer> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const chunks: Buffer[] = [];
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.end(bytes));
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", reject);
    socket.on("close", () => {
      const answer = Buffer.concat(chunks).toString();
      try {
        const [head = "", text = ""] = answer.split(/\r\n\r\n(.*)/s);
        const [statusLine = "", ...lines] = head.split("\r\n");
        const headers = Object.fromEntries(
          lines.map((line) => {
            const [name = "", value = ""] = line.split(/:\s*(.*)/s);
            return [name.toLowerCase(), value];
          }),
        );
        resolve({ status: Number(statusLine.split(" ")[1]), headers, text, body: JSON.parse(text) });
      } catch (error) {
        reject(new Error(`not an answer in JSON: ${answer}`, { cause: error }));
      }
    });
  });
