import { Client } from "pg";
import { afterAll, beforeAll, expect, it as test } from "vitest";
import type { TestCaller } from "../src/app/testing.js";
import { createStoredDuties } from "../src/coordination/duties-table.js";
import { createSeriesStore } from "../src/features/series/store.js";
import { isPostgresMissing, openSchemasForTests, type Schemas } from "./support/postgres-schemas.js";
import { type Member, openPair } from "./support/servers.js";
import { withWrites } from "./support/writes.js";

// One of the servers of an installation writes the series of the rooms. Another one goes on when that one pauses or dies.

const isSkipped = isPostgresMissing();
const it = test.skipIf(isSkipped);

const ADMIN: TestCaller = { sub: "root", role: "admin" };
const START = Date.parse("2026-01-02T03:00:00Z");
const MINUTE_MS = 60_000;
/** When a server looks that has not written the minute before. */
const LATE_MS = 20_000;
const minute = (n: number): Date => new Date(START + n * MINUTE_MS);

let schemas: Schemas;
beforeAll(async () => {
  if (!isSkipped) schemas = await openSchemasForTests();
});
afterAll(() => schemas?.[Symbol.asyncDispose]());

const openRoomFixture = async () => {
  const { url } = await schemas.open();
  let now = START;
  const servers = await openPair(url, { now: () => new Date(now) });
  const [one, other] = servers.all;
  // From now on, only when the test says so.
  for (const { services } of servers.all) await services.seriesRecorder.stop();
  const { id: examId } = await one.as(ADMIN).exam.create({
    name: "Exam",
    startTime: minute(-10),
    endTime: minute(180),
  });
  const { id: roomId } = await one.as(ADMIN).room.create({
    name: "Room",
    examId,
    participants: [{ userId: "e1", name: "E", role: "examinee" }],
  });
  const use = (member: Member) => member.as(ADMIN).exam.get({ examId });
  await Promise.all([use(one), use(other)]);
  const client = new Client({ connectionString: url });
  await client.connect();
  return {
    one,
    other,
    examId,
    roomId,
    client,
    /** Has servers look at a time. */
    async lookAt(ms: number, ...members: readonly Member[]): Promise<void> {
      now = ms;
      await Promise.all(members.map(({ services }) => services.seriesRecorder.recordMinute()));
    },
    detect: (times: number) =>
      one.as(ADMIN).cheat.addRecords({
        roomId,
        records: Array.from({ length: times }, () => ({
          userId: "e1",
          isMainMonitor: true,
          detectType: "watch",
          detectTime: minute(0),
        })),
      }),
    seriesOf: () => other.as(ADMIN).exam.series({ examId }),
    holder: async () =>
      (await client.query<{ instance: string }>("SELECT instance FROM duties")).rows[0]?.instance,
    async [Symbol.asyncDispose]() {
      await client.end();
      await servers[Symbol.asyncDispose]();
    },
  };
};

it("one server writes the minutes, and another one goes on when it is gone, without a gap", async () => {
  await using fixture = await openRoomFixture();
  const { one, other } = fixture;
  await fixture.lookAt(START + LATE_MS, one);
  await fixture.lookAt(START + LATE_MS, other);
  expect(await fixture.holder()).toBe(one.services.instances.id);
  await fixture.detect(2);
  // The holder goes first. The other one looks later, and finds the minute written.
  await fixture.lookAt(START + MINUTE_MS, one, other);
  await fixture.lookAt(START + MINUTE_MS + LATE_MS, other);
  expect(await fixture.holder()).toBe(one.services.instances.id);
  // The holder pauses.
  await fixture.detect(3);
  await fixture.lookAt(START + 2 * MINUTE_MS, other);
  expect(await fixture.holder()).toBe(one.services.instances.id);
  await fixture.lookAt(START + 2 * MINUTE_MS + LATE_MS, other);
  expect(await fixture.holder()).toBe(other.services.instances.id);
  // It continues, and is no longer the first.
  await fixture.lookAt(START + 2 * MINUTE_MS + LATE_MS + 1000, one);
  await fixture.lookAt(START + 3 * MINUTE_MS, one, other);
  expect(await fixture.holder()).toBe(other.services.instances.id);
  expect(await fixture.seriesOf()).toMatchObject({ start: minute(-1), detections: [0, 2, 3, 0] });
});

it("servers that look at the same time write a minute once", async () => {
  await using fixture = await openRoomFixture();
  await fixture.lookAt(START + LATE_MS, fixture.one, fixture.other);
  await fixture.lookAt(START + MINUTE_MS + LATE_MS, fixture.one, fixture.other);
  const { rows } = await fixture.client.query("SELECT minute FROM room_minutes ORDER BY minute");
  expect(rows).toEqual([{ minute: minute(-1) }, { minute: minute(0) }]);
});

it("what a server has counted before it paused is not written after another one has taken over", async () => {
  await using fixture = await openRoomFixture();
  const storesOf = ({ db, services }: Member) => {
    const duties = createStoredDuties({ control: db.control, instances: services.instances });
    return { duties, store: createSeriesStore({ ...withWrites(db), duties }) };
  };
  const [late, next] = [storesOf(fixture.one), storesOf(fixture.other)];
  await fixture.lookAt(START + LATE_MS, fixture.one);
  await fixture.detect(2);
  const now = new Date(START + MINUTE_MS);
  expect(await late.duties.take("series", { now, until: new Date(START + MINUTE_MS + 15_000) })).toBe(true);
  const measurement = await late.store.measure(minute(0), now);
  expect(measurement.rooms).toMatchObject([{ detections: 2 }]);
  await fixture.lookAt(START + MINUTE_MS + LATE_MS, fixture.other);
  await fixture.detect(4);
  await fixture.lookAt(START + 2 * MINUTE_MS, fixture.other);
  // A minute that nobody has written would be taken, if the duty did not matter.
  await late.store.write({ ...measurement, minute: minute(2) }, new Date(START + 10 * MINUTE_MS));
  await late.store.write(measurement, new Date(START + 10 * MINUTE_MS));
  expect(await fixture.seriesOf()).toMatchObject({ start: minute(-1), detections: [0, 2, 4] });
  expect(await next.duties.take("series", { now: minute(3), until: minute(4) })).toBe(true);
});

it("a server that is killed while it writes leaves nothing, and another one writes that minute", async () => {
  await using fixture = await openRoomFixture();
  const { one, other, client } = fixture;
  await fixture.lookAt(START + LATE_MS, one);
  await fixture.detect(2);
  const { rows: before } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  // The transaction waits for this table, with the duty locked. Then the operating system ends its connection.
  await client.query("BEGIN");
  await client.query("LOCK TABLE exam_minutes IN EXCLUSIVE MODE");
  const writing = fixture.lookAt(START + MINUTE_MS, one).catch((error: unknown) => error);
  const kill = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND query LIKE '%"exam_minutes"%' AND $1 = ANY(pg_blocking_pids(pid))`;
  // In another session: a transaction sees the same activity all the time.
  await expect
    .poll(async () => (await schemas.client.query(kill, [before[0]?.pid])).rowCount, { interval: 5 })
    .toBe(1);
  await client.query("COMMIT");
  expect(await writing).toBeInstanceOf(Error);
  expect(await fixture.seriesOf()).toMatchObject({ detections: [0] });
  await fixture.lookAt(START + MINUTE_MS + LATE_MS, other);
  expect(await fixture.seriesOf()).toMatchObject({ start: minute(-1), detections: [0, 2] });
});
