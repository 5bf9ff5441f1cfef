import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Principal } from "../src/identity/tokens.js";
import { UNLIMITED } from "../src/limits/rates.js";
import { MAX_RUNNING, MAX_WAITING } from "../src/storage/turns.js";
import { failureOfCall } from "../src/trpc/failures.js";
import { type AppFixture, openAppFixture } from "./support/app-fixture.js";
import { isOnPostgres } from "./support/engine.js";
import { limited } from "./support/limits.js";
import { prepareCall } from "./support/prepared-calls.js";
import { calls, EVERYTHING } from "./support/procedure-calls.js";
import { shared } from "./support/shared.js";

// Writes of one caller beside those of others, on the whole app.

const MOST = MAX_RUNNING + MAX_WAITING;
const TIMES = { startTime: new Date("2026-02-01T08:00:00Z"), endTime: new Date("2026-02-01T10:00:00Z") };

const procedures = (fixture: AppFixture, identity: Principal) =>
  fixture.router.createCaller({
    identity,
    identify: async () => identity,
    reopen: async (...of) => fixture.services.access.look(identity, ...of),
    rights: fixture.services.access,
    address: "in-process",
    entryPoint: "in-process",
    trace: { requestId: "r", procedures: [] },
  });
const callerOf = (fixture: AppFixture, userId: string) =>
  procedures(fixture, { userId, role: "teacher", expiresAt: new Date("2027-01-01") });
type Caller = ReturnType<typeof callerOf>;

const openExam = async (caller: Caller) => {
  const exam = await caller.exam.create({ name: "E", ...TIMES });
  const room = await caller.room.create({ name: "R", examId: exam.id, participants: [] });
  return { examId: exam.id, roomId: room.id };
};
/** Starts writes, and counts those that have been answered. */
const startWrites = (count: number, write: (n: number) => Promise<unknown>) => {
  const answers = { done: 0, refused: 0 };
  const all = Promise.all(
    Array.from({ length: count }, (_, n) =>
      write(n).then(
        () => {
          answers.done += 1;
        },
        (error: unknown) => {
          if (failureOfCall(error).code !== "TOO_MANY_REQUESTS") throw error;
          answers.refused += 1;
        },
      ),
    ),
  );
  return { answers, all };
};

describe("a caller with as many writes in flight as they may have", () => {
  it("delays a stranger's ordinary calls by few of them, however many wait", async () => {
    // The time that writes took decides the order of turns, and on a busy machine one write may take as long as many others.
    vi.useFakeTimers({ toFake: ["performance"] });
    onTestFinished(() => void vi.useRealTimers());
    await using fixture = await openAppFixture();
    const busy = callerOf(fixture, "busy");
    const { examId } = await openExam(busy);
    const stranger = callerOf(fixture, "stranger");
    const { roomId } = await openExam(stranger);
    const { answers, all } = startWrites(MOST, (n) => busy.cheat.setConfig({ examId, data: `${n}` }));
    const detection = { isMainMonitor: true, detectType: "watch", detectTime: fixture.clock() };
    const calls: readonly (() => Promise<unknown>)[] = [
      () => stranger.cheat.addRecords({ roomId, records: [{ ...detection, userId: "stranger" }] }),
      () => stranger.im.send({ roomId, type: 30_001, data: 1 }),
      () => stranger.room.setAudioStatus({ roomId, audioStatus: "speaking" }),
    ];
    for (const call of calls) {
      const before = answers.done;
      await call();
      // The writes of a few transactions. Those of PostgreSQL run beside each other, so that its system decides how many end meanwhile.
      if (!isOnPostgres) expect(answers.done - before).toBeLessThanOrEqual(6 * MAX_RUNNING);
    }
    expect(answers.done).toBeLessThan(MOST);
    await all;
    expect(answers).toEqual({ done: MOST, refused: 0 });
  });

  it("makes them in the order of their calls", async () => {
    await using fixture = await openAppFixture();
    const busy = callerOf(fixture, "busy");
    const { examId } = await openExam(busy);
    const order: number[] = [];
    const { all } = startWrites(40, async (n) => {
      await busy.cheat.setConfig({ examId, data: `${n}` });
      order.push(n);
    });
    await all;
    expect(order).toEqual(Array.from({ length: 40 }, (_, n) => n));
    expect((await busy.cheat.getConfig({ examId })).data).toBe("39");
  });
});

