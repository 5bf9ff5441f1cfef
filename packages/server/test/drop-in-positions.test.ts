import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { imLogin, rawDropIn } from "./support/drop-in.js";
import { type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";

// The position of a page in a group, as the page and the server exchange it at `/im`.

let fixture: ExamsFixture;
let url: string;
let groupId: string;
/** In milliseconds. */
let clockAhead = 0;

beforeAll(async () => {
  fixture = await openExamsFixture({ now: () => new Date(Date.now() + clockAhead), timing: { beatMs: 20 } });
  url = await fixture.listen();
  groupId = fixture.room.id;
});
afterAll(() => fixture?.close());

/** Makes a login, with which a page enters as often as it likes. */
const logIn = async () => {
  const token = await fixture.token({ sub: "examinee1", role: "examinee" });
  const { appId, appToken, auth } = await imLogin(url, token, { roomId: groupId, userId: "examinee1" });
  return async () => {
    const connection = await rawDropIn(url);
    await connection.ask({ do: "login", login: { appId, appToken, auth } });
    return connection;
  };
};
const enter = async () => (await logIn())();
const say = async (...numbers: number[]): Promise<number[]> => {
  const ids: number[] = [];
  for (const data of numbers) {
    const sent = await fixture.teacher.im.send({ roomId: groupId, type: 30001, data });
    ids.push(sent.id);
  }
  return ids;
};
const lastEventId = async (): Promise<string> =>
  (await fixture.teacher.room.snapshot({ roomId: groupId })).lastEventId;

describe("a page that joins", () => {
  it("receives its position, and again with each message and heartbeat", async () => {
    const [first] = await say(1);
    using page = await enter();
    const { at, seen } = await page.ask({ do: "join", groupId });
    expect(seen).toBe(first);
    expect(Number(at)).toBeLessThanOrEqual(Number(await lastEventId()));
    const [second] = await say(2);
    const received = await page.receive("message");
    expect(received.message).toMatchObject({ seqnum: second, data: "2" });
    expect(Number(received.at)).toBeGreaterThan(Number(at));
    // Events that the page does not receive also advance the position.
    await fixture.teacher.room.setAudioStatus({ roomId: groupId, audioStatus: "speaking" });
    const end = Number(await lastEventId());
    for (;;) {
      const beat = await page.receive("beat");
      if (Number(beat.at[groupId]) >= end) break;
    }
    // Joining again continues from the current position.
    const again = await page.ask({ do: "join", groupId });
    expect([Number(again.at) >= end, again.seen]).toEqual([true, second]);
  });

  it("whose person was terminated receives the end of their exam each time that it returns, until they are reopened", async () => {
    const { teacher } = fixture;
    const returning = await logIn();
    const decision = (key: string) => ({
      roomId: groupId,
      userIds: ["examinee1"],
      reason: { code: "misconduct" as const },
      key,
    });
    let position: { at: string; seen: number };
    {
      using page = await returning();
      position = await page.ask({ do: "join", groupId });
      await teacher.attempt.terminate(decision("terminate"));
      const { at, message } = await page.receive("message");
      expect(message).toMatchObject({ type: 20_020 });
      position = { at, seen: message.seqnum };
    }
    for (let time = 0; time < 2; time++) {
      using page = await returning();
      const joined = await page.ask({ do: "join", groupId, after: position.at, seen: position.seen });
      expect(joined.seen).toBe(position.seen - 1);
      expect((await page.receive("message")).message).toMatchObject({ type: 20_020, seqnum: position.seen });
    }
    {
      using page = await returning();
      expect(await page.ask({ do: "join", groupId })).toMatchObject({ code: 441 });
    }
    await teacher.attempt.reopen(decision("reopen"));
    using page = await returning();
    await page.ask({ do: "join", groupId, after: position.at, seen: 0 });
    const [id] = await say(7);
    expect((await page.receive("message")).message.seqnum).toBe(id);
  });

  it("from a position receives the messages after it", async () => {
    const before = await lastEventId();
    const ids = await say(1, 2, 3);
    using page = await enter();
    expect(await page.ask({ do: "join", groupId, after: before, seen: 0 })).toMatchObject({
      at: before,
      seen: 0,
    });
    for (const id of ids) expect((await page.receive("message")).message.seqnum).toBe(id);
  });

  it("from a position and has seen some messages receives the others", async () => {
    const before = await lastEventId();
    const [, second, third] = await say(1, 2, 3);
    using page = await enter();
    await page.ask({ do: "join", groupId, after: before, seen: second });
    expect((await page.receive("message")).message.seqnum).toBe(third);
  });

  it("from a position that the log no longer has receives all messages since then, once", async () => {
    const [first, second, third] = await say(1, 2, 3);
    using page = await enter();
    // An id of another log causes a gap, like an id that is too old.
    const joined = await page.ask({ do: "join", groupId, after: "999999999", seen: first });
    expect(joined).toMatchObject({ at: await lastEventId(), seen: first });
    for (const id of [second, third]) expect((await page.receive("message")).message.seqnum).toBe(id);
    const [fourth] = await say(4);
    expect((await page.receive("message")).message.seqnum).toBe(fourth);
  });

  it("and has seen later messages than the server has receives new ones", async () => {
    using page = await enter();
    const { seen } = await page.ask({ do: "join", groupId, after: "999999999", seen: 999_999_999 });
    const [next] = await say(1);
    expect(seen).toBeLessThan(Number(next));
    expect((await page.receive("message")).message.seqnum).toBe(next);
  });
});

describe("a page that was away", () => {
  const command = (type: number, sid: string, more: object = {}) =>
    fixture.teacher.im.send({ roomId: groupId, type, data: { sid }, ...more });
  /** The messages that it receives, up to one that marks the end. */
  const receivedSince = async (before: string, seen: number) => {
    const [last] = await say(0);
    using page = await enter();
    await page.ask({ do: "join", groupId, after: before, seen });
    const received: string[] = [];
    for (;;) {
      const { message } = await page.receive("message");
      if (message.seqnum === last) return received;
      received.push(`${message.type} ${JSON.parse(message.data).sid ?? message.data}`);
    }
  };
  const now = async () => ({ before: await lastEventId(), seen: (await say(0))[0] ?? 0 });

  it("receives the last command of each state, and all other messages", async () => {
    const { before, seen } = await now();
    await command(20006, "start");
    await command(20006, "start");
    await say(1);
    await command(20008, "stop");
    await command(20002, "call", { to: ["examinee1"] });
    await command(20003, "hang up", { to: ["examinee2"] });
    await say(2);
    await command(20011, "clip");
    expect(await receivedSince(before, seen)).toEqual([
      "30001 1",
      "20008 stop",
      "20002 call",
      "30001 2",
      "20011 clip",
    ]);
  });

  it("does not receive the start of an old clip, even if the log has a gap", async () => {
    const { before, seen } = await now();
    await command(20011, "clip");
    clockAhead = 60_000;
    await say(3);
    expect(await receivedSince(before, seen)).toEqual(["30001 3"]);
    await command(20006, "start");
    await command(20008, "stop");
    expect(await receivedSince("999999999", seen)).toEqual(["30001 3", "30001 0", "20008 stop"]);
  });

  it("receives no command except the end of the room", async () => {
    const { before, seen } = await now();
    await command(20006, "start");
    await command(20010, "end");
    await command(20015, "reset");
    expect(await receivedSince(before, seen)).toEqual(["20010 end"]);
  });
});
