// Also on PostgreSQL: servers claim tasks from each other.
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { RosterTransaction } from "../src/domain/exam-transaction.js";
import type { Announcement, TaskLog } from "../src/domain/vendor-tasks.js";
import { exams, outboxTasks, participants, roomExams, rooms } from "../src/storage/tables.js";
import { isOnPostgres } from "./support/engine.js";
import { tempFolder } from "./support/folders.js";
import {
  createTestService,
  fails,
  held,
  inTurn,
  type ServiceOptions,
  type TestService,
  works,
} from "./support/message-services.js";
import { openProcess, type Process, START } from "./support/queue.js";
import { hideTable, insertRows } from "./support/tables.js";

const SECOND_MS = 1000;
const HOUR_MS = 3_600_000;
const NEW = { examId: "x", imServer: ["aliyun_new"] } as const;
const RONG = { examId: "x", imServer: ["rong_cloud"] } as const;

const service = (options?: ServiceOptions) => createTestService(options);
/** Adds the tasks of a signal. */
const announce = (tasks: TaskLog, tx: RosterTransaction, signal: Announcement): Promise<void> =>
  tasks.announceAll(tx, [signal], []);
/** Adds the tasks of a removal. */
const evict = async (tasks: TaskLog, ...removal: Parameters<TaskLog["prepareEviction"]>): Promise<void> => {
  const write = await tasks.prepareEviction(...removal);
  await write();
};
/** Adds tasks that send signals to a group of the newer service. */
const say = async (
  tasks: TaskLog,
  tx: RosterTransaction,
  now: Date,
  id: string,
  ...numbers: readonly number[]
): Promise<void> => {
  for (const signal of numbers) await announce(tasks, tx, { room: { id, ...NEW }, signal, data: {}, now });
};
/** The signals that a service was asked to send, as group and number. */
const sentSignals = (at: TestService): string[] =>
  at.calls.map((call) => call.split(" ").slice(1, 3).join(" "));
const kinds = async (process: Process) => (await process.tasks()).map(({ kind, key }) => `${kind} ${key}`);
/** A task that another process wrote. The queue is not notified of it. */
const foreignTask = () => ({
  id: "0",
  examId: "x",
  queue: "aliyun_new",
  kind: "delete_group",
  key: "other",
  payload: {},
  dueAt: new Date(START),
  createdAt: new Date(START),
});
const TIMES = { createdAt: new Date(START), updatedAt: new Date(START) };
const EXAM = { id: "x", name: "E", startTime: new Date(0), endTime: new Date(1), createdBy: "t", ...TIMES };
/** A room in progress with the id `g`. */
const ROOM = {
  id: "g",
  examId: "x",
  name: "R",
  status: "in_progress" as const,
  audioStatus: "silent" as const,
  imServer: ["aliyun_new" as const],
  createTeacher: "t",
  ...TIMES,
};
const ERROR = 50;
const errors = ({ lines }: Process) => lines.filter(({ level }) => level === ERROR);

