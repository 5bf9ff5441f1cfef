import { createServer, type Server } from "node:http";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Parsed } from "../test/support/calls.js";
import { type ExamsFixture, openExamsFixture } from "../test/support/exams-fixture.js";
import { portOf } from "../test/support/ports.js";
import { isOnRealServers } from "../test/support/real-servers.js";
import { launchChromium } from "./support/chromium.js";
import { createNetwork } from "./support/network.js";

// Pages of another origin that load the drop-in script by a script tag, and then do what the vendor's apps were seen to do.

// What follows runs in the pages: browsers' globals are not among the types of this package.

/** One of the vendor's apps, as far as its messages go. */
const APP = `
const { ImEngine } = window.AliVCInteraction;
const ANSWERS = { 20002: 20004, 20003: 20005, 20006: 20007, 20008: 20009 };
const engine = new ImEngine();
window.heard = [];
window.states = [];
// What the page shows: whether it plays a clip or the teacher, how often it went to its end, and whether the end was there from the start.
window.shown = { clips: [], live: false, ends: 0, isOver: false };
const waiting = new Map();

window.start = async ({ server, token, roomId, userId, role }) => {
  const room = await fetch(server + "/exam/roomInfo?roomId=" + roomId, { headers: { authorization: token } });
  window.shown.isOver = (await room.json()).data.status === 1;
  if (window.shown.isOver) return;
  const answer = await fetch(server + "/exam/v2/getIMToken?ts=" + Date.now(), {
    method: "POST",
    headers: { authorization: token, "content-type": "application/json" },
    body: JSON.stringify({ roomId, deviceId: "art-1", deviceType: "web", userId, role, imServer: ["aliyun_new"] }),
  });
  const { appId, appSign, appToken, auth } = (await answer.json()).data.aliyunNewIm;
  await engine.init({ appId, appSign, source: "exam" });
  for (const event of ["connecting", "connectfailed", "connectsuccess", "disconnect", "tokenexpired", "reconnectsuccess"])
    engine.on(event, (value) => window.states.push(event === "disconnect" ? event + value : event));
  const messages = engine.getMessageManager();
  const send = (name, type, data, more) =>
    messages[name]({ groupId: roomId, type, data: JSON.stringify(data), skipAudit: true, ...more });

  const take = ({ type, data, sender }) => {
    const { sid, receiverIdList } = JSON.parse(data);
    if (role !== "admin" && receiverIdList && !receiverIdList.includes(auth.userId)) return;
    window.heard.push({ type, sid, from: sender.userId });
    if (type === 20011) window.shown.clips.push(sid);
    if (type === 20006 || type === 20008) window.shown.live = type === 20006;
    if (type === 20010 && role !== "admin") {
      window.shown.ends += 1;
      void engine.logout();
    }
    if (type === 20020) window.shown.ends += 1;
    if (role === "admin") waiting.get(sid)?.answered(sender.userId);
    else if (ANSWERS[type]) void send("sendC2cMessage", ANSWERS[type], { sid }, { receiverId: "teacher1" });
  };
  messages.on("recvc2cmessage", take);
  messages.on("recvgroupmessage", (message, groupId) => groupId === roomId && message.groupId === roomId && take(message));
  await engine.login({
    user: { userId: auth.userId },
    userAuth: { nonce: auth.nonce, timestamp: auth.timestamp, role: auth.role, token: appToken },
  });
  await engine.getGroupManager().joinGroup(roomId);

  window.command = (type, sid, receiverIdList) => new Promise((resolve, reject) => {
    const missing = new Set(receiverIdList);
    let times = 0;
    const again = () => {
      if (times === 5) return reject(new Error("nobody answered: " + [...missing]));
      times += 1;
      send("sendGroupMessage", type, { sid, receiverIdList }, { receiverIdList }).catch(reject);
      timer = setTimeout(again, 3000);
    };
    let timer;
    waiting.set(sid, {
      answered: (userId) => {
        missing.delete(userId);
        if (missing.size > 0) return;
        clearTimeout(timer);
        resolve(times);
      },
    });
    again();
  });
  // A page that arrives during a broadcast.
  window.arrive = () => send("sendC2cMessage", 20007, { sid: "" }, { receiverId: "teacher1" });
  window.tell = (type, sid, receiverIdList) =>
    send("sendGroupMessage", type, { sid, receiverIdList }, receiverIdList && { receiverIdList });
  window.endThenTell = async (sid) => {
    await fetch(server + "/exam/endRoom?roomId=" + roomId, { headers: { authorization: token } });
    for (let time = 1; time <= 3; time += 1) await send("sendGroupMessage", 20010, { sid });
  };
  window.end = async (sid) => {
    await send("sendGroupMessage", 20010, { sid });
    const ended = await fetch(server + "/exam/endRoom?roomId=" + roomId, { headers: { authorization: token } });
    return (await ended.json()).data;
  };
  window.leave = () => engine.logout();
};
`;

