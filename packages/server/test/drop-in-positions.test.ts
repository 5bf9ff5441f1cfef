import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { imLogin, rawDropIn } from "./support/drop-in.js";
import { openSchool, type School } from "./support/school.js";

// The position of a page in a group, as the page and the server exchange it at `/im`.

let school: School;
let url: string;
let groupId: string;
/** In milliseconds. */
let clockAhead = 0;

beforeAll(async () => {
  school = await openSchool({ now: () => new Date(Date.now() + clockAhead), timing: { beatMs: 20 } });
  url = await school.listen();
  groupId = school.room.id;
});
afterAll(() => school?.close());

const enter = async () => {
  const token = await school.token({ sub: "examinee1", role: "examinee" });
  const { appId, appToken, auth } = await imLogin(url, token, { roomId: groupId, userId: "examinee1" });
  const connection = await rawDropIn(url);
  await connection.ask({ do: "login", login: { appId, appToken, auth } });
  return connection;
};
const say = async (...numbers: number[]): Promise<number[]> => {
  const ids: number[] = [];
  for (const data of numbers) {
    const sent = await school.teacher.im.send({ roomId: groupId, type: 30001, data });
    ids.push(sent.id);
  }
  return ids;
};
const lastEventId = async (): Promise<string> =>
  (await school.teacher.room.snapshot({ roomId: groupId })).lastEventId;

describe("a page that joins", () => {
  it("is told where it stands, and at every message and every beat again", async () => {
    const [first] = await say(1);
    using page = await enter();
    const { at, seen } = await page.ask({ do: "join", groupId });
    expect(seen).toBe(first);
    expect(Number(at)).toBeLessThanOrEqual(Number(await lastEventId()));
    const [second] = await say(2);
    const told = await page.told("message");
    expect(told.message).toMatchObject({ seqnum: second, data: "2" });
    expect(Number(told.at)).toBeGreaterThan(Number(at));
    // Events that the page does not receive also advance the position.
    await school.teacher.room.setAudioStatus({ roomId: groupId, audioStatus: "speaking" });
    const end = Number(await lastEventId());
    for (;;) {
      const beat = await page.told("beat");
      if (Number(beat.at[groupId]) >= end) break;
    }
    // Joining again continues from the current position.
    const again = await page.ask({ do: "join", groupId });
    expect([Number(again.at) >= end, again.seen]).toEqual([true, second]);
  });

  it("where it stood is told what came after it", async () => {
    const before = await lastEventId();
    const ids = await say(1, 2, 3);
    using page = await enter();
    expect(await page.ask({ do: "join", groupId, after: before, seen: 0 })).toMatchObject({
      at: before,
      seen: 0,
    });
    for (const id of ids) expect((await page.told("message")).message.seqnum).toBe(id);
  });

  it("and has seen some of it is told the rest", async () => {
    const before = await lastEventId();
    const [, second, third] = await say(1, 2, 3);
    using page = await enter();
    await page.ask({ do: "join", groupId, after: before, seen: second });
    expect((await page.told("message")).message.seqnum).toBe(third);
  });

  it("where the log has nothing any more is told all messages since, once", async () => {
    const [first, second, third] = await say(1, 2, 3);
    using page = await enter();
    // An id of another log causes a gap, like an id that is too old.
    const joined = await page.ask({ do: "join", groupId, after: "999999999", seen: first });
    expect(joined).toMatchObject({ at: await lastEventId(), seen: first });
    for (const id of [second, third]) expect((await page.told("message")).message.seqnum).toBe(id);
    const [fourth] = await say(4);
    expect((await page.told("message")).message.seqnum).toBe(fourth);
  });

  it("and has seen more than there is, hears what is said next", async () => {
    using page = await enter();
    const { seen } = await page.ask({ do: "join", groupId, after: "999999999", seen: 999_999_999 });
    const [next] = await say(1);
    expect(seen).toBeLessThan(Number(next));
    expect((await page.told("message")).message.seqnum).toBe(next);
  });
});

describe("a page that was away", () => {
  const command = (type: number, sid: string, more: object = {}) =>
    school.teacher.im.send({ roomId: groupId, type, data: { sid }, ...more });
  /** The messages that it receives, up to one that marks the end. */
  const toldSince = async (before: string, seen: number) => {
    const [last] = await say(0);
    using page = await enter();
    await page.ask({ do: "join", groupId, after: before, seen });
    const told: string[] = [];
    for (;;) {
      const { message } = await page.told("message");
      if (message.seqnum === last) return told;
      told.push(`${message.type} ${JSON.parse(message.data).sid ?? message.data}`);
    }
  };
  const now = async () => ({ before: await lastEventId(), seen: (await say(0))[0] ?? 0 });

  it("is told the last of each state, and all that is no command", async () => {
    const { before, seen } = await now();
    await command(20006, "start");
    await command(20006, "start");
    await say(1);
    await command(20008, "stop");
    await command(20002, "call", { to: ["examinee1"] });
    await command(20003, "hang up", { to: ["examinee2"] });
    await say(2);
    await command(20011, "clip");
    expect(await toldSince(before, seen)).toEqual([
      "30001 1",
      "20008 stop",
      "20002 call",
      "30001 2",
      "20011 clip",
    ]);
  });

  it("is told nothing of a clip that began long ago, also where the log has a gap", async () => {
    const { before, seen } = await now();
    await command(20011, "clip");
    clockAhead = 60_000;
    await say(3);
    expect(await toldSince(before, seen)).toEqual(["30001 3"]);
    await command(20006, "start");
    await command(20008, "stop");
    expect(await toldSince("999999999", seen)).toEqual(["30001 3", "30001 0", "20008 stop"]);
  });

  it("is told the room's end alone of the commands", async () => {
    const { before, seen } = await now();
    await command(20006, "start");
    await command(20010, "end");
    await command(20015, "reset");
    expect(await toldSince(before, seen)).toEqual(["20010 end"]);
  });
});
