#!/usr/bin/env node
// A load balancer for tests: node scripts/round-robin.mjs PORT URL...
// Each request goes to the next server in turn, also on one connection, and so does each WebSocket.
import { createServer, request as send } from "node:http";

const [port, ...targets] = process.argv.slice(2);
if (!port || targets.length === 0) {
  console.error("usage: node scripts/round-robin.mjs PORT URL...");
  process.exit(2);
}
let turn = 0;
const nextTarget = () => targets[turn++ % targets.length];

/** Sends a request on to the next server. */
const forward = ({ method, url, headers }) => send(new URL(url, nextTarget()), { method, headers });

const server = createServer((request, response) => {
  const forwarded = forward(request);
  forwarded.on("response", (answer) => {
    response.writeHead(answer.statusCode, answer.rawHeaders);
    answer.pipe(response);
  });
  forwarded.on("error", () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502).end();
  });
  response.on("close", () => forwarded.destroy());
  request.pipe(forwarded);
});

server.on("upgrade", (request, socket, head) => {
  const forwarded = forward(request);
  const refuse = () => socket.destroy();
  forwarded.on("upgrade", (answer, upstream, first) => {
    const lines = [`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`];
    for (let n = 0; n < answer.rawHeaders.length; n += 2)
      lines.push(`${answer.rawHeaders[n]}: ${answer.rawHeaders[n + 1]}`);
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    socket.write(first);
    upstream.write(head);
    upstream.pipe(socket).pipe(upstream);
    upstream.on("error", refuse);
    socket.on("error", () => upstream.destroy());
  });
  forwarded.on("response", (answer) => {
    socket.end(`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\nconnection: close\r\n\r\n`);
  });
  forwarded.on("error", refuse);
  forwarded.end();
});

server.listen(Number(port), "127.0.0.1");
