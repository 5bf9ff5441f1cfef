import { describe, expect, it } from "vitest";
import type { z } from "zod";
import {
  addCheatRecordsInput,
  addParticipantsInput,
  attachAudioInput,
  createAudioInput,
  createExamInput,
  createRoomInput,
  examRef,
  getImTokenInput,
  getUploadCredentialsInput,
  listAudioInput,
  listCheatRecordsInput,
  listParticipantsInput,
  listRoomsInput,
  listStreamEventsInput,
  participantRef,
  reportStreamInput,
  roomRef,
  setAudioStatusInput,
  setCheatConfigInput,
  setExtraMinutesInput,
  updateExamInput,
} from "./index.js";

// What the contract says of every request: null and "" are absent, unknown fields are ignored, ids may be numbers.

const startTime = new Date("2026-01-02T03:00:00Z");
const endTime = new Date("2026-01-02T05:00:00Z");
const video = { name: "480p", data: { width: 640, height: 480, frameRate: 15, maxBitrate: 600 } };
const record = {
  isMainMonitor: true,
  userId: "s1",
  detectTime: startTime,
  detectType: "watch",
  extraInfo: {},
};

interface Input {
  schema: z.ZodType;
  /** Every required field. */
  required: Record<string, unknown>;
  /** Every optional field, with a value that is not its default. */
  optional?: Record<string, unknown>;
  /** Fields that hold an id. */
  ids?: readonly string[];
}

const inputs: Record<string, Input> = {
  createRoomInput: {
    schema: createRoomInput,
    required: { name: "Maths" },
    optional: {
      imServer: ["rong_cloud"],
      examId: "e1",
      participants: [{ userId: "s1", name: "Ann", role: "examinee" }],
    },
    ids: ["examId"],
  },
  roomRef: { schema: roomRef, required: { roomId: "r1" }, ids: ["roomId"] },
  listRoomsInput: {
    schema: listRoomsInput,
    required: {},
    optional: { examId: "e1", status: "ended", pageSize: 7, cursor: "r1" },
    ids: ["examId", "cursor"],
  },
  setAudioStatusInput: {
    schema: setAudioStatusInput,
    required: { roomId: "r1", audioStatus: "speaking" },
    ids: ["roomId"],
  },
  examRef: { schema: examRef, required: { examId: "e1" }, ids: ["examId"] },
  createExamInput: {
    schema: createExamInput,
    required: { name: "Maths", startTime, endTime },
    optional: { videoProfile: video },
  },
  participantRef: {
    schema: participantRef,
    required: { roomId: "r1", userId: "s1" },
    ids: ["roomId", "userId"],
  },
  listParticipantsInput: {
    schema: listParticipantsInput,
    required: { roomId: "r1" },
    optional: { role: "teacher" },
    ids: ["roomId"],
  },
  addParticipantsInput: {
    schema: addParticipantsInput,
    required: { roomId: "r1", participants: [{ userId: "s1", name: "Ann", role: "examinee" }] },
    ids: ["roomId"],
  },
  setExtraMinutesInput: {
    schema: setExtraMinutesInput,
    required: { roomId: "r1", participants: [{ userId: "s1", extraMinutes: 10 }] },
    ids: ["roomId"],
  },
  listAudioInput: {
    schema: listAudioInput,
    required: {},
    optional: { pageNum: 3, pageSize: 7, name: "bell", classify: 2 },
  },
  createAudioInput: {
    schema: createAudioInput,
    required: { name: "Bell", url: "https://a.example/b.wav" },
    optional: { classify: 2, ossUrl: "https://oss.example/b.wav" },
  },
  attachAudioInput: {
    schema: attachAudioInput,
    required: { examId: "e1", clipId: "c1" },
    optional: { startTime },
    ids: ["examId", "clipId"],
  },
  setCheatConfigInput: {
    schema: setCheatConfigInput,
    required: { examId: "e1", data: "{}" },
    ids: ["examId"],
  },
  addCheatRecordsInput: {
    schema: addCheatRecordsInput,
    required: { roomId: "r1", records: [record] },
    optional: { examId: "e1" },
    ids: ["roomId", "examId"],
  },
  listCheatRecordsInput: {
    schema: listCheatRecordsInput,
    required: { roomId: "r1" },
    optional: { examId: "e1", pageSize: 7, cursor: 12 },
    ids: ["examId"],
  },
  getImTokenInput: {
    schema: getImTokenInput,
    required: { userId: "s1" },
    optional: { imServer: ["rong_cloud"], roomId: "r1", deviceId: "art-1", deviceType: "web", role: "admin" },
    ids: ["userId", "roomId"],
  },
  reportStreamInput: {
    schema: reportStreamInput,
    required: {
      timestamp: "1767323045",
      signature: "0123456789abcdef0123456789abcdef",
      action: "publish",
      id: "e-r-u",
      app: "push.example",
      appname: "exam",
      time: 1_767_323_000,
    },
    optional: { ip: "203.0.113.7", node: "n1", width: 640, height: 480 },
  },
  listStreamEventsInput: {
    schema: listStreamEventsInput,
    required: { roomId: "r1" },
    optional: { pageSize: 7, cursor: 3 },
    ids: ["roomId"],
  },
  getUploadCredentialsInput: {
    schema: getUploadCredentialsInput,
    required: { examId: "e1" },
    optional: { mode: "VOD" },
    ids: ["examId"],
  },
  updateExamInput: {
    schema: updateExamInput,
    required: { examId: "e1" },
    optional: { name: "Maths", startTime, endTime },
    ids: ["examId"],
  },
};

