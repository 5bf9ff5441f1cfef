import { expect, it } from "vitest";
import { isOnPostgres } from "../../test/support/engine.js";
import { createTestApp } from "./testing.js";

// With PostgreSQL, the calls read from several connections.
it.skipIf(isOnPostgres)(
  "calls of one caller that are made at once begin in the order in which they were made",
  async () => {
    await using app = await createTestApp();
    const admin = app.as({ sub: "root", role: "admin" });
    const names = Array.from({ length: 60 }, (_, n) => `Room ${n}`);
    const begun: string[] = [];
    await Promise.all(
      names.map(async (name) => {
        const { id } = await admin.room.create({ name });
        begun.push(`${id} ${name}`);
      }),
    );
    expect(begun.map((one) => one.slice(one.indexOf(" ") + 1))).toEqual(names);
    // Ids increase.
    expect(begun.toSorted()).toEqual(begun);
  },
);

it("signs a new token before the old one expires", async () => {
  let now = new Date("2026-01-02T03:04:05Z");
  await using app = await createTestApp({ now: () => now });
  const admin = app.as({ sub: "root", role: "admin" });
  const { id: roomId } = await admin.room.create({ name: "R" });
  for (const hours of [0.4, 0.9, 24, -48]) {
    now = new Date(now.getTime() + hours * 60 * 60 * 1000);
    expect(await admin.room.get({ roomId })).toMatchObject({ id: roomId });
  }
});

it("a token has the requested lifetime", async () => {
  await using app = await createTestApp();
  const admin = app.as({ sub: "root", role: "admin" }, { ttlSeconds: 60 });
  expect((await admin.auth.whoami()).expiresAt).toEqual(new Date("2026-01-02T03:05:05Z"));
});

it("a subscription yields each event with its id, as its type says", async () => {
  await using app = await createTestApp();
  const abort = new AbortController();
  const admin = app.as({ sub: "root", role: "admin" }, { signal: abort.signal });
  const { id: roomId } = await admin.room.create({ name: "R" });
  const events = await admin.room.onEvent({ roomId, lastEventId: "0" });
  for await (const { id, data } of events) {
    expect(data).toMatchObject({ type: "room_created", roomId, id });
    break;
  }
  abort.abort();
});
