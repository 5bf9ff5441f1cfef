import { describe, expect, it } from "vitest";
import { dataOf, expectDone, refusalOf, rest, send } from "./support/calls.js";
import type { ExamsFixture } from "./support/exams-fixture.js";
import { sharedSchools } from "./support/shared.js";

const nextSchool = sharedSchools();

type Fields = Readonly<Record<string, unknown>>;
interface Good {
  readonly path: string;
  readonly method: "GET" | "POST";
  readonly fields: (fixture: ExamsFixture) => Fields;
}
const roomId = ({ room }: ExamsFixture) => ({ roomId: room.id });
const examId = ({ room }: ExamsFixture) => ({ examId: room.examId });
const record = (more: object = {}) => ({
  detectTime: 232323,
  isMainMonitor: true,
  detectType: "watch",
  userId: "examinee1",
  extraInfo: "",
  ...more,
});
const data = (...records: unknown[]) => JSON.stringify(records);

/** A valid call of each path. Every case below changes one field. */
const GOOD = {
  v2createRoom: {
    path: "v2/createRoom",
    method: "POST",
    fields: () => ({ name: "N", imServer: ["aliyun_new"] }),
  },
  createRoom: { path: "createRoom", method: "POST", fields: () => ({ name: "N" }) },
  roomInfo: { path: "roomInfo", method: "GET", fields: roomId },
  endRoom: { path: "endRoom", method: "GET", fields: roomId },
  endRoomByPost: { path: "endRoom", method: "POST", fields: roomId },
  updateRoomAudioStatus: {
    path: "updateRoomAudioStatus",
    method: "POST",
    fields: ({ room }) => ({ id: room.id, audioStatus: 1 }),
  },
  examInfo: { path: "examInfo", method: "GET", fields: examId },
  userInfo: {
    path: "userInfo",
    method: "GET",
    fields: (fixture) => ({ ...roomId(fixture), userId: "teacher1" }),
  },
  userList: { path: "userList", method: "GET", fields: roomId },
  v2getIMToken: {
    path: "v2/getIMToken",
    method: "POST",
    fields: (fixture) => ({ ...roomId(fixture), userId: "teacher1", imServer: ["aliyun_new"] }),
  },
  selectAudio: { path: "selectAudio", method: "POST", fields: () => ({}) },
  setCheatConfig: {
    path: "cheat/setCheatConfig",
    method: "POST",
    fields: (fixture) => ({ ...examId(fixture), data: "{}" }),
  },
  getCheatConfig: { path: "cheat/getCheatConfig", method: "POST", fields: examId },
  addCheatRecord: {
    path: "cheat/addCheatRecord",
    method: "POST",
    fields: (fixture) => ({ ...roomId(fixture), data: data(record()) }),
  },
  listCheatRecord: { path: "cheat/listCheatRecord", method: "POST", fields: roomId },
  getIMToken: {
    path: "getIMToken",
    method: "POST",
    fields: () => ({ userId: "teacher1", deviceId: "d", deviceType: "ios" }),
  },
  // It fails because no provider is configured, once its input is valid.
  getOssConfig: { path: "getOssConfig", method: "GET", fields: examId },
} as const satisfies Record<string, Good>;
type Name = keyof typeof GOOD;

/** Calls as the room's teacher, with some fields changed. Undefined omits a field. */
const call = async (fixture: ExamsFixture, name: Name, change: Fields) => {
  const good: Good = GOOD[name];
  const fields = { ...good.fields(fixture), ...change };
  const client = rest(fixture, await fixture.token({ sub: "teacher1", role: "teacher" }));
  if (good.method === "POST") return client.post(good.path, fields);
  return client.get(
    good.path,
    Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)),
  );
};

const LONG = "x".repeat(129);
/** Invalid values of required ids, in JSON and in a query. */
const BAD_ID = [undefined, null, "", "  ", true, 1.5, [], {}, ["a"], LONG, "a\0b", "\ud800"];
const BAD_ID_IN_QUERY = [undefined, "", "  ", LONG, "a\0b"];
/** Invalid values of optional ids. */
const BAD_OPTIONAL_ID = [true, 1.5, [], {}, "  ", LONG, "a\0b"];
const BAD_PAGE_SIZE = [-1, 101, "101", 1.5, "x", true, [], {}];
const deep = (levels: number): object => (levels === 1 ? {} : { a: deep(levels - 1) });