const optionalFields = Object.entries(inputs).flatMap(([name, { schema, required, optional = {} }]) =>
  Object.entries(optional).map(([field, value]) => ({ name, schema, required, field, value })),
);
const requiredFields = Object.entries(inputs).flatMap(([name, { schema, required }]) =>
  Object.keys(required).map((field) => ({ name, schema, required, field })),
);
const idFields = Object.entries(inputs).flatMap(([name, { schema, required, optional, ids = [] }]) =>
  ids.map((field) => ({ name, schema, all: { ...required, ...optional }, field })),
);

describe("every input", () => {
  it.each(optionalFields)("$name: null and '' mean that $field is absent", ({ schema, required, field }) => {
    const absent = schema.parse(required);
    for (const nothing of [null, "", undefined]) {
      expect(schema.parse({ ...required, [field]: nothing })).toEqual(absent);
    }
  });

  it.each(optionalFields)("$name: reads $field when it is there", ({ schema, required, field, value }) => {
    expect(schema.parse({ ...required, [field]: value })).toMatchObject({ [field]: value });
    expect(schema.parse(required)).not.toMatchObject({ [field]: value });
  });

  it.each(requiredFields)("$name: requires $field, by that name", ({ schema, required, field }) => {
    for (const nothing of [undefined, null, ""]) {
      const parsed = schema.safeParse({ ...required, [field]: nothing });
      expect(parsed.error?.issues[0]?.path[0]).toBe(field);
    }
  });

  it.each(idFields)("$name: takes $field as a number", ({ schema, all, field }) => {
    expect(schema.parse({ ...all, [field]: 1234 })).toMatchObject({ [field]: "1234" });
  });

  it.each(Object.entries(inputs))("%s: ignores fields that it does not know", (_, { schema, required }) => {
    const unknown = { ts: 1_700_000_000_000, mode2: null, toString: "x" };
    expect(schema.parse({ ...required, ...unknown })).toEqual(schema.parse(required));
  });
});

describe("defaults", () => {
  it.each([
    ["createRoomInput", { participants: [] }],
    ["listRoomsInput", { pageSize: 20 }],
    ["listParticipantsInput", { role: "examinee" }],
    ["listAudioInput", { pageNum: 1, pageSize: 10 }],
    ["createAudioInput", { classify: 0 }],
    ["listCheatRecordsInput", { pageSize: 20 }],
    ["getUploadCredentialsInput", { mode: "OSS" }],
  ])("%s: %j", (name, defaults) => {
    const { schema, required } = inputs[name] ?? {};
    expect(schema?.parse(required)).toMatchObject(defaults);
  });

  it("reads page 0 as page 1", () => {
    expect(listAudioInput.parse({ pageNum: "0" }).pageNum).toBe(1);
  });
});

/** The path of the first fault: `participants.0.userId`. */
const faultAt = (schema: z.ZodType, value: unknown): string | undefined => {
  const path = schema.safeParse(value).error?.issues[0]?.path;
  return path?.map(String).join(".");
};

