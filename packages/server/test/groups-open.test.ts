import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { createGroupService } from "../src/features/message-groups/service.js";
import { exams, outboxTasks, participants, rooms, streamNames } from "../src/storage/tables.js";
import { type AppFixture, openAppFixture } from "./support/app-fixture.js";
import { trpc } from "./support/calls.js";
import {
  type Behaviour,
  createTestService,
  fails,
  hangs,
  held,
  inTurn,
  type ServiceOptions,
  tasksOf,
  withServices,
  works,
  worksWithoutAnswer,
} from "./support/message-services.js";
import { openProcess } from "./support/queue.js";
import { rowsOf } from "./support/tables.js";
import { AUTHOR } from "./support/writes.js";

const START = Date.parse("2026-01-02T03:04:05Z");
const MINUTE_MS = 60_000;
const ALL = ["rong_cloud", "aliyun_new", "aliyun_old"] as const;
/** For tests in which a service hangs. Others wait for what comes. */
const TIMEOUT_MS = 200;

type Service = (typeof ALL)[number];
interface RoomFixture extends AppFixture {
  readonly at: Record<Service, ReturnType<typeof createTestService>>;
  /** The calls of all services in their order, such as `rong_cloud create g1`. */
  readonly calls: string[];
  create(imServer: readonly Service[], input?: object): ReturnType<ReturnType<typeof trpc>["mutate"]>;
  /** Advances the time, and wakes the queue. */
  pass(ms: number): void;
  /** Advances the time, and runs the tasks that are due then. */
  wait(ms: number): Promise<void>;
  /** The numbers of stored rows and pending tasks. */
  counts(): Promise<object>;
}

/** A world with all three services. The older one gives groups the ids in `chosen`. */
const openRoomFixture = async (
  chosen: readonly string[] = ["chosen1", "chosen2"],
  { timeoutMs = MINUTE_MS }: { timeoutMs?: number } = {},
): Promise<RoomFixture> => {
  let now = START;
  const calls: string[] = [];
  const service = (name: Service, more: ServiceOptions = {}) =>
    createTestService({ ...more, onCall: (call) => calls.push(`${name} ${call}`) });
  const at = {
    aliyun_new: service("aliyun_new"),
    aliyun_old: service("aliyun_old", { chooses: chosen }),
    rong_cloud: service("rong_cloud", { keepsMembers: true }),
  };
  const appFixture = await openAppFixture({
    queue: false,
    now: () => new Date(now),
    change: (deps) => {
      const changed = withServices(at)(deps);
      return {
        ...changed,
        config: { ...deps.config, vendors: { ...deps.config.vendors, timeoutMs } },
      };
    },
  });
  const { db } = appFixture;
  const token = await appFixture.token({ sub: "t1", role: "teacher" });
  const pass = (ms: number): void => {
    now += ms;
    appFixture.services.queue.wake();
  };
  return {
    ...appFixture,
    at,
    calls,
    create: (imServer, input = {}) =>
      trpc(appFixture, token).mutate("room.create", { name: "R", imServer, ...input }),
    pass,
    async wait(ms) {
      pass(ms);
      await appFixture.services.queue.drain(60_000);
    },
    counts: async () => ({
      rooms: (await rowsOf(db, rooms)).length,
      exams: (await rowsOf(db, exams)).length,
      people: (await rowsOf(db, participants)).length,
      streams: (await rowsOf(db, streamNames)).length,
      tasks: (await rowsOf(db, outboxTasks)).length,
    }),
  };
};
const NOTHING = { rooms: 0, exams: 0, people: 0, streams: 0, tasks: 0 };

