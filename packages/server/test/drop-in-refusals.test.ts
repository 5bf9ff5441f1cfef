import { createHash } from "node:crypto";
import { renameSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, type ImLogin, imLogin, rawDropIn } from "./support/drop-in.js";
import { isOnPostgres } from "./support/engine.js";
import { type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";
import { tempFolder } from "./support/folders.js";

// Requests that `/im` refuses, and limits that protect it.

const NOW = Date.parse("2026-01-02T03:04:05Z");
let time = NOW;
let fixture: ExamsFixture;
let url: string;

beforeAll(async () => {
  fixture = await openExamsFixture({ now: () => new Date(time), config: { presenceSettleSeconds: 0 } });
  url = await fixture.listen();
});
afterAll(() => fixture?.close());

type Role = "teacher" | "inspector" | "examinee";
const loginOf = async (userId: string, role: Role, asked: { role?: string } = {}): Promise<ImLogin> => {
  const sub = userId.replace(/^pc_/, "");
  // Without restrictions. message-logins.test.ts tests restricted tokens.
  return imLogin(url, await fixture.token({ sub, role }), { roomId: fixture.room.id, userId, ...asked });
};
const asked = ({ appId, appToken, auth }: ImLogin) => ({ do: "login", login: { appId, appToken, auth } });
/** A person in the room. */
const enter = async (userId: string, role: Role, more: { role?: string } = {}) => {
  const connection = await rawDropIn(url);
  expect(await connection.ask(asked(await loginOf(userId, role, more)))).toEqual({});
  expect(await connection.ask({ do: "join", groupId: fixture.room.id })).toHaveProperty("group");
  return connection;
};

describe("a login", () => {
  const wrong = async (change: (login: ImLogin) => object) => {
    using connection = await rawDropIn(url);
    const login = await loginOf("examinee1", "examinee");
    expect(await connection.ask({ do: "login", login: { ...login, ...change(login) } })).toEqual({
      code: 403,
      message: "auth fail",
    });
    expect(await connection.closed()).toEqual([1008, "auth fail"]);
  };

  it("is refused with a wrong signature", () => wrong(() => ({ appToken: "0".repeat(64) })));
  it("is refused for another user", () => wrong(({ auth }) => ({ auth: { ...auth, userId: "examinee2" } })));
  it("is refused for the other page of the user", () =>
    wrong(({ auth }) => ({ auth: { ...auth, userId: "pc_examinee1" } })));
  it("is refused for the role of an admin", () =>
    wrong(({ auth }) => ({ auth: { ...auth, role: "admin" } })));
  it("is refused for another app", () => wrong(() => ({ appId: "demoapp" })));
  it("is refused with the signature of another key", () =>
    wrong(({ auth: { userId, nonce, timestamp, role } }) => ({
      appToken: createHash("sha256").update(`invigil${userId}${nonce}${timestamp}${role}`).digest("hex"),
    })));
  it("is refused after it has expired", async () => {
    const login = await loginOf("examinee1", "examinee");
    time = login.auth.timestamp * 1000;
    using connection = await rawDropIn(url);
    expect(await connection.ask(asked(login))).toEqual({ code: 403, message: "auth fail" });
    time = NOW;
  });

  it("of another person is refused on the same connection", async () => {
    using connection = await enter("examinee1", "examinee");
    const answer = await connection.ask(asked(await loginOf("examinee2", "examinee")));
    expect(answer).toEqual({ code: 403, message: "The connection belongs to examinee1." });
  });

  it("must be the first request", async () => {
    for (const call of [
      { do: "join", groupId: fixture.room.id },
      { do: "send", groupId: fixture.room.id, type: 30001, data: "1", key: "k" },
      { do: "messages", groupId: fixture.room.id, newestFirst: true, pageSize: 10 },
    ]) {
      using connection = await rawDropIn(url);
      expect(await connection.ask(call)).toEqual({ code: 602, message: "not login" });
      expect(await connection.closed()).toEqual([1008, "not login"]);
    }
  });

  it("on another connection ends the earlier one", async () => {
    using older = await enter("examinee1", "examinee");
    using other = await enter("pc_examinee1", "examinee");
    using newer = await enter("examinee1", "examinee");
    expect(await older.receive("bye")).toEqual({ is: "bye", code: 4 });
    expect((await older.closed())[0]).toBe(1000);
    for (const stays of [newer, other])
      expect(await stays.ask({ do: "group", groupId: fixture.room.id })).toHaveProperty("groupId");
  });
});

describe("a group", () => {
  it("is not open to people of other rooms, with the same message as for one that does not exist", async () => {
    using connection = await enter("examinee1", "examinee");
    for (const groupId of [fixture.sibling.id, fixture.other.id, "nowhere"]) {
      const refusal = { code: 403, message: `The room ${groupId} is not open to you.` };
      for (const call of [
        { do: "join", groupId },
        { do: "join", groupId, after: "0" },
        { do: "group", groupId },
        { do: "users", groupId, all: false },
        { do: "messages", groupId, newestFirst: true, pageSize: 10 },
      ])
        expect(await connection.ask(call)).toEqual(refusal);
      expect(await connection.ask({ do: "send", groupId, type: 30001, data: "1", key: "k" })).toEqual({
        code: 425,
        message: `The page has not joined the group ${groupId}.`,
      });
    }
  });

  it("accepts commands only from teachers whose login allows them", async () => {
    const groupId = fixture.room.id;
    const command = { do: "send", groupId, type: 20002, data: '{"sid":"1"}' };
    const mute = { do: "mute", groupId, muted: true };
    const all = { do: "users", groupId, all: true };
    using admin = await enter("teacher1", "teacher", { role: "admin" });
    expect(await admin.ask({ ...command, key: "a" })).toHaveProperty("messageId");
    // Presence is stored after the join, and after the pages of the tests before have left.
    await eventually(
      () => admin.ask(all),
      ({ users }) => JSON.stringify(users) === '["teacher1"]',
    );
    using plain = await enter("teacher1", "teacher");
    using inspector = await enter("inspector1", "inspector");
    using examinee = await enter("examinee1", "examinee");
    for (const [connection, login] of [
      [plain, "teacher1"],
      [inspector, "inspector1"],
      [examinee, "examinee1"],
    ] as const) {
      const refusal = { code: 403, message: `The login ${login} is not an admin of the group ${groupId}.` };
      for (const call of [{ ...command, key: "b" }, mute, all])
        expect(await connection.ask(call)).toEqual(refusal);
    }
    // An administrator may issue such a login to anybody, but it may not send commands.
    const token = await fixture.token({ sub: "root", role: "admin" });
    const made = await imLogin(url, token, { roomId: groupId, userId: "examinee2", role: "admin" });
    using given = await rawDropIn(url);
    await given.ask(asked(made));
    await given.ask({ do: "join", groupId });
    expect((await given.ask({ ...command, key: "c" })).code).toBe(403);
    for (const call of [mute, all]) expect((await given.ask(call)).code).toBe(403);
  });

  it("of an ended room can be joined only by examinees who return", async () => {
    const room = await fixture.admin.room.create({
      name: "Ends",
      participants: [{ userId: "examinee1", name: "E", role: "examinee" }],
    });
    const login = await loginOf("examinee1", "examinee");
    await fixture.admin.room.end({ roomId: room.id });
    using connection = await rawDropIn(url);
    await connection.ask(asked(login));
    expect(await connection.ask({ do: "join", groupId: room.id })).toEqual({
      code: 441,
      message: `The room ${room.id} has ended.`,
    });
    expect(await connection.ask({ do: "join", groupId: room.id, after: "0" })).toHaveProperty("group");
    const report = { do: "send", groupId: room.id, type: 20019, data: "{}", key: "k" };
    expect((await connection.ask(report)).code).toBe(441);
  });

  it("ends for a person who is removed from the room", async () => {
    const person = { userId: "guest", name: "G", role: "examinee" as const };
    await fixture.admin.participant.add({ roomId: fixture.room.id, participants: [person] });
    using connection = await enter("guest", "examinee");
    await fixture.admin.participant.remove({ roomId: fixture.room.id, userId: "guest" });
    expect(await connection.receive("bye")).toEqual({ is: "bye", code: 2 });
    expect((await connection.closed())[0]).toBe(1000);
  });

  it("is refused to a page that has joined 20 others", async () => {
    using connection = await enter("examinee1", "examinee");
    for (let n = 1; n <= 20; n += 1) {
      const room = await fixture.admin.room.create({
        name: `Room ${n}`,
        participants: [{ userId: "examinee1", name: "E", role: "examinee" }],
      });
      const answer = await connection.ask({ do: "join", groupId: room.id });
      if (n < 20) expect(answer).toHaveProperty("group");
      else expect(answer).toEqual({ code: 443, message: "A page can join at most 20 groups." });
    }
    expect(await connection.ask({ do: "join", groupId: fixture.room.id })).toHaveProperty("group");
  });
});

describe("a hostile client", () => {
  const stillServes = async () => {
    using connection = await enter("examinee2", "examinee");
    expect(await connection.ask({ do: "group", groupId: fixture.room.id })).toHaveProperty("groupId");
  };

  it.each([
    "",
    "x",
    "null",
    "[]",
    "{}",
    '{"number":"1"}',
    '{"number":1.5,"do":"login"}',
    '{"number":1e400}',
    "[".repeat(3000),
  ])("that sends %j is cut off", async (frame) => {
    using connection = await rawDropIn(url);
    connection.send(frame);
    expect(await connection.closed()).toEqual([1008, "The frame is not a request."]);
    await stillServes();
  });

  it("that sends invalid requests receives an error for each number", async () => {
    using connection = await enter("examinee1", "examinee");
    const groupId = fixture.room.id;
    for (const call of [
      {},
      { do: "constructor" },
      { do: "login" },
      { do: "join" },
      { do: "join", groupId: { $ne: 1 } },
      { do: "join", groupId, after: "-1" },
      { do: "send", groupId, type: 30001, data: { a: 1 }, key: "k" },
      { do: "send", groupId, type: 30001, data: "not json", key: "k" },
      { do: "send", groupId, type: 20001, data: '{"userId":"examinee1"}', key: "k1" },
      { do: "send", groupId, type: 30000, data: "1", key: "k" },
      { do: "send", groupId, type: 30001, data: `"${"é".repeat(40_000)}"`, key: "k" },
      { do: "send", groupId, type: 20019, data: JSON.stringify({ more: "x".repeat(70_000) }), key: "k" },
      { do: "send", groupId, type: 30001, data: "1", to: Array.from({ length: 1201 }, String), key: "k" },
      { do: "send", groupId, type: 30001, data: "1", to: [], key: "k" },
      { do: "messages", groupId, newestFirst: true, pageSize: 51 },
    ])
      expect([400, 403]).toContain((await connection.ask(call)).code);
    expect(await connection.ask({ do: "group", groupId })).toHaveProperty("groupId");
  });

  it("that sends binary or oversized frames is disconnected", async () => {
    using bytes = await rawDropIn(url);
    bytes.socket.send(Buffer.from([1, 2, 3]));
    expect((await bytes.closed())[0]).toBe(1003);
    using early = await rawDropIn(url);
    early.send({ number: 1, do: "login", login: "x".repeat(5000) });
    expect((await early.closed())[0]).toBe(1009);
    using late = await enter("examinee1", "examinee");
    late.send({ number: 1, do: "group", groupId: "x".repeat(600_000) });
    expect((await late.closed())[0]).toBe(1009);
    using huge = await rawDropIn(url);
    huge.send("x".repeat(2 * 1024 * 1024));
    expect((await huge.closed())[0]).toBe(1009);
    await stillServes();
  });

  it("that sends ten thousand requests at once receives its responses in order, and delays nobody else", async () => {
    using connection = await enter("examinee1", "examinee");
    const many = 10_000;
    for (let number = 1000; number < 1000 + many; number += 1)
      connection.send({ number, do: "send", groupId: fixture.room.id, type: 1, data: "1", key: "k" });
    await stillServes();
    for (let number = 1000; number < 1000 + many; ) {
      const [frame] = await connection.diary.until("frame");
      if (frame.number === undefined || frame.number < 1000) continue;
      expect(frame.number).toBe(number);
      // After the allowance of writes is used up, with the delay.
      expect([400, 412]).toContain(frame.error.code);
      number += 1;
    }
  });
});

describe("a client that sends nothing", () => {
  it("is disconnected", async () => {
    await using quick = await openExamsFixture({ timing: { firstMessageMs: 50 } });
    using connection = await rawDropIn(await quick.listen());
    expect(await connection.closed()).toEqual([1008, "No login was received."]);
  });
});

it.skipIf(isOnPostgres)("a page is told what the API says where the storage is lost", async () => {
  using folder = tempFolder();
  const databaseFile = join(folder.path, "invigil.db");
  await using other = await openExamsFixture({ config: { databaseFile } });
  const at = await other.listen();
  const token = await other.token({ sub: "teacher1", role: "teacher" });
  const login = await imLogin(at, token, { roomId: other.room.id, userId: "teacher1" });
  using connection = await rawDropIn(at);
  expect(await connection.ask(asked(login))).toEqual({});
  const groupId = other.room.id;
  expect(await connection.ask({ do: "join", groupId })).toHaveProperty("group");
  renameSync(databaseFile, `${databaseFile}.away`);
  expect(await connection.ask({ do: "send", groupId, type: 30_001, data: "1", key: "k" })).toEqual({
    code: 412,
    message: "The server cannot write to its database. The change may not have been stored.",
  });
  renameSync(`${databaseFile}.away`, databaseFile);
});
