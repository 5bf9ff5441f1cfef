import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";

export const isWebSocket = ({ headers }: IncomingMessage): boolean =>
  headers.upgrade?.toLowerCase() === "websocket";

/**
 * Options of the HTTP server. Since Node 24.9, Node asks whether to upgrade a request, and handles other
 * requests normally, including their bodies. The types of Node 20 lack this option.
 */
export const upgradeOptions: object = { shouldUpgradeCallback: isWebSocket };

/**
 * For older versions of Node: returns a connection to the HTTP server, which parses the request again without
 * its upgrade header. Java's client asks for HTTP/2 on every first request and expects a normal response.
 */
export const handleWithoutUpgrade = (
  server: Server,
  request: IncomingMessage,
  { socket, head }: { readonly socket: Duplex; readonly head: Buffer },
): void => {
  const { method, url, httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = "", value = ""] = rawHeaders.slice(at, at + 2);
    const isUpgradeHeader = ["upgrade", "http2-settings"].includes(name.toLowerCase());
    const kept =
      name.toLowerCase() === "connection"
        ? value
            .split(",")
            .map((option) => option.trim())
            .filter((option) => !["upgrade", "http2-settings"].includes(option.toLowerCase()))
            .join(", ")
        : value;
    if (!isUpgradeHeader && kept !== "") lines.push(`${name}: ${kept}`);
  }
  // Node decodes header bytes as Latin-1.
  const again = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  socket.unshift(Buffer.concat([again, head]));
  server.emit("connection", socket);
};