describe("room.create with several message services", () => {
  it("creates one group at each, with the id of the room and its actual people", async () => {
    await using fixture = await openRoomFixture();
    const participants = [{ userId: "e1", name: "E", role: "examinee" }];
    const { data: room } = await fixture.create(["rong_cloud", "aliyun_new"], { participants });
    expect(room.imGroupId).toBe(room.id);
    for (const name of ["rong_cloud", "aliyun_new"] as const)
      expect([...fixture.at[name].groups]).toEqual([[room.id, new Set(["t1", "e1"])]]);
    expect(fixture.at.aliyun_old.calls).toEqual([]);
    // No task remains that would delete them.
    expect(await tasksOf(fixture)).toEqual([]);
    await fixture.wait(60 * MINUTE_MS);
    expect(fixture.at.rong_cloud.groups.size).toBe(1);
  });

  it("uses the id that a service chose for the room, its streams and the other services", async () => {
    await using fixture = await openRoomFixture();
    const { data: room } = await fixture.create(ALL);
    expect(room.id).toBe("chosen1");
    expect(fixture.calls[0]).toBe("aliyun_old create chosen1");
    expect(fixture.calls.slice(1).toSorted()).toEqual([
      "aliyun_new create chosen1",
      "rong_cloud create chosen1",
    ]);
    const names = await rowsOf(fixture.db, streamNames);
    expect(names.map(({ name }) => name)).toEqual([
      `${room.examId}-chosen1-t1`,
      `${room.examId}-chosen1-t1_pc`,
    ]);
  });

  it("creates another group if the chosen id would give two streams the same name", async () => {
    await using fixture = await openRoomFixture(["GRP", "GRP-x", "GRP2"]);
    const people = (...ids: string[]) => ids.map((userId) => ({ userId, name: userId, role: "examinee" }));
    const first = await fixture.create(["aliyun_old"], { participants: people("x-1") });
    const { examId } = first.data;
    const admin = trpc(fixture, await fixture.token({ sub: "t1", role: "admin" }));
    const input = { name: "S", imServer: ["aliyun_old"], examId, participants: people("1") };
    const { data: second } = await admin.mutate("room.create", input);
    expect(second.id).toBe("GRP2");
    expect(await fixture.counts()).toMatchObject({ rooms: 2, people: 4, streams: 8 });
  });

  it("names the person whose stream would have a name that is taken", async () => {
    await using fixture = await openRoomFixture(["GRP", "GRP-x"]);
    const { examId } = (await fixture.create(["aliyun_old"])).data;
    const admin = trpc(fixture, await fixture.token({ sub: "t1", role: "admin" }));
    await admin.mutate("room.create", { name: "S", imServer: ["aliyun_old"], examId });
    const add = (roomId: string, userId: string) =>
      admin.mutate("participant.add", {
        roomId,
        participants: [{ userId, name: userId, role: "examinee" }],
      });
    await add("GRP", "x-1");
    const { error } = await add("GRP-x", "1");
    expect(error.data.reason).toBe("PARTICIPANT_CONFLICT");
    expect(error.message).toMatch(/^1 cannot be in the room GRP-x:/);
    // The room of the other person is unchanged.
    expect(await fixture.counts()).toMatchObject({ people: 3, streams: 6 });
  });

  it("accepts an id that other services would not accept if there is only one service", async () => {
    await using fixture = await openRoomFixture(["4a-b_c"]);
    expect((await fixture.create(["aliyun_old"])).data.id).toBe("4a-b_c");
  });

  it.each([
    ["4a-b", ALL],
    ["4a_b", ["aliyun_old", "rong_cloud"]],
    ["", ["aliyun_old"]],
    ["a/b", ["aliyun_old"]],
    ["a".repeat(65), ["aliyun_old"]],
  ] as const)("refuses the id %j that a service chose for %j", async (id, imServer) => {
    await using fixture = await openRoomFixture([id]);
    const { error } = await fixture.create(imServer);
    expect(error.data.reason).toBe("PROVIDER_FAILED");
    expect(fixture.calls).toEqual([`aliyun_old create ${id}`]);
    expect(await fixture.counts()).toEqual(NOTHING);
  });

  it("refuses the id of an existing room, and does not delete the groups of that room", async () => {
    await using fixture = await openRoomFixture(["twice", "twice"]);
    await fixture.create(ALL);
    const before = await fixture.counts();
    const { error } = await fixture.create(ALL);
    expect(error.data.reason).toBe("PROVIDER_FAILED");
    await fixture.wait(60 * MINUTE_MS);
    expect(fixture.at.rong_cloud.groups.has("twice")).toBe(true);
    expect(await fixture.counts()).toEqual(before);
  });

  it("calls no service if one of them is not configured, or if the people are invalid", async () => {
    await using fixture = await openRoomFixture();
    const people = [{ userId: "t1", name: "T", role: "examinee" }];
    expect((await fixture.create(["rong_cloud"], { participants: people })).error.data.reason).toBe(
      "INVALID_INPUT",
    );
    await using without = await openAppFixture({
      change: withServices({ rong_cloud: fixture.at.rong_cloud }),
    });
    const teacher = trpc(without, await without.token({ sub: "t1", role: "teacher" }));
    const { error } = await teacher.mutate("room.create", { name: "R", imServer: ALL });
    expect(error.data.reason).toBe("PROVIDER_NOT_CONFIGURED");
    expect(error.message).toContain("aliyun_old");
    expect(fixture.calls).toEqual([]);
  });
});

