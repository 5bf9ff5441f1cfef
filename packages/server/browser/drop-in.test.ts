import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Parsed } from "../test/support/calls.js";
import { openSchool, type School } from "../test/support/school.js";
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
const waiting = new Map();

window.start = async ({ server, token, roomId, userId, role }) => {
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
  window.end = async (sid) => {
    await send("sendGroupMessage", 20010, { sid });
    const ended = await fetch(server + "/exam/endRoom?roomId=" + roomId, { headers: { authorization: token } });
    return (await ended.json()).data;
  };
  window.leave = () => engine.logout();
};
`;

let browser: Browser;
let school: School;
let elsewhere: Server;
let network: Awaited<ReturnType<typeof createNetwork>>;

beforeAll(async () => {
  network = await createNetwork();
  school = await openSchool({ now: () => new Date(), config: { publicUrl: network.url } });
  network.leadsTo(await school.listen());
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
  await school?.close();
  network?.close();
});

const run = (page: Page, script: string): Promise<Parsed> => page.evaluate(script);
const open = async (userId: string, role: "teacher" | "examinee"): Promise<Page> => {
  const page = await browser.newPage();
  // Safe: it listens on a TCP port.
  await page.goto(`http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`);
  const token = await school.token({ sub: userId.replace(/^pc_/, ""), role, room: school.room.id });
  const inRoom = { server: network.url, token, roomId: school.room.id, userId };
  await run(page, `start(${JSON.stringify({ ...inRoom, ...(role === "teacher" && { role: "admin" }) })})`);
  return page;
};
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
    await school.teacher.im.send({ roomId: school.room.id, type: 20003, data });
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
    expect((await school.teacher.room.get({ roomId: school.room.id })).status).toBe("ended");
  });
});
