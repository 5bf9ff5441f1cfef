// Also on PostgreSQL: servers claim tasks from each other, and dead letters are erased and pruned.
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { callInProcess } from "../src/app/in-process.js";
import { handler, type Line, newTask, type TaskKind, type TaskQueue } from "../src/domain/outbox/kind.js";
import { DEAD_LETTER_DAYS } from "../src/domain/outbox/runner.js";
import { auditEntries, deadLetters, outboxTasks } from "../src/storage/tables.js";
import { openAppFixture } from "./support/app-fixture.js";
import { createTestService, withServices } from "./support/message-services.js";
import { openProcess, type Process, START } from "./support/queue.js";
import { failWrites, insertRows, rowsOf } from "./support/tables.js";
import { AUTHOR } from "./support/writes.js";

// The outbox with kinds of its own, as features declare them. groups-queue.test.ts tests the tasks of message services.

const SECOND_MS = 1000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Work about a subject of an exam, one after the other. */
const WORK = {
  name: "work",
  payload: z.object({ n: z.number() }),
  lineOf: ({ examId, subject }: { examId: string; subject: string }) => ({
    examId,
    queue: "q",
    key: subject,
  }),
  firstDelayMs: SECOND_MS,
  holdsUp: "untilDone",
} satisfies TaskKind<never, object>;
/** The same, given up after a minute. */
const SHORT = { ...WORK, name: "short", lifetimeMs: 60 * SECOND_MS } satisfies TaskKind<never, object>;

type Run = (payload: { n: number }, line: Line) => Promise<void>;
const done: Run = () => Promise.resolve();
const fails: Run = () => Promise.reject(new Error("a fault"));
/** A queue that notes what it runs as `exam subject n`, before `run` does it. */
const queueOf = (ran: string[], run: Run = done, { concurrency = 4, refuses = true } = {}): TaskQueue => {
  const noted: Run = (payload, line) => {
    ran.push(`${line.examId} ${line.key} ${payload.n}`);
    return run(payload, line);
  };
  return {
    name: "q",
    concurrency,
    handlers: [handler(WORK, noted), handler(SHORT, noted)],
    isRefusal: () => refuses,
  };
};
type NewWork = readonly [examId: string, subject: string, n: number];
const add = (process: Process, works: readonly NewWork[], kind: typeof WORK = WORK) =>
  process.add((_, tx, now) =>
    process.outbox.add(
      tx,
      works.map(([examId, subject, n]) => newTask(kind, { examId, subject }, { n }, { now })),
    ),
  );
const range = (length: number) => Array.from({ length }, (_, n) => n);
const lettersOf = ({ db }: Pick<Process, "db">) => rowsOf(db, deadLetters);
/** Opens a process with the queue alone. Its time passes with `wait`. */
const openWith = (queue: TaskQueue) => openProcess({}, { queues: [queue] });

