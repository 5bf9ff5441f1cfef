import { join } from "node:path";
import { MAX_MESSAGE_BYTES, signals } from "@invigil/schema";
import { describe, expect, it } from "vitest";
import type { TestCaller } from "../src/app/testing.js";
import { messages } from "../src/storage/tables.js";
import { tempFolder } from "./support/folders.js";
import {
  ADMIN,
  EXAMINEE,
  INSPECTOR,
  openRoomFixture,
  type RoomFixture,
  START,
  TEACHER,
} from "./support/room-fixture.js";
import { rowsOf } from "./support/tables.js";

const storedMessages = ({ db }: RoomFixture) => rowsOf(db, messages);
const OWN = { type: 30_001, data: { text: "学生" } } as const;
const MINUTES = 60_000;

/** The outcome of a call: `ok`, or the code of its error. */
const outcomeOf = async (answer: ReturnType<RoomFixture["say"]>): Promise<string> =>
  (await answer).error?.data.reason ?? "ok";

describe("a message that is sent", () => {
  it("is stored, and its event is added in the same transaction", async () => {
    await using fixture = await openRoomFixture();
    const { data: sent } = await fixture.say(EXAMINEE, { ...OWN, camera: "pc", to: ["t1", "pc_t1", "t1"] });
    expect(sent).toEqual({ id: 1, time: new Date(START) });
    expect(await storedMessages(fixture)).toEqual([
      {
        id: 1,
        examId: fixture.room.examId,
        roomId: fixture.room.id,
        type: 30_001,
        data: '{"text":"学生"}',
        senderId: "e1",
        senderRole: "examinee",
        senderCamera: "pc",
        recipients: ["t1", "pc_t1"],
        key: null,
        createdAt: new Date(START),
      },
    ]);
    expect(await fixture.happened(fixture.room, "message")).toEqual([["message", { messageId: 1 }]]);
  });

  it("as a text is stored byte for byte", async () => {
    await using fixture = await openRoomFixture();
    const text = '{ "sid":"s",\t"n": 1.0, "é":"\\u00e9"}';
    expect(await outcomeOf(fixture.say(TEACHER, { type: signals.startCall.type, text }))).toBe("ok");
    expect((await storedMessages(fixture)).map(({ data }) => data)).toEqual([text]);
  });

  it("can have up to 64 KiB", async () => {
    await using fixture = await openRoomFixture();
    // Each character has three bytes in UTF-8. The quotes have two.
    const text = (bytes: number) => "学".repeat(Math.floor((bytes - 2) / 3)) + "x".repeat((bytes - 2) % 3);
    const { error } = await fixture.say(EXAMINEE, { type: 30_001, data: text(MAX_MESSAGE_BYTES + 1) });
    expect(error).toMatchObject({ message: "data must be at most 65536 bytes" });
    expect(error.data).toMatchObject({ reason: "INVALID_INPUT", fieldErrors: { data: expect.anything() } });
    expect(await storedMessages(fixture)).toEqual([]);
    expect(await outcomeOf(fixture.say(EXAMINEE, { type: 30_001, data: text(MAX_MESSAGE_BYTES) }))).toBe(
      "ok",
    );
  });

  it.each([
    ["nobody's", ["nobody"]],
    ["somebody's of another room", ["e1", "t9"]],
    ["no login", ["pc_pc_e1"]],
    ["somebody's who only watches", ["root"]],
  ])("for a login that is %s is refused, by name", async (_, to) => {
    await using fixture = await openRoomFixture();
    await fixture.mutate(ADMIN, "participant.add", {
      roomId: fixture.sibling.id,
      participants: [{ userId: "t9", name: "T", role: "teacher" }],
    });
    const { error } = await fixture.say(ADMIN, { ...OWN, to });
    const wrong = to.at(-1) ?? "";
    expect(error.data).toMatchObject({
      reason: "INVALID_INPUT",
      fieldErrors: { [`to[${to.length - 1}]`]: [`names no person in the room: ${wrong}`] },
    });
    expect([await storedMessages(fixture), await fixture.happened(fixture.room, "message")]).toEqual([
      [],
      [],
    ]);
  });

  it.each([
    ["a signal's number with other data", { type: signals.startCall.type, data: { no: "sid" } }],
    ["a number that is nobody's", { type: 30_000, data: {} }],
    ["no data", { type: 30_001 }],
    ["a text that is no JSON", { type: 30_001, text: "{" }],
  ])("with %s is refused", async (_, message) => {
    await using fixture = await openRoomFixture();
    expect(await outcomeOf(fixture.say(TEACHER, message))).toBe("INVALID_INPUT");
    expect(await storedMessages(fixture)).toEqual([]);
  });
});

describe("the roles that may send", () => {
  const callers = { admin: ADMIN, teacher: TEACHER, inspector: INSPECTOR, examinee: EXAMINEE };
  const command = { sid: "s" };
  const all = Object.entries(signals).map(([name, { type, sender, kind }]) => ({ name, type, sender, kind }));

  it.each(all)("$name ($kind)", async ({ type, kind }) => {
    await using fixture = await openRoomFixture();
    const expected = {
      command: ["ok", "ok", "FORBIDDEN", "FORBIDDEN"],
      answer: ["ok", "ok", "FORBIDDEN", "ok"],
      report: ["ok", "ok", "FORBIDDEN", "ok"],
      news: ["FORBIDDEN", "FORBIDDEN", "FORBIDDEN", "FORBIDDEN"],
    }[kind];
    const seen: string[] = [];
    for (const caller of Object.values(callers))
      seen.push(await outcomeOf(fixture.say(caller, { type, data: { ...command, userId: "e1" } })));
    expect(seen).toEqual(expected);
    expect(await storedMessages(fixture)).toHaveLength(expected.filter((outcome) => outcome === "ok").length);
  });

  it("are named in the error", async () => {
    await using fixture = await openRoomFixture();
    const { error } = await fixture.say(EXAMINEE, { type: signals.endRoom.type, data: command });
    expect(error.message).toBe("The role examinee may not send endRoom.");
  });
});

