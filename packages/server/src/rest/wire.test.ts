import { cheatRecordSchema } from "@invigil/schema";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { cases } from "../../test/support/effort.js";
import { encoderOf } from "./encode.js";
import { createWire } from "./wire.js";

const ZONES = ["Asia/Shanghai", "UTC", "Asia/Kolkata", "America/St_Johns"] as const;
const wire = createWire({ timeZone: "Asia/Shanghai" });
const RUNS = { numRuns: cases(100) };

const text = fc.string({ unit: "binary", maxLength: 30 });
/** Dates that the API can represent: whole seconds, and after the last clock change in Shanghai. */
const second = fc
  .integer({ min: 700_000_000, max: 253_402_000_000 })
  .map((seconds) => new Date(seconds * 1000));
const maybe = <
  T extends Record<string, fc.Arbitrary<unknown>>,
  O extends Record<string, fc.Arbitrary<unknown>>,
>(
  required: T,
  optional: O,
) => fc.record({ ...required, ...optional }, { requiredKeys: Object.keys(required) });
const times = { createdAt: second, updatedAt: second };

const cheatConfig = fc.record({ examId: text, data: text, ...times });
const room = maybe(
  {
    id: text,
    name: text,
    examId: text,
    status: fc.constantFrom("in_progress", "ended"),
    audioStatus: fc.constantFrom("silent", "speaking"),
    imGroupId: text,
    createTeacher: text,
    ...times,
  },
  { cheatConfig },
);
const clip = { id: text, name: text, classify: fc.nat(), url: text };
const examAudio = { ...clip, clipId: text };
const manualAudio = fc.array(maybe(examAudio, { ossUrl: text }), { maxLength: 3 });
const scheduledAudio = fc.array(maybe({ ...examAudio, startTime: second }, { ossUrl: text }), {
  maxLength: 3,
});
const exam = fc.record({
  id: text,
  name: text,
  startTime: second,
  endTime: second,
  scheduledAudio,
  manualAudio,
  ...times,
});
const withheld = fc.oneof(fc.constant(null), fc.webUrl());
const urls = fc.record({ pushUrl: withheld, pullUrl: text, lowPullUrl: text });
const user = fc.record({
  userId: text,
  name: text,
  hasRoomInProgress: fc.boolean(),
  publishStatus: fc.record({ main: fc.constantFrom("idle", "publishing", "stopped") }),
  streams: fc.record({ main: urls, pc: urls }),
});
const extraInfo = fc
  .oneof(text, fc.dictionary(text, fc.jsonValue({ maxDepth: 3 })))
  .filter((value) => cheatRecordSchema.shape.extraInfo.safeParse(value).success);
const cheatRecord = fc.record({
  id: fc.maxSafeNat(),
  examId: text,
  roomId: text,
  userId: text,
  detectType: text,
  isMainMonitor: fc.boolean(),
  detectTime: second,
  extraInfo,
  ...times,
});
const cheatRecordPage = maybe(
  { records: fc.array(cheatRecord, { maxLength: 4 }) },
  { nextCursor: fc.maxSafeNat() },
);
const uploadCredentials = fc.record({
  region: text,
  accessKeyId: text,
  accessKeySecret: text,
  stsToken: text,
  bucket: text,
  expiration: second,
});
const aliyunNewIm = fc.record({
  appId: text,
  appSign: text,
  appToken: text,
  auth: fc.record({
    userId: text,
    nonce: text,
    timestamp: fc.maxSafeNat(),
    role: fc.constantFrom("", "admin"),
  }),
});
const imTokens = maybe(
  {},
  { aliyunNewIm, aliyunOldIm: fc.record({ accessToken: text, refreshToken: text }), rongToken: text },
);
const audioPage = fc.record({
  pageNum: fc.nat(),
  pageSize: fc.nat(),
  total: fc.nat(),
  list: fc.array(maybe(clip, { ossUrl: text }), { maxLength: 3 }),
});