describe("tasks", () => {
  it("run in the order in which they were written, and are deleted", async () => {
    const at = service({ keepsMembers: true });
    at.groups.set("g", new Set(["a", "pc_a", "b"]));
    await using process = await openProcess({ rong_cloud: at });
    await process.add(async (tasks, tx, now) => {
      const room = { id: "g", ...RONG };
      await announce(tasks, tx, { room, signal: 20_001, data: { userId: "b" }, now });
      await announce(tasks, tx, { room, signal: 20_020, data: { sid: "s" }, userIds: ["a", "pc_a"], now });
      await evict(tasks, tx, room, { userId: "a", role: "teacher" }, now);
    });
    await process.wait(0);
    expect(at.calls).toEqual([
      'send g 20001 {"userId":"b"}',
      'send g 20020 {"sid":"s"} a,pc_a',
      "leave g a,pc_a",
    ]);
    expect([...(at.groups.get("g") ?? [])]).toEqual(["b"]);
    await process.add(async (tasks, tx, now) => {
      await tasks.deleteGroups(tx, { id: "g", ...RONG }, { dueAt: now, now });
    });
    await process.wait(0);
    expect(at.groups.size).toBe(0);
    expect(await process.tasks()).toEqual([]);
  });

  it("are written only for services that support them", async () => {
    const old = service({ chooses: [] });
    const rong = service({ keepsMembers: true });
    await using process = await openProcess({ aliyun_new: service(), aliyun_old: old, rong_cloud: rong });
    const room = { id: "g", examId: "x", imServer: ["aliyun_new", "aliyun_old", "rong_cloud"] } as const;
    await process.add(async (tasks, tx, now) => {
      await announce(tasks, tx, { room, signal: 1, data: {}, now });
      await evict(tasks, tx, room, { userId: "a", role: "inspector" }, now);
      await tasks.deleteGroups(tx, room, { dueAt: now, now });
    });
    expect((await process.tasks()).map(({ kind, queue }) => `${kind} ${queue}`)).toEqual([
      "send aliyun_new",
      "send aliyun_old",
      "send rong_cloud",
      "leave rong_cloud",
      "delete_group aliyun_new",
      "delete_group rong_cloud",
    ]);
  });

  it("of one group run one after the other, and concurrently with those of other groups", async () => {
    const at = service();
    const first = held();
    at.on("send", inTurn(first.behaviour, works));
    await using process = await openProcess({ aliyun_new: at });
    process.queue.start();
    await process.add(async (tasks, tx, now) => {
      await say(tasks, tx, now, "slow", 1, 2, 3);
      await say(tasks, tx, now, "quick", 1, 2);
    });
    await at.called(3);
    expect(sentSignals(at)).toEqual(["slow 1", "quick 1", "quick 2"]);
    first.release();
    await at.called(5);
    expect(sentSignals(at).slice(3)).toEqual(["slow 2", "slow 3"]);
  });

  it("of a service that hangs do not delay other services", async () => {
    const [hanging, other] = [service(), service()];
    const never = held();
    hanging.on("send", never.behaviour);
    await using process = await openProcess({ aliyun_new: hanging, rong_cloud: other });
    process.queue.start();
    await process.add(async (tasks, tx, now) => {
      for (let n = 0; n < 20; n += 1) {
        const room = { id: `g${n}`, examId: "x", imServer: ["aliyun_new", "rong_cloud"] } as const;
        await announce(tasks, tx, { room, signal: 1, data: {}, now });
      }
    });
    await other.called(20);
    expect(hanging.calls).toHaveLength(4);
    never.release();
    await hanging.called(20);
  });

  it("do not run before they are due", async () => {
    const at = service();
    await using process = await openProcess({ aliyun_new: at });
    await process.add(async (tasks, tx, now) => {
      await tasks.deleteGroups(tx, { id: "g", ...NEW }, { dueAt: new Date(now.getTime() + 5000), now });
    });
    await process.wait(4999);
    expect(at.calls).toEqual([]);
    await process.wait(1);
    expect(at.calls).toEqual(["delete g"]);
  });

  it("do not delete the group of a room in progress", async () => {
    const at = service();
    await using process = await openProcess({ aliyun_new: at });
    await insertRows(process.db, exams, [EXAM]);
    await insertRows(process.db, roomExams, [{ examId: ROOM.examId, roomId: ROOM.id }]);
    await insertRows(process.db, rooms, [ROOM]);
    await process.add((tasks, tx, now) => tasks.deleteGroups(tx, { id: "g", ...NEW }, { dueAt: now, now }));
    await process.wait(0);
    expect(at.calls).toEqual([]);
    expect(errors(process)).toMatchObject([
      { groupId: "g", msg: "a room in progress keeps its message group" },
    ]);
    expect(await process.tasks()).toEqual([]);
  });

  it("do not remove a person from the group who has returned to the room", async () => {
    const at = service({ keepsMembers: true });
    at.groups.set("g", new Set(["a", "b"]));
    await using process = await openProcess({ rong_cloud: at });
    await insertRows(process.db, exams, [EXAM]);
    await insertRows(process.db, roomExams, [{ examId: ROOM.examId, roomId: ROOM.id }]);
    await insertRows(process.db, rooms, [ROOM]);
    await insertRows(process.db, participants, [
      {
        examId: "x",
        roomId: "g",
        userId: "a",
        role: "examinee",
        name: "A",
        mainPublishStatus: "idle",
        pcPublishStatus: "idle",
        ...TIMES,
      },
    ]);
    await process.add(async (tasks, tx, now) => {
      for (const userId of ["a", "b"])
        await evict(tasks, tx, { id: "g", ...RONG }, { userId, role: "teacher" }, now);
    });
    await process.wait(0);
    expect(at.calls).toEqual(["leave g b,pc_b"]);
    expect(await process.tasks()).toEqual([]);
  });
});

