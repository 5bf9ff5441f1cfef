import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { createNewest } from "../src/http/sockets/newest.js";
import { mutes } from "../src/storage/tables.js";
import type { Parsed } from "./support/calls.js";
import { imLogin, rawDropIn } from "./support/drop-in.js";
import { type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";
import { limited } from "./support/limits.js";
import { ADMIN, openLiveFixture, TEACHER } from "./support/live-fixture.js";
import { rowsOf } from "./support/tables.js";
import { acting } from "./support/writes.js";

// What one page may mute, and what it costs the others.

let examsFixture: ExamsFixture;
let url: string;

beforeAll(async () => {
  examsFixture = await openExamsFixture({ config: { presenceSettleSeconds: 0 } });
  url = await examsFixture.listen();
});
afterAll(() => examsFixture?.close());
afterEach(() => vi.useRealTimers());

type Role = "teacher" | "inspector" | "examinee";
const enter = async (userId: string, role: Role, room = examsFixture.room) => {
  const token = await examsFixture.token({ sub: userId, role });
  const asked = { roomId: room.id, userId, ...(role === "teacher" && { role: "admin" }) };
  const { appId, appToken, auth } = await imLogin(url, token, asked);
  const connection = await rawDropIn(url);
  expect(await connection.ask({ do: "login", login: { appId, appToken, auth } })).toEqual({});
  expect(await connection.ask({ do: "join", groupId: room.id })).toHaveProperty("group");
  const change = (muted: boolean, users?: readonly string[]) =>
    connection.ask({ do: "mute", groupId: room.id, muted, users });
  return { ...connection, change };
};
/** A room of its own, whose teacher is `teacher1`. */
const openRoom = (userIds: readonly string[]) =>
  examsFixture.teacher.room.create({
    name: "Mutes",
    participants: userIds.map((userId) => ({ userId, name: userId, role: "examinee" as const })),
  });

describe("a mute", () => {
  it("takes both logins of people of the room, and nobody else's", async () => {
    const room = await openRoom(["a", "b"]);
    using teacher = await enter("teacher1", "teacher", room);
    const muteUserList = ["a", "pc_a"];
    expect(await teacher.change(true, ["pc_a", "a"])).toMatchObject({ muteUserList });
    for (const login of ["nobody", "pc_nobody", "examinee9"])
      expect(await teacher.change(true, ["b", login])).toEqual({
        code: 400,
        message: expect.stringContaining(`names no person in the room: ${login}`),
      });
    expect(await teacher.ask({ do: "group", groupId: room.id })).toMatchObject({
      muteStatus: { muteUserList },
    });
  });

  it("of somebody who has left the room can be ended", async () => {
    const room = await openRoom(["a", "b"]);
    using teacher = await enter("teacher1", "teacher", room);
    await teacher.change(true, ["a"]);
    await examsFixture.admin.participant.remove({ roomId: room.id, userId: "a" });
    expect(await teacher.change(false, ["a", "nobody"])).toMatchObject({ muteUserList: [] });
  });

  it("that is refused is in the audit", async () => {
    const room = await openRoom(["muter"]);
    using candidate = await enter("muter", "examinee", room);
    expect(await candidate.change(true)).toMatchObject({ code: 403 });
    const entries = async () => (await examsFixture.admin.audit.list({ actorId: "muter" })).entries;
    const expected = { procedure: "im.mute", outcome: "FORBIDDEN", roomId: room.id, entryPoint: "drop-in" };
    await expect.poll(entries).toMatchObject([expected]);
  });

  it("has a quota: two logins for each person whom a room may have", async () => {
    await using fixture = await openLiveFixture({
      config: limited({ INVIGIL_QUOTA_PEOPLE_PER_ROOM: "6" }),
    });
    const { id: roomId } = fixture.room;
    const { im, auth, access } = fixture.services;
    const caller = acting(await auth.identify(await fixture.token(TEACHER)));
    const mute = async (logins: readonly string[] | undefined) =>
      im.mute(caller, await access.open(caller, "room", { roomId }), { muted: true, logins });
    /** Mutes a person who leaves afterwards, which ends no mute. */
    const muteGuest = async (userId: string): Promise<void> => {
      const participants = [{ userId, name: "G", role: "examinee" as const }];
      await fixture.as(ADMIN).participant.add({ roomId, participants });
      await mute([userId, `pc_${userId}`]);
      await fixture.as(ADMIN).participant.remove({ roomId, userId });
    };
    for (let n = 0; n < 6; n++) await muteGuest(`guest${n}`);
    await expect(muteGuest("guest6")).rejects.toMatchObject({
      code: "QUOTA_EXCEEDED",
      message: `The room ${roomId} may have at most 12 muted logins, and has 12.`,
    });
    expect(await rowsOf(fixture.db, mutes)).toHaveLength(12);
    // What is muted already needs no more room.
    const { logins } = await mute(undefined);
    expect(logins).toHaveLength(12);
  });
});

describe("pages of a room", () => {
  it("are told of many mutes in few frames, and of the last state", async () => {
    const people = Array.from({ length: 40 }, (_, n) => `p${n}`);
    const room = await openRoom(people);
    await examsFixture.admin.participant.add({
      roomId: room.id,
      participants: [{ userId: "inspector1", name: "I", role: "inspector" }],
    });
    using teacher = await enter("teacher1", "teacher", room);
    using inspector = await enter("inspector1", "inspector", room);
    using candidate = await enter("p0", "examinee", room);
    // The test controls when the next frame is due.
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    for (const userId of people) await teacher.change(true, [userId]);
    const last = await teacher.change(true);
    vi.advanceTimersByTime(1000);
    vi.useRealTimers();
    const frames: Parsed[] = [];
    while (!frames.at(-1)?.muteAll) frames.push((await inspector.receive("muted")).status);
    expect(frames.length).toBeLessThanOrEqual(2);
    expect(frames[0]?.muteUserList).toContain("p0");
    expect(frames.at(-1)).toEqual(last);
    const own: Parsed[] = [];
    while (!own.at(-1)?.muteAll) own.push((await candidate.receive("muted")).status);
    expect(own.at(-1)).toEqual({ groupId: room.id, muteAll: true, muteUserList: ["p0"] });
  });

  it("share a frame, which is serialized once for the staff and once for the candidates", async () => {
    const staff = ["i1", "i2", "i3", "i4"];
    const room = await openRoom(["a", "b", "c"]);
    await examsFixture.admin.participant.add({
      roomId: room.id,
      participants: staff.map((userId) => ({ userId, name: userId, role: "inspector" as const })),
    });
    using teacher = await enter("teacher1", "teacher", room);
    const pages = [
      ...(await Promise.all(staff.map((userId) => enter(userId, "inspector", room)))),
      ...(await Promise.all(["a", "b"].map((userId) => enter(userId, "examinee", room)))),
    ];
    const stringify = vi.spyOn(JSON, "stringify");
    await teacher.change(true, ["c"]);
    const told = await Promise.all(pages.map((page) => page.receive("muted")));
    const serialized = stringify.mock.calls.filter(([frame]) => frame?.is === "muted");
    stringify.mockRestore();
    expect(told.map(({ status }) => status.muteUserList)).toEqual([...staff.map(() => ["c"]), [], []]);
    expect(serialized).toHaveLength(2);
    for (const page of pages) page.socket.terminate();
  });

  it("receive only the newest state if they read slowly", async () => {
    const received: unknown[] = [];
    let drain = (): void => undefined;
    let isSlow = true;
    const tell = createNewest<number>(
      () => (isSlow ? new Promise<void>((resolve) => (drain = resolve)) : undefined),
      (state) => received.push(state),
    );
    for (const state of [1, 2, 3]) tell(state);
    expect(received).toEqual([]);
    isSlow = false;
    drain();
    await expect.poll(() => received).toEqual([3]);
    tell(4);
    expect(received).toEqual([3, 4]);
  });
});
