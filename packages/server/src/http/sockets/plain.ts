import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";

/** Whether a request wants to go on as a WebSocket. */
export const isWebSocket = ({ headers }: IncomingMessage): boolean =>
  headers.upgrade?.toLowerCase() === "websocket";

/**
 * Options of an HTTP server. From Node 24.9 on it asks itself whether a request goes on as something else, and serves the others, with their
 * bodies, as if they had not asked. The types of Node 20 do not know the option.
 */
export const plainUpgrades: object = { shouldUpgradeCallback: isWebSocket };

/**
 * For older Nodes: gives a connection back to the HTTP server, which reads the request again without its wish to upgrade. Java's client asks
 * for HTTP/2 on every first request, bodies too, and must be answered as if it had not.
 */
export const answerPlainly = (
  server: Server,
  request: IncomingMessage,
  { socket, head }: { readonly socket: Duplex; readonly head: Buffer },
): void => {
  const { method, url, httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = "", value = ""] = rawHeaders.slice(at, at + 2);
    const isWish = ["upgrade", "http2-settings"].includes(name.toLowerCase());
    const kept =
      name.toLowerCase() === "connection"
        ? value
            .split(",")
            .map((option) => option.trim())
            .filter((option) => !["upgrade", "http2-settings"].includes(option.toLowerCase()))
            .join(", ")
        : value;
    if (!isWish && kept !== "") lines.push(`${name}: ${kept}`);
  }
  // Header bytes are Latin-1, as Node reads them.
  const again = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  socket.unshift(Buffer.concat([again, head]));
  server.emit("connection", socket);
};
