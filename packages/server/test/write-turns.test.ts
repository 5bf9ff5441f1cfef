import { describe, expect, it } from "vitest";
import type { Principal } from "../src/identity/tokens.js";
import { MAX_RUNNING, MAX_WAITING } from "../src/storage/turns.js";
import { failureOfCall } from "../src/trpc/failures.js";
import { limited } from "./support/limits.js";
import { APPS } from "./support/school.js";
import { openWorld, type World } from "./support/world.js";

// Writes of one caller beside those of others, on the whole app.

const MOST = MAX_RUNNING + MAX_WAITING;
const TIMES = { startTime: new Date("2026-02-01T08:00:00Z"), endTime: new Date("2026-02-01T10:00:00Z") };

const procedures = (world: World, identity: Principal) =>
  world.router.createCaller({
    identity,
    identify: async () => identity,
    address: "in-process",
    entryPoint: "in-process",
    trace: { requestId: "r", procedures: [] },
  });
const callerOf = (world: World, userId: string) =>
  procedures(world, { userId, role: "teacher", expiresAt: new Date("2027-01-01") });
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
    await using world = await openWorld();
    const busy = callerOf(world, "busy");
    const { examId } = await openExam(busy);
    const stranger = callerOf(world, "stranger");
    const { roomId } = await openExam(stranger);
    const { answers, all } = startWrites(MOST, (n) => busy.cheat.setConfig({ examId, data: `${n}` }));
    const detection = { isMainMonitor: true, detectType: "watch", detectTime: world.clock() };
    const calls: readonly (() => Promise<unknown>)[] = [
      () => stranger.cheat.addRecords({ roomId, records: [{ ...detection, userId: "stranger" }] }),
      () => stranger.im.send({ roomId, type: 30_001, data: 1 }),
      () => stranger.room.setAudioStatus({ roomId, audioStatus: "speaking" }),
    ];
    for (const call of calls) {
      const before = answers.done;
      await call();
      // The writes of two transactions, and those that other connections commit meanwhile.
      expect(answers.done - before).toBeLessThanOrEqual(6 * MAX_RUNNING);
    }
    expect(answers.done).toBeLessThan(MOST);
    await all;
    expect(answers).toEqual({ done: MOST, refused: 0 });
  });

  it("makes them in the order of their calls", async () => {
    await using world = await openWorld();
    const busy = callerOf(world, "busy");
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
    await using world = await openWorld({ config });
    const busy = callerOf(world, "busy");
    const { examId } = await openExam(busy);
    const stranger = callerOf(world, "stranger");
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
    await using world = await openWorld();
    const owner = callerOf(world, "owner");
    const staff = Array.from({ length: 40 }, (_, n) => `t${n}`);
    const { examId } = await openExam(owner);
    const participants = staff.map((userId) => ({ userId, name: userId, role: "teacher" as const }));
    const { id: roomId } = await owner.room.create({ name: "Hall", examId, participants });
    const callers = staff.map((userId) => callerOf(world, userId));
    const mutes = startWrites(3 * MOST, (n) =>
      (callers[n % staff.length] ?? owner).room.setAudioStatus({
        roomId,
        audioStatus: n % 2 === 0 ? "speaking" : "silent",
      }),
    );
    const detection = { isMainMonitor: true, detectType: "watch", detectTime: world.clock() };
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

/** Procedures whose writes are grouped, and those that write nothing. */
const NOT_CHARGED = new Set([
  "cheat.addRecords",
  "im.send",
  "stream.report",
  "auth.refresh",
  "auth.issueToken",
  "room.joinLinks",
  "upload.getCredentials",
]);

it("each change that a procedure makes takes the share of its caller", async () => {
  const callers = new Set<string | undefined>();
  await using world = await openWorld({
    config: { apps: APPS, publicUrl: "https://invigil.example" },
    change: (deps) => {
      const { storage } = deps.db;
      const write: typeof storage.write = (work, options) => {
        callers.add(options?.share?.caller);
        return storage.write(work, options);
      };
      return { ...deps, db: { ...deps.db, storage: { ...storage, write } } };
    },
  });
  const as = (userId: string) =>
    procedures(world, {
      userId,
      role: "admin",
      expiresAt: new Date("2027-01-01"),
      tokenId: `token of ${userId}`,
    });
  const root = as("root");
  const person = (userId: string) => ({ userId, name: userId, role: "examinee" as const });
  const { id: roomId, examId } = await root.room.create({
    name: "R",
    participants: ["a", "b", "c", "d"].map(person),
  });
  const { id: toRoomId } = await root.room.create({ name: "S", examId });
  const file = Buffer.from("id,name\nx,X\ny,Y\n").toString("base64");
  const account = { userId: "clerk", role: "teacher", name: "Clerk", password: "a password" } as const;
  await root.account.create(account);
  const clip = () => root.audio.create({ name: "C", url: "https://audio.example/c.wav" });
  const [{ id: clipId }, { id: unused }] = [await clip(), await clip()];
  const { id: attachmentId } = await root.audio.attach({ examId, clipId });
  const login = { username: "clerk", password: "a password" };
  const session = await root.auth.login(login);
  const clerk = () => world.services.auth.identify(`Bearer ${session.token}`);
  const ended = await root.exam.create({ name: "Ended", ...TIMES });

  type Admin = typeof root;
  const calls: Readonly<Record<string, (caller: Admin) => Promise<unknown>>> = {
    "auth.login": (c) => c.auth.login(login),
    "auth.changePassword": async () =>
      procedures(world, await clerk()).auth.changePassword({
        currentPassword: "a password",
        newPassword: "another one",
      }),
    "auth.logout": (c) => c.auth.logout(),
    "auth.revokeToken": (c) => c.auth.revokeToken({ tokenId: "t" }),
    "account.create": (c) => c.account.create({ ...account, userId: "other" }),
    "account.setPassword": (c) => c.account.setPassword({ userId: "clerk", password: "yet another" }),
    "account.disable": (c) => c.account.disable({ userId: "clerk" }),
    "account.enable": (c) => c.account.enable({ userId: "clerk" }),
    "room.create": (c) => c.room.create({ name: "T", examId }),
    "room.setAudioStatus": (c) => c.room.setAudioStatus({ roomId, audioStatus: "speaking" }),
    "room.joinCodes": (c) => c.room.joinCodes({ roomId }),
    "room.revokeLinks": (c) => c.room.revokeLinks({ roomId, userIds: ["a"] }),
    "exam.create": (c) => c.exam.create({ name: "E", ...TIMES }),
    "exam.update": (c) => c.exam.update({ examId, name: "F" }),
    "participant.add": (c) => c.participant.add({ roomId, participants: [person("e")] }),
    "participant.move": (c) => c.participant.move({ roomId, userId: "b", toRoomId }),
    "participant.remove": (c) => c.participant.remove({ roomId, userId: "c" }),
    "participant.removeFromExam": (c) => c.participant.removeFromExam({ examId, userId: "d" }),
    "participant.import": (c) => c.participant.import({ examId, file }),
    "exam.plan": (c) =>
      c.exam.plan({ examId, roomSize: 2, teachers: [{ ...person("pt"), role: "teacher" }] }),
    "audio.create": (c) => c.audio.create({ name: "D", url: "https://audio.example/d.wav" }),
    "audio.update": (c) => c.audio.update({ clipId, name: "New" }),
    "audio.attach": (c) => c.audio.attach({ examId, clipId }),
    "audio.detach": (c) => c.audio.detach({ examId, attachmentId }),
    "audio.delete": (c) => c.audio.delete({ clipId: unused }),
    "cheat.setConfig": (c) => c.cheat.setConfig({ examId, data: "{}" }),
    "im.getToken": (c) => c.im.getToken({ roomId, userId: "a", imServer: ["aliyun_new"] }),
    "room.end": (c) => c.room.end({ roomId }),
    "room.reopen": (c) => c.room.reopen({ roomId }),
    "exam.delete": (c) => c.exam.delete({ examId: ended.id }),
    "exam.restore": (c) => c.exam.restore({ examId: ended.id }),
    "exam.erase": async (c) => {
      await root.exam.delete({ examId: ended.id });
      await c.exam.erase({ examId: ended.id, confirm: "Ended" });
    },
  };
  const mutations = [...world.procedures].flatMap(([name, type]) => (type === "mutation" ? [name] : []));
  expect([...Object.keys(calls), ...NOT_CHARGED].toSorted()).toEqual(mutations.toSorted());
  for (const [name, call] of Object.entries(calls)) {
    callers.clear();
    await call(as(`by-${name}`));
    const charged = [...callers].filter((caller) => caller === `by-${name}` || caller === "clerk");
    expect({ name, charged }).toEqual({ name, charged: [expect.any(String)] });
  }
});
