import { readFileSync } from "node:fs";
import { join } from "node:path";
import { errorCodes } from "@invigil/schema";
import { expect, it } from "vitest";
import type { TestApp } from "../src/app/testing.js";
import type { Config } from "../src/config/config.js";
import { RATE_NAMES } from "../src/limits/rates.js";
import { InvigilError } from "../src/platform/errors.js";
import { createRoutes } from "../src/rest/routes.js";
import { createWire } from "../src/rest/wire.js";
import { openAppFixture } from "./support/app-fixture.js";
import { openExamsFixture } from "./support/exams-fixture.js";
import { connectApi, limited } from "./support/limits.js";
import { listenRoom } from "./support/listening.js";
import { REPOSITORY } from "./support/process.js";

// Also on PostgreSQL: the waits of its connections, and what is counted in the database.

const TOKEN = "a-token-for-metrics";
const METRICS: Partial<Config> = { metrics: { listen: undefined, token: TOKEN } };
const STUDENT = { sub: "examinee1", role: "examinee" } as const;

/** The samples of the metrics, by name and labels as they are written. */
type Samples = ReadonlyMap<string, number>;
interface Scraped {
  readonly text: string;
  readonly samples: Samples;
}
const scrape = async (app: Pick<TestApp, "inject">): Promise<Scraped> => {
  const {
    statusCode,
    headers,
    payload: text,
  } = await app.inject({
    url: "/metrics",
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  expect(statusCode, text).toBe(200);
  expect(headers["content-type"]).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
  expect(text.endsWith("\n# EOF\n")).toBe(true);
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const samples = new Map(
    lines.map((line) => {
      const [, name = line, value] = /^(.*) (\S+)$/.exec(line) ?? [];
      return [name, Number(value)];
    }),
  );
  expect(samples.size).toBe(lines.length);
  return { text, samples };
};
/** The differences between two scrapes, of samples that begin with a name. */
const grown = (before: Scraped, after: Scraped, name: string): Record<string, number> =>
  Object.fromEntries(
    [...after.samples]
      .filter(([key]) => key.startsWith(name))
      .map(([key, value]): [string, number] => [key, value - (before.samples.get(key) ?? 0)])
      .filter(([, more]) => more !== 0),
  );

it("counts and times what happens under load", async () => {
  await using app = await openExamsFixture({ config: METRICS, now: () => new Date() });
  const { room, admin, teacher } = app;
  const url = await app.listen();
  await using other = connectApi(url, await app.token({ sub: "teacher1", role: "teacher" }));
  await using listener = await listenRoom(app, { sub: "inspector1", role: "inspector" }, { roomId: room.id });
  const before = await scrape(app);

  const reads = Array.from({ length: 50 }, () => teacher.room.get({ roomId: room.id }));
  const socketReads = Array.from({ length: 20 }, () => other.api.room.get.query({ roomId: room.id }));
  const refused = Array.from({ length: 10 }, () => admin.room.get({ roomId: "nowhere" }));
  const forbidden = Array.from({ length: 5 }, () => app.as(STUDENT).exam.list({}));
  const records = Array.from({ length: 30 }, () =>
    teacher.cheat.addRecords({ roomId: room.id, records: [app.detection("examinee1")] }),
  );
  const outcomes = await Promise.allSettled([...reads, ...socketReads, ...refused, ...forbidden, ...records]);
  expect(outcomes.filter(({ status }) => status === "rejected")).toHaveLength(15);
  for (const path of ["/health", "/health", "/nowhere"]) await app.inject({ url: path });
  await app.inject({ method: "POST", url: "/media/whip/x" });
  await app.inject({ url: "/trpc/room.get?input={}" });
  const events = await listener.take(30);
  expect(events).toHaveLength(30);

  const after = await scrape(app);
  const count = (name: string, procedure: string) => `${name}{procedure="${procedure}"}`;
  expect(grown(before, after, "invigil_call_duration_seconds_count")).toEqual({
    [count("invigil_call_duration_seconds_count", "room.get")]: 81,
    [count("invigil_call_duration_seconds_count", "exam.list")]: 5,
    [count("invigil_call_duration_seconds_count", "cheat.addRecords")]: 30,
  });
  const inf = 'invigil_call_duration_seconds_bucket{procedure="room.get",le="+Inf"}';
  expect(grown(before, after, inf)).toEqual({ [inf]: 81 });
  const sum = count("invigil_call_duration_seconds_sum", "room.get");
  expect(grown(before, after, sum)[sum]).toBeGreaterThan(0);
  expect(grown(before, after, "invigil_call_errors_total")).toEqual({
    'invigil_call_errors_total{procedure="room.get",status="4xx"}': 11,
    'invigil_call_errors_total{procedure="exam.list",status="4xx"}': 5,
  });
  const reason = (code: string) => `invigil_refusals_total{reason="${code}",limit="",scope=""}`;
  expect(grown(before, after, "invigil_refusals_total")).toEqual({
    [reason("ROOM_NOT_FOUND")]: 10,
    [reason("FORBIDDEN")]: 5,
    [reason("NOT_FOUND")]: 1,
    [reason("UNAUTHENTICATED")]: 2,
  });
  expect(grown(before, after, "invigil_http_requests_total")).toEqual({
    'invigil_http_requests_total{route="/health",status="2xx"}': 2,
    'invigil_http_requests_total{route="none",status="4xx"}': 1,
    'invigil_http_requests_total{route="/media/whip/:stream",status="4xx"}': 1,
    'invigil_http_requests_total{route="/trpc/:path",status="4xx"}': 1,
    // The scrape before.
    'invigil_http_requests_total{route="/metrics",status="2xx"}': 1,
  });
  expect(grown(before, after, "invigil_delivery_delay_seconds_count")).toEqual({
    invigil_delivery_delay_seconds_count: 30,
  });
  const writes = grown(before, after, "invigil_write_wait_seconds_count").invigil_write_wait_seconds_count;
  const transactions = grown(before, after, "invigil_transaction_duration_seconds_count");
  expect(writes).toBeGreaterThan(0);
  expect(transactions.invigil_transaction_duration_seconds_count).toBeGreaterThan(0);
  expect(after.samples.get("invigil_writes_waiting")).toBe(0);
  expect(Object.fromEntries(after.samples)).toMatchObject({
    'invigil_websockets{path="/trpc"}': 1,
    // The WebSocket, and the listener within the process.
    invigil_live_connections: 2,
    invigil_subscriptions: 1,
    invigil_database_up: 1,
    invigil_exams: 2,
    invigil_outbox_tasks: 0,
    invigil_dead_letters: 0,
    nodejs_eventloop_lag_p99_seconds: expect.any(Number),
    process_resident_memory_bytes: expect.any(Number),
  });
});

it("names the limit that was reached, and whose token was not good", async () => {
  const config = { ...METRICS, ...limited({ INVIGIL_LIMIT_READS: "person=20,admin=600000,network=60000" }) };
  await using app = await openExamsFixture({ config });
  const before = await scrape(app);
  const own = { roomId: app.room.id };
  const reads = Array.from({ length: 25 }, () => app.as(STUDENT).room.get(own));
  const refused = (await Promise.allSettled(reads)).filter(({ status }) => status === "rejected");
  const sent = (token: string) =>
    app.inject({ url: "/trpc/exam.list?input={}", headers: { authorization: `Bearer ${token}` } });
  const expired = await app.token({ sub: "teacher1", role: "teacher" }, -10);
  for (const token of [expired, `${expired}x`, "forged"]) expect((await sent(token)).statusCode).toBe(401);
  const after = await scrape(app);
  expect(refused.length).toBeGreaterThan(0);
  const limit = 'invigil_refusals_total{reason="TOO_MANY_REQUESTS",limit="reading calls",scope="person"}';
  expect(grown(before, after, limit)).toEqual({ [limit]: refused.length });
  expect(grown(before, after, "invigil_tokens_refused_total")).toEqual({
    'invigil_tokens_refused_total{signature="good"}': 1,
    'invigil_tokens_refused_total{signature="unknown"}': 2,
  });
});

it("has at most 5,000 series once every procedure, path and reason was seen, and no id among them", async () => {
  await using fixture = await openAppFixture({ config: METRICS });
  const { meters } = fixture.services;
  if (!meters) throw new Error("the metrics are off");
  const procedures = [...fixture.procedures.keys()];
  expect(procedures.length).toBeGreaterThan(100);
  for (const procedure of procedures) {
    await fixture.inject({ url: `/trpc/${procedure}?input={}` });
    for (const status of ["INTERNAL", "FORBIDDEN"] as const)
      meters.refused(new InvigilError(status, "Refused."), procedure);
  }
  const paths = createRoutes(createWire({ timeZone: "Asia/Shanghai" })).map(({ path }) => path);
  for (const path of [
    ...paths,
    "/",
    "/ready",
    "/sit",
    "/console",
    "/console/x",
    "/j/x",
    "/audio/x",
    "/sdk/x",
  ])
    for (const method of ["GET", "POST", "PATCH"] as const) await fixture.inject({ method, url: path });
  for (const reason of Object.keys(errorCodes) as (keyof typeof errorCodes)[])
    meters.refused(new InvigilError(reason, "Refused."));
  for (const limit of [...Object.values(RATE_NAMES), "long answers", "connections", "subscriptions", "rooms"])
    for (const scope of ["person", "admin", "network", "room", "exam"])
      meters.refused(new InvigilError("TOO_MANY_REQUESTS", "Refused.", { limit, scope }));
  const { samples } = await scrape(fixture);
  const routes = new Set([...samples.keys()].flatMap((key) => /\{route="([^"]*)"/.exec(key)?.[1] ?? []));
  expect(routes.size).toBeGreaterThan(paths.length);
  for (const route of routes)
    for (const status of ["2xx", "3xx", "4xx", "5xx"]) meters.requests.of(route, status);

  const all = await scrape(fixture);
  for (const procedure of procedures)
    expect(all.samples.has(`invigil_call_errors_total{procedure="${procedure}",status="5xx"}`)).toBe(true);
  expect(all.samples.size).toBeLessThanOrEqual(5000);
  const labels = new Set(all.text.match(/(?<=[{,])\w+(?==")/g));
  const known =
    "kind le level limit major minor patch path procedure reason role route scope signature space status version";
  expect([...labels].filter((label) => !known.split(" ").includes(label))).toEqual([]);
});

it("counts the outbox at most once in 15 seconds, and says when the database does not answer", async () => {
  let ms = 0;
  const statements: string[] = [];
  const onStatement = (sql: string) => {
    if (/from "dead_letters"/.test(sql)) statements.push(sql);
  };
  let fails = false;
  await using fixture = await openAppFixture({
    config: METRICS,
    monotonic: () => ms,
    onStatement,
    queue: false,
    change: (deps) => ({
      ...deps,
      db: {
        ...deps.db,
        storage: {
          ...deps.db.storage,
          together: (start) => {
            if (fails) throw new Error("the database is away");
            return deps.db.storage.together(start);
          },
        },
      },
    }),
  });
  statements.length = 0;
  await Promise.all([scrape(fixture), scrape(fixture)]);
  await scrape(fixture);
  expect(statements).toHaveLength(1);
  ms += 15_000;
  expect((await scrape(fixture)).samples.get("invigil_dead_letters")).toBe(0);
  expect(statements).toHaveLength(2);

  fails = true;
  ms += 15_000;
  const { samples } = await scrape(fixture);
  expect(samples.get("invigil_database_up")).toBe(0);
  expect(samples.has("invigil_dead_letters")).toBe(false);
  expect(fixture.lines.some(({ msg }) => msg === "figures for the metrics could not be counted")).toBe(true);
});

it("shows the metrics only to the holder of the token, and not at all unless it is set", async () => {
  await using off = await openAppFixture();
  expect((await off.inject({ url: "/metrics" })).statusCode).toBe(404);
  await using on = await openAppFixture({ config: METRICS });
  const admin = await on.token({ sub: "root", role: "admin" });
  for (const authorization of [undefined, "", TOKEN, "Bearer", `Bearer ${TOKEN}x`, `Bearer ${admin}`]) {
    const { statusCode, payload } = await on.inject({
      url: "/metrics",
      headers: authorization === undefined ? {} : { authorization },
    });
    expect(statusCode, authorization).toBe(401);
    expect(payload).not.toContain("invigil_");
  }
  expect((await on.inject({ method: "POST", url: "/metrics" })).statusCode).toBe(405);
  await scrape(on);
  expect(JSON.stringify(on.lines)).not.toContain(TOKEN);
});

it("has each metric that the dashboard and the alert rules name", async () => {
  await using fixture = await openAppFixture({ config: METRICS });
  const { text } = await scrape(fixture);
  const names = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = "", type]) => {
    if (type === "histogram") return ["_bucket", "_sum", "_count"].map((suffix) => name + suffix);
    return type === "counter" ? `${name}_total` : name;
  });
  for (const file of ["grafana/invigil.json", "prometheus/alerts.yml", "prometheus/alerts.test.yml"]) {
    const named = readFileSync(join(REPOSITORY, "deploy", file), "utf8").match(
      /\b(?:invigil|process|nodejs)_\w+\b/g,
    );
    expect(new Set(named).size, file).toBeGreaterThan(10);
    expect(
      [...new Set(named)].filter((name) => !names.includes(name)),
      file,
    ).toEqual([]);
  }
});
