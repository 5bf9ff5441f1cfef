import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { Example } from "../src/rest/document.js";
import { send } from "./support/calls.js";
import { openExamsFixture } from "./support/exams-fixture.js";
import { openRecordings } from "./support/recordings.js";
import { shortened } from "./support/shortened.js";
import { STREAM_CONFIG, streamHeaders, streamReport } from "./support/streams.js";

// The examples of the OpenAPI document, made by calls. `npm run write` writes them.

const FILE = fileURLToPath(new URL("../assets/rest-examples.json", import.meta.url));
const NOW = new Date("2026-01-02T03:04:05Z");

describe("the examples of the OpenAPI document", () => {
  it("are what calls send and get", async () => {
    await using recordings = await openRecordings({ clock: () => NOW, environment: {} });
    const { aliyun, uploads, vendors } = recordings.config;
    await using fixture = await openExamsFixture({
      database: ":memory:",
      config: { aliyun, uploads, vendors, ...STREAM_CONFIG, publicUrl: "https://exam.school.example" },
    });
    const { room, admin, teacher } = fixture;
    await admin.account.create({ userId: "li", role: "teacher", name: "Li Na", password: "a long password" });
    const bell = { examId: room.examId, clipId: fixture.clipId };
    await admin.audio.attach({ ...bell, startTime: new Date("2026-01-02T04:00:00Z") });
    await admin.exam.update({
      examId: room.examId,
      videoProfile: { name: "480p", data: { width: 640, height: 480, frameRate: 15, maxBitrate: 500 } },
    });
    await teacher.cheat.setConfig({ examId: room.examId, data: '{"pc":{"headShaking":true}}' });
    const tokens = {
      teacher: await fixture.token({ sub: "teacher1", role: "teacher" }),
      examinee: await fixture.token({ sub: "examinee1", role: "examinee" }),
    };
    const roomId = room.id;
    const { examId } = room;

    const examples: Record<string, Example> = {};
    const call = async (
      name: string,
      { by, body, query, headers }: Omit<Example, "answer"> & { readonly by?: keyof typeof tokens },
    ) => {
      const [method = "", path = ""] = name.split(" ");
      const sent = { method, path, query, headers: headers ?? {}, ...(body && { json: body }) };
      const { body: answer } = await send(fixture, sent, by && tokens[by]);
      expect(answer, name).toMatchObject({ success: true });
      examples[name] = {
        ...(query && { query }),
        ...(body && { body }),
        ...(headers && { headers }),
        answer,
      };
    };
    const credentials = { username: "li", password: "a long password" };
    const list = [
      {
        userId: "examinee1",
        isMainMonitor: true,
        detectTime: 1_767_323_045_000,
        detectType: "manyPeople",
        extraInfo: { message: "two people" },
      },
    ];
    const device = { deviceId: "art-1767323045000", deviceType: "web" };
    await call("POST /exam/login", { body: credentials });
    await call("POST /login", { body: credentials });
    await call("POST /exam/v2/createRoom", {
      by: "teacher",
      body: { name: "Room 1", imServer: ["aliyun_new"] },
    });
    await call("POST /exam/createRoom", { by: "teacher", body: { name: "Room 2" } });
    await call("GET /exam/roomInfo", { by: "examinee", query: { roomId } });
    await call("GET /exam/examInfo", { by: "examinee", query: { examId } });
    await call("GET /exam/userInfo", { by: "examinee", query: { userId: "examinee1", roomId } });
    await call("GET /exam/userList", { by: "teacher", query: { roomId } });
    await call("POST /exam/selectAudio", { by: "teacher", body: { pageNum: 1, pageSize: 10, name: "bell" } });
    await call("POST /exam/v2/getIMToken", {
      by: "teacher",
      body: { userId: "teacher1", roomId, imServer: ["aliyun_new"], role: "admin", ...device },
    });
    await call("POST /exam/getIMToken", { by: "examinee", body: { userId: "examinee1", ...device } });
    await call("GET /exam/getOssConfig", { by: "examinee", query: { examId, mode: "OSS" } });
    await call("POST /exam/updateRoomAudioStatus", { by: "teacher", body: { id: roomId, audioStatus: 1 } });
    await call("POST /exam/cheat/setCheatConfig", {
      by: "teacher",
      body: { examId, data: '{"pc":{"headShaking":true},"mobile":{"manyPeople":true}}' },
    });
    await call("POST /exam/cheat/getCheatConfig", { by: "examinee", body: { examId } });
    await call("POST /exam/cheat/addCheatRecord", {
      by: "examinee",
      body: { examId, roomId, data: JSON.stringify(list) },
    });
    await call("POST /exam/cheat/listCheatRecord", { by: "teacher", body: { roomId, pageSize: 20 } });
    await call("GET /exam/userAct", { query: streamReport(room, "examinee1"), headers: streamHeaders(NOW) });
    await call("GET /exam/endRoom", { by: "teacher", query: { roomId } });
    await call("POST /exam/endRoom", { by: "teacher", body: { roomId } });

    const served: { readonly paths: object } = JSON.parse(
      (await fixture.inject({ method: "GET", url: "/openapi.json" })).payload,
    );
    const documented = Object.entries(served.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(Object.keys(examples).toSorted()).toEqual(documented.toSorted());
    await expect(`${JSON.stringify(examples, shortened, 2)}\n`).toMatchFileSnapshot(FILE);
  });
});