/** A path, a field, and an invalid value. */
const BAD: readonly (readonly [Name, string, readonly unknown[]])[] = [
  ["v2createRoom", "name", [undefined, null, "", "  ", 5, true, [], {}, "长".repeat(64), "a\0b", "\udc00"]],
  ["v2createRoom", "imServer", [undefined, null, [], {}, 5, "aliyun_new", Array(17).fill("aliyun_new")]],
  // It is required, so an empty list is invalid.
  ["v2createRoom", "imServer", [""]],
  ["createRoom", "name", [undefined, "", "x".repeat(64)]],
  ["createRoom", "imServer", [[], {}, 5, "aliyun_new"]],
  ["roomInfo", "roomId", BAD_ID_IN_QUERY],
  ["endRoom", "roomId", BAD_ID_IN_QUERY],
  ["endRoomByPost", "roomId", BAD_ID],
  ["updateRoomAudioStatus", "id", BAD_ID],
  [
    "updateRoomAudioStatus",
    "audioStatus",
    [undefined, null, "", 2, -1, 0.5, "2", "01", "speaking", true, [], {}],
  ],
  ["examInfo", "examId", BAD_ID_IN_QUERY],
  ["userInfo", "roomId", BAD_ID_IN_QUERY],
  ["userInfo", "userId", BAD_ID_IN_QUERY],
  ["userList", "roomId", BAD_ID_IN_QUERY],
  ["v2getIMToken", "userId", BAD_ID],
  ["v2getIMToken", "imServer", [undefined, null, "", [], {}, "aliyun_new"]],
  ["v2getIMToken", "roomId", BAD_OPTIONAL_ID],
  ["v2getIMToken", "deviceId", [true, [], {}, LONG]],
  ["v2getIMToken", "deviceType", ["windows", "IOS", 5, [], {}]],
  ["v2getIMToken", "role", ["teacher", "ADMIN", 5, true, []]],
  ["getIMToken", "userId", BAD_ID],
  ["getIMToken", "deviceType", ["windows"]],
  ["getOssConfig", "examId", BAD_ID_IN_QUERY],
  ["getOssConfig", "mode", ["S3", "oss"]],
  ["selectAudio", "pageNum", [-1, 1.5, "x", true, [], {}, 1_000_001]],
  ["selectAudio", "pageSize", BAD_PAGE_SIZE],
  ["selectAudio", "name", [5, true, [], {}, "x".repeat(65), "a\0b"]],
  ["selectAudio", "classify", [-1, 1.5, "x", true, [], {}]],
  ["setCheatConfig", "examId", BAD_ID],
  ["setCheatConfig", "data", [undefined, null, "", {}, [], 5, true, "x".repeat(65_537), "a\0b"]],
  ["getCheatConfig", "examId", BAD_ID],
  ["addCheatRecord", "roomId", BAD_ID],
  ["addCheatRecord", "examId", [...BAD_OPTIONAL_ID, "another"]],
  [
    "addCheatRecord",
    "data",
    [
      undefined,
      null,
      "",
      5,
      true,
      [],
      {},
      [record()],
      "[]",
      "{}",
      "null",
      "5",
      "not json",
      "[{]",
      data(...Array.from({ length: 501 }, () => record())),
      data(record({ extraInfo: "x".repeat(256 * 1024) })),
    ],
  ],
  ["addCheatRecord", "data[0]", [data(1), data(null), data("x"), data([])]],
  [
    "addCheatRecord",
    "data[0].detectTime",
    [undefined, null, "", "soon", true, [], {}, -1, "-1", 1e20, 253_402_300_800_001].map((detectTime) =>
      data(record({ detectTime })),
    ),
  ],
  [
    "addCheatRecord",
    "data[0].detectType",
    [undefined, null, "", 5, true, [], {}, "x".repeat(65), "a\0b"].map((detectType) =>
      data(record({ detectType })),
    ),
  ],
  ["addCheatRecord", "data[0].userId", BAD_ID.map((userId) => data(record({ userId })))],
  [
    "addCheatRecord",
    "data[0].isMainMonitor",
    [undefined, null, "", "yes", "TRUE", 1, 0, [], {}].map((isMainMonitor) =>
      data(record({ isMainMonitor })),
    ),
  ],
  [
    "addCheatRecord",
    "data[0].extraInfo",
    [
      5,
      true,
      [],
      [{}],
      "a\0b",
      deep(33),
      { constructor: 1 },
      { a: [{ prototype: {} }] },
      JSON.parse('{"__proto__":{"a":1}}'),
    ].map((extraInfo) => data(record({ extraInfo }))),
  ],
  ["addCheatRecord", "data[1].detectType", [data(record(), record({ detectType: "" }))]],
  ["listCheatRecord", "roomId", [...BAD_OPTIONAL_ID, undefined, null, ""]],
  ["listCheatRecord", "examId", [...BAD_OPTIONAL_ID, "another"]],
  ["listCheatRecord", "pageSize", BAD_PAGE_SIZE],
  [
    "listCheatRecord",
    "scrollToken",
    ["abc", 0, "0", -1, 1.5, "1.5", "0x10", "1e3", true, [], {}, "9007199254740993"],
  ],
];