/** Encodes to JSON and decodes again. The server's encoder must produce the same JSON. */
const travel = (codec: z.ZodType, value: unknown): unknown => {
  const json = JSON.stringify(z.encode(codec, value));
  expect(JSON.stringify(encoderOf(codec)(value))).toBe(json);
  return z.decode(codec, JSON.parse(json));
};

describe("encoded values are decoded unchanged", () => {
  const codecs: [name: string, codec: z.ZodType, values: fc.Arbitrary<unknown>][] = [
    ["user", wire.user, user],
    ["users", wire.users, fc.array(user, { maxLength: 3 })],
    ["uploadCredentials", wire.uploadCredentials, uploadCredentials],
    ["imTokens", wire.imTokens, imTokens],
    ["audioPage", wire.audioPage, audioPage],
    ...ZONES.flatMap((timeZone): [string, z.ZodType, fc.Arbitrary<unknown>][] => {
      const zoned = createWire({ timeZone });
      return [
        [`room in ${timeZone}`, zoned.room, room],
        [`cheatConfig in ${timeZone}`, zoned.cheatConfig, cheatConfig],
      ];
    }),
    // Times of exams have no offset, so one hour per year is ambiguous where clocks are set back (see time.test.ts).
    ...ZONES.slice(0, 3).map((timeZone): [string, z.ZodType, fc.Arbitrary<unknown>] => {
      return [`exam in ${timeZone}`, createWire({ timeZone }).exam, exam];
    }),
  ];

  it.each(codecs)("%s", (_, codec, values) => {
    fc.assert(
      fc.property(values, (value) => {
        expect(travel(codec, value)).toEqual(value);
      }),
      RUNS,
    );
  });

  it.each(ZONES)("cheatRecordPage in %s, with extra info as JSON text", (timeZone) => {
    const codec = createWire({ timeZone }).cheatRecordPage;
    fc.assert(
      fc.property(cheatRecordPage, (page) => {
        // Safe: the arbitrary above produces pages.
        const sent = page as z.output<typeof codec>;
        const records = sent.records.map((record) => ({
          ...record,
          extraInfo:
            typeof record.extraInfo === "string" ? record.extraInfo : JSON.stringify(record.extraInfo),
        }));
        expect(travel(codec, sent)).toEqual({ ...sent, records });
      }),
      RUNS,
    );
  });

  it("exam with a video profile", () => {
    const size = fc.integer({ min: 1, max: 120 });
    const data = fc.record({ width: size, height: size, frameRate: size, maxBitrate: size });
    const videoProfile = fc.record({ name: fc.stringMatching(/^[a-z0-9]{1,20}$/), data });
    fc.assert(
      fc.property(exam, videoProfile, (one, profile) => {
        expect(travel(wire.exam, { ...one, videoProfile: profile })).toEqual({
          ...one,
          videoProfile: profile,
        });
      }),
      RUNS,
    );
  });
});