type Network = Awaited<ReturnType<typeof createNetwork>>;
type Room = ExamsFixture["room"];

let browser: Browser;
let fixture: ExamsFixture;
let elsewhere: Server;
let network: Network;
let url: string;
/** How far the server's clock is ahead, in milliseconds. */
let ahead = 0;

beforeAll(async () => {
  network = await createNetwork();
  fixture = await openExamsFixture({
    now: () => new Date(Date.now() + ahead),
    config: { publicUrl: network.url },
  });
  url = await fixture.listen();
  network.leadsTo(url);
  elsewhere = createServer((_, response) => {
    response
      .setHeader("content-type", "text/html")
      .end(
        `<!doctype html><title>An app</title><script src="${network.url}/sdk/alivc-im.iife.js"></script><script>${APP}</script>`,
      );
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  elsewhere?.close();
  await fixture?.close();
  network?.close();
});

const run = (page: Page, script: string): Promise<Parsed> => page.evaluate(script);
type Role = "teacher" | "examinee";
/** A page that has loaded the script and the app. Its messages take the network `by`, where it has one of its own. */
const load = async (by?: Network): Promise<Page> => {
  const page = await browser.newPage();
  if (by)
    await page.addInitScript(`
      const Socket = window.WebSocket;
      window.WebSocket = class extends Socket {
        constructor(url) { super(url.replace(${JSON.stringify(network.url.slice(4))}, ${JSON.stringify(by.url.slice(4))})); }
      };`);
  await page.goto(`http://127.0.0.1:${portOf(elsewhere)}/`);
  return page;
};
const start = async (page: Page, userId: string, role: Role, room: Room = fixture.room): Promise<void> => {
  const token = await fixture.token({ sub: userId.replace(/^pc_/, ""), role, room: room.id });
  const inRoom = { server: network.url, token, roomId: room.id, userId };
  await run(page, `start(${JSON.stringify({ ...inRoom, ...(role === "teacher" && { role: "admin" }) })})`);
};
const open = async (userId: string, role: Role, { room, by }: { room?: Room; by?: Network } = {}) => {
  const page = await load(by);
  await start(page, userId, role, room);
  return page;
};
/** A network between one page and the server. */
const ownNetwork = async (): Promise<Network & AsyncDisposable> => {
  const own = await createNetwork();
  own.leadsTo(url);
  return { ...own, [Symbol.asyncDispose]: async () => own.close() };
};
const newRoom = (...examinees: readonly string[]): Promise<Room> =>
  fixture.teacher.room.create({
    name: "Room",
    examId: fixture.room.examId,
    participants: examinees.map((userId) => ({ userId, name: userId, role: "examinee" })),
  });
const heard = async (page: Page, sid: string) => {
  await page.waitForFunction(`heard.some((message) => message.sid === "${sid}")`);
  return run(page, `heard.filter((message) => message.sid === "${sid}")`);
};

describe("two apps and the drop-in script", () => {
  it("call, broadcast, lose the network and end the exam", async () => {
    const teacher = await open("teacher1", "teacher");
    const examinee = await open("examinee1", "examinee");
    const beside = await open("examinee2", "examinee");

    // Called, one answers; the first time.
    expect(await run(teacher, `command(20002, "call", ["examinee1"])`)).toBe(1);
    expect(await heard(examinee, "call")).toEqual([{ type: 20002, sid: "call", from: "teacher1" }]);
    expect(await heard(teacher, "call")).toEqual([{ type: 20004, sid: "call", from: "examinee1" }]);
    expect(await run(teacher, `command(20006, "broadcast", ["examinee1", "examinee2"])`)).toBe(1);
    expect(await heard(beside, "broadcast")).toEqual([{ type: 20006, sid: "broadcast", from: "teacher1" }]);
    // What was for one was told to one.
    expect(await run(beside, "heard.map(({ sid }) => sid)")).toEqual(["broadcast"]);

    network.cut();
    const pages = [teacher, examinee, beside];
    for (const page of pages) await page.waitForFunction(`states.at(-1) === "connecting"`);
    const data = { sid: "away", receiverIdList: ["examinee1"] };
    await fixture.teacher.im.send({ roomId: fixture.room.id, type: 20003, data });
    network.mend();
    expect(await heard(examinee, "away")).toEqual([{ type: 20003, sid: "away", from: "teacher1" }]);
    expect(await heard(teacher, "away")).toContainEqual({ type: 20005, sid: "away", from: "examinee1" });
    for (const page of pages) {
      await page.waitForFunction(`states.length > 3`);
      expect(await run(page, "states")).toEqual([
        "connecting",
        "connectsuccess",
        "connecting",
        "reconnectsuccess",
      ]);
    }

    expect(await run(teacher, `end("end")`)).toBe(true);
    for (const page of [examinee, beside])
      expect(await heard(page, "end")).toEqual([{ type: 20010, sid: "end", from: "teacher1" }]);
    for (const page of pages) await run(page, "leave()");
    expect(await run(examinee, "states.at(-1)")).toBe("disconnect1");
    expect(await run(examinee, "heard.length")).toBe(4);
    expect((await fixture.teacher.room.get({ roomId: fixture.room.id })).status).toBe("ended");
  });
});

describe("the vendor's pages", () => {
  it("answer a broadcast that they arrive in", async () => {
    const room = await newRoom("late");
    const teacher = await open("teacher1", "teacher", { room });
    const late = await open("late", "examinee", { room });
    await run(late, "arrive()");
    expect(await heard(teacher, "")).toEqual([{ type: 20007, sid: "", from: "late" }]);
  });

  it("are told to stop a broadcast with 500 candidates, by both logins of each", async () => {
    const ids = Array.from(
      { length: 500 },
      (_, n) => `candidate-${n}-with-an-id-as-long-as-ids-of-schools-may-be`,
    );
    const room = await newRoom(...ids);
    const teacher = await open("teacher1", "teacher", { room });
    const phone = await open(ids[0] ?? "", "examinee", { room });
    const pc = await open(`pc_${ids[499]}`, "examinee", { room });
    const all = JSON.stringify(ids.flatMap((id) => [id, `pc_${id}`]));
    await run(teacher, `tell(20006, "start", ${all})`);
    for (const page of [phone, pc]) await page.waitForFunction("shown.live");
    await run(teacher, `tell(20008, "stop", ${all})`);
    for (const page of [phone, pc]) await page.waitForFunction("!shown.live");
  });

  it("that were opened earlier leave the login to one that was opened later", async () => {
    await using own = await ownNetwork();
    const room = await newRoom("e1");
    const teacher = await open("teacher1", "teacher", { room });
    const older = await open("e1", "examinee", { room, by: own });
    own.cut();
    await older.waitForFunction(`states.at(-1) === "connecting"`);
    const newer = await open("e1", "examinee", { room });
    own.mend();
    await older.waitForFunction(`states.at(-1) === "disconnect4"`);
    expect(await run(teacher, `command(20002, "call", ["e1"])`)).toBe(1);
    expect(await heard(newer, "call")).toEqual([{ type: 20002, sid: "call", from: "teacher1" }]);
    expect(await run(newer, "states")).toEqual(["connecting", "connectsuccess"]);
    expect(await run(older, "heard")).toEqual([]);
  });

  it("that were cut off play no clip that began long ago, and no broadcast that has been stopped", async () => {
    await using own = await ownNetwork();
    const room = await newRoom("e1", "e2");
    const teacher = await open("teacher1", "teacher", { room });
    const away = await open("e1", "examinee", { room, by: own });
    const there = await open("e2", "examinee", { room });
    own.cut();
    await away.waitForFunction(`states.at(-1) === "connecting"`);
    await run(teacher, `tell(20011, "clip", ["e1", "e2"])`);
    await run(teacher, `tell(20006, "start", ["e1", "e2"])`);
    await run(teacher, `tell(20008, "stop", ["e1", "e2"])`);
    expect(await heard(there, "stop")).toHaveLength(1);
    ahead += 60_000;
    own.mend();
    expect(await heard(away, "stop")).toHaveLength(1);
    // For real servers, the clip began just now.
    const missed = isOnRealServers ? ["clip"] : [];
    expect(await run(away, "heard.map(({ sid }) => sid)")).toEqual([...missed, "stop"]);
    expect(await run(there, "shown.clips")).toEqual(["clip"]);
    // A clip that begins now is played.
    await run(teacher, `tell(20011, "next", ["e1", "e2"])`);
    await heard(away, "next");
    expect(await run(away, "shown.clips")).toEqual([...missed, "next"]);
  });

  it("come in although their first login finds no network", async () => {
    await using own = await ownNetwork();
    const room = await newRoom("e1");
    const page = await load(own);
    own.cut();
    const started = start(page, "e1", "examinee", room);
    await page.waitForFunction(`states.at(-1) === "connecting"`);
    await own.refused(3);
    own.mend();
    await started;
    expect(await run(page, "states")).toEqual(["connecting", "connectsuccess"]);
  });

  it("go to their end when the room is ended by the API, once", async () => {
    const room = await newRoom("e1");
    const phone = await open("e1", "examinee", { room });
    const pc = await open("pc_e1", "examinee", { room });
    await fixture.admin.room.end({ roomId: room.id });
    for (const page of [phone, pc]) {
      await page.waitForFunction(`states.at(-1) === "disconnect1"`);
      expect(await run(page, "shown.ends")).toBe(1);
    }
  });

  it("go to their end when the teacher's page ends it and tells them three times, once", async () => {
    const room = await newRoom("e1", "e2");
    const teacher = await open("teacher1", "teacher", { room });
    const phone = await open("e1", "examinee", { room });
    const pc = await open("pc_e1", "examinee", { room });
    await run(teacher, `endThenTell("end")`);
    for (const page of [phone, pc]) {
      await page.waitForFunction(`states.at(-1) === "disconnect1"`);
      expect(await run(page, "shown.ends")).toBe(1);
    }
    const { messages } = await fixture.admin.im.history({ roomId: room.id, type: 20010 });
    expect(messages).toHaveLength(1);
  });

  it("go to their end when their attempt is terminated, also after an outage or a reload, until it is reopened", async () => {
    await using own = await ownNetwork();
    const room = await newRoom("e1", "e2");
    const teacher = await open("teacher1", "teacher", { room });
    const phone = await open("e1", "examinee", { room, by: own });
    const pc = await open("pc_e1", "examinee", { room });
    const other = await open("e2", "examinee", { room });
    const goAway = async () => {
      own.cut();
      await phone.waitForFunction(`states.at(-1) === "connecting"`);
    };
    const comeBack = async () => {
      own.mend();
      await phone.waitForFunction(`states.at(-1) === "reconnectsuccess"`);
    };
    const decision = (key: string) => ({
      roomId: room.id,
      userIds: ["e1"],
      reason: { code: "misconduct" as const },
      key,
    });

    await goAway();
    await fixture.admin.attempt.terminate(decision("terminate"));
    await pc.waitForFunction("shown.ends === 1");
    // Each time that it returns, it hears its end again.
    for (const times of [1, 2]) {
      await comeBack();
      await phone.waitForFunction(`shown.ends === ${times}`);
      await goAway();
    }
    await pc.reload();
    await start(pc, "pc_e1", "examinee", room);
    expect(await run(pc, "[shown.isOver, states]")).toEqual([true, []]);

    await fixture.admin.attempt.reopen(decision("reopen"));
    await comeBack();
    await pc.reload();
    await start(pc, "pc_e1", "examinee", room);
    expect(await run(pc, "[shown.isOver, shown.ends]")).toEqual([false, 0]);
    expect(await run(teacher, `command(20002, "call", ["e1", "pc_e1"])`)).toBe(1);
    for (const page of [phone, pc]) await heard(page, "call");
    expect(await run(phone, "shown.ends")).toBe(2);
    expect(await run(other, "heard")).toEqual([]);
  });
});