describe("tasks", () => {
  it("of one line run in their order, and wait while one is tried again; those of another line do not", async () => {
    const ran: string[] = [];
    let faults = 1;
    const queue = queueOf(ran, async () => {
      faults -= 1;
      if (faults === 0) throw new Error("a fault");
    });
    await using process = await openWith(queue);
    await add(process, [["x", "a", 1]]);
    await process.wait(0);
    await add(process, [
      ["x", "a", 2],
      ["x", "b", 3],
      ["y", "a", 4],
    ]);
    await process.wait(0);
    expect(ran.toSorted()).toEqual(["x a 1", "x b 3", "y a 4"]);
    await process.wait(SECOND_MS);
    expect(ran.slice(3)).toEqual(["x a 1", "x a 2"]);
    expect(await process.tasks()).toEqual([]);
  });

  it.each([1, 3])(
    "of an exam with many do not keep those of others waiting: %d at a time",
    async (concurrency) => {
      const ran: string[] = [];
      await using process = await openWith(queueOf(ran, done, { concurrency }));
      await add(
        process,
        range(120).map((n) => ["huge", `s${n}`, n]),
      );
      await add(
        process,
        range(20).map((n) => ["large", `s${n}`, n]),
      );
      for (const exam of ["small", "tiny"]) await add(process, [[exam, "s", 0]]);
      await process.wait(0);
      expect(ran).toHaveLength(142);
      // Each exam has its turn before another one has a second.
      const first = (exam: string) => ran.findIndex((one) => one.startsWith(exam));
      for (const exam of ["large", "small", "tiny"]) expect(first(exam)).toBeLessThan(4 * concurrency);
      // While both have tasks, they take turns. In its turn, an exam gets the free places at most.
      const large = ran.findLastIndex((one) => one.startsWith("large"));
      expect(large).toBeLessThan(20 * (1 + concurrency) + 4 * concurrency);
    },
  );

  it("are run once by several processes together, and each line in its order", async () => {
    const ran: string[] = [];
    await using first = await openProcess({}, { queues: [queueOf(ran)] });
    await using second = await openProcess({}, { queues: [queueOf(ran)], db: first.db });
    await using third = await openProcess({}, { queues: [queueOf(ran)], db: first.db });
    const lines = range(6).map((n) => [`x${n % 3}`, `s${n}`] as const);
    await add(
      first,
      range(10).flatMap((n) => lines.map(([exam, subject]) => [exam, subject, n] as const)),
    );
    for (const { queue } of [first, second, third]) queue.start();
    await expect.poll(() => first.tasks()).toEqual([]);
    expect(ran).toHaveLength(60);
    for (const [exam, subject] of lines)
      expect(ran.filter((one) => one.startsWith(`${exam} ${subject} `))).toEqual(
        range(10).map((n) => `${exam} ${subject} ${n}`),
      );
  });

  it("of a kind that this version does not know are left to one that does", async () => {
    const ran: string[] = [];
    await using process = await openWith(queueOf(ran));
    const time = new Date(START);
    const foreign = { id: "0", examId: "x", queue: "q", kind: "newer", key: "a", payload: {} };
    await insertRows(process.db, outboxTasks, [{ ...foreign, dueAt: time, createdAt: time }]);
    await add(process, [
      ["x", "a", 1],
      ["x", "b", 2],
    ]);
    await process.wait(HOUR_MS);
    // The order of the line is kept.
    expect(ran).toEqual(["x b 2"]);
    expect(await process.tasks()).toMatchObject([{ kind: "newer", attempts: 0 }, { kind: "work" }]);
  });
});

describe("a lease", () => {
  it.each(["done", "failed"])(
    "that has ended is no longer its process's, whose task is then %s",
    async (how) => {
      let now = START;
      const clock = () => new Date(now);
      let release = (): void => undefined;
      const slow = new Promise<void>((resolve) => {
        release = resolve;
      });
      const ran: string[] = [];
      const late: string[] = [];
      const lateQueue = queueOf(late, async () => {
        await slow;
        if (how === "failed") throw new Error("a fault");
      });
      let reached = (): void => undefined;
      const held = new Promise<void>((resolve) => {
        reached = resolve;
      });
      let end = (): void => undefined;
      const ended = new Promise<void>((resolve) => {
        end = resolve;
      });
      const nextQueue = queueOf(ran, async () => {
        reached();
        await ended;
      });
      await using first = await openProcess({}, { clock, queues: [lateQueue] });
      await using second = await openProcess({}, { db: first.db, clock, queues: [nextQueue] });
      first.queue.start();
      await add(first, [
        ["x", "a", 1],
        ["x", "a", 2],
      ]);
      await expect.poll(() => late).toEqual(["x a 1"]);
      now += 120 * SECOND_MS;
      second.queue.start();
      await held;
      const during = await second.tasks();
      release();
      await first.queue.stop(5000);
      // The task is the second process's, and the next one has to wait for it.
      expect(await second.tasks()).toEqual(during);
      expect(during).toMatchObject([{ attempts: 2 }, { attempts: 0 }]);
      end();
      await expect.poll(() => ran).toEqual(["x a 1", "x a 2"]);
      await second.queue.stop(5000);
      expect(await second.tasks()).toEqual([]);
    },
  );
});

