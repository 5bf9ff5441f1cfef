import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TestCaller } from "../src/app/testing.js";
import { type AppFixture, openAppFixture } from "./support/app-fixture.js";
import { rest, trpc } from "./support/calls.js";
import {
  createTestService,
  fails,
  type TestService,
  tasksOf,
  withServices,
} from "./support/message-services.js";

const START = Date.parse("2026-01-02T03:04:05Z");
const MINUTE_MS = 60_000;
const ADMIN: TestCaller = { sub: "root", role: "admin" };
const EXAMINEE: TestCaller = { sub: "e1", role: "examinee" };
const SERVICES = ["aliyun_new", "rong_cloud"] as const;

let now: number;
let fixture: AppFixture;
let at: Record<(typeof SERVICES)[number], TestService>;

beforeEach(async () => {
  now = START;
  at = { aliyun_new: createTestService(), rong_cloud: createTestService({ keepsMembers: true }) };
  fixture = await openAppFixture({ queue: false, now: () => new Date(now), change: withServices(at) });
});
afterEach(() => fixture[Symbol.asyncDispose]());

const as = async (caller: TestCaller) => trpc(fixture, await fixture.token(caller));
/** Calls a procedure as an administrator. Throws if it fails. */
const admin = async (path: string, input: object) => {
  const { data, error } = await (await as(ADMIN)).mutate(path, input);
  if (error) throw new Error(`${path}: ${error.message}`);
  return data;
};
/** Advances the time, and runs the tasks that are due then. */
const wait = async (ms: number): Promise<void> => {
  now += ms;
  fixture.services.queue.wake();
  await fixture.services.queue.drain(60_000);
};
const people = [
  { userId: "e1", name: "E1", role: "examinee" },
  { userId: "e2", name: "E2", role: "examinee" },
  { userId: "i1", name: "I1", role: "inspector" },
];
const newRoom = async (input: object = {}): Promise<{ id: string; examId: string }> =>
  admin("room.create", { name: "R", imServer: SERVICES, participants: people, ...input });
const forget = () => {
  for (const name of SERVICES) at[name].calls.length = 0;
};
const members = (roomId: string) => [...(at.rong_cloud.groups.get(roomId) ?? [])].toSorted();

describe("the groups of a room that is deleted", () => {
  it("are deleted at once, and those who were unseated have left them", async () => {
    const { id: roomId, examId } = await newRoom();
    await admin("participant.unseat", { examId, roomId, userId: "e1" });
    await wait(0);
    expect(members(roomId)).not.toContain("e1");
    for (const userId of ["e2", "i1"]) await admin("participant.unseat", { examId, roomId, userId });
    await admin("room.delete", { examId, roomId });
    await wait(0);
    for (const name of SERVICES) expect(at[name].groups.size).toBe(0);
    expect(await tasksOf(fixture)).toEqual([]);
  });
});

