// A limit: a bare WebSocket server with rooms. A POST to a room sends a frame of the same size to all its listeners. The server checks and
// stores nothing.
import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { answerParent } from "../lib/ipc.mjs";
import { WebSocketServer } from "../lib/server-modules.mjs";

answerParent(async ({ frame }) => {
  const rooms = new Map();
  const answer = async (request, response) => {
    const body = await text(request);
    const message = frame.replace(/"sent":\d+/, /"sent":\d+/.exec(body)[0]);
    for (const socket of rooms.get(request.url) ?? []) socket.send(message);
    response.setHeader("content-type", "application/json").end('{"result":{}}');
  };
  const server = createServer((request, response) => {
    // An interrupted request ends the process, and the row fails.
    void answer(request, response);
  });
  new WebSocketServer({ server, perMessageDeflate: false }).on("connection", (socket, { url }) => {
    const room = rooms.get(url) ?? new Set();
    rooms.set(url, room.add(socket));
    socket.on("close", () => room.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${server.address().port}`;
});