describe("rooms and their people", () => {
  it("are named in 1 to 63 characters after trimming", () => {
    expect(createRoomInput.parse({ name: ` ${"n".repeat(63)} ` }).name).toBe("n".repeat(63));
    for (const name of ["n".repeat(64), "   ", "\uD800", "a\u0000"])
      expect(faultAt(createRoomInput, { name })).toBe("name");
  });

  it("use known message services, each once, at least one", () => {
    const imServer = ["aliyun_new", "rong_cloud", "aliyun_new"];
    expect(createRoomInput.parse({ name: "n", imServer }).imServer).toEqual(["aliyun_new", "rong_cloud"]);
    expect(faultAt(createRoomInput, { name: "n", imServer: [] })).toBe("imServer");
    expect(faultAt(createRoomInput, { name: "n", imServer: "aliyun_new" })).toBe("imServer");
    expect(faultAt(createRoomInput, { name: "n", imServer: ["aliyun_new", "icq"] })).toBe("imServer.1");
    expect(faultAt(createRoomInput, { name: "n", imServer: Array(17).fill("aliyun_new") })).toBe("imServer");
  });

  const person = (userId: string, role = "examinee") => ({ userId, name: userId, role });
  const fault = (...participants: unknown[]) => faultAt(addParticipantsInput, { roomId: "r", participants });

  it("name each person once", () => {
    expect(fault(person("a"), person("b"), person("a", "teacher"))).toBe("participants.2.userId");
    expect(faultAt(createRoomInput, { name: "n", participants: [person("a"), person("a")] })).toBe(
      "participants.1.userId",
    );
    expect(fault(person("a"), person("A"))).toBeUndefined();
  });

  it("see an id sent as a number and as text as the same person", () => {
    expect(fault(person("7"), { ...person("7"), userId: 7 })).toBe("participants.1.userId");
  });

  it("refuse ids of PC cameras, roles that are none, and nameless people", () => {
    expect(fault(person("pc_a"))).toBe("participants.0.userId");
    expect(fault(person("a"), person("b", "admin"))).toBe("participants.1.role");
    expect(fault({ ...person("a"), name: " " })).toBe("participants.0.name");
  });

  it("come 1 to 500 a call", () => {
    const people = (count: number) => Array.from({ length: count }, (_, index) => person(`s${index}`));
    expect(fault(...people(500))).toBeUndefined();
    expect(fault(...people(501))).toBe("participants");
    expect(fault()).toBe("participants");
  });
});

describe("exams", () => {
  it("end after they start", () => {
    const exam = { name: "n", startTime, endTime };
    expect(faultAt(createExamInput, exam)).toBeUndefined();
    expect(faultAt(createExamInput, { ...exam, endTime: startTime })).toBe("endTime");
  });

  it("lose their video profile by null, and keep it when nothing is said", () => {
    expect(updateExamInput.parse({ examId: "e", videoProfile: null }).videoProfile).toBeNull();
    expect(updateExamInput.parse({ examId: "e" })).not.toHaveProperty("videoProfile");
  });

  it("take a video profile whose numbers are text", () => {
    const data = { width: "640", height: "480", frameRate: "15", maxBitrate: "600" };
    const exam = createExamInput.parse({ name: "n", startTime, endTime, videoProfile: { ...video, data } });
    expect(exam.videoProfile).toEqual(video);
  });
});

describe("audio", () => {
  it.each([
    "ftp://a.example/b.wav",
    "javascript:alert(1)",
    "/b.wav",
    "b",
    `https://a.example/${"b".repeat(2048)}`,
  ])("refuses a URL that no browser fetches: %s", (url) => {
    expect(faultAt(createAudioInput, { name: "n", url })).toBe("url");
  });
});

describe("message tokens", () => {
  it("take a role of nothing or admin", () => {
    expect(faultAt(getImTokenInput, { userId: "s", imServer: ["aliyun_new"], role: "teacher" })).toBe("role");
  });

  it("take the PC camera's own id", () => {
    expect(getImTokenInput.parse({ userId: "pc_s1", imServer: ["aliyun_new"] }).userId).toBe("pc_s1");
  });
});
