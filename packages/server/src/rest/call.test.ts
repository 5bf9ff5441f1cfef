import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestApp, type TestApp } from "../app/testing.js";

let app: TestApp;
let roomId: string;
let authorization: string;
const teacher = { sub: "t1", role: "teacher" } as const;

beforeAll(async () => {
  app = await createTestApp();
  roomId = (await app.as(teacher).room.create({ name: "Maths" })).id;
  authorization = await app.token(teacher);
});
afterAll(() => app.close());

interface Answer {
  success: boolean;
  errorCode: string;
  errorMsg: string;
  data?: unknown;
}
const post = async (path: string, payload: Record<string, unknown>): Promise<Answer> => {
  const reply = await app.inject({ method: "POST", url: path, headers: { authorization }, payload });
  return reply.json<Answer>();
};
const get = async (path: string, query: Record<string, string>): Promise<Answer> => {
  const reply = await app.inject({ method: "GET", url: path, headers: { authorization }, query });
  return reply.json<Answer>();
};
const refusal = async (path: string, payload: Record<string, unknown>): Promise<string> => {
  const { errorCode, errorMsg } = await post(path, payload);
  return `${errorCode} ${errorMsg}`;
};

const record = { isMainMonitor: true, userId: "t1", detectTime: 232_323, detectType: "11", extraInfo: "" };
const records = (...different: Record<string, unknown>[]) =>
  JSON.stringify(different.map((one) => ({ ...record, ...one })));

describe("an invalid field is reported with its REST name", () => {
  const list = "/exam/cheat/listCheatRecord";
  const add = "/exam/cheat/addCheatRecord";
  const audio = "/exam/updateRoomAudioStatus";

  it("the cursor as scrollToken", async () => {
    expect(await refusal(list, { roomId, scrollToken: "abc" })).toBe(
      "400 scrollToken must be a whole number",
    );
  });

  it("the room of updateRoomAudioStatus as id", async () => {
    expect(await refusal(audio, { audioStatus: 1 })).toBe("400 id is required");
  });

  it("a record by its index in data", async () => {
    const data = records({}, {}, {}, { userId: "" });
    expect(await refusal(add, { roomId, data })).toBe("400 data[3].userId must not be empty");
    expect(await refusal(add, { roomId, data: records({ detectTime: "x" }) })).toBe(
      "400 data[0].detectTime must be a date",
    );
    expect(await refusal(add, { roomId, data: '[{"a":1},7]' })).toMatch(/^400 data\[0\]\.\w+ /);
  });

  it("data itself", async () => {
    expect(await refusal(add, { roomId })).toBe("400 data is required");
    expect(await refusal(add, { roomId, data: null })).toMatch(/^400 data /);
    expect(await refusal(add, { roomId, data: "{xxxx}" })).toBe("400 data must be the JSON text of an array");
    expect(await refusal(add, { roomId, data: [record] })).toBe("400 data must be a JSON text");
    expect(await refusal(add, { roomId, data: "[]" })).toBe("400 data must not be empty");
    expect(await refusal(add, { roomId, data: records(...Array(501).fill({})) })).toBe(
      "400 data must be at most 500 records",
    );
  });

  it("a field with the same name as over tRPC", async () => {
    expect(await refusal(list, { roomId, pageSize: 101 })).toBe("400 pageSize must be at most 100");
    expect(await refusal(list, {})).toBe("400 roomId or examId is required");
  });

  it.each([[undefined], [null], [2], ["silent"]])(
    "audioStatus %j by the values of the path, not of tRPC",
    async (audioStatus) => {
      expect(await refusal(audio, { id: roomId, audioStatus })).toMatch(
        /^400 audioStatus (is required|must be 0 or 1)$/,
      );
    },
  );
});

describe("a field that a path requires and its procedure does not", () => {
  it.each([[undefined], [null], [""], [[]]])("is refused if it is %j", async (imServer) => {
    expect(await refusal("/exam/v2/createRoom", { name: "n", imServer })).toMatch(/^400 imServer /);
  });

  it("is optional on the older path", async () => {
    expect(await post("/exam/createRoom", { name: "n" })).toMatchObject({ success: true });
  });
});

describe("a request", () => {
  it("has the fields of its path, and others are ignored", async () => {
    const query = { roomId, ts: "1700000000000", __proto__: "x", toString: "y" };
    expect(await get("/exam/roomInfo", query)).toMatchObject({ success: true, data: { id: roomId } });
  });

  it("cannot set other fields of the input", async () => {
    // Over tRPC, room.create accepts an exam and people. The documented path does not.
    const { data } = await post("/exam/v2/createRoom", {
      name: "n",
      imServer: ["aliyun_new"],
      examId: "nowhere",
      participants: [{ userId: "x", name: "x", role: "examinee" }],
    });
    expect(data).toMatchObject({ name: "n" });
    const { id } = data as { id: string };
    expect(await get("/exam/userList", { roomId: id })).toMatchObject({ success: true, data: [] });
  });

  it("cannot choose a message service on a path that has only one", async () => {
    const sent = { userId: "t1", imServer: ["rong_cloud"], deviceId: "d", deviceType: "web" };
    const { data } = await post("/exam/getIMToken", sent);
    expect(Object.keys(data ?? {}).toSorted()).toEqual(["accessToken", "refreshToken"]);
  });

  it("is not parsed before the caller is authorized", async () => {
    const token = await app.token({ sub: "s1", role: "examinee" });
    const reply = await app.inject({
      method: "POST",
      url: "/exam/updateRoomAudioStatus",
      headers: { authorization: token },
      payload: { audioStatus: 99 },
    });
    expect(reply.json<Answer>().errorCode).toBe("403");
  });
});

describe("an answer", () => {
  it("confirms with true if the path documents it", async () => {
    const reply = await post("/exam/updateRoomAudioStatus", { id: roomId, audioStatus: "1" });
    expect(reply).toEqual({ success: true, code: 200, errorCode: "", errorMsg: "", data: true });
  });

  it("has no data if the path documents none", async () => {
    const reply = await post("/exam/cheat/addCheatRecord", { roomId, data: records({}) });
    expect(reply).toEqual({ success: true, code: 200, errorCode: "", errorMsg: "" });
  });

  it("contains the video profile of an exam", async () => {
    const videoProfile = { name: "480p", data: { width: 640, height: 480, frameRate: 15, maxBitrate: 600 } };
    const startTime = new Date("2026-02-01T01:00:00Z");
    const endTime = new Date("2026-02-01T03:00:00Z");
    const { id } = await app.as(teacher).exam.create({ name: "n", startTime, endTime, videoProfile });
    expect(await get("/exam/examInfo", { examId: id })).toMatchObject({
      success: true,
      data: { id, startTime: "2026/02/01 09:00:00", videoProfile },
    });
  });
});
