// Also on PostgreSQL: several servers share the clock.
import { pino } from "pino";
import { expect, it } from "vitest";
import { openTestDatabase } from "../../test/support/database.js";
import { rowsOf } from "../../test/support/tables.js";
import { pruningClock } from "../storage/tables.js";
import { createPruningClock } from "./pruning-clock.js";

const START = Date.parse("2026-01-02T00:00:00Z");
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEARS = 50 * 365 * DAY;

/** An installation whose servers have clocks of their own. Time passes for all of them. */
const openInstallation = async () => {
  const db = await openTestDatabase();
  const real = { ms: 0 };
  const lines: { level: number; msg: string }[] = [];
  const log = pino({ level: "info" }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  /** Starts a server whose clock is wrong by so much. */
  const start = (wrongBy = 0) => {
    const error = { ms: wrongBy };
    const clock = createPruningClock({
      storage: db.control,
      clock: () => new Date(START + real.ms + error.ms),
      monotonic: () => real.ms,
      log,
    });
    return {
      set(ms: number) {
        error.ms = ms;
      },
      /** How far the pruning clock is ahead of the right time, in hours. */
      hours: async () => ((await clock.now()).getTime() - START - real.ms) / HOUR,
      jump: () => clock.jump(),
      last: () => clock.last().getTime() - START - real.ms,
    };
  };
  type Server = ReturnType<typeof start>;
  /** Lets time pass, and servers look each minute as their pruners do. Returns where their clocks are. */
  const run = async (ms: number, ...servers: readonly Server[]): Promise<number[]> => {
    for (let passed = 0; passed < ms; passed += MINUTE) {
      real.ms += MINUTE;
      for (const server of servers) await server.hours();
    }
    return Promise.all(servers.map((server) => server.hours()));
  };
  return { db, real, lines, start, run, [Symbol.asyncDispose]: () => db.close() };
};

it("is the system's clock as long as that does not jump, also over short stops", async () => {
  await using installation = await openInstallation();
  const { real, start, run, lines } = installation;
  expect(await run(3 * HOUR, start())).toEqual([0]);
  real.ms += HOUR - 10 * MINUTE;
  expect(await run(MINUTE, start())).toEqual([0]);
  // A server that was busy, or that had nothing to delete, for however long.
  const server = start();
  await server.hours();
  real.ms += 30 * DAY;
  expect(server.last()).toBe(0);
  expect(await run(MINUTE, server)).toEqual([0]);
  expect(lines).toEqual([]);
});

it("takes no step for an hour after a jump, then a day an hour, and says so once", async () => {
  await using installation = await openInstallation();
  const { start, run, lines } = installation;
  const server = start();
  await run(HOUR, server);
  server.set(200 * DAY);
  const [early] = await run(59 * MINUTE, server);
  expect(early).toBeLessThanOrEqual(0);
  expect(server.last()).toBeLessThanOrEqual(0);
  expect(server.jump()).toBeGreaterThan(199 * DAY);
  const [later = 0] = await run(10 * HOUR, server);
  expect(later).toBeGreaterThan(9 * 23);
  expect(later).toBeLessThanOrEqual(10 * 24);
  expect(lines.map(({ level }) => level)).toEqual([40]);
});

it("counts the hours of all runs after a jump, and none twice when there are several servers", async () => {
  await using installation = await openInstallation();
  const { start, run } = installation;
  await run(HOUR, start());
  for (let n = 0; n < 5; n += 1) expect((await run(11 * MINUTE, start(200 * DAY)))[0]).toBeLessThan(0.1);
  const servers = [start(200 * DAY), start(200 * DAY), start(200 * DAY)];
  const clocks = await run(20 * HOUR, ...servers);
  for (const hours of clocks) {
    expect(hours).toBeGreaterThan(19 * 23);
    expect(hours).toBeLessThanOrEqual(21 * 24);
  }
});

it("reaches the right time after a long stop", async () => {
  await using installation = await openInstallation();
  const { real, start, run, lines } = installation;
  await run(HOUR, start());
  real.ms += 10 * DAY;
  const server = start();
  expect((await run(HOUR - MINUTE, server))[0]).toBeLessThan(-10 * 23);
  expect(await run(11 * HOUR, server)).toEqual([0]);
  expect(server.jump()).toBeUndefined();
  expect(lines.map(({ level }) => level)).toEqual([40, 30]);
});

it("follows the servers whose clocks are right when one server's clock is wrong", async () => {
  await using installation = await openInstallation();
  const { start, run } = installation;
  const [right, ahead, behind] = [start(), start(200 * DAY), start(-YEARS)] as const;
  await run(HOUR, right);
  const clocks = await run(5 * HOUR, right, ahead, behind);
  expect(clocks[0]).toBe(0);
  expect(clocks[1]).toBeLessThan(0.2);
  expect(clocks[2]).toBeLessThan(0);
});

it("is right at once when the clock is corrected within the hour, and later after as many hours as it was led away", async () => {
  await using installation = await openInstallation();
  const { start, run } = installation;
  const server = start();
  await run(HOUR, server);
  server.set(200 * DAY);
  await run(30 * MINUTE, server);
  server.set(0);
  expect(await run(MINUTE, server)).toEqual([0]);
  server.set(200 * DAY);
  await run(5 * HOUR, server);
  server.set(0);
  // It never goes ahead of the system's clock.
  expect(await run(MINUTE, server)).toEqual([0]);
  await run(6 * HOUR, server);
  const [{ time } = { time: new Date(0) }] = await rowsOf(installation.db, pruningClock);
  expect(Math.abs(time.getTime() - START - installation.real.ms)).toBeLessThan(HOUR);
});

it("does not take the right time for a jump of years after a clock that was far behind", async () => {
  await using installation = await openInstallation();
  const { start, run } = installation;
  await run(HOUR, start());
  const server = start(-YEARS);
  expect((await run(3 * HOUR, server))[0]).toBeLessThan(-YEARS / HOUR + 1);
  server.set(0);
  expect(await run(5 * HOUR, server)).toEqual([0]);
});

it("is 1970 before it is asked, so that nothing is old", async () => {
  await using installation = await openInstallation();
  const { start, real } = installation;
  expect(start().last() + START + real.ms).toBe(0);
});