describe("the exact format", () => {
  const at = new Date("2023-03-30T06:00:00.789Z");
  const written = { createdAt: "2023-03-30T14:00:00+08:00", updatedAt: "2023-03-30T14:00:00+08:00" };
  const stamps = { createdAt: at, updatedAt: at };

  it("of a room", () => {
    const plain = { id: "r", name: "n", examId: "e", imGroupId: "r", createTeacher: "t" };
    const one = { ...plain, status: "in_progress", audioStatus: "silent", ...stamps } as const;
    expect(z.encode(wire.room, one)).toEqual({ ...plain, status: 0, audioStatus: 0, ...written });
    const ended = { ...one, status: "ended", audioStatus: "speaking" } as const;
    const config = { examId: "e", data: "{xxxx}" };
    expect(z.encode(wire.room, { ...ended, cheatConfig: { ...config, ...stamps } })).toEqual({
      ...plain,
      status: 1,
      audioStatus: 1,
      ...written,
      cheatConfig: { ...config, ...written },
    });
  });

  it("of an exam: times with slashes, both lists always present", () => {
    const plain = { id: "e", name: "n" };
    const own = { startTime: at, endTime: at };
    const slashed = { startTime: "2023/03/30 14:00:00", endTime: "2023/03/30 14:00:00" };
    expect(z.encode(wire.exam, { ...plain, ...own, ...stamps, scheduledAudio: [], manualAudio: [] })).toEqual(
      {
        ...plain,
        ...slashed,
        ...written,
        radioInfo: [],
        audioInfo: [],
      },
    );
    const audio = { id: "a", clipId: "c", name: "n", classify: 1, url: "http://a/b" };
    expect(
      z.encode(wire.exam, {
        ...plain,
        ...own,
        ...stamps,
        scheduledAudio: [{ ...audio, startTime: at }],
        manualAudio: [audio],
      }),
    ).toMatchObject({ radioInfo: [{ ...audio, startTime: "2023/03/30 14:00:00" }], audioInfo: [audio] });
  });

  it("of a user: six URLs, empty if the caller may not see them", () => {
    const person = {
      userId: "u",
      name: "n",
      hasRoomInProgress: true,
      publishStatus: { main: "stopped" },
      streams: {
        main: { pushUrl: "artc://push", pullUrl: "artc://pull", lowPullUrl: "artc://low" },
        pc: { pushUrl: null, pullUrl: "artc://pcpull", lowPullUrl: "artc://pclow" },
      },
    } as const;
    expect(z.encode(wire.user, person)).toEqual({
      id: "u",
      name: "n",
      userStatus: 0,
      publishStatus: 2,
      rtcPushUrl: "artc://push",
      rtcPullUrl: "artc://pull",
      rtsPullUrl: "artc://low",
      pcRtcPushUrl: "",
      pcRtcPullUrl: "artc://pcpull",
      pcRtsPullUrl: "artc://pclow",
    });
    expect(
      (["idle", "publishing"] as const).map((main) =>
        z.encode(wire.user, { ...person, hasRoomInProgress: false, publishStatus: { main } }),
      ),
    ).toMatchObject([
      { userStatus: 1, publishStatus: 0 },
      { userStatus: 1, publishStatus: 1 },
    ]);
  });

  const record = {
    id: 7,
    examId: "e",
    roomId: "r",
    userId: "u",
    detectType: "11",
    isMainMonitor: true,
    detectTime: new Date(232_323),
    extraInfo: "{222}2",
    ...stamps,
  };

  it("of cheat records: booleans as text, times with an offset, extra info as text", () => {
    const object = { ...record, isMainMonitor: false, extraInfo: { a: [1, "学"] } };
    const plain = { id: 7, examId: "e", roomId: "r", userId: "u", detectType: "11", ...written };
    expect(z.encode(wire.cheatRecordPage, { records: [record, object], nextCursor: 7 })).toEqual({
      cheatRecordEntitys: [
        {
          ...plain,
          isMainMonitor: "true",
          detectTime: "1970-01-01T08:03:52+08:00",
          extraInfo: "{222}2",
        },
        {
          ...plain,
          isMainMonitor: "false",
          detectTime: "1970-01-01T08:03:52+08:00",
          extraInfo: '{"a":[1,"学"]}',
        },
      ],
      scrollToken: "7",
    });
  });

  it("of the last page of cheat records: no token", () => {
    expect(Object.keys(z.encode(wire.cheatRecordPage, { records: [] }))).toEqual(["cheatRecordEntitys"]);
  });

  it("of upload credentials: an ISO 8601 time", () => {
    const names = {
      region: "oss-cn-hangzhou",
      accessKeyId: "i",
      accessKeySecret: "s",
      stsToken: "t",
      bucket: "b",
    };
    expect(z.encode(wire.uploadCredentials, { ...names, expiration: at })).toEqual({
      ...names,
      expiration: "2023-03-30T06:00:00.789Z",
    });
  });

  it("has exactly the states of the contract", () => {
    const one = z.encode(wire.room, {
      id: "r",
      name: "n",
      examId: "e",
      imGroupId: "r",
      createTeacher: "t",
      status: "ended",
      audioStatus: "silent",
      ...stamps,
    });
    for (const status of [2, -1, 0.5])
      expect(z.safeDecode(wire.room, { ...one, status }).success).toBe(false);
  });
});

