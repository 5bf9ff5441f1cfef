import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { imLogin, rawEngine } from "./support/engine.js";
import { openSchool, type School } from "./support/school.js";

// Where a page stands in a group, as it and the server tell each other at `/im`.

let school: School;
let url: string;
let groupId: string;

beforeAll(async () => {
  school = await openSchool({ now: () => new Date(), timing: { beatMs: 20 } });
  url = await school.listen();
  groupId = school.room.id;
});
afterAll(() => school?.close());

const enter = async () => {
  const token = await school.token({ sub: "examinee1", role: "examinee" });
  const { appId, appToken, auth } = await imLogin(url, token, { roomId: groupId, userId: "examinee1" });
  const connection = await rawEngine(url);
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
    // Also what it is not told of takes it on.
    await school.teacher.room.setAudioStatus({ roomId: groupId, audioStatus: "speaking" });
    const end = Number(await lastEventId());
    for (;;) {
      const beat = await page.told("beat");
      if (Number(beat.at[groupId]) >= end) break;
    }
    // Joined again, it goes on as it is.
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
    // After an id of another log there is a gap, as after one that is too old.
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
