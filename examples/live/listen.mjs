// The listener of docs/live.md: prints what is said in the demo's room, and at the end whether anything is missing.
import { createInvigilClient } from "@invigil/client";

const url = `http://127.0.0.1:${process.env.NETWORK_PORT ?? 7100}`;
const invigil = createInvigilClient({ url, token: process.env.TOKEN });
// The exam that the demo plays has rooms of its own.
const { rooms } = await invigil.room.list.query({ pageSize: 100 });
const room = rooms.find(({ name }) => name.endsWith("Demo room"));
if (!room) throw new Error("there is no room to talk in: start the demo");

const live = invigil.live.room(room.id);
live.on("status", ({ status, error }) => console.log(status, error ? `(${error.message})` : ""));
await live.ready();
console.log(`listening to ${room.name}`);

/** @type {number[]} */
const heard = [];
for await (const event of live) {
  if (event.type !== "message" || event.message.type !== 30_001) continue;
  // What send.mjs sends: the type of a message above 30000 is the application's own.
  const { n, of } = /** @type {{ n: number, of: number }} */ (event.message.data);
  console.log(`${n} of ${of}`);
  heard.push(n);
  if (n === of) break;
}
live.close();

const inOrder = heard.every((n, index) => n === index + 1);
console.log(
  inOrder ? `heard 1 to ${heard.length}, each once, in order` : `something is wrong: ${heard.join()}`,
);
process.exitCode = inOrder ? 0 : 1;