describe("a room that has ended", () => {
  it.each([
    ["teacher", TEACHER, 0, "ok"],
    ["teacher", TEACHER, 10 * MINUTES, "ok"],
    ["teacher", TEACHER, 10 * MINUTES + 1, "ROOM_ENDED"],
    ["administrator", ADMIN, 10 * MINUTES, "ok"],
    ["administrator", ADMIN, 10 * MINUTES + 1, "ROOM_ENDED"],
    ["inspector", INSPECTOR, 0, "ROOM_ENDED"],
    ["examinee", EXAMINEE, 0, "ROOM_ENDED"],
  ] as const)("hears its %s (%o) after %i ms: %s", async (_, caller: TestCaller, after, expected) => {
    await using fixture = await openRoomFixture();
    await fixture.mutate(TEACHER, "room.end", { roomId: fixture.room.id });
    fixture.time.now += after;
    expect(await outcomeOf(fixture.say(caller, OWN))).toBe(expected);
    // Omits the signal of the room's end.
    const byPeople = (await storedMessages(fixture)).filter(({ senderRole }) => senderRole !== "server");
    expect(byPeople).toHaveLength(expected === "ok" ? 1 : 0);
  });
});

describe("the same key", () => {
  it("identifies the same message, even after a restart and the room's end", async () => {
    using folder = tempFolder();
    const databaseFile = join(folder.path, "invigil.db");
    const once = { ...OWN, key: "k" };
    const first = await openRoomFixture({ config: { databaseFile } });
    const { data: sent } = await first.say(EXAMINEE, once);
    first.time.now += 1000;
    expect((await first.say(EXAMINEE, once)).data).toEqual(sent);
    await first.mutate(TEACHER, "room.end", { roomId: first.room.id });
    await first[Symbol.asyncDispose]();

    await using second = await openRoomFixture({ config: { databaseFile } }, first);
    expect((await second.say(EXAMINEE, { ...once, data: "another" })).data).toEqual(sent);
    // Omits the signal of the room's end.
    expect((await storedMessages(second)).map(({ senderId }) => senderId)).toEqual(["e1", "server"]);
    expect(await second.happened(second.room, "message")).toHaveLength(2);
  });

  it("identifies different messages of different pages, people or rooms, and messages without a key are all different", async () => {
    await using fixture = await openRoomFixture();
    const once = { ...OWN, key: "k" };
    await fixture.say(TEACHER, once);
    await fixture.say(TEACHER, { ...once, camera: "pc" });
    await fixture.say(EXAMINEE, once);
    await fixture.mutate(TEACHER, "im.send", { ...once, roomId: fixture.sibling.id });
    for (let n = 0; n < 2; n++) await fixture.say(TEACHER, OWN);
    expect(await storedMessages(fixture)).toHaveLength(6);
  });

  it("stores one message for many concurrent calls", async () => {
    await using fixture = await openRoomFixture();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => fixture.say(TEACHER, { ...OWN, key: "k" })),
    );
    const ids = (await storedMessages(fixture)).map(({ id }) => id);
    expect(ids).toHaveLength(1);
    expect(new Set(answers.map(({ data }) => data.id))).toEqual(new Set(ids));
  });
});

describe("a login that sends too much", () => {
  const flood = async (
    fixture: RoomFixture,
    caller: TestCaller,
    count: number,
    more: object = {},
  ): Promise<string[]> => {
    const outcomes: string[] = [];
    for (let n = 0; n < count; n++) outcomes.push(await outcomeOf(fixture.say(caller, { ...OWN, ...more })));
    return outcomes;
  };
  const times = <Value>(count: number, value: Value): Value[] => Array.from({ length: count }, () => value);

  it("receives the time to wait, with a limit of 30 at once and 10 a second", async () => {
    await using fixture = await openRoomFixture();
    expect(await flood(fixture, EXAMINEE, 31)).toEqual([...times(30, "ok"), "TOO_MANY_REQUESTS"]);
    const { status, headers, error } = await fixture.say(EXAMINEE, OWN);
    expect([status, headers["retry-after"], error.data.retryAfterSeconds]).toEqual([429, "1", 1]);
    fixture.time.now += 99;
    expect(await flood(fixture, EXAMINEE, 1)).toEqual(["TOO_MANY_REQUESTS"]);
    fixture.time.now += 1;
    expect(await flood(fixture, EXAMINEE, 2)).toEqual(["ok", "TOO_MANY_REQUESTS"]);
    fixture.time.now += 60_000;
    expect(await flood(fixture, EXAMINEE, 31)).toEqual([...times(30, "ok"), "TOO_MANY_REQUESTS"]);
    expect(await storedMessages(fixture)).toHaveLength(61);
  });

  it("does not affect the person's other page, other rooms or other people", async () => {
    await using fixture = await openRoomFixture();
    await flood(fixture, TEACHER, 31);
    expect(await outcomeOf(fixture.say(TEACHER, OWN))).toBe("TOO_MANY_REQUESTS");
    expect(await outcomeOf(fixture.say(TEACHER, { ...OWN, camera: "pc" }))).toBe("ok");
    expect(await outcomeOf(fixture.say(EXAMINEE, OWN))).toBe("ok");
    expect(await outcomeOf(fixture.mutate(TEACHER, "im.send", { ...OWN, roomId: fixture.sibling.id }))).toBe(
      "ok",
    );
  });
});