describe("the groups of a room that ends", () => {
  it("are deleted two minutes later, because the teacher's app announces the end through them", async () => {
    const { id: roomId } = await newRoom();
    await admin("room.end", { roomId });
    await wait(2 * MINUTE_MS - 1);
    for (const name of SERVICES) expect(at[name].groups.has(roomId)).toBe(true);
    await wait(1);
    for (const name of SERVICES) expect(at[name].groups.size).toBe(0);
    expect(await tasksOf(fixture)).toEqual([]);
  });

  it("are deleted once, however often and concurrently it is ended", async () => {
    const { id: roomId } = await newRoom();
    await Promise.all(Array.from({ length: 5 }, () => admin("room.end", { roomId })));
    now += MINUTE_MS;
    await admin("room.end", { roomId });
    expect((await tasksOf(fixture)).map(({ kind }) => kind).toSorted()).toEqual([
      "delete_group",
      "delete_group",
      "send",
      "send",
    ]);
    await wait(MINUTE_MS);
    await admin("room.end", { roomId });
    await wait(60 * MINUTE_MS);
    for (const name of SERVICES)
      expect(at[name].calls.filter((call) => call.startsWith("delete"))).toEqual([`delete ${roomId}`]);
  });

  it("do not prevent its end while a service fails, and are deleted when the service works again", async () => {
    for (const name of SERVICES) at[name].on("delete", fails());
    const { id: roomId } = await newRoom();
    const token = await fixture.token(ADMIN);
    expect((await rest(fixture, token).get("endRoom", { roomId })).body.success).toBe(true);
    for (let hour = 0; hour < 48; hour += 1) await wait(60 * MINUTE_MS);
    expect(at.rong_cloud.groups.size).toBe(1);
    at.rong_cloud.on("delete", (work) => work());
    await wait(60 * MINUTE_MS);
    expect([at.rong_cloud.groups.size, at.aliyun_new.groups.size]).toEqual([0, 1]);
  });

  it("are deleted only at the room's services", async () => {
    const { id: roomId } = await newRoom({ imServer: ["rong_cloud"] });
    await admin("room.end", { roomId });
    expect((await tasksOf(fixture)).map(({ queue, kind }) => [queue, kind])).toEqual([
      ["rong_cloud", "send"],
      ["rong_cloud", "delete_group"],
    ]);
  });

  it("are deleted with its exam, if it was in progress", async () => {
    const ended = await newRoom();
    const open = await newRoom({ name: "Open", examId: ended.examId, participants: [] });
    const other = await newRoom({ name: "Other", participants: [] });
    await admin("room.end", { roomId: ended.id });
    await wait(2 * MINUTE_MS);
    forget();
    await admin("exam.delete", { examId: ended.examId, withRooms: true });
    await wait(0);
    for (const name of SERVICES) {
      expect(at[name].calls).toEqual([`delete ${open.id}`]);
      expect([...at[name].groups.keys()]).toEqual([other.id]);
    }
  });

  it("remain if the deletion of the exam fails", async () => {
    const { examId } = await newRoom();
    await expect(admin("exam.delete", { examId })).rejects.toThrow("withRooms");
    expect(await tasksOf(fixture)).toEqual([]);
  });
});

describe("everybody in the groups of a room that ends", () => {
  const ends = (name: (typeof SERVICES)[number]) => at[name].calls.filter((call) => call.includes(" 20010 "));

  it("receives the signal 20010, once at each service, before the groups are deleted", async () => {
    const { id: roomId } = await newRoom();
    await admin("room.end", { roomId });
    await admin("room.end", { roomId });
    await wait(0);
    await wait(2 * MINUTE_MS);
    for (const name of SERVICES) {
      const signal = expect.stringMatching(new RegExp(`^send ${roomId} 20010 \\{"sid":"\\w+"\\}$`));
      expect(at[name].calls.slice(-2)).toEqual([signal, `delete ${roomId}`]);
      expect(ends(name)).toHaveLength(1);
    }
  });

  it("receives it later if a teacher ended the room, because the teacher's page announces the end first", async () => {
    const teacher: TestCaller = { sub: "t1", role: "teacher" };
    const { data } = await (await as(teacher)).mutate("room.create", {
      name: "R",
      imServer: SERVICES,
      participants: people,
    });
    expect(
      (await rest(fixture, await fixture.token(teacher)).get("endRoom", { roomId: data.id })).body.success,
    ).toBe(true);
    await wait(9_999);
    for (const name of SERVICES) expect(ends(name)).toEqual([]);
    await wait(1);
    for (const name of SERVICES) expect(ends(name)).toHaveLength(1);
  });

  it("does not receive it when it is outdated", async () => {
    const { id: roomId } = await newRoom();
    await admin("room.end", { roomId });
    await wait(MINUTE_MS);
    for (const name of SERVICES) expect(ends(name)).toEqual([]);
  });
});

