// The sender of docs/live.md: counts to 40 in the demo's room, four numbers a second.
import { setTimeout as sleep } from "node:timers/promises";
import { createInvigilClient } from "@invigil/client";

const url = `http://127.0.0.1:${process.env.NETWORK_PORT ?? 7100}`;
const COUNT = 40;
// Where the network is down for longer, more attempts bridge it.
const invigil = createInvigilClient({ url, token: process.env.TOKEN, retry: { attempts: 50 } });
// The exam that the demo plays has rooms of its own.
const { rooms } = await invigil.room.list.query({ pageSize: 100 });
const room = rooms.find(({ name }) => name.endsWith("Demo room"));
if (!room) throw new Error("there is no room to talk in: start the demo");

const live = invigil.live.room(room.id);
for (let n = 1; n <= COUNT; n += 1) {
  const start = performance.now();
  await live.send(30_001, { n, of: COUNT });
  const ms = Math.round(performance.now() - start);
  console.log(`sent ${n}${ms > 500 ? `, after ${ms} ms` : ""}`);
  await sleep(250);
}
live.close();
