// The built client in a process of its own, for process-live-cuts.test.ts: listens to a room, prints each event as
// a line, and says so many numbers when it hears the message 30098. Ends when it hears 30099.

import { createInvigilClient } from "@invigil/client";
import { WebSocket } from "ws";

const { INVIGIL_URL = "", TOKEN = "", ROOM = "", TRANSPORT = "", COUNT = "0", NAME = "" } = process.env;
const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const invigil = createInvigilClient({
  url: INVIGIL_URL,
  token: TOKEN,
  retry: { attempts: 1000, baseMs: 1, maxMs: 20 },
  live: { WebSocket: TRANSPORT === "ws" && WebSocket, baseMs: 1, maxMs: 20 },
});
const live = invigil.live.room(ROOM);
live.on("status", ({ status, error }) =>
  print({ status, ...(status === "closed" && { error: String(error) }) }),
);
const loop = live[Symbol.asyncIterator]();
await live.ready();

const say = async () => {
  for (let n = 1; n <= Number(COUNT); n += 1) await live.send(30_001, { from: NAME, n });
  print({ sent: COUNT });
};
for await (const event of loop) {
  print({
    id: event.id,
    ...(event.type === "message" && { message: event.message.id, data: event.message.data }),
  });
  if (event.type !== "message") continue;
  if (event.message.type === 30_098) void say();
  if (event.message.type === 30_099) break;
}
live.close();
