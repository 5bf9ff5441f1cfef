import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { dataOf, expectDone, refusalOf, rest, send } from "./support/calls.js";
import { CHEAT_CONFIG, type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";
import { sharedSchools } from "./support/shared.js";

const nextSchool = sharedSchools();

const as = async (
  fixture: ExamsFixture,
  sub: string,
  role: "admin" | "teacher" | "inspector" | "examinee",
  name?: string,
) => rest(fixture, await fixture.token({ sub, role, ...(name && { name }) }));
const asTeacher = (fixture: ExamsFixture) => as(fixture, "teacher1", "teacher");

/** The time of the test app, in the format of the API. */
const NOW = "2026-01-02T11:04:05+08:00";
const ID = expect.stringMatching(/^[0-9a-f]{32}$/);
const roomA = ({ room }: ExamsFixture) => ({
  id: room.id,
  name: "Room A",
  examId: room.examId,
  status: 0,
  audioStatus: 0,
  imGroupId: room.id,
  createTeacher: "teacher1",
  createdAt: NOW,
  updatedAt: NOW,
});
const config = ({ room }: ExamsFixture) => ({
  examId: room.examId,
  data: CHEAT_CONFIG,
  createdAt: NOW,
  updatedAt: NOW,
});

describe("rooms", () => {
  it.each([
    ["v2/createRoom", { name: " 考场 ", imServer: ["aliyun_new", "aliyun_new"], ts: 1, other: {} }],
    ["createRoom", { name: "考场" }],
    ["createRoom", { name: "考场", imServer: null }],
    ["createRoom", { name: "考场", imServer: "" }],
    ["createRoom", { name: "考场", imServer: ["aliyun_new"] }],
  ])("%s %o makes a room", async (path, body) => {
    const fixture = await nextSchool();
    const room = dataOf(await (await as(fixture, "teacher7", "teacher", "Seven")).post(path, body));
    expect(room).toStrictEqual({
      id: ID,
      name: "考场",
      examId: ID,
      status: 0,
      audioStatus: 0,
      imGroupId: room.id,
      createTeacher: "teacher7",
      createdAt: NOW,
      updatedAt: NOW,
    });
  });

  it.each(["teacher1", "inspector1", "examinee1"])("roomInfo answers %s", async (sub) => {
    const fixture = await nextSchool();
    const role = sub.slice(0, -1) as "teacher" | "inspector" | "examinee";
    const info = await (await as(fixture, sub, role)).get("roomInfo", { roomId: fixture.room.id, ts: 1 });
    expect(dataOf(info)).toStrictEqual({ ...roomA(fixture), cheatConfig: config(fixture) });
  });

  it("roomInfo leaves out a cheat config that was never set", async () => {
    const fixture = await nextSchool();
    const info = await (await as(fixture, "teacher2", "teacher")).get("roomInfo", {
      roomId: fixture.other.id,
    });
    expect(dataOf(info)).not.toHaveProperty("cheatConfig");
  });

  it.each(["GET", "POST", "POST with a query"])(
    "endRoom by %s ends, silences, and may be repeated",
    async (how) => {
      let now = new Date("2026-01-02T03:04:05Z");
      await using fixture = await openExamsFixture({ now: () => now });
      const client = await asTeacher(fixture);
      const { id } = fixture.room;
      dataOf(await client.post("updateRoomAudioStatus", { id, audioStatus: 1 }));
      now = new Date("2026-01-02T03:10:00Z");
      const authorization = await fixture.token({ sub: "teacher1", role: "teacher" });
      const end = () =>
        how === "GET"
          ? client.get("endRoom", { roomId: id, ts: 1 })
          : how === "POST"
            ? client.post("endRoom", { roomId: id })
            : send(fixture, { method: "POST", path: "/exam/endRoom", query: { roomId: id } }, authorization);
      expect(dataOf(await end())).toBe(true);
      const ended = { ...roomA(fixture), status: 1, updatedAt: "2026-01-02T11:10:00+08:00" };
      expect(dataOf(await client.get("roomInfo", { roomId: id }))).toMatchObject(ended);
      now = new Date("2026-01-02T03:20:00Z");
      expect(dataOf(await end())).toBe(true);
      expect(dataOf(await client.get("roomInfo", { roomId: id }))).toMatchObject(ended);
      refusalOf(await client.post("updateRoomAudioStatus", { id, audioStatus: 1 }), 409, "ROOM_ENDED");
    },
  );

  it("updateRoomAudioStatus takes a query, JSON or a form, and the body wins", async () => {
    const fixture = await nextSchool();
    const authorization = await fixture.token({ sub: "teacher1", role: "teacher" });
    const { id } = fixture.room;
    const path = "/exam/updateRoomAudioStatus";
    const status = async () =>
      dataOf(await (await asTeacher(fixture)).get("roomInfo", { roomId: id })).audioStatus;
    const sent = [
      [1, { query: { id, audioStatus: 1 } }],
      [0, { json: { id, audioStatus: 0 } }],
      [1, { json: { id, audioStatus: "1" } }],
      [0, { form: { id, audioStatus: "0" } }],
      [1, { query: { id, audioStatus: 0 }, json: { audioStatus: 1 } }],
      [0, { query: { id: "another", audioStatus: 1 }, form: { id, audioStatus: "0" } }],
      [1, { query: { id, audioStatus: 1 }, raw: { type: "application/json", body: "" } }],
      [0, { query: { id, audioStatus: 0 }, json: {} }],
    ] as const;
    for (const [expected, how] of sent) {
      expect(dataOf(await send(fixture, { method: "POST", path, ...how }, authorization))).toBe(true);
      expect({ how, status: await status() }).toEqual({ how, status: expected });
    }
  });
});

describe("exams", () => {
  it("examInfo has the exam's own times and both kinds of audio", async () => {
    const fixture = await nextSchool();
    const { examId } = fixture.room;
    const startTime = new Date("2026-01-02T03:40:00Z");
    const other = await fixture.admin.audio.create({
      name: "End",
      classify: 7,
      url: "https://audio.example/end.wav",
      ossUrl: "https://oss.example/end.wav",
    });
    const scheduled = await fixture.admin.audio.attach({ examId, clipId: fixture.clipId, startTime });
    const manual = await fixture.admin.audio.attach({ examId, clipId: other.id });
    const exam = dataOf(
      await (await as(fixture, "examinee1", "examinee")).get("examInfo", { examId, ts: 1 }),
    );
    expect(exam).toMatchObject({
      id: examId,
      name: "Room A",
      startTime: "2026/01/02 11:34:05",
      endTime: "2026/01/02 13:34:05",
      createdAt: NOW,
      updatedAt: NOW,
    });
    expect(exam.radioInfo).toMatchObject([
      {
        id: scheduled.id,
        name: "Bell",
        classify: 0,
        startTime: "2026/01/02 11:40:00",
        url: "https://audio.example/bell.wav",
      },
    ]);
    expect(exam.radioInfo[0]).not.toHaveProperty("ossUrl");
    expect(exam.audioInfo).toMatchObject([
      {
        id: manual.id,
        name: "End",
        classify: 7,
        url: "https://audio.example/end.wav",
        ossUrl: "https://oss.example/end.wav",
      },
    ]);
    expect(exam.audioInfo[0]).not.toHaveProperty("startTime");
  });

  it("examInfo has the video profile that was set", async () => {
    const fixture = await nextSchool();
    const { examId } = fixture.room;
    const videoProfile = {
      name: "720p",
      data: { width: 1280, height: 720, frameRate: 15, maxBitrate: 900 },
    };
    await fixture.admin.exam.update({ examId, videoProfile });
    const exam = dataOf(await (await as(fixture, "examinee1", "examinee")).get("examInfo", { examId }));
    expect(exam.videoProfile).toStrictEqual(videoProfile);
  });

  it("examInfo of an exam without audio has empty lists, and no video profile", async () => {
    const fixture = await nextSchool();
    const exam = dataOf(await (await asTeacher(fixture)).get("examInfo", { examId: fixture.room.examId }));
    expect(exam).toMatchObject({ radioInfo: [], audioInfo: [] });
    expect(exam).not.toHaveProperty("videoProfile");
  });
});

const PUSH = ["rtcPushUrl", "pcRtcPushUrl"] as const;
const PULL = ["rtcPullUrl", "rtsPullUrl", "pcRtcPullUrl", "pcRtsPullUrl"] as const;

describe("people", () => {
  it("userList has the examinees in the order they came, with their streams", async () => {
    const fixture = await nextSchool();
    const { room } = fixture;
    const list = dataOf(await (await asTeacher(fixture)).get("userList", { roomId: room.id }));
    expect(list.map(({ id }: { id: string }) => id)).toEqual(["examinee1", "examinee2"]);
    const stream = `${room.examId}-${room.id}-examinee1`;
    const url = (host: string, name: string, query = "") =>
      expect.stringMatching(
        new RegExp(
          `^artc://${host}\\.invigil\\.invalid/exam/${name}\\?${query}auth_key=\\d+-0-0-[0-9a-f]{32}$`,
        ),
      );
    const twin = "grtn_twin_rtmp=on&";
    expect(list[0]).toStrictEqual({
      id: "examinee1",
      name: "Name of examinee1",
      userStatus: 0,
      publishStatus: 0,
      rtcPushUrl: url("push", stream, twin),
      rtcPullUrl: url("pull", stream),
      rtsPullUrl: url("pull", `${stream}_240p`),
      pcRtcPushUrl: url("push", `${stream}_pc`, twin),
      pcRtcPullUrl: url("pull", `${stream}_pc`),
      pcRtsPullUrl: url("pull", `${stream}_pc_240p`),
    });
  });

  it("userList of a room without examinees is an empty list", async () => {
    const fixture = await nextSchool();
    const room = await fixture.admin.room.create({ name: "Empty" });
    expect(
      (await (await as(fixture, "root", "admin")).get("userList", { roomId: room.id })).body.data,
    ).toEqual([]);
  });

  it.each([
    // the caller, the person, whether the caller may publish as that person
    ["root", "admin", "examinee1", true],
    ["teacher1", "teacher", "examinee1", true],
    ["teacher1", "teacher", "teacher1", true],
    ["inspector1", "inspector", "examinee1", false],
    ["inspector1", "inspector", "teacher1", false],
    ["inspector1", "inspector", "inspector1", true],
    ["examinee1", "examinee", "examinee1", true],
    ["examinee1", "examinee", "teacher1", false],
  ] as const)("userInfo for %s (%s) about %s: push URLs %s", async (sub, role, userId, pushes) => {
    const fixture = await nextSchool();
    const user = dataOf(
      await (await as(fixture, sub, role)).get("userInfo", { userId, roomId: fixture.room.id, ts: 1 }),
    );
    expect(user.id).toBe(userId);
    for (const key of PULL) expect(user[key]).toMatch(/^artc:\/\/pull\./);
    for (const key of PUSH)
      if (pushes) expect(user[key]).toMatch(/^artc:\/\/push\./);
      else expect(user[key]).toBe("");
  });

  it("userList gives an inspector no push URL", async () => {
    const fixture = await nextSchool();
    const list = dataOf(
      await (await as(fixture, "inspector1", "inspector")).get("userList", { roomId: fixture.room.id }),
    );
    expect(list.flatMap((user: Record<string, string>) => PUSH.map((key) => user[key]))).toEqual(
      Array(4).fill(""),
    );
  });

  it("userInfo: the teacher's push has no transcodable twin", async () => {
    const fixture = await nextSchool();
    const user = dataOf(
      await (await asTeacher(fixture)).get("userInfo", { userId: "teacher1", roomId: fixture.room.id }),
    );
    for (const key of PUSH) expect(user[key]).not.toContain("grtn_twin_rtmp");
  });

  it.each([
    ["examinee1", "examinee", "examinee2", 403, "FORBIDDEN"],
    ["examinee1", "examinee", "inspector1", 403, "FORBIDDEN"],
    ["examinee1", "examinee", "ghost", 403, "FORBIDDEN"],
    ["teacher1", "teacher", "ghost", 404, "PARTICIPANT_NOT_FOUND"],
    ["teacher1", "teacher", "examinee3", 404, "PARTICIPANT_NOT_FOUND"],
  ] as const)("userInfo for %s (%s) about %s is %i", async (sub, role, userId, code, reason) => {
    const fixture = await nextSchool();
    const answer = await (await as(fixture, sub, role)).get("userInfo", { userId, roomId: fixture.room.id });
    expect(refusalOf(answer, code, reason)).toContain(userId);
  });
});

describe("messages and uploads", () => {
  it("v2/getIMToken signs a login of the built-in service", async () => {
    const fixture = await nextSchool();
    const sent = {
      roomId: fixture.room.id,
      deviceId: "art-1",
      deviceType: "web",
      userId: "teacher1",
      role: "admin",
      imServer: ["aliyun_new"],
    };
    const { aliyunNewIm, ...others } = dataOf(await (await asTeacher(fixture)).post("v2/getIMToken", sent));
    expect(others).toEqual({});
    const timestamp = Date.parse("2026-01-04T03:04:05Z") / 1000;
    const { nonce } = aliyunNewIm.auth;
    const signed = `invigila key for tests: im-keyteacher1${nonce}${timestamp}admin`;
    expect(aliyunNewIm).toStrictEqual({
      appId: "invigil",
      appSign: expect.stringMatching(/^[\w-]+$/),
      appToken: createHash("sha256").update(signed).digest("hex"),
      auth: {
        userId: "teacher1",
        nonce: expect.stringMatching(/^AK-[A-Za-z0-9]{1,61}$/),
        timestamp,
        role: "admin",
      },
    });
  });

  it("getIMToken of the older SDKs has two tokens, and nothing else", async () => {
    const fixture = await nextSchool();
    const sent = { userId: "teacher1", deviceId: "d", deviceType: "ios" };
    const tokens = dataOf(await (await asTeacher(fixture)).post("getIMToken", sent));
    const text = expect.stringMatching(/^[A-Za-z0-9_-]{100,}$/);
    expect(tokens).toStrictEqual({ accessToken: text, refreshToken: text });
    expect(tokens.accessToken).not.toBe(tokens.refreshToken);
  });

  it.each([{}, { mode: "OSS" }, { mode: "VOD" }, { mode: "" }])(
    "getOssConfig %o says that no store is configured",
    async (mode) => {
      const fixture = await nextSchool();
      const answer = await (await asTeacher(fixture)).get("getOssConfig", {
        examId: fixture.room.examId,
        ...mode,
      });
      refusalOf(answer, 501, "PROVIDER_NOT_CONFIGURED");
    },
  );
});

describe("audio", () => {
  it.each([
    [{}, 1, 10],
    [{ pageNum: 0, pageSize: 0, name: "", classify: null }, 1, 10],
    [{ pageNum: "1", pageSize: "10", name: null, classify: "" }, 1, 10],
    [{ pageNum: 1, pageSize: 100, name: "BELL", classify: "0" }, 1, 100],
  ])("selectAudio %o", async (sent, pageNum, pageSize) => {
    await using fixture = await openExamsFixture();
    expect(dataOf(await (await asTeacher(fixture)).post("selectAudio", sent))).toStrictEqual({
      pageNum,
      pageSize,
      total: 1,
      list: [{ id: fixture.clipId, classify: 0, name: "Bell", url: "https://audio.example/bell.wav" }],
    });
  });
});

describe("cheating", () => {
  it("setCheatConfig answers without data; getCheatConfig gives the text back byte for byte", async () => {
    let now = new Date("2026-01-02T03:04:05Z");
    await using fixture = await openExamsFixture({ now: () => now });
    const client = await asTeacher(fixture);
    const { examId } = fixture.room;
    expect(dataOf(await client.post("cheat/getCheatConfig", { examId }))).toStrictEqual(config(fixture));
    now = new Date("2026-01-02T03:05:00Z");
    const data = ' not even JSON: "é\t\\u0001 学生 😀 ';
    expectDone(await client.post("cheat/setCheatConfig", { examId, data }));
    expect(dataOf(await client.post("cheat/getCheatConfig", { examId }))).toStrictEqual({
      examId,
      data,
      createdAt: NOW,
      updatedAt: "2026-01-02T11:05:00+08:00",
    });
  });

  it("getCheatConfig of an exam that has none is 404", async () => {
    const fixture = await nextSchool();
    const answer = await (await as(fixture, "teacher2", "teacher")).post("cheat/getCheatConfig", {
      examId: fixture.other.examId,
    });
    expect(refusalOf(answer, 404, "CHEAT_CONFIG_NOT_FOUND")).toContain(fixture.other.examId);
  });

  it("addCheatRecord answers without data; listCheatRecord gives the records back, newest first", async () => {
    const fixture = await nextSchool();
    const { id: roomId, examId } = fixture.room;
    const record = (more: object) => ({
      detectTime: 232323,
      isMainMonitor: true,
      detectType: "watch",
      userId: "examinee1",
      extraInfo: "{222}2",
      ...more,
    });
    const sent = [
      record({}),
      record({ isMainMonitor: false, detectType: "学生", detectTime: 1767323045999 }),
      record({ extraInfo: { message: "学生1疑似离开了", n: [1, null, { "": true }] } }),
      record({ extraInfo: "" }),
      record({ extraInfo: null }),
    ];
    const examinee = await as(fixture, "examinee1", "examinee");
    const body = { examId, roomId, data: JSON.stringify(sent) };
    expectDone(await examinee.post("cheat/addCheatRecord", body));
    const page = dataOf(await (await asTeacher(fixture)).post("cheat/listCheatRecord", { roomId }));
    const kept = (id: number, more: object) => ({
      id,
      examId,
      roomId,
      userId: "examinee1",
      detectType: "watch",
      isMainMonitor: "true",
      detectTime: "1970-01-01T08:03:52+08:00",
      extraInfo: "{222}2",
      createdAt: NOW,
      updatedAt: NOW,
      ...more,
    });
    expect(page).toStrictEqual({
      cheatRecordEntitys: [
        kept(5, { extraInfo: "{}" }),
        kept(4, { extraInfo: "" }),
        kept(3, { extraInfo: '{"message":"学生1疑似离开了","n":[1,null,{"":true}]}' }),
        kept(2, {
          isMainMonitor: "false",
          detectType: "学生",
          detectTime: "2026-01-02T11:04:05+08:00",
        }),
        kept(1, {}),
      ],
    });
  });

  it.each([
    [{ pageSize: 2 }],
    [{ pageSize: "2" }],
    [{ pageSize: 2, scrollToken: "" }],
    [{ pageSize: 2, scrollToken: null }],
  ])("listCheatRecord %o scrolls by the last id of a page, as text", async (sent) => {
    await using fixture = await openExamsFixture();
    const { id: roomId } = fixture.room;
    await fixture.admin.cheat.addRecords({
      roomId,
      records: Array.from({ length: 5 }, () => fixture.detection("examinee1")),
    });
    const client = await asTeacher(fixture);
    const pages: number[][] = [];
    let scrollToken: string | undefined;
    do {
      const { cheatRecordEntitys, ...rest } = dataOf(
        await client.post("cheat/listCheatRecord", {
          roomId,
          ...sent,
          ...(scrollToken && { scrollToken: pages.length === 1 ? scrollToken : Number(scrollToken) }),
        }),
      );
      const ids: number[] = cheatRecordEntitys.map(({ id }: { id: number }) => id);
      pages.push(ids);
      scrollToken = rest.scrollToken;
      expect(rest).toStrictEqual(pages.length < 3 ? { scrollToken: String(ids.at(-1)) } : {});
    } while (scrollToken);
    expect(pages).toEqual([[5, 4], [3, 2], [1]]);
  });

  it("listCheatRecord of a room without records is an empty list, by room and by exam", async () => {
    const fixture = await nextSchool();
    const client = await asTeacher(fixture);
    const { id: roomId, examId } = fixture.room;
    for (const sent of [{ roomId }, { examId }, { roomId, examId }, { examId, roomId: "" }])
      expect(dataOf(await client.post("cheat/listCheatRecord", sent))).toStrictEqual({
        cheatRecordEntitys: [],
      });
  });
});

describe("a setting", () => {
  it("gives failures their own HTTP status", async () => {
    await using fixture = await openExamsFixture({ config: { restStatus: "http" } });
    const client = await asTeacher(fixture);
    const { id, examId } = fixture.room;
    const examinee = await as(fixture, "examinee1", "examinee");
    const http = "http";
    refusalOf(await client.get("roomInfo", {}), 400, "INVALID_INPUT", http);
    refusalOf(await rest(fixture).get("roomInfo", {}), 401, "UNAUTHENTICATED", http);
    refusalOf(await examinee.get("userList", { roomId: id }), 403, "FORBIDDEN", http);
    refusalOf(await client.get("userInfo", { roomId: id, userId: "no" }), 404, "PARTICIPANT_NOT_FOUND", http);
    refusalOf(await client.get("nothing"), 404, "NOT_FOUND", http);
    refusalOf(await client.get("getOssConfig", { examId }), 501, "PROVIDER_NOT_CONFIGURED", http);
    dataOf(await client.get("endRoom", { roomId: id }));
    refusalOf(await client.post("updateRoomAudioStatus", { id, audioStatus: 1 }), 409, "ROOM_ENDED", http);
    refusalOf(await client.post("createRoom", "text"), 400, "INVALID_INPUT", http);
  });

  it("puts wire times into another zone, exams' own included", async () => {
    await using fixture = await openExamsFixture({ config: { timeZone: "Asia/Kolkata" } });
    const client = await asTeacher(fixture);
    const { id, examId } = fixture.room;
    expect(dataOf(await client.get("roomInfo", { roomId: id })).createdAt).toBe("2026-01-02T08:34:05+05:30");
    expect(dataOf(await client.get("examInfo", { examId })).startTime).toBe("2026/01/02 09:04:05");
  });
});
