import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { credentials, eventually, loadScript, SCRIPT } from "./support/drop-in.js";
import { hear, loginFor, openIn, say } from "./support/drop-in-apps.js";
import { openExamsFixture } from "./support/exams-fixture.js";

// The drop-in script against the real server: messages and lost connections.

describe("the script", () => {
  it("has less than 20 KB with gzip", () => {
    expect(gzipSync(readFileSync(SCRIPT)).length).toBeLessThan(20 * 1024);
  });

  it("has the properties that apps use before any call", async () => {
    const { sdk } = loadScript();
    const engine = new sdk.ImEngine();
    expect(engine.getMessageManager()).toBeTruthy();
    expect(engine.getGroupManager()).toBeTruthy();
    await engine.logout();
    expect(sdk.ImEngine.createEngine()).toBe(sdk.ImEngine.createEngine());
  });

  it("rejects the sign of another service", async () => {
    const { sdk } = loadScript();
    const engine = new sdk.ImEngine();
    await expect(engine.login({ user: { userId: "u" }, userAuth: {} })).rejects.toThrow("not init");
    for (const appSign of ["", "vendor", btoa('{"v":1}'), btoa('{"v":1,"url":"javascript:1"}')])
      await expect(new sdk.ImEngine().init({ appId: "x", appSign })).rejects.toThrow("appSign");
  });
});

describe("two pages in one room", () => {
  it("receive each other's messages in the format of the SDK", async () => {
    await using fixture = await openExamsFixture();
    const url = await fixture.listen();
    await using teacher = await openIn(fixture, url, "teacher1", "teacher");
    await using examinee = await openIn(fixture, url, "examinee1", "examinee");
    expect((await teacher.diary.next()).event).toBe("connecting");
    expect((await teacher.diary.next()).event).toBe("connectsuccess");

    const data = '{ "sid":"1", "receiverIdList":["examinee1"], "x":"\\u00e9" }';
    const id = await teacher.messages.sendGroupMessage({
      groupId: fixture.room.id,
      type: 20002,
      data,
      skipAudit: true,
    });
    const [message, groupId] = await examinee.diary.until("recvgroupmessage");
    expect(groupId).toBe(fixture.room.id);
    expect(message).toEqual({
      groupId: fixture.room.id,
      messageId: id,
      type: 20002,
      sender: { userId: "teacher1" },
      data,
      seqnum: Number(id),
      timestamp: Date.parse("2026-01-02T03:04:05Z"),
      level: 0,
    });
    await examinee.messages.sendC2cMessage({
      groupId: fixture.room.id,
      type: 20004,
      data: '{"sid":"1"}',
      receiverId: "teacher1",
      skipAudit: true,
    });
    const [answer, ...more] = await teacher.diary.until("recvc2cmessage");
    expect(answer).toMatchObject({ type: 20004, data: '{"sid":"1"}', sender: { userId: "examinee1" } });
    expect(answer.groupId).toBe(fixture.room.id);
    expect(more).toEqual([]);
    // A page does not receive its own messages.
    expect([teacher.diary.all("recvgroupmessage"), teacher.diary.rest()]).toEqual([[], []]);
  });

  it("receive messages for the group, for some of it, and for one login", async () => {
    await using fixture = await openExamsFixture({ config: { presenceSettleSeconds: 0 } });
    const url = await fixture.listen();
    await using teacher = await openIn(fixture, url, "teacher1", "teacher");
    await using phone = await openIn(fixture, url, "examinee1", "examinee");
    await using pc = await openIn(fixture, url, "pc_examinee1", "examinee");
    await using other = await openIn(fixture, url, "examinee2", "examinee");
    await say(teacher, fixture, 1);
    // A person who left the room does not affect the delivery to others.
    await say(teacher, fixture, 2, { receiverIdList: ["examinee1", "pc_examinee1", "gone"] });
    await say(teacher, fixture, 3, { receiverIdList: ["pc_examinee1"] });
    const one = { type: 30001, data: "4", receiverId: "examinee1" };
    await teacher.messages.sendC2cMessage({ groupId: fixture.room.id, ...one });
    // The request of the SDK contains no group.
    await teacher.messages.sendC2cMessage({ ...one, data: "5" });
    await say(teacher, fixture, 6);
    for (const [app, received] of [
      [phone, [1, 2, 6]],
      [pc, [1, 2, 3, 6]],
      [other, [1, 6]],
    ] as const)
      for (const n of received) expect(await hear(app)).toBe(n);
    expect(phone.diary.all("recvc2cmessage").map(([{ data, groupId }]) => [data, groupId])).toEqual([
      ["4", fixture.room.id],
      ["5", fixture.room.id],
    ]);
    const online = async () =>
      (await teacher.groups.listRecentGroupUser(fixture.room.id)).userList.map(
        ({ userId }: { userId: string }) => userId,
      );
    await eventually(online, (logins) => logins.length === 4);
    await pc.engine.logout();
    await eventually(online, (logins) => !logins.includes("pc_examinee1"));
    const offline = { groupId: fixture.room.id, type: 30001, data: "7", receiverId: "pc_examinee1" };
    await expect(teacher.messages.sendC2cMessage(offline)).rejects.toThrow(/^user not online$/);
    for (const receiverId of ["gone", "examinee9", "root"])
      await expect(teacher.messages.sendC2cMessage({ ...offline, receiverId })).rejects.toThrow(
        /^user not online$/,
      );
  });

  it("receive the signals of the server, and messages that others send without the script", async () => {
    await using fixture = await openExamsFixture();
    const url = await fixture.listen();
    await using app = await openIn(fixture, url, "teacher1", "teacher");
    await fixture
      .as({ sub: "examinee1", role: "examinee" })
      .im.send({ roomId: fixture.room.id, type: 20019, data: { sid: "é" }, to: ["teacher1"] });
    const [message] = await app.diary.until("recvc2cmessage");
    expect(message).toMatchObject({ type: 20019, data: '{"sid":"é"}', sender: { userId: "examinee1" } });
    // From the same person, but not from this page.
    await fixture.teacher.im.send({ roomId: fixture.room.id, type: 30001, data: 2, camera: "pc" });
    expect(await hear(app)).toBe(2);
  });
});