describe("a person who leaves a room", () => {
  const removalSignal = (roomId: string, userId: string) =>
    expect.stringMatching(
      new RegExp(
        `^send ${roomId} 20020 \\{"sid":"\\w+","receiverIdList":\\["${userId}","pc_${userId}"\\]\\} ${userId},pc_${userId}$`,
      ),
    );

  it.each([
    ["participant.remove", ({ id }: { id: string }) => ({ roomId: id, userId: "e1" })],
    ["participant.removeFromExam", ({ examId }: { examId: string }) => ({ examId, userId: "e1" })],
  ] as const)("by %s is no longer a member, and receives a signal as an examinee", async (path, input) => {
    const room = await newRoom();
    forget();
    await admin(path, input(room));
    await wait(0);
    expect(at.aliyun_new.calls).toEqual([removalSignal(room.id, "e1")]);
    expect(at.rong_cloud.calls).toEqual([removalSignal(room.id, "e1"), `leave ${room.id} e1,pc_e1`]);
    expect(members(room.id)).toEqual(["e2", "i1", "root"]);
  });

  it("by participant.move receives the signal only in the old room", async () => {
    const room = await newRoom();
    const to = await newRoom({ name: "To", examId: room.examId, participants: [] });
    forget();
    await admin("participant.move", { roomId: room.id, userId: "e1", toRoomId: to.id });
    await wait(0);
    expect(at.rong_cloud.calls).toEqual([removalSignal(room.id, "e1"), `leave ${room.id} e1,pc_e1`]);
    expect(members(room.id)).toEqual(["e2", "i1", "root"]);
  });

  it("as an inspector leaves without a signal", async () => {
    const room = await newRoom();
    forget();
    await admin("participant.remove", { roomId: room.id, userId: "i1" });
    await wait(0);
    expect([at.aliyun_new.calls, at.rong_cloud.calls]).toEqual([[], [`leave ${room.id} i1,pc_i1`]]);
  });

  it.each([
    [
      "terminated",
      (_: string, decision: object) => admin("attempt.terminate", { ...decision, key: "terminate" }),
      (roomId: string) => [removalSignal(roomId, "e1")],
    ],
    [
      "finished",
      async (roomId: string) => (await as(EXAMINEE)).mutate("attempt.finish", { roomId }),
      () => [],
    ],
  ] as const)(
    "because their attempt is %s is no longer a member, and comes back with a token when it is reopened",
    async (_, end, signals) => {
      const room = await newRoom();
      const decision = { roomId: room.id, userIds: ["e1"], reason: { code: "misconduct" } };
      await admin("exam.update", { examId: room.examId, startTime: new Date(0) });
      forget();
      await end(room.id, decision);
      await wait(0);
      // One who has finished goes to the end by themselves.
      expect(at.aliyun_new.calls).toEqual(signals(room.id));
      expect(at.rong_cloud.calls).toEqual([...signals(room.id), `leave ${room.id} e1,pc_e1`]);
      expect(members(room.id)).toEqual(["e2", "i1", "root"]);
      const token = async () =>
        (await as(EXAMINEE)).mutate("im.getToken", {
          roomId: room.id,
          userId: "e1",
          imServer: ["rong_cloud"],
        });
      expect((await token()).error.data.reason).toBe("ROOM_ENDED");
      // A room that is reopened for the others stays over for them.
      await admin("room.end", { roomId: room.id });
      await wait(2 * MINUTE_MS);
      await admin("room.reopen", { roomId: room.id });
      expect(members(room.id)).toEqual(["e2", "i1", "root"]);
      await admin("attempt.reopen", { ...decision, key: "reopen" });
      expect((await token()).error).toBeUndefined();
      expect(members(room.id)).toEqual(["e1", "e2", "i1", "root"]);
    },
  );

  it("because their attempt is terminated stays a member if it is reopened before the service was told", async () => {
    const room = await newRoom();
    const decision = { roomId: room.id, userIds: ["e1"], reason: { code: "mistake" } };
    await admin("attempt.terminate", { ...decision, key: "terminate" });
    await admin("attempt.reopen", { ...decision, key: "reopen" });
    await wait(0);
    expect(members(room.id)).toEqual(["e1", "e2", "i1", "root"]);
  });

  it("by participant.removeFromExam leaves all rooms of the exam", async () => {
    const room = await newRoom();
    const second = await newRoom({ name: "Second", examId: room.examId });
    await admin("participant.removeFromExam", { examId: room.examId, userId: "i1" });
    await wait(0);
    for (const { id } of [room, second]) expect(members(id)).toEqual(["e1", "e2", "root"]);
  });

  it("stays a member without a signal if the call is refused", async () => {
    const room = await newRoom();
    await expect(admin("participant.remove", { roomId: room.id, userId: "root" })).rejects.toThrow("creator");
    const to = { roomId: room.id, userId: "e1", toRoomId: room.id };
    await expect(admin("participant.move", to)).rejects.toThrow("already");
    expect(await tasksOf(fixture)).toEqual([]);
  });
});

