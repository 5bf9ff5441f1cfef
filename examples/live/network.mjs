// The network of docs/live.md: passes port 7100 on to the server. Enter resets every connection, and lets none through for
// three seconds.
import { existsSync, readFileSync } from "node:fs";
import { connect, createServer } from "node:net";

/** Where the demo that runs in this folder listens. */
const demoUrl = () => {
  const file = `${process.env.INVIGIL_DATA_DIR ?? "data"}/demo.json`;
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).url : "http://127.0.0.1:7001";
};

const server = new URL(process.env.NETWORK_TO ?? demoUrl());
const port = Number(process.env.NETWORK_PORT ?? 7100);
const DOWN_MS = 3000;

/** @type {Set<import("node:net").Socket>} */
const open = new Set();
let isDown = false;

const network = createServer((socket) => {
  socket.on("error", () => socket.destroy());
  if (isDown) {
    socket.resetAndDestroy();
    return;
  }
  open.add(socket);
  socket.on("close", () => open.delete(socket));
  const upstream = connect(Number(server.port), server.hostname);
  upstream.on("error", () => socket.resetAndDestroy());
  upstream.on("close", () => socket.destroy());
  socket.on("close", () => upstream.destroy());
  socket.pipe(upstream).pipe(socket);
});

process.stdin.on("data", () => {
  if (isDown) return;
  isDown = true;
  console.log(`cut ${open.size} connections`);
  for (const socket of open) socket.resetAndDestroy();
  setTimeout(() => {
    isDown = false;
    console.log("up again");
  }, DOWN_MS);
});

network.listen(port, "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${port} leads to ${server.origin}. Enter cuts it.`);
});
