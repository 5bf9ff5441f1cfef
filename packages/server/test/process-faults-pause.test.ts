import { expect, it } from "vitest";
import { listenRaw } from "./support/fault-listeners.js";
import { openFaultServers } from "./support/fault-servers.js";
import { writeLast } from "./support/fault-work.js";

// A server that is paused for longer than its lease, and then continues.

const ADMIN = { sub: "root", role: "admin" } as const;

it("lets the pages leave that stay with it, and no page that has moved; and then they are present again", async () => {
  await using servers = await openFaultServers();
  const [paused, second, third] = servers.places;
  const people = ["stays", "moves", "elsewhere"];
  const room = await second.as(ADMIN).room.create({
    name: "Room",
    participants: people.map((userId) => ({ userId, name: userId, role: "examinee" as const })),
  });
  const { lastEventId } = await second.as(ADMIN).room.snapshot({ roomId: room.id });
  const target = { of: "room", id: room.id } as const;
  const listen = async (sub: string, place: typeof paused) =>
    listenRaw([place], { name: sub, target, token: await second.token({ sub, role: "examinee" }) });
  await using watcher = await listenRaw([third], {
    name: "the watcher",
    target,
    token: await second.token(ADMIN),
    lastEventId,
  });
  const presence = async () =>
    (await second.as(ADMIN).room.presence({ roomId: room.id }))
      .filter(({ userId }) => people.includes(userId))
      .map(({ userId, devices }) => `${userId} ${devices}`)
      .toSorted();
  await using _stays = await listen("stays", paused);
  await using _moves = await listen("moves", paused);
  await using _elsewhere = await listen("elsewhere", second);
  await expect.poll(presence).toEqual(["elsewhere 1", "moves 1", "stays 1"]);

  paused.signal("SIGSTOP");
  await using _moved = await listen("moves", third);
  await expect.poll(presence).toEqual(["elsewhere 1", "moves 2", "stays 1"]);
  // The lease of the paused server expires, and another one cleans up.
  await expect.poll(presence, { timeout: 90_000, interval: 500 }).toEqual(["elsewhere 1", "moves 1"]);
  await writeLast(second, room.id, "while it is paused");

  paused.signal("SIGCONT");
  // Both connections to it are still open.
  await expect
    .poll(presence, { timeout: 60_000, interval: 500 })
    .toEqual(["elsewhere 1", "moves 2", "stays 1"]);
  await writeLast(paused, room.id, "the end");
  await watcher.heard("the end");
  const about = (userId: string) =>
    watcher.events.filter(({ userId: of }) => of === userId).map(({ type }) => type);
  expect(about("stays")).toEqual(["participant_entered", "participant_left", "participant_entered"]);
  expect(about("moves")).toEqual([
    "participant_entered",
    "devices_changed",
    "devices_changed",
    "devices_changed",
  ]);
  expect(about("elsewhere")).toEqual(["participant_entered"]);
  // What happened during the pause reaches the pages of the paused server, too.
  await _stays.heard("while it is paused");
  await _stays.heard("the end");
  expect(_stays.reconnections()).toBe(0);
});