describe("a person who requests a token", () => {
  const RONG = ["rong_cloud"];

  it("joins the group of the room with each login, even if only the token names the room", async () => {
    const { id: roomId } = await newRoom();
    await admin("participant.add", {
      roomId,
      participants: [{ userId: "e3", name: "E3", role: "examinee" }],
    });
    expect(members(roomId)).toEqual(["e1", "e2", "i1", "root"]);
    const late = await as({ sub: "e3", role: "examinee" });
    const { data } = await late.mutate("im.getToken", { roomId, userId: "e3", imServer: RONG });
    expect(data).toEqual({ rongToken: "token of e3" });
    const bound = await as({ sub: "e3", role: "examinee", room: roomId });
    await bound.mutate("im.getToken", { userId: "pc_e3", imServer: RONG });
    expect(members(roomId)).toEqual(["e1", "e2", "e3", "i1", "pc_e3", "root"]);
  });

  it("joins no group without a room, or at services without members", async () => {
    const { id: roomId } = await newRoom();
    const other = await newRoom({ name: "Other", imServer: ["aliyun_new"] });
    forget();
    const examinee = await as({ sub: "e1", role: "examinee" });
    await examinee.mutate("im.getToken", { userId: "e1", imServer: RONG });
    await examinee.mutate("im.getToken", { roomId, userId: "e1", imServer: ["aliyun_new"] });
    await examinee.mutate("im.getToken", { roomId: other.id, userId: "e1", imServer: RONG });
    expect(at.rong_cloud.calls).toEqual([]);
  });

  it("does not join the group of a room that has ended", async () => {
    const { id: roomId } = await newRoom();
    await admin("room.end", { roomId });
    forget();
    const { data } = await (await as(ADMIN)).mutate("im.getToken", {
      roomId,
      userId: "root",
      imServer: RONG,
    });
    expect(data).toEqual({ rongToken: "token of root" });
    expect(at.rong_cloud.calls).toEqual([]);
  });

  it("receives none if they cannot join", async () => {
    const { id: roomId } = await newRoom();
    at.rong_cloud.on("join", fails());
    const examinee = await as({ sub: "e1", role: "examinee" });
    const { error } = await examinee.mutate("im.getToken", { roomId, userId: "e1", imServer: RONG });
    expect(error.data.reason).toBe("PROVIDER_FAILED");
  });

  it("joins no group if the request is refused", async () => {
    const { id: roomId } = await newRoom();
    forget();
    const stranger = await as({ sub: "e9", role: "examinee" });
    const { error } = await stranger.mutate("im.getToken", { roomId, userId: "e9", imServer: RONG });
    expect(error.data.reason).toBe("FORBIDDEN");
    expect(at.rong_cloud.calls).toEqual([]);
  });
});