describe("room.create, when a message service fails,", () => {
  // Each service is the first, second and third one.
  const orders = ALL.map((_, first) => ALL.map((__, n) => ALL[(first + n) % ALL.length] ?? "aliyun_new"));
  const failures: [string, Behaviour][] = [
    ["fails", fails()],
    ["refuses", fails("refused")],
    ["creates the group without an answer", worksWithoutAnswer],
    ["hangs", hangs],
  ];
  const cases = orders.flatMap((order) =>
    ALL.flatMap((failing) => failures.map(([how, behaviour]) => ({ order, failing, how, behaviour }))),
  );

  it.each(cases)("leaves nothing behind: $order, $failing $how", async ({ order, failing, behaviour }) => {
    await using fixture = await openRoomFixture(
      undefined,
      behaviour === hangs ? { timeoutMs: TIMEOUT_MS } : {},
    );
    fixture.at[failing].on("create", behaviour);
    const { error } = await fixture.create(order);
    expect(error.data.reason).toBe("PROVIDER_FAILED");
    await fixture.wait(0);
    for (const name of ["aliyun_new", "rong_cloud"] as const) expect(fixture.at[name].groups.size).toBe(0);
    await fixture.wait(3 * MINUTE_MS);
    expect(await fixture.counts()).toEqual(NOTHING);
    // The service that chooses ids comes first. If it fails, the others are not called.
    if (failing === "aliyun_old") expect(fixture.calls).toEqual(["aliyun_old create chosen1"]);
  });

  it("deletes a group a second time if the service may create it after the first deletion", async () => {
    await using fixture = await openRoomFixture([], { timeoutMs: TIMEOUT_MS });
    let makeLate = (): void => undefined;
    fixture.at.rong_cloud.on("create", (work, signal) => {
      makeLate = work;
      return hangs(work, signal);
    });
    await fixture.create(["rong_cloud", "aliyun_new"]);
    await fixture.wait(0);
    makeLate();
    expect(fixture.at.rong_cloud.groups.size).toBe(1);
    await fixture.wait(2 * MINUTE_MS - 1);
    expect(fixture.at.rong_cloud.groups.size).toBe(1);
    await fixture.wait(1);
    expect(fixture.at.rong_cloud.groups.size).toBe(0);
    expect(await fixture.counts()).toEqual(NOTHING);
    // The other service cannot create the group late, so it is called once.
    const deletions = fixture.calls.filter((call) => call.startsWith("aliyun_new delete"));
    expect(deletions).toHaveLength(1);
  });

  it("stops the other calls at once, and returns the error of the first failure", async () => {
    await using fixture = await openRoomFixture();
    fixture.at.rong_cloud.on("create", hangs);
    fixture.at.aliyun_new.on("create", fails("refused"));
    const { error } = await fixture.create(["rong_cloud", "aliyun_new"]);
    expect(error.message).toBe("The service test refused the call.");
  });

  it("deletes the groups if the room cannot be written", async () => {
    await using fixture = await openRoomFixture();
    const admin = trpc(fixture, await fixture.token({ sub: "root", role: "admin" }));
    const exam = { name: "E", startTime: new Date(START), endTime: new Date(START + 1) };
    const { data } = await admin.mutate("exam.create", exam);
    fixture.at.rong_cloud.on("create", async (work) => {
      work();
      await admin.mutate("exam.delete", { examId: data.id, erase: "now" });
    });
    const { error } = await admin.mutate("room.create", {
      name: "R",
      examId: data.id,
      imServer: ["rong_cloud", "aliyun_new"],
    });
    expect(error.data.reason).toBe("EXAM_NOT_FOUND");
    await fixture.wait(0);
    expect(fixture.at.rong_cloud.groups.size + fixture.at.aliyun_new.groups.size).toBe(0);
    expect(await fixture.counts()).toEqual(NOTHING);
  });

  it("writes no room if its groups were deleted", async () => {
    await using fixture = await openRoomFixture();
    fixture.at.rong_cloud.on("create", async (work) => {
      work();
      // The process was suspended for so long that another one has deleted its groups.
      await fixture.wait(60 * MINUTE_MS);
    });
    const { error } = await fixture.create(["rong_cloud", "aliyun_new"]);
    expect(error.data.reason).toBe("PROVIDER_FAILED");
    await fixture.wait(0);
    expect(fixture.at.rong_cloud.groups.size + fixture.at.aliyun_new.groups.size).toBe(0);
    expect(await fixture.counts()).toEqual(NOTHING);
  });

  it("writes no room if the deletion of its groups has begun", async () => {
    await using fixture = await openRoomFixture();
    const deletion = held();
    fixture.at.aliyun_new.on("delete", deletion.behaviour);
    fixture.at.rong_cloud.on("create", async (work) => {
      work();
      fixture.services.queue.start();
      fixture.pass(60 * MINUTE_MS);
      await fixture.at.aliyun_new.called(1, "delete");
    });
    const { error } = await fixture.create(["rong_cloud", "aliyun_new"]);
    expect(error.data.reason).toBe("PROVIDER_FAILED");
    deletion.release();
    await fixture.wait(0);
    expect(await fixture.counts()).toMatchObject({ rooms: 0 });
  });

  it("calls the deletion once at a service that refused to create the group", async () => {
    await using fixture = await openRoomFixture();
    fixture.at.rong_cloud.on("create", fails("refused"));
    await fixture.create(["rong_cloud"]);
    await fixture.wait(60 * MINUTE_MS);
    expect(fixture.calls.filter((call) => call.includes("delete"))).toHaveLength(1);
  });

  it("stores the tasks that delete the groups before it creates them, in case the process crashes", async () => {
    await using fixture = await openRoomFixture();
    // The tasks that remain if the process is killed during the call.
    let left: Awaited<ReturnType<typeof tasksOf>> = [];
    fixture.at.rong_cloud.on("create", async (work) => {
      work();
      left = await tasksOf(fixture);
    });
    const { data: room } = await fixture.create(["rong_cloud", "aliyun_new"]);
    expect(left.map(({ queue, kind, key }) => `${queue} ${kind} ${key}`).toSorted()).toEqual([
      `aliyun_new delete_group ${room.id}`,
      `rong_cloud delete_group ${room.id}`,
    ]);
    // The tasks are not due before the call must have ended.
    for (const { dueAt } of left) expect(dueAt.getTime()).toBeGreaterThanOrEqual(START + 2 * MINUTE_MS);
  });
});

