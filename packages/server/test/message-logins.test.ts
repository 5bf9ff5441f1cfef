import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestCaller } from "../src/app/testing.js";
import { messageLogins } from "../src/storage/tables.js";
import { dataOf, type Parsed, rest, trpc } from "./support/calls.js";
import { type ImLogin, imLogin, rawDropIn } from "./support/drop-in.js";
import { APPS, type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";
import { refused } from "./support/reason.js";
import { openRoomFixture } from "./support/room-fixture.js";
import { rowsOf } from "./support/tables.js";

// A message login has the access of the token for which it was issued. Nobody gains rights in a room by adding its people to their own
// room (see docs/decisions/0030).

let examsFixture: ExamsFixture;
let url: string;
/** A room of another exam. Its teacher, teacher2, is the attacker of this file. */
let trap: string;

const TEACHER2: TestCaller = { sub: "teacher2", role: "teacher" };
const NOT_OPEN = (groupId: string) => ({ code: 403, message: `The room ${groupId} is not open to you.` });
const asked = ({ appId, appToken, auth }: ImLogin) => ({ do: "login", login: { appId, appToken, auth } });
/** Opens a connection and logs in. */
const connect = async (token: string, request: { roomId: string; userId: string; role?: string }) => {
  const connection = await rawDropIn(url);
  expect(await connection.ask(asked(await imLogin(url, token, request)))).toEqual({});
  return connection;
};
type Connection = Awaited<ReturnType<typeof connect>>;
const join = (connection: Connection, groupId: string): Promise<Parsed> =>
  connection.ask({ do: "join", groupId });

/** All requests of a page in a group. */
const requests = (groupId: string) => [
  { do: "join", groupId },
  { do: "join", groupId, after: "0" },
  { do: "group", groupId },
  { do: "users", groupId, all: false },
  { do: "users", groupId, all: true },
  { do: "mute", groupId, muted: true },
  { do: "messages", groupId, newestFirst: true, pageSize: 10 },
];
const expectClosed = async (connection: Connection, groupId: string): Promise<void> => {
  for (const request of requests(groupId)) expect(await connection.ask(request)).toEqual(NOT_OPEN(groupId));
  const message = { do: "send", groupId, type: 20_010, data: '{"sid":"1"}', key: "k" };
  expect((await connection.ask(message)).code).toBe(425);
};

beforeAll(async () => {
  examsFixture = await openExamsFixture({ config: { apps: APPS } });
  url = await examsFixture.listen();
  trap = examsFixture.other.id;
  const victims = [
    ["teacher1", "teacher"],
    ["inspector1", "inspector"],
    ["examinee1", "examinee"],
    ["root", "teacher"],
  ] as const;
  const participants = victims.map(([userId, role]) => ({ userId, role, name: "A victim" }));
  await examsFixture.as(TEACHER2).participant.add({ roomId: trap, participants });
});
afterAll(() => examsFixture?.close());

/** The token of a person whom the attacker has added to their own room. */
const stolen = async (userId: string, role: "teacher" | "inspector" | "examinee"): Promise<string> =>
  (await examsFixture.as(TEACHER2).auth.issueToken({ userId, role, roomId: trap })).token;

describe("a teacher who adds a person to their own room", () => {
  it("cannot join that person's other room with a message login", async () => {
    using teacher = await connect(await examsFixture.token({ sub: "teacher1", role: "teacher" }), {
      roomId: examsFixture.room.id,
      userId: "teacher1",
      role: "admin",
    });
    expect(await join(teacher, examsFixture.room.id)).toHaveProperty("group");
    for (const [userId, role] of [
      ["teacher1", "teacher"],
      ["inspector1", "inspector"],
      ["examinee1", "examinee"],
      ["root", "teacher"],
    ] as const) {
      const token = await stolen(userId, role);
      for (const login of [userId, `pc_${userId}`]) {
        using attacker = await connect(token, {
          roomId: trap,
          userId: login,
          ...(role === "teacher" && { role: "admin" }),
        });
        for (const { id } of [examsFixture.room, examsFixture.sibling]) await expectClosed(attacker, id);
        expect(await join(attacker, trap)).toHaveProperty("group");
      }
    }
    // The teacher is still connected, and receives messages.
    await examsFixture.teacher.im.send({ roomId: examsFixture.room.id, type: 30_001, data: 1, camera: "pc" });
    expect((await teacher.receive("message")).message.data).toBe("1");
  });

  it("cannot displace that person's page, which only a newer login with the same binding does", async () => {
    const room = { roomId: examsFixture.room.id, userId: "examinee1" };
    const own = await examsFixture.token({ sub: "examinee1", role: "examinee", room: examsFixture.room.id });
    using page = await connect(own, room);
    await join(page, examsFixture.room.id);
    using attacker = await connect(await stolen("examinee1", "examinee"), { ...room, roomId: trap });
    await join(attacker, trap);
    expect(await page.ask({ do: "group", groupId: examsFixture.room.id })).toHaveProperty("groupId");
    using newer = await connect(own, room);
    expect(await page.receive("bye")).toEqual({ is: "bye", code: 4 });
    expect(await join(newer, examsFixture.room.id)).toHaveProperty("group");
  });

  it("cannot remove that person's logins from the database", async () => {
    const own = await examsFixture.token({ sub: "inspector1", role: "inspector" });
    const kept = await imLogin(url, own, { roomId: examsFixture.room.id, userId: "inspector1" });
    const token = await stolen("inspector1", "inspector");
    for (let n = 0; n < 25; n += 1) await imLogin(url, token, { roomId: trap, userId: "inspector1" });
    using page = await rawDropIn(url);
    expect(await page.ask(asked(kept))).toEqual({});
  });

  it("gains no session, account, wider token or other room of the person by the API", async () => {
    await examsFixture.admin.account.create({
      userId: "teacher1",
      role: "teacher",
      name: "The real name",
      password: "a long password",
    });
    const { token: session } = await examsFixture.admin.auth.login({
      username: "teacher1",
      password: "a long password",
    });
    const token = await stolen("teacher1", "teacher");
    expect(decodeJwt(token)).toMatchObject({ room: trap, name: "A victim" });
    const as = trpc(examsFixture, token);
    const { id: roomId, examId } = examsFixture.room;
    const reasonOf = async (call: Promise<{ error?: Parsed }>) => (await call).error?.data.reason;
    for (const call of [
      as.mutate("auth.refresh"),
      as.mutate("auth.changePassword", { currentPassword: "a long password", newPassword: "another one!" }),
      as.mutate("auth.issueToken", { userId: "teacher1", role: "teacher" }),
      as.mutate("auth.issueToken", { userId: "teacher1", role: "teacher", examId }),
      as.mutate("auth.issueToken", { userId: "teacher1", role: "teacher", roomId }),
      as.mutate("auth.issueToken", { userId: "root", role: "admin", roomId: trap }),
      as.query("account.list", {}),
      as.query("room.get", { roomId }),
      as.query("room.snapshot", { roomId }),
      as.query("room.presence", { roomId }),
      as.query("participant.get", { roomId, userId: "teacher1" }),
      as.query("im.history", { roomId }),
      as.mutate("im.send", { roomId, type: 30_001, data: 1 }),
      as.mutate("im.getToken", { roomId, userId: "teacher1", imServer: ["aliyun_new"] }),
      as.mutate("im.getToken", { roomId: trap, userId: "examinee1", imServer: ["aliyun_new"] }),
      as.mutate("room.joinLinks", { roomId }),
      as.mutate("room.joinLinks", { examId }),
      as.mutate("upload.getCredentials", { examId }),
      as.query("exam.get", { examId }),
      as.query("exam.snapshot", { examId }),
      as.mutate("exam.update", { examId, name: "Mine" }),
      as.mutate("exam.update", { examId: examsFixture.other.examId, name: "Mine" }),
      as.mutate("room.create", { name: "Another" }),
      as.mutate("participant.move", { roomId: trap, userId: "examinee9", toRoomId: roomId }),
    ])
      expect(await reasonOf(call)).toBe("FORBIDDEN");
    expect((await as.query("room.list", {})).data.rooms.map(({ id }: { id: string }) => id)).toEqual([trap]);
    expect((await as.query("exam.list", {})).data.exams.map(({ id }: { id: string }) => id)).toEqual([
      examsFixture.other.examId,
    ]);
    const self = dataOf(
      await rest(examsFixture, token).get("userInfo", { userId: "teacher1", roomId: trap }),
    );
    expect(self.name).toBe("A victim");
    expect(self.rtcPushUrl).toContain(`${examsFixture.other.examId}-${trap}-teacher1`);
    // Links that it creates are bound to the room, like the token itself.
    const { data: links } = await as.mutate("room.joinLinks", { roomId: trap });
    for (const { url: link } of links)
      expect(decodeJwt(new URL(link).searchParams.get("token") ?? "")).toMatchObject({ room: trap });
    // Revoking that token does not affect the person's own sessions.
    await as.mutate("auth.logout");
    expect((await trpc(examsFixture, session).query("auth.whoami")).data.userId).toBe("teacher1");
    expect((await trpc(examsFixture, session).query("room.presence", { roomId })).status).toBe(200);
  });

  it("is visible only in that room", async () => {
    using attacker = await connect(await stolen("teacher1", "teacher"), {
      roomId: trap,
      userId: "pc_teacher1",
    });
    await join(attacker, trap);
    const pagesIn = async (roomId: string) =>
      (await examsFixture.admin.room.presence({ roomId })).filter(
        ({ userId, camera }) => userId === "teacher1" && camera === "pc",
      );
    while ((await pagesIn(trap)).length === 0);
    expect(await pagesIn(examsFixture.room.id)).toEqual([]);
  });
});

describe("a message login for a bound token", () => {
  const both = () => ({ roomId: examsFixture.room.id, userId: "both" });

  beforeAll(async () => {
    const participants = [{ userId: "both", name: "B", role: "inspector" as const }];
    for (const { id: roomId } of [examsFixture.room, examsFixture.sibling, examsFixture.other])
      await examsFixture.admin.participant.add({ roomId, participants });
  });
  const opened = async (token: string, request: { roomId: string; userId: string }) => {
    using connection = await connect(token, request);
    const open: string[] = [];
    for (const [name, { id }] of Object.entries({
      room: examsFixture.room,
      sibling: examsFixture.sibling,
      other: examsFixture.other,
    }))
      if ("group" in (await join(connection, id))) open.push(name);
    return open.join(" ");
  };

  it.each([
    ["to nothing", () => ({}), "room sibling other"],
    ["to a room", () => ({ room: examsFixture.room.id }), "room"],
    ["to an exam", () => ({ exam: examsFixture.room.examId }), "room sibling"],
    [
      "to a room and its exam",
      () => ({ room: examsFixture.room.id, exam: examsFixture.room.examId }),
      "room",
    ],
  ])("%s opens the rooms that the token opens", async (_, bound, expected) => {
    const token = await examsFixture.token({ sub: "both", role: "inspector", ...bound() });
    expect(await opened(token, both())).toBe(expected);
  });

  it("opens no room in which its holder has another role than in the token", async () => {
    const participants = [{ userId: "both", name: "B", role: "teacher" as const }];
    const room = await examsFixture.admin.room.create({ name: "As a teacher", participants });
    const token = await examsFixture.token({ sub: "both", role: "inspector" });
    using page = await connect(token, both());
    expect(await join(page, room.id)).toEqual(NOT_OPEN(room.id));
  });

  it("of an administrator for another person opens only the named room", async () => {
    const admin = await examsFixture.token({ sub: "root", role: "admin" });
    expect(await opened(admin, both())).toBe("room");
    const inExam = await examsFixture.token({ sub: "root", role: "admin", exam: examsFixture.room.examId });
    expect(await opened(inExam, both())).toBe("room");
    // The administrator's token has no binding.
    const login = async (token: string) => {
      const { data } = await trpc(examsFixture, token).mutate("im.getToken", {
        userId: "both",
        imServer: ["aliyun_new"],
      });
      using connection = await rawDropIn(url);
      await connection.ask(asked(data.aliyunNewIm));
      const open: string[] = [];
      for (const { id, name } of [examsFixture.room, examsFixture.sibling, examsFixture.other])
        if ("group" in (await join(connection, id))) open.push(name);
      return open;
    };
    expect(await login(admin)).toEqual(["Room A", "Room B", "Room C"]);
    expect(await login(inExam)).toEqual(["Room A", "Room B"]);
    const inRoom = examsFixture.as({ sub: "root", role: "admin", room: examsFixture.room.id });
    const stranger = inRoom.im.getToken({ userId: "examinee9", imServer: ["aliyun_new"] });
    expect((await refused(stranger)).reason).toBe("FORBIDDEN");
  });

  it("has the format of the vendor, and is not valid unless the server has stored it", async () => {
    const token = await examsFixture.token({ sub: "both", role: "inspector" });
    const login = await imLogin(url, token, both());
    expect(login.auth.nonce).toMatch(/^AK-[A-Za-z0-9]{16,61}$/);
    expect(login.auth.timestamp).toBe(Date.parse("2026-01-02T03:04:05Z") / 1000 + 2 * 86_400);
    // Signed by another server with the same key, which stores it in another database.
    await using elsewhere = await openExamsFixture();
    const foreign = await imLogin(
      await elsewhere.listen(),
      await elsewhere.token({ sub: "x", role: "admin" }),
      {
        roomId: elsewhere.room.id,
        userId: "examinee1",
      },
    );
    using page = await rawDropIn(url);
    expect(await page.ask(asked(foreign))).toEqual({ code: 403, message: "auth fail" });
  });

  it("in the format of the older service has the same binding", async () => {
    const token = await examsFixture.token({ sub: "both", role: "inspector", room: examsFixture.room.id });
    const { accessToken, refreshToken } = dataOf(
      await rest(examsFixture, token).post("getIMToken", {
        userId: "both",
        deviceId: "d",
        deviceType: "ios",
      }),
    );
    for (const text of [accessToken, refreshToken]) {
      using page = await rawDropIn(url);
      expect(await page.ask(asked(JSON.parse(Buffer.from(text, "base64url").toString())))).toEqual({});
      expect(await join(page, examsFixture.sibling.id)).toEqual(NOT_OPEN(examsFixture.sibling.id));
      expect(await join(page, examsFixture.room.id)).toHaveProperty("group");
    }
  });
});

describe("stored message logins", () => {
  it("are limited for each page and binding, and are deleted after they expire", async () => {
    await using fixture = await openRoomFixture();
    const issue = (caller: TestCaller, userId = caller.sub) =>
      fixture.mutate(caller, "im.getToken", { userId, imServer: ["aliyun_new"], roomId: fixture.room.id });
    const ids = async () => (await rowsOf(fixture.db, messageLogins)).map(({ id }) => `AK-${id}`);
    const nonceOf = async (answer: ReturnType<typeof issue>) => (await answer).data.aliyunNewIm.auth.nonce;
    const examinee: TestCaller = { sub: "e1", role: "examinee" };
    const other = await nonceOf(issue(examinee, "pc_e1"));
    const nonces: string[] = [];
    for (let n = 0; n < 30; n += 1) {
      fixture.time.now += 1;
      nonces.push(await nonceOf(issue(examinee)));
    }
    expect(new Set(await ids())).toEqual(new Set([other, ...nonces.slice(-20)]));
    fixture.time.now += 2 * 86_400_000;
    const later: string[] = [];
    for (let n = 0; n < 2; n += 1) later.push(await nonceOf(issue({ sub: "t1", role: "teacher" })));
    expect(new Set(await ids())).toEqual(new Set(later));
  });
});