describe("a dead letter", () => {
  it("is a task that was refused too often, with the reason", async () => {
    const ran: string[] = [];
    await using process = await openWith(queueOf(ran, fails));
    await add(process, [["x", "a", 1]]);
    for (const _ of range(10)) await process.wait(HOUR_MS);
    expect(ran).toHaveLength(10);
    expect(await process.tasks()).toEqual([]);
    const [letter] = (await process.deadLetters.list({ limit: 10 })).rows;
    expect(letter).toMatchObject({
      examId: "x",
      queue: "q",
      kind: "work",
      key: "a",
      payload: { n: 1 },
      reason: "refused",
      attempts: 10,
      lastError: "internal error: see the log",
      diedAt: new Date(START + 10 * HOUR_MS),
    });
  });

  it("is a task that has expired: at the next attempt, or before the first one", async () => {
    const ran: string[] = [];
    await using process = await openWith(queueOf(ran, fails, { refuses: false }));
    await add(process, [["x", "a", 1]], SHORT);
    for (const _ of range(7)) await process.wait(10 * SECOND_MS);
    await add(process, [["x", "b", 2]], SHORT);
    await process.wait(60 * SECOND_MS);
    expect(new Set(ran)).toEqual(new Set(["x a 1"]));
    expect(await lettersOf(process)).toMatchObject([
      { payload: { n: 1 }, reason: "expired", lastError: "internal error: see the log" },
      { payload: { n: 2 }, reason: "expired", lastError: null, attempts: 0 },
    ]);
  });

  it("no longer holds up those behind it", async () => {
    const ran: string[] = [];
    await using process = await openWith(
      queueOf(ran, ({ n }) => (n === 1 ? Promise.reject(new Error("a fault")) : Promise.resolve())),
    );
    await add(process, [
      ["x", "a", 1],
      ["x", "a", 2],
    ]);
    for (const _ of range(10)) await process.wait(HOUR_MS);
    await process.wait(HOUR_MS);
    expect(ran.at(-1)).toBe("x a 2");
    expect(await process.tasks()).toEqual([]);
  });

  it("is a task whose payload its kind does not accept", async () => {
    const ran: string[] = [];
    await using process = await openWith(queueOf(ran));
    await process.add((_, tx, now) =>
      process.outbox.add(tx, [
        { ...newTask(WORK, { examId: "x", subject: "a" }, { n: 1 }, { now }), payload: {} },
      ]),
    );
    for (const _ of range(10)) await process.wait(HOUR_MS);
    expect(ran).toEqual([]);
    expect(await lettersOf(process)).toMatchObject([{ payload: {}, reason: "refused" }]);
  });

  it("is tried again as a new task, behind those of its line, when an operator says so", async () => {
    const ran: string[] = [];
    let isBroken = true;
    await using process = await openWith(
      queueOf(ran, async () => {
        if (isBroken) throw new Error("a fault");
      }),
    );
    await add(process, [["x", "a", 1]], SHORT);
    for (const _ of range(10)) await process.wait(60 * SECOND_MS);
    const [letter] = await lettersOf(process);
    isBroken = false;
    ran.length = 0;
    await add(process, [["x", "a", 2]]);
    expect(await process.deadLetters.retry(letter?.id ?? "", AUTHOR)).toBe("retried");
    expect(await process.deadLetters.retry(letter?.id ?? "", AUTHOR)).toBe("missing");
    expect(await lettersOf(process)).toEqual([]);
    expect(await process.tasks()).toMatchObject([
      { payload: { n: 2 } },
      { payload: { n: 1 }, attempts: 0, refusals: 0 },
    ]);
    await process.wait(0);
    expect(ran).toEqual(["x a 2", "x a 1"]);
  });

  it("is listed without what it says, and tried again, by an administrator's calls, which the audit has", async () => {
    const at = createTestService();
    await using opened = await openAppFixture({ change: withServices({ rong_cloud: at }), queue: false });
    const { db, services } = opened;
    const admin = callInProcess(
      opened.router,
      services,
      (seconds) => opened.token({ sub: "root", role: "admin" }, seconds),
      opened,
    );
    const time = opened.clock();
    const letter = { examId: "x", key: "g", attempts: 1, createdAt: time, diedAt: time } as const;
    const payload = { signal: { type: 20_001, data: '"a message"' } };
    await insertRows(db, deadLetters, [
      { ...letter, id: "1", queue: "rong_cloud", kind: "send", payload, reason: "expired" },
      { ...letter, id: "2", queue: "elsewhere", kind: "send", payload, reason: "refused", lastError: "No." },
    ]);
    const page = await admin.outbox.list({ pageSize: 1 });
    expect(page.letters).toMatchObject([{ id: "2", reason: "refused", lastError: "No.", attempts: 1 }]);
    const next = await admin.outbox.list({ pageSize: 1, cursor: page.nextCursor });
    expect(next).toEqual({
      letters: [{ ...letter, id: "1", queue: "rong_cloud", kind: "send", reason: "expired" }],
    });
    await expect(admin.outbox.retry({ id: "2" })).rejects.toMatchObject({
      message: expect.stringContaining("2"),
    });
    // Without its entry in the audit, nothing is changed.
    const mend = await failWrites(db, auditEntries, "insert");
    await expect(admin.outbox.retry({ id: "1" })).rejects.toThrow();
    await mend();
    expect(await admin.outbox.retry({ id: "1" })).toEqual({ retried: true });
    expect(await admin.outbox.retry({ id: "1" })).toEqual({ retried: false });
    expect(await rowsOf(db, outboxTasks)).toMatchObject([{ key: "g", payload, attempts: 0 }]);
    expect((await lettersOf(opened)).map(({ id }) => id)).toEqual(["2"]);
    await services.accessLog.flush();
    const { entries } = await admin.audit.list({});
    expect(
      entries.map(({ procedure, outcome, subject, examId }) => [procedure, outcome, subject, examId]),
    ).toEqual(
      expect.arrayContaining([
        ["outbox.list", "ok", undefined, undefined],
        ["outbox.retry", "ok", "1", "x"],
      ]),
    );
    // The call that found nothing changed nothing.
    expect(entries.filter(({ outcome, procedure }) => outcome + procedure === "okoutbox.retry")).toHaveLength(
      1,
    );
  });

  it("stays if nobody here can run its task, and goes when an operator drops it", async () => {
    await using process = await openWith(queueOf([]));
    const times = { createdAt: new Date(START), diedAt: new Date(START) };
    const letter = { id: "l", examId: "x", queue: "q", kind: "newer", key: "a", payload: {}, attempts: 1 };
    await insertRows(process.db, deadLetters, [{ ...letter, reason: "expired", ...times }]);
    expect(await process.deadLetters.retry("l", AUTHOR)).toBe("unhandled");
    expect(await lettersOf(process)).toHaveLength(1);
    expect(await process.tasks()).toEqual([]);
    expect(await process.deadLetters.drop("l", AUTHOR)).toBe(true);
    expect(await process.deadLetters.drop("l", AUTHOR)).toBe(false);
    expect(await lettersOf(process)).toEqual([]);
  });

  it("is kept for two weeks, and deleted when a server looks after that", async () => {
    await using process = await openWith(queueOf([]));
    const keptMs = DEAD_LETTER_DAYS * DAY_MS;
    const letter = { examId: "x", queue: "q", kind: "work", key: "a", payload: {}, attempts: 1 };
    const createdAt = new Date(START);
    await insertRows(
      process.db,
      deadLetters,
      // More than one transaction deletes.
      range(600).map((n) => ({
        ...letter,
        id: `${n < 550 ? "old" : "young"}${n}`,
        reason: "expired" as const,
        createdAt,
        diedAt: new Date(START - keptMs + (n < 550 ? 0 : 1)),
      })),
    );
    process.queue.start();
    await expect.poll(async () => (await lettersOf(process)).length).toBe(50);
    await process.queue.stop(5000);
    expect((await lettersOf(process)).every(({ id }) => id.startsWith("young"))).toBe(true);
  });
});