describe("detections", () => {
  const read = (sent: unknown) =>
    z.decode(wire.detections, typeof sent === "string" ? sent : JSON.stringify(sent));

  it("are parsed from the documented text", () => {
    const documented =
      '[{"detectTime":232323,"isMainMonitor":true,"detectType":"11","userId":"userewexx","extraInfo":"{222}2"},{"detectTime":232324,"isMainMonitor":true,"detectType":"12","userId":"userewexx","extraInfo":"{222}2"}]';
    const one = { isMainMonitor: true, userId: "userewexx", extraInfo: "{222}2" };
    expect(read(documented)).toEqual([
      { ...one, detectTime: new Date(232_323), detectType: "11" },
      { ...one, detectTime: new Date(232_324), detectType: "12" },
    ]);
  });

  it.each([
    [{ detectTime: "232323" }, { detectTime: new Date(232_323) }],
    [{ isMainMonitor: "true" }, { isMainMonitor: true }],
    [{ isMainMonitor: "false" }, { isMainMonitor: false }],
    [{ isMainMonitor: false }, { isMainMonitor: false }],
    [{ extraInfo: { a: 1 } }, { extraInfo: { a: 1 } }],
  ])("may contain %j", (sent, expected) => {
    expect(read([sent])).toMatchObject([expected]);
  });

  it.each([
    [{ detectTime: "yesterday" }, { detectTime: "yesterday" }],
    [{ detectTime: null }, { detectTime: null }],
    [{ isMainMonitor: "TRUE" }, { isMainMonitor: "TRUE" }],
    [{ isMainMonitor: 1 }, { isMainMonitor: 1 }],
  ])("leave the refusal of %j to the schema", (sent, expected) => {
    expect(read([sent])).toMatchObject([expected]);
    const sender = { roomId: "r", records: read([sent]) };
    expect(sender.records[0]).not.toHaveProperty("detectTime", expect.any(Date));
  });

  it("leave the refusal of other values to the schema", () => {
    expect(read([null, 1, "x", []])).toEqual([null, 1, "x", []]);
  });

  it.each(["", "{xxxx}", "{}", "null", "1", '"[]"', "[", "[xxxxxx]"])("refuse the text %j", (sent) => {
    expect(z.safeDecode(wire.detections, sent).error?.issues[0]?.message).toBe(
      "must be the JSON text of an array",
    );
  });

  it("are a text of at most 256 KiB in UTF-8", () => {
    const sent = (bytes: number) => `["${"学".repeat((bytes - 4) / 3)}"]`;
    const faultOf = (value: unknown) =>
      z.safeDecode(wire.detections, value as string).error?.issues[0]?.message;
    expect(Buffer.byteLength(sent(262_144))).toBe(262_144);
    expect(faultOf(sent(262_144))).toBeUndefined();
    expect(faultOf(sent(262_147))).toBe("must be at most 256 KiB");
    expect(faultOf([])).toBe("must be a JSON text");
  });
});

describe("audioStatus", () => {
  it.each([
    [0, "silent"],
    ["0", "silent"],
    [1, "speaking"],
    ["1", "speaking"],
  ])("%j means %s", (sent, status) => {
    expect(wire.audioStatusInput.parse(sent)).toBe(status);
  });

  it.each([2, -1, "2", "", " 1", true, null, "silent"])("refuses %j", (sent) => {
    expect(wire.audioStatusInput.safeParse(sent).error?.issues[0]?.message).toBe("must be 0 or 1");
  });
});