describe("exam.plan", () => {
  const plan = async (fixture: RoomFixture, people: number) => {
    const admin = trpc(fixture, await fixture.token({ sub: "root", role: "admin" }));
    const exam = { name: "E", startTime: new Date(START), endTime: new Date(START + 1) };
    const { data } = await admin.mutate("exam.create", exam);
    const rows = Array.from({ length: people }, (_, n) => `e${n},E,examinee\nt${n},T,teacher`);
    const file = Buffer.from(`id,name,role\n${rows.join("\n")}\n`).toString("base64");
    await admin.mutate("participant.import", { examId: data.id, file });
    const { id: examId } = data;
    const undo = () => admin.mutate("exam.undoPlan", { examId, plan: 1 });
    return Object.assign(() => admin.mutate("exam.plan", { examId, roomSize: 1 }), { undo });
  };

  it("creates a group for each room, and leaves no tasks", async () => {
    await using fixture = await openRoomFixture();
    const go = await plan(fixture, 20);
    const { data } = await go();
    expect(data.newRooms).toBe(20);
    expect([...fixture.at.aliyun_new.groups.values()].map((members) => members.size)).toEqual(
      Array.from({ length: 20 }, () => 2),
    );
    expect(await tasksOf(fixture)).toEqual([]);
  });

  it("deletes the groups of its rooms when it is undone", async () => {
    await using fixture = await openRoomFixture();
    const go = await plan(fixture, 3);
    await go();
    expect((await go.undo()).data).toEqual({ unseated: 6, deletedRooms: 3 });
    await fixture.wait(0);
    expect(fixture.at.aliyun_new.groups.size).toBe(0);
    expect(await tasksOf(fixture)).toEqual([]);
  });

  it("deletes the groups of all rooms if one of them fails, and creates no room", async () => {
    await using fixture = await openRoomFixture();
    const go = await plan(fixture, 20);
    const before = await fixture.counts();
    fixture.at.aliyun_new.on("create", inTurn(works, works, works, worksWithoutAnswer, works));
    expect((await go()).error.data.reason).toBe("PROVIDER_FAILED");
    await fixture.wait(0);
    await fixture.wait(3 * MINUTE_MS);
    expect(fixture.at.aliyun_new.groups.size).toBe(0);
    expect(await fixture.counts()).toEqual(before);
    // No call begins after the failure.
    expect(fixture.calls.filter((call) => call.includes("create")).length).toBeLessThan(20);
  });

  it("fails after one timeout if the service hangs, for any number of rooms", async () => {
    await using fixture = await openRoomFixture([], { timeoutMs: TIMEOUT_MS });
    const go = await plan(fixture, 150);
    fixture.at.aliyun_new.on("create", hangs);
    expect((await go()).error.data.reason).toBe("PROVIDER_FAILED");
    // Only the first concurrent calls are made.
    expect(fixture.calls.filter((call) => call.includes("create"))).toHaveLength(8);
  });

  it("stops concurrent calls at once if one of them fails", async () => {
    await using fixture = await openRoomFixture();
    const go = await plan(fixture, 20);
    fixture.at.aliyun_new.on("create", inTurn(hangs, hangs, fails("refused"), hangs));
    expect((await go()).error.message).toBe("The service test refused the call.");
  });

  it("deletes groups after a crash only when the timeouts of all rooms have passed", async () => {
    await using fixture = await openRoomFixture();
    const go = await plan(fixture, 40);
    const due: number[] = [];
    fixture.at.aliyun_new.on("create", async (work) => {
      work();
      due.push(...(await tasksOf(fixture)).map(({ dueAt }) => dueAt.getTime()));
    });
    await go();
    // There are 40 rooms, eight at a time.
    expect(Math.min(...due)).toBeGreaterThanOrEqual(START + (5 + 2) * MINUTE_MS);
  });

  it("deletes the groups if the exam was changed in the meantime", async () => {
    await using fixture = await openRoomFixture();
    const go = await plan(fixture, 2);
    const second = { name: "Other", examId: "" };
    fixture.at.aliyun_new.on(
      "create",
      inTurn(async (work) => {
        work();
        const admin = trpc(fixture, await fixture.token({ sub: "root", role: "admin" }));
        second.examId = (await admin.query("exam.list", {})).data.exams[0].id;
        await admin.mutate("room.create", { ...second, imServer: ["rong_cloud"] });
      }, works),
    );
    expect((await go()).error.data.reason).toBe("EXAM_CONFLICT");
    await fixture.wait(0);
    expect(fixture.at.aliyun_new.groups.size).toBe(0);
    expect(await tasksOf(fixture)).toEqual([]);
  });
});

