import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { credentials, imLogin, loadScript, openApp, SCRIPT } from "./support/engine.js";
import { openSchool, type School } from "./support/school.js";

// The script that the vendor's apps load in place of the vendor's, against the real server.

const open = async (
  school: School,
  url: string,
  userId: string,
  role: "teacher" | "examinee" | "inspector",
) => {
  const sub = userId.replace(/^pc_/, "");
  const token = await school.token({ sub, role, room: school.room.id });
  const login = await imLogin(url, token, {
    roomId: school.room.id,
    userId,
    ...(role === "teacher" && { role: "admin" }),
  });
  const app = await openApp(login.appSign);
  await app.engine.login(credentials(login));
  const group = await app.groups.joinGroup(school.room.id);
  return { ...app, login, group };
};

describe("the script", () => {
  it("is under 20 KB of gzip", () => {
    expect(gzipSync(readFileSync(SCRIPT)).length).toBeLessThan(20 * 1024);
  });

  it("has what the apps use before anything was called", async () => {
    const { sdk } = loadScript();
    const engine = new sdk.ImEngine();
    expect(engine.getMessageManager()).toBeTruthy();
    expect(engine.getGroupManager()).toBeTruthy();
    await engine.logout();
    expect(sdk.ImEngine.createEngine()).toBe(sdk.ImEngine.createEngine());
  });

  it("takes no sign of another service", async () => {
    const { sdk } = loadScript();
    for (const appSign of ["", "vendor", btoa('{"v":1}'), btoa('{"v":1,"url":"javascript:1"}')])
      await expect(new sdk.ImEngine().init({ appId: "x", appSign })).rejects.toThrow("appSign");
  });
});

describe("two pages in one room", () => {
  it("hear each other, in the SDK's shapes", async () => {
    await using school = await openSchool();
    const url = await school.listen();
    await using teacher = await open(school, url, "teacher1", "teacher");
    await using examinee = await open(school, url, "examinee1", "examinee");
    expect((await teacher.diary.next()).event).toBe("connecting");
    expect((await teacher.diary.next()).event).toBe("connectsuccess");

    const data = '{ "sid":"1", "receiverIdList":["examinee1"], "x":"\\u00e9" }';
    const id = await teacher.messages.sendGroupMessage({
      groupId: school.room.id,
      type: 20002,
      data,
      skipAudit: true,
    });
    const [message, groupId] = await examinee.diary.until("recvgroupmessage");
    expect(groupId).toBe(school.room.id);
    expect(message).toEqual({
      groupId: school.room.id,
      messageId: id,
      type: 20002,
      sender: { userId: "teacher1" },
      data,
      seqnum: Number(id),
      timestamp: Date.parse("2026-01-02T03:04:05Z"),
      level: 0,
    });
    await examinee.messages.sendC2cMessage({
      groupId: school.room.id,
      type: 20004,
      data: '{"sid":"1"}',
      receiverId: "teacher1",
      skipAudit: true,
    });
    const [answer, ...more] = await teacher.diary.until("recvc2cmessage");
    expect(answer).toMatchObject({ type: 20004, data: '{"sid":"1"}', sender: { userId: "examinee1" } });
    expect(answer.groupId).toBe(school.room.id);
    expect(more).toEqual([]);
    // What a page says itself does not come back to it.
    expect(teacher.diary.rest()).toEqual([]);
  });
});