describe("a task that fails", () => {
  it("is tried again with growing delays of up to an hour, until it succeeds", async () => {
    const at = service();
    at.on("delete", fails());
    await using process = await openProcess({ aliyun_new: at }, { random: () => 0 });
    await process.add((tasks, tx, now) => tasks.deleteGroups(tx, { id: "g", ...NEW }, { dueAt: now, now }));
    const pauses: number[] = [];
    await process.wait(0);
    for (let now = START, tries = 0; tries < 14; tries += 1) {
      const pause = ((await process.tasks())[0]?.dueAt.getTime() ?? 0) - now;
      pauses.push(pause);
      now += pause;
      await process.wait(pause);
    }
    expect(pauses.slice(0, 4)).toEqual([5, 10, 20, 40].map((s) => s * SECOND_MS));
    expect(Math.max(...pauses)).toBe(HOUR_MS / 2);
    at.on("delete", works);
    await process.wait(HOUR_MS);
    expect(await process.tasks()).toEqual([]);
    expect(errors(process)).toEqual([]);
  });

  it.each([0, 0.999])("has a delay that is shortened randomly by up to a half: %d", async (chance) => {
    const at = service();
    at.on("send", fails("throttled"));
    await using process = await openProcess({ aliyun_new: at }, { random: () => chance });
    await process.add((tasks, tx, now) => say(tasks, tx, now, "g", 1));
    await process.wait(0);
    const pause = ((await process.tasks())[0]?.dueAt.getTime() ?? 0) - START;
    expect(pause).toBe(Math.round(1000 * (0.5 + chance / 2)));
  });

  it("blocks the later tasks of its group, and of no other group", async () => {
    const at = service();
    at.on("send", inTurn(fails(), works));
    await using process = await openProcess({ aliyun_new: at });
    await process.add((tasks, tx, now) => say(tasks, tx, now, "g", 1, 2));
    await process.wait(0);
    await process.add(async (tasks, tx, now) => {
      await say(tasks, tx, now, "g", 3);
      await say(tasks, tx, now, "other", 1);
    });
    await process.wait(0);
    expect(sentSignals(at)).toEqual(["g 1", "other 1"]);
    // The tasks that it blocks are not claimed.
    const [first, second] = await process.tasks();
    expect(second?.dueAt).toEqual(first?.dueAt);
    await process.wait(SECOND_MS);
    expect(sentSignals(at).slice(2)).toEqual(["g 1", "g 2", "g 3"]);
  });

  it("blocks no tasks if it is a `leave` task, which is tried again", async () => {
    const at = service({ keepsMembers: true });
    at.on("leave", fails());
    await using process = await openProcess({ rong_cloud: at });
    const room = { id: "g", ...RONG };
    await process.add(async (tasks, tx, now) => {
      await evict(tasks, tx, room, { userId: "a", role: "teacher" }, now);
      await announce(tasks, tx, { room, signal: 1, data: {}, now });
    });
    await process.wait(0);
    expect(at.calls).toEqual(["leave g a,pc_a", "send g 1 {}"]);
    expect(await kinds(process)).toEqual(["leave g"]);
    at.on("leave", works);
    await process.wait(HOUR_MS);
    expect(await process.tasks()).toEqual([]);
  });

  it("is given up with an error after ten refusals, but not after outages", async () => {
    const at = service();
    const outages = [fails("throttled"), fails("timeout"), fails("paused"), fails("unreadable")];
    at.on("delete", inTurn(...outages, ...outages, ...outages, fails("refused")));
    await using process = await openProcess({ aliyun_new: at });
    await process.add((tasks, tx, now) => tasks.deleteGroups(tx, { id: "g", ...NEW }, { dueAt: now, now }));
    await process.wait(0);
    for (let tries = 1; tries < 21; tries += 1) await process.wait(HOUR_MS);
    expect(at.calls).toHaveLength(21);
    expect(await process.tasks()).toMatchObject([{ attempts: 21, refusals: 9 }]);
    expect(errors(process)).toEqual([]);
    await process.wait(HOUR_MS);
    expect(await process.tasks()).toEqual([]);
    expect(errors(process)).toMatchObject([
      { queue: "aliyun_new", kind: "delete_group", key: "g", attempts: 22 },
    ]);
    const lastError = "The service test refused the call.";
    expect((await process.deadLetters.list({ limit: 2 })).rows).toMatchObject([
      { kind: "delete_group", key: "g", reason: "refused", attempts: 22, lastError },
    ]);
  });

  it.each([
    "InvalidTimeStamp.Expired",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "InvalidAccessKeyId.NotFound",
    "InvalidSecurityToken.Expired",
    "Forbidden.RAM",
    "NoPermission",
    "401",
    "1004",
  ])("is never given up while the service refuses us and not the task: %s", async (code) => {
    const at = service();
    at.on("delete", fails("refused", code));
    await using process = await openProcess({ aliyun_new: at });
    await process.add((tasks, tx, now) => tasks.deleteGroups(tx, { id: "g", ...NEW }, { dueAt: now, now }));
    for (let tries = 0; tries < 15; tries += 1) await process.wait(HOUR_MS);
    expect(await process.tasks()).toMatchObject([{ kind: "delete_group", refusals: 0 }]);
    at.on("delete", works);
    await process.wait(HOUR_MS);
    expect(await process.tasks()).toEqual([]);
    expect(errors(process)).toEqual([]);
  });

  it("because of an internal error is given up like after refusals", async () => {
    const at = service();
    at.on("delete", () => {
      throw new TypeError("a fault");
    });
    await using process = await openProcess({ aliyun_new: at });
    await process.add((tasks, tx, now) => tasks.deleteGroups(tx, { id: "g", ...NEW }, { dueAt: now, now }));
    for (let tries = 0; tries < 10; tries += 1) await process.wait(HOUR_MS);
    expect(await process.tasks()).toEqual([]);
    expect(errors(process)).toHaveLength(1);
  });
});

