import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it as test } from "vitest";
import { type AppFixture, type AppFixtureOptions, openAppFixture } from "./support/app-fixture.js";
import { trpc } from "./support/calls.js";
import { isPostgresServerMissing, openSchemas, type Schemas } from "./support/postgres-schemas.js";
import { type PostgresServer, startPostgresServer } from "./support/postgres-server.js";
import { startTcpProxy } from "./support/tcp-proxy.js";

// One exam that is locked, by a server that was paused or by anything else, beside other exams.

const isSkipped = isPostgresServerMissing();
const it = test.skipIf(isSkipped);

let server: PostgresServer;
let schemas: Schemas;
beforeAll(async () => {
  if (isSkipped) return;
  server = await startPostgresServer(["fsync=off"]);
  schemas = await openSchemas(server.url);
});
afterAll(async () => {
  await schemas?.[Symbol.asyncDispose]();
  await server?.stop();
});

const openOn = (
  url: string,
  { directUrl = url, ...options }: AppFixtureOptions & { directUrl?: string } = {},
) =>
  openAppFixture({
    ...options,
    config: { databaseFile: undefined, postgres: { url, directUrl } },
    now: () => new Date(),
    sharesDatabase: true,
    queue: false,
  });
const callsOf = async (fixture: AppFixture, sub: string) =>
  trpc(fixture, await fixture.token({ sub, role: "admin" }));
type Calls = Awaited<ReturnType<typeof callsOf>>;
const openRoom = async (calls: Calls) => {
  const participants = [{ userId: "e1", name: "E", role: "examinee" }];
  const { data } = await calls.mutate("room.create", { name: "R", participants });
  return { examId: String(data.examId), roomId: String(data.id) };
};
/** Calls of every kind in a room: grouped ones, and others. */
const callsIn = (calls: Calls, { examId, roomId }: { examId: string; roomId: string }, round: string) => [
  calls.mutate("cheat.addRecords", {
    roomId,
    records: [{ userId: "e1", isMainMonitor: true, detectType: "watch", detectTime: new Date() }],
  }),
  calls.mutate("im.send", { roomId, type: 30_001, data: round }),
  calls.mutate("cheat.setConfig", { examId, data: round }),
  calls.mutate("room.setAudioStatus", { roomId, audioStatus: "speaking" }),
];
const statusesOf = async (answers: readonly Promise<{ readonly status: number }>[]): Promise<number[]> =>
  (await Promise.all(answers)).map(({ status }) => status);

describe("an exam that is locked", () => {
  it("delays no other exam and not /ready, and its own calls are made when it is free", async () => {
    const { url } = await schemas.open();
    await using fixture = await openOn(url);
    const calls = await callsOf(fixture, "root");
    const locked = await openRoom(calls);
    const free = await openRoom(calls);
    const other = new Client({ connectionString: url });
    await other.connect();
    await other.query("BEGIN");
    await other.query("SELECT 1 FROM exams WHERE id = $1 FOR UPDATE", [locked.examId]);
    // Of many callers: more than there are connections.
    const waiting: Promise<{ readonly status: number }>[] = [];
    for (let n = 0; n < 8; n += 1)
      waiting.push(...callsIn(await callsOf(fixture, `caller${n}`), locked, `${n}`));
    let answered = 0;
    for (const one of waiting) void one.then(() => (answered += 1));

    for (let round = 0; round < 5; round += 1) {
      expect(await statusesOf(callsIn(calls, free, `${round}`))).toEqual([200, 200, 200, 200]);
      expect((await fixture.inject("/ready")).statusCode).toBe(200);
    }
    expect(answered).toBe(0);
    await other.end();
    expect(new Set(await statusesOf(waiting))).toEqual(new Set([200]));
  });

  it("by a server that stands still is free again when the database ends its transaction", async () => {
    const { url } = await schemas.open();
    await using healthy = await openOn(url);
    await using proxy = await startTcpProxy(server.port);
    const through = new URL(url);
    through.port = String(proxy.port);
    const paused = await openOn(through.href, { directUrl: url });
    const calls = await callsOf(healthy, "root");
    const locked = await openRoom(calls);
    const free = await openRoom(calls);
    // Nothing that it sends after the lock arrives, as if its process were stopped.
    let isLocked = false;
    proxy.fateOf = (data) => {
      isLocked ||= data.includes("cheat_configs");
      return isLocked ? "hold" : "pass";
    };
    const stuck = (await callsOf(paused, "root")).mutate("cheat.setConfig", { ...locked, data: "stuck" });
    await expect.poll(() => isLocked).toBe(true);

    const waiting = callsIn(calls, locked, "waiting");
    expect(await statusesOf(callsIn(calls, free, "free"))).toEqual([200, 200, 200, 200]);
    expect((await healthy.inject("/ready")).statusCode).toBe(200);
    // Within the ten seconds that a call may take.
    expect(await statusesOf(waiting)).toEqual([200, 200, 200, 200]);
    proxy.fateOf = () => "pass";
    proxy.cut();
    expect([200, 503]).toContain((await stuck).status);
    await paused[Symbol.asyncDispose]();
  });
});

it("prepares a bulk change anew if one of its transactions is lost, and makes it once", async () => {
  const { url } = await schemas.open();
  const other = new Client({ connectionString: url });
  await other.connect();
  let examId = "";
  let isLocked = false;
  await using fixture = await openOn(url, {
    change: (deps) => {
      const { storage } = deps.db;
      const write: typeof storage.write = async (work, options) => {
        // Before the second transaction.
        if (options?.continues && !isLocked) {
          isLocked = true;
          await other.query("BEGIN");
          await other.query("SELECT 1 FROM exams WHERE id = $1 FOR UPDATE", [examId]);
        }
        return storage.write(work, options);
      };
      return { ...deps, db: { ...deps.db, storage: { ...storage, write } } };
    },
  });
  const calls = await callsOf(fixture, "root");
  ({ examId } = await openRoom(calls));
  const roster = `id,name\n${Array.from({ length: 600 }, (_, n) => `k${n},Kim ${n}\n`).join("")}`;
  const importing = calls.mutate("participant.import", {
    examId,
    file: Buffer.from(roster).toString("base64"),
  });
  const locksThatWait = async (): Promise<number> =>
    (await other.query("SELECT 1 FROM pg_locks WHERE NOT granted")).rows.length;
  await expect.poll(locksThatWait, { interval: 1 }).toBeGreaterThan(0);
  await expect.poll(locksThatWait, { interval: 1 }).toBe(0);
  await other.query("ROLLBACK");
  expect((await importing).status).toBe(200);
  await fixture.services.bulk.drain();
  const { rows } = await other.query(
    "SELECT (SELECT count(*)::int FROM visible_unseated) AS seen, (SELECT count(*)::int FROM unseated) AS stored, (SELECT count(*)::int FROM bulk_changes) AS changes",
  );
  expect(rows).toEqual([{ seen: 600, stored: 600, changes: 0 }]);
  await other.end();
});