/** The field of the request that a case changes: `data[0].userId` is part of `data`. */
const sentField = (field: string) => field.split("[")[0] ?? field;

describe("a call without any field", () => {
  it.each(Object.keys(GOOD) as Name[])("names all that are missing: %s", async (name) => {
    const fixture = await nextSchool();
    const fields = Object.keys(GOOD[name].fields(fixture));
    const without = (left: readonly string[]) =>
      call(fixture, name, Object.fromEntries(left.map((field) => [field, undefined])));
    const missing: string[] = [];
    for (const field of fields) {
      const { errorCode, errorMsg } = (await without([field])).body;
      if (errorCode === "400") missing.push(errorMsg);
    }
    const { errorCode, errorMsg } = (await without(fields)).body;
    if (missing.length === 0) expect(errorCode).not.toBe("400");
    else expect(errorMsg.split("; ").toSorted()).toEqual([...new Set(missing)].toSorted());
  });
});

describe("a wrong field is refused by the name that it was sent with", () => {
  it.each(BAD)("%s: %s", async (name, field, values) => {
    const fixture = await nextSchool();
    const newestRooms = async () => (await fixture.admin.room.list({})).rooms;
    const before = await newestRooms();
    for (const value of values) {
      const answer = await call(fixture, name, { [sentField(field)]: value });
      const sentence = refusalOf(answer, 400, "INVALID_INPUT");
      expect({ value, sentence, names: sentence.startsWith(`${field} `) }).toEqual({
        value,
        sentence,
        names: true,
      });
    }
    const { records } = await fixture.admin.cheat.listRecords(roomId(fixture));
    expect(records).toEqual([]);
    expect(await newestRooms()).toEqual(before);
  });

  it.each([
    ["v2createRoom", "imServer[0]", ["telegram"]],
    ["v2createRoom", "imServer[1]", ["aliyun_new", 5]],
    ["createRoom", "imServer[0]", [null]],
    ["v2getIMToken", "imServer[0]", ["ALIYUN_NEW"]],
  ] as const)("%s: %s", async (name, field, imServer) => {
    const fixture = await nextSchool();
    expect(refusalOf(await call(fixture, name, { imServer }), 400, "INVALID_INPUT")).toMatch(
      new RegExp(`^${field.replace(/[[\]]/g, "\\$&")} must be 'aliyun_new' or `),
    );
  });

  it("and the sentence says it once", async () => {
    const fixture = await nextSchool();
    const answer = await call(fixture, "listCheatRecord", { roomId: undefined });
    expect(refusalOf(answer, 400, "INVALID_INPUT")).toBe("roomId or examId is required");
  });
});

/** All paths respond without changes. Otherwise, the cases above would prove nothing. */
const NO_PROVIDER: readonly Name[] = ["getOssConfig"];
const answers = async (fixture: ExamsFixture, name: Name, change: Fields): Promise<void> => {
  const answer = await call(fixture, name, change);
  if (NO_PROVIDER.includes(name)) refusalOf(answer, 501, "PROVIDER_NOT_CONFIGURED");
  else if (["setCheatConfig", "addCheatRecord"].includes(name)) expectDone(answer);
  else dataOf(answer);
};
// Safe: the keys are the names.
const NAMES = Object.keys(GOOD) as Name[];