describe("a signal", () => {
  it("expires after 30 seconds, and is then never sent", async () => {
    const at = service();
    await using process = await openProcess({ aliyun_new: at });
    await process.add(async (tasks, tx, now) => {
      await say(tasks, tx, now, "g", 1, 2, 3);
      await say(tasks, tx, now, "other", 1);
      await tasks.deleteGroups(tx, { id: "g", ...NEW }, { dueAt: now, now });
    });
    await process.wait(30 * SECOND_MS);
    expect(at.calls).toEqual(["delete g"]);
    expect(await process.tasks()).toEqual([]);
    expect(process.lines).toMatchObject([{ queue: "aliyun_new", tasks: 4 }]);
    const { rows } = await process.deadLetters.list({ limit: 5 });
    expect(rows.map(({ kind, reason }) => `${kind} ${reason}`)).toEqual(Array(4).fill("send expired"));
  });

  it("is sent just before that", async () => {
    const at = service();
    await using process = await openProcess({ aliyun_new: at });
    await process.add((tasks, tx, now) => say(tasks, tx, now, "g", 1));
    await process.wait(30 * SECOND_MS - 1);
    expect(sentSignals(at)).toEqual(["g 1"]);
  });

  it("is dropped if there is no time for another attempt, and no longer blocks later tasks", async () => {
    const at = service();
    at.on("send", inTurn(fails(), fails(), fails(), fails(), fails(), works));
    await using process = await openProcess({ aliyun_new: at }, { random: () => 1 });
    await process.add((tasks, tx, now) => say(tasks, tx, now, "g", 1));
    for (const pause of [0, 1, 2, 4]) await process.wait(pause * SECOND_MS);
    await process.add((tasks, tx, now) => say(tasks, tx, now, "g", 2));
    await process.wait(8 * SECOND_MS);
    // The sixth attempt would be 31 seconds after it was written.
    expect(sentSignals(at)).toEqual(["g 1", "g 1", "g 1", "g 1", "g 1", "g 2"]);
    expect(await process.tasks()).toEqual([]);
  });

  it("from an outage is not sent after it", async () => {
    const at = service();
    at.on("send", fails());
    await using process = await openProcess({ aliyun_new: at });
    for (let second = 0; second < 120; second += 1) {
      await process.add((tasks, tx, now) => say(tasks, tx, now, `g${second % 3}`, second));
      await process.wait(SECOND_MS);
    }
    expect((await process.tasks()).length).toBeLessThanOrEqual(31);
    at.on("send", works);
    at.calls.length = 0;
    await process.wait(31 * SECOND_MS);
    expect(await process.tasks()).toEqual([]);
    expect(at.calls).toEqual([]);
    await process.add((tasks, tx, now) => say(tasks, tx, now, "g1", 200));
    await process.wait(0);
    expect(sentSignals(at)).toEqual(["g1 200"]);
  });
});