describe("a lost connection", () => {
  it("is restored automatically, and missed messages arrive once and in order", async () => {
    await using fixture = await openExamsFixture({ now: () => new Date() });
    const url = await fixture.listen();
    await using teacher = await openIn(fixture, url, "teacher1", "teacher");
    await using examinee = await openIn(fixture, url, "examinee1", "examinee");
    let n = 0;
    for (let cut = 0; cut < 20; cut += 1) {
      await say(teacher, fixture, n);
      if (cut % 2 === 0) expect(await hear(examinee)).toBe(n);
      examinee.page.offline();
      if (cut % 4 < 2) await examinee.diary.until("connecting");
      await say(teacher, fixture, n + 1);
      examinee.page.online();
      await say(teacher, fixture, n + 2);
      while ((await hear(examinee)) < n + 2);
      n += 3;
    }
    const received = examinee.diary.all("recvgroupmessage").map(([{ data }]) => JSON.parse(data));
    expect(received).toEqual(Array.from({ length: n }, (_, k) => k));
    expect(examinee.diary.all("disconnect")).toEqual([]);
  });

  it("notifies the app, with the groups that it has joined again", async () => {
    await using fixture = await openExamsFixture();
    const url = await fixture.listen();
    await using app = await openIn(fixture, url, "examinee1", "examinee");
    for (const event of ["connecting", "connectsuccess"]) expect((await app.diary.next()).event).toBe(event);
    app.page.offline();
    expect((await app.diary.next()).event).toBe("connecting");
    app.page.online();
    const back = await app.diary.next();
    expect(back.event).toBe("reconnectsuccess");
    expect(back.args[0]).toMatchObject([{ groupId: fixture.room.id, groupName: "Room A" }]);
  });

  it("loses no request of the app, and performs each one once", async () => {
    await using fixture = await openExamsFixture();
    const url = await fixture.listen();
    await using teacher = await openIn(fixture, url, "teacher1", "teacher");
    await using examinee = await openIn(fixture, url, "examinee1", "examinee");
    // Some messages are in transit when the connection breaks, and some are sent while there is none.
    const sent = Array.from({ length: 20 }, (_, n) => say(examinee, fixture, n));
    examinee.page.offline();
    for (let n = 20; n < 25; n += 1) sent.push(say(examinee, fixture, n));
    examinee.page.online();
    const ids = await Promise.all(sent);
    expect(new Set(ids).size).toBe(25);
    for (let n = 0; n < 25; n += 1) expect(await hear(teacher)).toBe(n);
    const { messageList } = await teacher.messages.listRecentMessage({ groupId: fixture.room.id });
    expect(messageList).toHaveLength(25);
  });

  it("that cannot be restored ends with code 3, and the next login continues from its position", async () => {
    await using fixture = await openExamsFixture();
    const url = await fixture.listen();
    await using teacher = await openIn(fixture, url, "teacher1", "teacher");
    await using examinee = await openIn(fixture, url, "examinee1", "examinee", { hurry: 300 });
    await say(teacher, fixture, 1);
    expect(await hear(examinee)).toBe(1);
    examinee.page.offline();
    expect(await examinee.diary.until("disconnect")).toEqual([3]);
    expect(examinee.engine.isLogin()).toBe(false);
    await expect(say(examinee, fixture, 9)).rejects.toThrow("not login");
    // The app retries every few seconds.
    await expect(examinee.engine.login(credentials(examinee.made))).rejects.toThrow("connect fail");
    expect((await examinee.diary.until("connectfailed"))[0].message).toBe("connect fail");
    await say(teacher, fixture, 2);
    examinee.page.online();
    await examinee.engine.login(credentials(await loginFor(fixture, url, "examinee1", "examinee")));
    await examinee.groups.joinGroup(fixture.room.id);
    await say(teacher, fixture, 3);
    expect([await hear(examinee), await hear(examinee)]).toEqual([2, 3]);
  });

  it("does not receive messages from before it joined or after it left", async () => {
    await using fixture = await openExamsFixture();
    const url = await fixture.listen();
    await using teacher = await openIn(fixture, url, "teacher1", "teacher");
    await say(teacher, fixture, 1);
    await using examinee = await openIn(fixture, url, "examinee1", "examinee");
    await say(teacher, fixture, 2);
    expect(await hear(examinee)).toBe(2);
    await examinee.groups.leaveGroup(fixture.room.id);
    await say(teacher, fixture, 3);
    await expect(say(examinee, fixture, 9)).rejects.toThrow("has not joined");
    await examinee.groups.joinGroup(fixture.room.id);
    await say(teacher, fixture, 4);
    expect(await hear(examinee)).toBe(4);
  });
});
