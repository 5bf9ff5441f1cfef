#!/usr/bin/env node
// A load balancer for tests of several servers: node scripts/round-robin.mjs PORT TARGET...
// Sends each request to the next target in turn, also those of one connection, and each WebSocket. Targets are URLs such as
// http://127.0.0.1:7001. Port 0 is a free one. When it listens, it prints its URL. A target that is gone answers 502.
import http from "node:http";
import net from "node:net";
import { pipeline } from "node:stream";

const [port = "", ...urls] = process.argv.slice(2);
if (!/^\d+$/.test(port) || urls.length === 0) {
  console.error("node scripts/round-robin.mjs PORT TARGET...");
  process.exit(2);
}
const targets = urls.map((url) => {
  const { hostname, port: number } = new URL(url);
  return { host: hostname, port: Number(number) || 80 };
});
let turn = -1;
const next = () => {
  turn = (turn + 1) % targets.length;
  return targets[turn];
};

/** Headers that concern only one connection. This proxy answers expectations itself. */
const OF_A_CONNECTION = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "expect",
]);

/**
 * The forwarded headers, as alternating names and values.
 * @param {http.IncomingMessage} message
 */
const headersOf = ({ rawHeaders }) => {
  const onward = [];
  for (let at = 0; at < rawHeaders.length; at += 2)
    if (!OF_A_CONNECTION.has(rawHeaders[at].toLowerCase())) onward.push(rawHeaders[at], rawHeaders[at + 1]);
  return onward;
};

// The servers decide which headers are too large, and which requests too slow.
const server = http.createServer({ maxHeaderSize: 1024 * 1024, requestTimeout: 0 }, (request, response) => {
  const { method, url: path } = request;
  const headers = headersOf(request);
  if (request.headers["transfer-encoding"] !== undefined) headers.push("transfer-encoding", "chunked");
  // Each request has its own connection, because a reused one might be closed at the moment of its next use.
  headers.push("connection", "close");
  const onward = http.request({ ...next(), method, path, headers, agent: false, maxHeaderSize: 1024 * 1024 });
  onward.on("response", (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, headersOf(answer));
    // The headers of an event stream arrive long before its first event.
    response.flushHeaders();
    pipeline(answer, response, () => undefined);
  });
  onward.on("error", () => {
    if (!response.headersSent) response.writeHead(502, { "content-length": 0 }).end();
  });
  // When one side closes, the other is closed, too.
  response.on("close", () => onward.destroy());
  request.on("error", () => onward.destroy());
  request.pipe(onward);
});

server.on("upgrade", (request, socket, head) => {
  const onward = net.connect(next(), () => {
    const { method, url, rawHeaders } = request;
    let text = `${method} ${url} HTTP/1.1\r\n`;
    for (let at = 0; at < rawHeaders.length; at += 2) text += `${rawHeaders[at]}: ${rawHeaders[at + 1]}\r\n`;
    onward.write(`${text}\r\n`, "latin1");
    onward.write(head);
    socket.pipe(onward).pipe(socket);
  });
  let isConnected = false;
  onward.on("connect", () => {
    isConnected = true;
  });
  onward.on("error", () => {
    if (isConnected) socket.destroy();
    else socket.end("HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
  });
  socket.on("error", () => onward.destroy());
  onward.on("close", () => isConnected && socket.destroy());
  socket.on("close", () => onward.destroy());
});

server.listen(Number(port), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