describe("two processes", () => {
  it("run each task once, and those of a group in their order", async () => {
    using folder = tempFolder();
    const file = join(folder.path, "invigil.db");
    const at = service();
    await using one = await openProcess({ aliyun_new: at }, { file });
    await using other = await openProcess({ aliyun_new: at }, { file });
    await one.add(async (tasks, tx, now) => {
      for (let n = 0; n < 25; n += 1) for (let g = 0; g < 8; g += 1) await say(tasks, tx, now, `g${g}`, n);
    });
    one.queue.start();
    other.queue.start();
    await at.called(200);
    await Promise.all([one.queue.stop(60_000), other.queue.stop(60_000)]);
    expect(new Set(at.calls).size).toBe(200);
    expect(at.calls).toHaveLength(200);
    for (let g = 0; g < 8; g += 1) {
      const numbers = sentSignals(at)
        .filter((call) => call.startsWith(`g${g} `))
        .map((call) => Number(call.split(" ")[1]));
      expect(numbers).toEqual(Array.from({ length: 25 }, (_, n) => n));
    }
    expect(await one.tasks()).toEqual([]);
  });

  it("do not run a task that the other one has begun, until two minutes after it crashed", async () => {
    using folder = tempFolder();
    const file = join(folder.path, "invigil.db");
    const [dying, living] = [service(), service()];
    const never = held(fails());
    dying.on("delete", never.behaviour);
    let now = START;
    const clock = () => new Date(now);
    await using crashed = await openProcess({ aliyun_new: dying }, { file, clock });
    await using other = await openProcess({ aliyun_new: living }, { file, clock });
    crashed.queue.start();
    await crashed.add(async (tasks, tx, at) => {
      await tasks.deleteGroups(tx, { id: "g", ...NEW }, { dueAt: at, now: at });
    });
    await dying.called(1);
    await crashed.queue.stop(0);
    now += 119 * SECOND_MS;
    await other.wait(0);
    expect(living.calls).toEqual([]);
    now += SECOND_MS;
    await other.wait(0);
    expect(living.calls).toEqual(["delete g"]);
    expect(await other.tasks()).toEqual([]);
    never.release();
  });
});

