import { describe, expect, it } from "vitest";
import { expectPlayable, openApp, PULL, start } from "./support/apps.js";
import { dataOf, expectDone, type Parsed, refusalOf } from "./support/calls.js";
import { type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";
import { isOnRealServers } from "./support/real-servers.js";

// The requests of the vendor's web apps, as observed. The apps cannot be changed.

const open = async (fixture: ExamsFixture, sub: string, role: "teacher" | "inspector" | "examinee") =>
  openApp(fixture, await fixture.token({ sub, role, room: fixture.room.id }));

describe("the invigilator's app", () => {
  it("runs an exam from its start to the room's end", async () => {
    await using fixture = await openExamsFixture();
    const app = await open(fixture, "teacher1", "teacher");
    const { room, self } = await start(app, fixture, "teacher1");
    expectPlayable(self.rtcPushUrl);
    const users = dataOf(await app.get("userList", { roomId: room.id }));
    expect(users.map(({ id }: { id: string }) => id)).toEqual(["examinee1", "examinee2"]);
    for (const user of users) for (const name of PULL) expectPlayable(user[name]);

    const [im, silence, records] = await Promise.all([
      app.post("v2/getIMToken", {
        roomId: room.id,
        deviceId: "art-1767323045000",
        deviceType: "web",
        userId: "teacher1",
        role: "admin",
        imServer: ["aliyun_new"],
      }),
      app.post("updateRoomAudioStatus", { id: room.id, audioStatus: 0 }),
      app.post("cheat/listCheatRecord", { roomId: room.id, pageSize: 20 }),
    ]);
    expect(dataOf(im).aliyunNewIm.auth).toMatchObject({ userId: "teacher1", role: "admin" });
    expect(dataOf(silence)).toBe(true);
    expect(dataOf(records)).toEqual({ cheatRecordEntitys: [] });

    const detections = Array.from({ length: 45 }, (_, n) =>
      fixture.detection("examinee1", { detectType: `${n}`, extraInfo: { message: `message ${n}` } }),
    );
    await fixture.admin.cheat.addRecords({ roomId: room.id, records: detections });
    const seen: string[] = [];
    let scrollToken: string | undefined;
    do {
      const sent = { roomId: room.id, pageSize: 20, ...(scrollToken && { scrollToken }) };
      const page = dataOf(await app.post("cheat/listCheatRecord", sent));
      for (const record of page.cheatRecordEntitys) {
        expect(typeof JSON.parse(record.isMainMonitor)).toBe("boolean");
        expect(record.detectTime).toMatch(/[+-]\d\d:\d\d$/);
        seen.push(JSON.parse(record.extraInfo).message);
      }
      scrollToken = page.scrollToken;
    } while (scrollToken);
    expect(seen).toEqual(Array.from({ length: 45 }, (_, n) => `message ${44 - n}`));

    for (const classify of [0, 1]) {
      const sent = { pageNum: 1, pageSize: 10, name: "", classify };
      const { total, list } = dataOf(await app.post("selectAudio", sent));
      expect([total, list.length]).toEqual(classify === 0 ? [1, 1] : [0, 0]);
    }
    for (const audioStatus of [1, 0]) {
      expect(dataOf(await app.post("updateRoomAudioStatus", { id: room.id, audioStatus }))).toBe(true);
      expect(dataOf(await app.get("roomInfo", { roomId: room.id })).audioStatus).toBe(audioStatus);
    }
    expect(dataOf(await app.get("endRoom", { roomId: room.id }))).toBe(true);
    // The app then sends the signal to the group three times, three seconds apart: the server has already done
    // so.
    const end = { roomId: room.id, type: 20010, text: '{"sid":"0b0e3c9e-6a5c-4b7a-9d0f-0a1b2c3d4e5f"}' };
    for (let time = 1; time <= 3; time += 1) await fixture.teacher.im.send(end);
    const { messages } = await fixture.admin.im.history({ roomId: room.id, type: 20010 });
    expect(messages.map(({ sender }) => sender.role)).toEqual(["server"]);
    // When opened again, the app sends only the first four requests.
    expect((await start(app, fixture, "teacher1")).room.status).toBe(1);
    expect(dataOf(await app.get("userList", { roomId: room.id }))).toHaveLength(2);
  });
});

describe("the inspector's app", () => {
  it("reads the room, and may change nothing", async () => {
    await using fixture = await openExamsFixture();
    const app = await open(fixture, "inspector1", "inspector");
    const { room, self } = await start(app, fixture, "inspector1");
    expect(self.id).toBe("inspector1");
    const users = dataOf(await app.get("userList", { roomId: room.id }));
    for (const user of users) {
      for (const name of PULL) expectPlayable(user[name]);
      expect(user).toMatchObject({ rtcPushUrl: "", pcRtcPushUrl: "" });
    }
    refusalOf(await app.get("endRoom", { roomId: room.id }), 403, "FORBIDDEN");
    const audio = await app.post("updateRoomAudioStatus", { id: room.id, audioStatus: 1 });
    refusalOf(audio, 403, "FORBIDDEN");
  });
});

describe("the examinee's app", () => {
  const PAGES = [
    ["the phone page", "examinee1", true],
    ["the PC page", "pc_examinee1", false],
  ] as const;

  it.each(PAGES)("%s publishes, records, and uploads after the end", async (_, login, isMainMonitor) => {
    let now = new Date("2026-01-02T03:04:05Z");
    await using fixture = await openExamsFixture({ now: () => now });
    const app = await open(fixture, "examinee1", "examinee");
    const { room, self } = await start(app, fixture, "examinee1");
    expectPlayable(isMainMonitor ? self.rtcPushUrl : self.pcRtcPushUrl);
    const teacher = dataOf(await app.get("userInfo", { userId: room.createTeacher, roomId: room.id }));
    expectPlayable(teacher.rtcPullUrl);
    expect(teacher).toMatchObject({ rtcPushUrl: "", pcRtcPushUrl: "" });
    const upload = async () =>
      refusalOf(
        await app.get("getOssConfig", { examId: room.examId, mode: "OSS" }),
        501,
        "PROVIDER_NOT_CONFIGURED",
      );
    await upload();
    const im = dataOf(
      await app.post("v2/getIMToken", {
        roomId: room.id,
        deviceId: "art-1767323045000",
        deviceType: "web",
        userId: login,
        imServer: ["aliyun_new"],
      }),
    );
    // The app filters group messages by this id.
    expect(im.aliyunNewIm.auth).toMatchObject({ userId: login, role: "" });
    const { data } = dataOf(await app.post("cheat/getCheatConfig", { examId: room.examId }));
    expect(room.cheatConfig.data).toBe(data);
    const record = (detectTime: number) => ({
      isMainMonitor,
      userId: "examinee1",
      detectTime,
      detectType: "scenePersonExit",
      extraInfo: JSON.stringify({ message: "学生1疑似离开了" }),
    });
    const add = (...records: object[]) =>
      app.post("cheat/addCheatRecord", {
        examId: room.examId,
        roomId: room.id,
        data: JSON.stringify(records),
      });
    expectDone(await add(record(1767323045123), record(1767323046123)));

    // After the room has ended, the `/ended` page requests credentials again, and uploads the remaining files.
    await fixture.teacher.room.end({ roomId: room.id });
    now = new Date("2026-01-02T03:09:00Z");
    expect(dataOf(await app.get("roomInfo", { roomId: room.id })).status).toBe(1);
    await upload();
    expectDone(await add(record(1767323047123)));

    const watching = await open(fixture, "teacher1", "teacher");
    const page = dataOf(await watching.post("cheat/listCheatRecord", { roomId: room.id, pageSize: 20 }));
    expect(
      page.cheatRecordEntitys.map((entity: Parsed) => [
        entity.userId,
        JSON.parse(entity.isMainMonitor),
        entity.detectTime,
        JSON.parse(entity.extraInfo).message,
      ]),
    ).toEqual(
      ["07", "06", "05"].map((second) => [
        "examinee1",
        isMainMonitor,
        `2026-01-02T11:04:${second}+08:00`,
        "学生1疑似离开了",
      ]),
    );
  });

  it("asks for the cheat config of an exam that has none: a plain refusal, in a 200", async () => {
    await using fixture = await openExamsFixture();
    const token = await fixture.token({ sub: "examinee9", role: "examinee", room: fixture.other.id });
    const app = openApp(fixture, token);
    const answer = await app.post("cheat/getCheatConfig", { examId: fixture.other.examId });
    refusalOf(answer, 404, "CHEAT_CONFIG_NOT_FOUND");
  });
});

it("an expired token is HTTP 401, which the apps take for a lost login", async () => {
  let now = new Date("2026-01-02T03:04:05Z");
  await using fixture = await openExamsFixture({ now: () => now });
  const app = await open(fixture, "teacher1", "teacher");
  const { room } = await start(app, fixture, "teacher1");
  now = new Date("2026-01-02T04:04:06Z");
  const expired = { sub: "teacher1", role: "teacher", room: room.id } as const;
  const later = isOnRealServers ? openApp(fixture, await fixture.token(expired, -1)) : app;
  refusalOf(await later.get("roomInfo", { roomId: room.id }), 401, "UNAUTHENTICATED");
});