describe("several rooms", () => {
  it("stop at once if a service that chooses ids refuses", async () => {
    const [hanging, choosing] = [createTestService(), createTestService({ chooses: ["a"] })];
    hanging.on("create", hangs);
    choosing.on("create", fails("refused"));
    await using process = await openProcess({ rong_cloud: hanging, aliyun_old: choosing });
    const groups = createGroupService({
      store: process.store,
      messages: {
        aliyun_new: undefined,
        // Safe: the test requests no tokens from it.
        aliyun_old: choosing.provider as never,
        rong_cloud: hanging.provider,
      },
      clock: () => new Date(START),
      timeoutMs: 60_000,
      log: pino({ level: "silent" }),
    });
    const rooms = (["rong_cloud", "aliyun_old"] as const).map((service) => ({
      roomId: service,
      examId: "e",
      name: "R",
      creatorId: "t1",
      imServer: [service],
      members: () => ["t1"],
      caller: AUTHOR,
    }));
    let written = false;
    const opening = groups.open(rooms, async () => {
      written = true;
    });
    await expect(opening).rejects.toThrow("The service test refused the call.");
    expect(written).toBe(false);
  });
});

describe("the default installation", () => {
  it("writes no tasks for groups, and runs no timer", async () => {
    const statements: string[] = [];
    await using appFixture = await openAppFixture({ onStatement: (sql) => statements.push(sql) });
    const teacher = trpc(appFixture, await appFixture.token({ sub: "t1", role: "teacher" }));
    const participants = [{ userId: "e1", name: "E", role: "examinee" }];
    const { data: room } = await teacher.mutate("room.create", { name: "R", participants });
    await teacher.mutate("im.getToken", { roomId: room.id, userId: "t1", imServer: ["aliyun_new"] });
    await teacher.mutate("participant.remove", { roomId: room.id, userId: "e1" });
    await teacher.mutate("room.end", { roomId: room.id });
    await teacher.mutate("exam.delete", { examId: room.examId, withRooms: true });
    expect(statements.length).toBeGreaterThan(20);
    const made = statements.filter((sql) => sql.includes("vendor_tasks") && !sql.startsWith("CREATE "));
    expect(made).toEqual([]);
  });
});
