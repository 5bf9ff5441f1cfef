import { describe, expect, it } from "vitest";
import type { TestCaller } from "../src/app/testing.js";
import { dataOf, refusalOf, rest } from "./support/calls.js";
import { type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";
import { listenRoom } from "./support/listening.js";
import { permissions } from "./support/permissions.js";
import { beginExam, calls, EVERYTHING, makeCall } from "./support/procedure-calls.js";
import { reasonOf, refused } from "./support/reason.js";
import { sharedSchools } from "./support/shared.js";

const nextSchool = sharedSchools(EVERYTHING);

const imToken = (fixture: ExamsFixture, caller: TestCaller, roomId?: string) =>
  fixture.as(caller).im.getToken({ userId: caller.sub, imServer: ["aliyun_new"], roomId });

const EXAMINEE: TestCaller = { sub: "examinee1", role: "examinee" };
const bindings: [string, (fixture: ExamsFixture) => TestCaller][] = [
  ["to nothing", () => EXAMINEE],
  ["to the room", ({ room }) => ({ ...EXAMINEE, room: room.id })],
  ["to the exam", ({ room }) => ({ ...EXAMINEE, exam: room.examId })],
];

/** Sessions belong to accounts rather than rooms. Reports of the stream service and join codes need no token. */
const concernsRooms = (row: string) =>
  (!row.startsWith("auth.") || row === "auth.whoami") && row !== "stream.report" && row !== "room.linkOfCode";

/** The calls that an examinee may make, while the room is in progress. */
const open = calls.filter(({ row }) => permissions.get(row)?.examinee !== "FORBIDDEN" && concernsRooms(row));

type Change = (fixture: ExamsFixture) => Promise<unknown>;
const decisionOf = ({ room }: ExamsFixture, key: string) => ({
  roomId: room.id,
  userIds: [EXAMINEE.sub],
  reason: { code: "mistake" as const },
  key,
});
/** The ways in which a room ends for an examinee, and how each is undone. */
const ends: [string, { readonly end: Change; readonly undo: Change }][] = [
  [
    "whose room has ended",
    {
      end: ({ teacher, room }) => teacher.room.end({ roomId: room.id }),
      undo: ({ admin, room }) => admin.room.reopen({ roomId: room.id }),
    },
  ],
  [
    "whose attempt was terminated",
    {
      end: (fixture) => fixture.teacher.attempt.terminate(decisionOf(fixture, "terminate")),
      undo: (fixture) => fixture.teacher.attempt.reopen(decisionOf(fixture, "reopen")),
    },
  ],
  [
    "who has finished",
    {
      end: (fixture) => fixture.as(EXAMINEE).attempt.finish({ roomId: fixture.room.id }),
      undo: (fixture) => fixture.teacher.attempt.reopen(decisionOf(fixture, "reopen")),
    },
  ],
];
const cases = ends.flatMap(([how, change]) =>
  bindings.map(([bound, callerOf]) => [how, bound, change, callerOf] as const),
);

describe.each(cases)("an examinee %s, with a token bound %s,", (_, __, { end, undo }, callerOf) => {
  it.each(open)(
    "calls $row, before, then, and after it is undone",
    async ({ row, path, prepare, input: inputOf }) => {
      await using fixture = await nextSchool();
      await prepare?.(fixture);
      await beginExam(fixture);
      const caller = callerOf(fixture);
      const input = inputOf(fixture, caller, 0);
      const { examinee: before, examineeOfEnded: after } = permissions.get(row) ?? {};
      expect(await reasonOf(makeCall(fixture, caller, { path, input }))).toBe(before);
      await end(fixture);
      const { reason, message } = await refused(makeCall(fixture, caller, { path, input }));
      expect(reason).toBe(after);
      if (reason === "ROOM_ENDED") expect(message).toBe(`The room ${fixture.room.id} has ended.`);
      await undo(fixture);
      expect(await reasonOf(makeCall(fixture, caller, { path, input }))).toBe(before);
      // The people of the next school have the same ids.
      await fixture.admin.room.end({ roomId: fixture.room.id });
    },
  );
});

describe("a room in progress besides the ended one", () => {
  const endFirst = async (fixture: ExamsFixture, second: ExamsFixture["room"]) => {
    const participants = [{ userId: "examinee1", name: "E", role: "examinee" as const }];
    await fixture.admin.participant.add({ roomId: second.id, participants });
    await fixture.teacher.room.end({ roomId: fixture.room.id });
  };
  const config = (fixture: ExamsFixture, caller: TestCaller) =>
    reasonOf(fixture.as(caller).cheat.getConfig({ examId: fixture.room.examId }));
  const token = (fixture: ExamsFixture, caller: TestCaller, roomId?: string) =>
    reasonOf(imToken(fixture, caller, roomId));

  it("of the same exam gives all that it gives, but not for the ended one, or to a token bound to that", async () => {
    await using fixture = await nextSchool();
    const { room, sibling } = fixture;
    await endFirst(fixture, sibling);
    expect(await config(fixture, EXAMINEE)).toBe("ok");
    expect(await token(fixture, EXAMINEE)).toBe("ok");
    expect(await token(fixture, EXAMINEE, sibling.id)).toBe("ok");
    expect(await token(fixture, EXAMINEE, room.id)).toBe("ROOM_ENDED");
    const bound = { ...EXAMINEE, room: room.id };
    expect([await config(fixture, bound), await token(fixture, bound)]).toEqual(["ROOM_ENDED", "ROOM_ENDED"]);
    const boundHere = { ...EXAMINEE, room: sibling.id };
    expect([await config(fixture, boundHere), await token(fixture, boundHere)]).toEqual(["ok", "ok"]);
  });

  it("of another exam gives message tokens, unless the token is bound to the exam that is over", async () => {
    await using fixture = await nextSchool();
    const { room, other } = fixture;
    await endFirst(fixture, other);
    expect(await config(fixture, EXAMINEE)).toBe("ROOM_ENDED");
    expect(await token(fixture, EXAMINEE)).toBe("ok");
    expect(await token(fixture, { ...EXAMINEE, exam: room.examId })).toBe("ROOM_ENDED");
    expect(await token(fixture, { ...EXAMINEE, exam: other.examId })).toBe("ok");
  });
});

it("an examinee of no room gets no message token", async () => {
  await using fixture = await nextSchool();
  for (const caller of [
    { sub: "nobody", role: "examinee" },
    { sub: "teacher1", role: "examinee" },
    { sub: "examinee9", role: "examinee", exam: fixture.room.examId },
    { sub: "nobody", role: "examinee", room: fixture.room.id },
  ] as const)
    expect(await reasonOf(imToken(fixture, caller))).toBe("FORBIDDEN");
});

it("everybody else has of an ended room what it had", async () => {
  await using fixture = await nextSchool();
  const { room } = fixture;
  await fixture.teacher.room.end({ roomId: room.id });
  for (const caller of [
    { sub: "root", role: "admin" },
    { sub: "teacher1", role: "teacher" },
    { sub: "inspector1", role: "inspector" },
  ] as const) {
    expect(await reasonOf(fixture.as(caller).cheat.getConfig({ examId: room.examId }))).toBe("ok");
    for (const bound of [{}, { room: room.id }])
      for (const roomId of [undefined, room.id])
        expect(await reasonOf(imToken(fixture, { ...caller, ...bound }, roomId))).toBe("ok");
  }
});

it("late detections are taken for ten minutes", async () => {
  let now = new Date("2026-01-02T03:04:05Z");
  await using fixture = await openExamsFixture({ now: () => now });
  await fixture.teacher.room.end({ roomId: fixture.room.id });
  const { id: roomId } = fixture.room;
  const records = [fixture.detection("examinee1")];
  const report = () => reasonOf(fixture.as(EXAMINEE).cheat.addRecords({ roomId, records }));
  now = new Date("2026-01-02T03:14:05Z");
  expect(await report()).toBe("ok");
  now = new Date("2026-01-02T03:14:05.001Z");
  expect(await report()).toBe("ROOM_ENDED");
});

it("examinees publish no more, and the others still may", async () => {
  await using fixture = await nextSchool();
  const { id: roomId } = fixture.room;
  const pushUrls = async (caller: TestCaller) => {
    const { streams } = await fixture.as(caller).participant.get({ roomId, userId: "examinee1" });
    return [streams.main.pushUrl, streams.pc.pushUrl].map((url) => url !== null);
  };
  const teacher = { sub: "teacher1", role: "teacher" } as const;
  expect([await pushUrls(EXAMINEE), await pushUrls(teacher)]).toEqual([
    [true, true],
    [true, true],
  ]);
  await fixture.teacher.room.end({ roomId });
  expect([await pushUrls(EXAMINEE), await pushUrls(teacher)]).toEqual([
    [false, false],
    [true, true],
  ]);
});

describe("the cheat config of an ended room", () => {
  const TEACHER = { sub: "teacher1", role: "teacher" } as const;
  /**
   * Returns where a caller gets the config: from the room, from its snapshot, and from the events that a
   * reconnecting subscriber missed.
   */
  const found = async (fixture: ExamsFixture, caller: TestCaller): Promise<boolean[]> => {
    const as = fixture.as(caller);
    const { id: roomId } = fixture.room;
    const received = [];
    for await (const event of await as.room.onEvent({ roomId, lastEventId: "999999999" })) {
      received.push(event);
      break;
    }
    return [
      (await as.room.get({ roomId })).cheatConfig !== undefined,
      (await as.room.snapshot({ roomId })).cheatConfig !== undefined,
      JSON.stringify(received).includes("cheatConfig"),
    ];
  };

  it.each(bindings)("is no examinee's any more, its token bound %s", async (_, callerOf) => {
    await using fixture = await nextSchool();
    const caller = callerOf(fixture);
    expect(await found(fixture, caller)).toEqual([true, true, true]);
    await fixture.teacher.room.end({ roomId: fixture.room.id });
    expect(await found(fixture, caller)).toEqual([false, false, false]);
    expect(await found(fixture, TEACHER)).toEqual([true, true, true]);
  });

  it("is not told to one who comes back to hear how the room ended", async () => {
    await using fixture = await nextSchool();
    const { id: roomId, examId } = fixture.room;
    const { lastEventId } = await fixture.admin.room.snapshot({ roomId });
    await fixture.teacher.cheat.setConfig({ examId, data: "{}" });
    await fixture.teacher.room.end({ roomId });
    const heard = async (caller: TestCaller) => {
      await using listening = await listenRoom(fixture, caller, { roomId, lastEventId });
      return (await listening.until(({ type }) => type === "room_ended")).map(({ type }) => type);
    };
    expect(await heard(EXAMINEE)).toEqual(["room_ended"]);
    expect(await heard(TEACHER)).toEqual(["cheat_config_changed", "room_ended"]);
  });

  it("and what the page of the end asks is answered", async () => {
    await using fixture = await nextSchool();
    await fixture.teacher.room.end({ roomId: fixture.room.id });
    const client = rest(fixture, await fixture.token(EXAMINEE));
    const room = dataOf(await client.get("roomInfo", { roomId: fixture.room.id }));
    expect(room).toMatchObject({ id: fixture.room.id, status: 1 });
    expect(room).not.toHaveProperty("cheatConfig");
    // The call is allowed: only the store is missing in this test.
    refusalOf(
      await client.get("getOssConfig", { examId: fixture.room.examId }),
      501,
      "PROVIDER_NOT_CONFIGURED",
    );
  });
});