describe("writes beyond the bound", () => {
  it("of a caller are refused with a hint when to try again, and those of others are not", async () => {
    // The budget of events would refuse some of them.
    const config = limited({ INVIGIL_LIMIT_EVENTS: "person=10000" });
    await using fixture = await openAppFixture({ config });
    const busy = callerOf(fixture, "busy");
    const { examId } = await openExam(busy);
    const stranger = callerOf(fixture, "stranger");
    const { examId: other } = await openExam(stranger);
    const waits: unknown[] = [];
    const { answers, all } = startWrites(3 * MOST, (n) =>
      busy.cheat.setConfig({ examId, data: `${n}` }).catch((error: unknown) => {
        waits.push(failureOfCall(error).retryAfterSeconds);
        throw error;
      }),
    );
    await stranger.cheat.setConfig({ examId: other, data: "stranger" });
    await all;
    expect(answers.refused).toBeGreaterThan(0);
    expect(answers.done).toBeGreaterThanOrEqual(MOST);
    expect(new Set(waits)).toEqual(new Set([1]));
    // Nothing is left of them.
    await busy.cheat.setConfig({ examId, data: "again" });
  });

  it("of an exam are refused whoever makes them, and none of records or messages", async () => {
    await using fixture = await openAppFixture();
    const owner = callerOf(fixture, "owner");
    const staff = Array.from({ length: 40 }, (_, n) => `t${n}`);
    const { examId } = await openExam(owner);
    const participants = staff.map((userId) => ({ userId, name: userId, role: "teacher" as const }));
    const { id: roomId } = await owner.room.create({ name: "Hall", examId, participants });
    const callers = staff.map((userId) => callerOf(fixture, userId));
    const mutes = startWrites(3 * MOST, (n) =>
      (callers[n % staff.length] ?? owner).room.setAudioStatus({
        roomId,
        audioStatus: n % 2 === 0 ? "speaking" : "silent",
      }),
    );
    const detection = { isMainMonitor: true, detectType: "watch", detectTime: fixture.clock() };
    const grouped = startWrites(3 * MOST, (n) => {
      const userId = staff[n % staff.length] ?? "owner";
      return (callers[n % staff.length] ?? owner).cheat.addRecords({
        roomId,
        records: [{ ...detection, userId }],
      });
    });
    await Promise.all([mutes.all, grouped.all]);
    expect(mutes.answers.refused).toBeGreaterThan(0);
    expect(mutes.answers.done).toBeGreaterThanOrEqual(MOST);
    expect(grouped.answers).toEqual({ done: 3 * MOST, refused: 0 });
  });
});

describe("the changes that a procedure makes", () => {
  /** Whose share the changes took, in their order. */
  /** The shares of the writes that a call makes. Those of work that an earlier call left to the server are not among them. */
  const madeBy = new AsyncLocalStorage<(string | undefined)[]>();
  const fixture = shared(() =>
    openAppFixture({
      config: EVERYTHING.config ?? {},
      queue: false,
      change: (deps) => {
        const { storage } = deps.db;
        const write: typeof storage.write = (work, options) => {
          madeBy.getStore()?.push(options?.share?.caller);
          return storage.write(work, options);
        };
        // The fixtures of all calls are more rooms than one teacher may make in a minute.
        return { ...deps, rates: UNLIMITED, db: { ...deps.db, storage: { ...storage, write } } };
      },
    }),
  );

  // What a call leaves to the server, such as an erasure, takes no share, and neither do counts of logins. Some calls change nothing, or are
  // grouped with others.
  it.each(calls.filter(({ method }) => method === "mutate"))(
    "take the share of its caller: $row",
    async (call) => {
      const prepared = await prepareCall(fixture(), call);
      const callers: (string | undefined)[] = [];
      await madeBy.run(callers, async () => prepared?.make());
      const areOwn = callers.map((caller) => prepared?.people.includes(caller ?? ""));
      if (areOwn.length > 0) expect(areOwn, `the shares of ${callers.join()}`).toContain(true);
    },
  );
});