describe("a queue", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("that stops waits for running tasks, and starts no more", async () => {
    const at = service();
    const first = held();
    at.on("send", first.behaviour);
    await using process = await openProcess({ aliyun_new: at }, { concurrency: 1 });
    process.queue.start();
    await process.add((tasks, tx, now) => say(tasks, tx, now, "g", 1, 2));
    await at.called(1);
    let stopped = false;
    const stopping = process.queue.stop(60_000).then(() => {
      stopped = true;
    });
    await process.add((tasks, tx, now) => say(tasks, tx, now, "g", 3));
    expect(stopped).toBe(false);
    first.release();
    await stopping;
    expect(sentSignals(at)).toEqual(["g 1"]);
    expect(await process.tasks()).toMatchObject([{ attempts: 0 }, { attempts: 0 }]);
    process.queue.start();
    await at.called(3);
  });

  it("that stops waits no longer than allowed, and then no longer uses the database", async () => {
    const at = service();
    const first = held(fails());
    at.on("send", first.behaviour);
    const process = await openProcess({ aliyun_new: at });
    process.queue.start();
    await process.add((tasks, tx, now) => say(tasks, tx, now, "g", 1));
    await at.called(1);
    await process.queue.stop(1);
    await process.db.close();
    first.release();
    // A write would fail in the second turn of the event loop.
    for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(process.lines).toEqual([]);
  });

  it("that drains runs the tasks of its own process, and ends in time if the service hangs", async () => {
    const at = service();
    await using process = await openProcess({ aliyun_new: at });
    // This task is from another process.
    await insertRows(process.db, outboxTasks, [foreignTask()]);
    await process.queue.drain(60_000);
    expect(at.calls).toEqual([]);
    const never = held();
    at.on("send", never.behaviour);
    await process.add((tasks, tx, now) => say(tasks, tx, now, "g", 1));
    await process.queue.drain(1);
    never.release();
    expect(await kinds(process)).toContain("send g");
  });

  // With fake timers, the driver of PostgreSQL would wait forever.
  it.skipIf(isOnPostgres)(
    "waits until the next task is due, and polls for those of other processes every 15 seconds",
    async () => {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
      vi.setSystemTime(START);
      const at = service();
      await using process = await openProcess({ aliyun_new: at }, { clock: () => new Date() });
      /** Waits until a timer is set and the poll after a task is over, which takes one turn of the event loop. */
      const asleep = async (tasks: number) => {
        const turn = () => new Promise((resolve) => setImmediate(resolve));
        do await turn();
        while (vi.getTimerCount() === 0 || (await process.tasks()).length !== tasks);
        for (let turns = 0; turns < 3; turns += 1) await turn();
      };
      process.queue.start();
      await process.add(async (tasks, tx, now) => {
        await tasks.deleteGroups(tx, { id: "g", ...NEW }, { dueAt: new Date(now.getTime() + 7000), now });
      });
      await asleep(1);
      await vi.advanceTimersByTimeAsync(6999);
      expect(at.calls).toEqual([]);
      await vi.advanceTimersByTimeAsync(1);
      await at.called(1);
      await asleep(0);
      // The queue is not notified of this task.
      await insertRows(process.db, outboxTasks, [foreignTask()]);
      await vi.advanceTimersByTimeAsync(14_000);
      expect(at.calls).toHaveLength(1);
      await vi.advanceTimersByTimeAsync(1000);
      await at.called(2);
    },
  );

  it("polls again within 15 seconds after a failed poll", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
    vi.setSystemTime(START);
    const at = service();
    await using process = await openProcess({ aliyun_new: at }, { clock: () => new Date() });
    const show = await hideTable(process.db, outboxTasks);
    process.queue.start();
    await process.logged("cannot be read");
    await show();
    await insertRows(process.db, outboxTasks, [foreignTask()]);
    await vi.advanceTimersByTimeAsync(15_000);
    await at.called(1);
  });

  it("at its limit of concurrent tasks claims more when one is done", async () => {
    const at = service();
    const first = held();
    at.on("send", first.behaviour);
    await using process = await openProcess({ aliyun_new: at }, { concurrency: 1 });
    process.queue.start();
    await process.add((tasks, tx, now) => say(tasks, tx, now, "a", 1));
    await at.called(1);
    for (const id of ["b", "c"]) await process.add((tasks, tx, now) => say(tasks, tx, now, id, 1));
    expect(sentSignals(at)).toEqual(["a 1"]);
    first.release();
    await at.called(3);
  });
});