describe("what a path accepts", () => {
  it.each(NAMES)("%s ignores ts and every field that it does not know", async (name) => {
    const fixture = await nextSchool();
    await answers(fixture, name, {});
    await answers(fixture, name, {
      ts: 1767323045000,
      role2: "admin",
      nested: { a: [1] },
      hasOwnProperty: 1,
    });
  });

  const OPTIONAL: readonly (readonly [Name, string])[] = [
    ["createRoom", "imServer"],
    ["v2getIMToken", "roomId"],
    ["v2getIMToken", "deviceId"],
    ["v2getIMToken", "deviceType"],
    ["v2getIMToken", "role"],
    ["getIMToken", "deviceId"],
    ["getIMToken", "deviceType"],
    ["selectAudio", "pageNum"],
    ["selectAudio", "pageSize"],
    ["selectAudio", "name"],
    ["selectAudio", "classify"],
    ["addCheatRecord", "examId"],
    ["listCheatRecord", "examId"],
    ["listCheatRecord", "pageSize"],
    ["listCheatRecord", "scrollToken"],
  ];
  it.each(OPTIONAL)("%s takes null and an empty %s for none", async (name, field) => {
    const fixture = await nextSchool();
    for (const nothing of [null, ""]) await answers(fixture, name, { [field]: nothing });
  });

  it("getOssConfig takes an empty mode for none", async () => {
    const fixture = await nextSchool();
    await answers(fixture, "getOssConfig", { mode: "" });
  });

  it.each([
    ["selectAudio", { pageNum: "2", pageSize: "100", classify: "0" }],
    ["selectAudio", { pageNum: " 2 " }],
    ["listCheatRecord", { pageSize: "100", scrollToken: "9007199254740991" }],
    ["listCheatRecord", { scrollToken: 9007199254740991 }],
    ["v2createRoom", { name: "长".repeat(63) }],
    ["v2createRoom", { name: ` ${"长".repeat(63)} ` }],
    ["setCheatConfig", { data: "x".repeat(65_536) }],
    ["addCheatRecord", { data: data(...Array.from({ length: 500 }, () => record())) }],
    ["addCheatRecord", { data: data(record({ extraInfo: "x".repeat(200 * 1024) })) }],
    ["addCheatRecord", { data: data(record({ extraInfo: deep(32) })) }],
    ["addCheatRecord", { data: data(record({ detectType: "长".repeat(64) })) }],
    ["addCheatRecord", { data: data(record({ detectTime: "232323", isMainMonitor: "false" })) }],
    ["addCheatRecord", { data: data(record({ userId: 12345 })) }],
    ["addCheatRecord", { data: ` ${data(record())}\n` }],
  ] as const)("%s takes %o", async (name, change) => {
    const fixture = await nextSchool();
    await answers(fixture, name, change);
  });

  it.each([
    // path, fields, the resource that is not found: the number was parsed as an id
    ["endRoomByPost", { roomId: 123 }, "room 123"],
    ["updateRoomAudioStatus", { id: 123 }, "room 123"],
    ["getCheatConfig", { examId: 123 }, "exam 123"],
    ["listCheatRecord", { roomId: 9007199254740991 }, "room 9007199254740991"],
    ["v2getIMToken", { roomId: 123 }, "room 123"],
    ["v2getIMToken", { userId: -5 }, "-5"],
  ] as const)("%s takes %o for an id", async (name, change, shown) => {
    const fixture = await nextSchool();
    expect(refusalOf(await call(fixture, name, change), 403, "FORBIDDEN")).toContain(shown);
  });

  it("a person whose id is a number is the same person as its text", async () => {
    const fixture = await nextSchool();
    await fixture.admin.participant.add({
      roomId: fixture.room.id,
      participants: [{ userId: "2024001", name: "N", role: "examinee" }],
    });
    const client = rest(fixture, await fixture.token({ sub: "2024001", role: "examinee" }));
    const sent = { roomId: fixture.room.id, userId: 2024001 };
    expect(dataOf(await client.get("userInfo", sent)).id).toBe("2024001");
    const token = dataOf(await client.post("v2/getIMToken", { ...sent, imServer: ["aliyun_new"] }));
    expect(token.aliyunNewIm.auth.userId).toBe("2024001");
    const added = { roomId: fixture.room.id, data: data(record({ userId: 2024001 })) };
    expectDone(await client.post("cheat/addCheatRecord", added));
    const { records } = await fixture.admin.cheat.listRecords(roomId(fixture));
    expect(records.map(({ userId }) => userId)).toEqual(["2024001"]);
  });

  it.each([["roomId=a&roomId=b"], ["roomId[]=a"], ["roomId[x]=a"], ["=a"], ["roomId"]])(
    "roomInfo refuses the query %s",
    async (query) => {
      const fixture = await nextSchool();
      const token = await fixture.token({ sub: "teacher1", role: "teacher" });
      const answer = await send(fixture, { method: "GET", path: `/exam/roomInfo?${query}` }, token);
      expect(refusalOf(answer, 400, "INVALID_INPUT")).toMatch(/^roomId /);
    },
  );
});
