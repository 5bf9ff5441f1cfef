import { describe, expect, it } from "vitest";
import { addCheatRecordsInput, knownDetectTypes, listCheatRecordsInput, parseCheatConfig } from "./index.js";

const record = {
  isMainMonitor: true,
  userId: "s1",
  detectTime: new Date(0),
  detectType: "watch",
  extraInfo: {} as unknown,
};
const add = (...records: unknown[]) => addCheatRecordsInput.safeParse({ roomId: "r1", records });
/** What is wrong with a record that differs from a good one: `field message`. */
const fault = (different: Record<string, unknown>): string | undefined => {
  const issue = add({ ...record, ...different }).error?.issues[0];
  return issue && `${issue.path.slice(2).join(".")} ${issue.message}`;
};
const kept = (different: Record<string, unknown>) => add({ ...record, ...different }).data?.records[0];

describe("cheat records", () => {
  it("come 1 to 500 a call", () => {
    expect(add(...Array(500).fill(record)).success).toBe(true);
    expect(add(...Array(501).fill(record)).error?.issues[0]?.message).toBe("must be at most 500 records");
    expect(add().error?.issues[0]?.message).toBe("must not be empty");
  });

  it("take any detect type of 1 to 64 characters, unchanged", () => {
    for (const detectType of [...knownDetectTypes, "11", " x ", "t".repeat(64)])
      expect(kept({ detectType })?.detectType).toBe(detectType);
    expect(fault({ detectType: "" })).toBe("detectType must not be empty");
    expect(fault({ detectType: "t".repeat(65) })).toBe("detectType must be at most 64 characters");
    expect(fault({ detectType: "\u0000" })).toMatch(/^detectType must not contain U\+0000/);
  });

  it("happened between 1970 and 9999", () => {
    for (const time of ["1970-01-01T00:00:00.000Z", "9999-12-31T00:00:00.000Z"])
      expect(kept({ detectTime: new Date(time) })?.detectTime.toISOString()).toBe(time);
    expect(fault({ detectTime: new Date(-1) })).toBe("detectTime must not be before 1970");
    expect(fault({ detectTime: new Date("9999-12-31T00:00:00.001Z") })).toBe(
      "detectTime must not be after 9999",
    );
    expect(fault({ detectTime: 232_323 })).toBe("detectTime must be a date");
  });

  it("say which camera by a boolean", () => {
    for (const isMainMonitor of ["true", 1, null, undefined])
      expect(fault({ isMainMonitor })).toBe("isMainMonitor must be true or false");
  });

  it.each([[""], ["{222}2"], ["  text "], [{ a: [1, null, { b: "学" }] }], [{}]])(
    "keep the extra info %j as it came",
    (extraInfo) => {
      expect(kept({ extraInfo })?.extraInfo).toStrictEqual(extraInfo);
    },
  );

  it.each([[undefined], [null]])("read the extra info %j as {}", (extraInfo) => {
    expect(kept({ extraInfo })?.extraInfo).toEqual({});
  });

  it.each([[[]], [[{}]], [1], [true], [new Date(0)], [new Map()]])(
    "refuse the extra info %j",
    (extraInfo) => {
      expect(fault({ extraInfo })).toMatch(/^extraInfo must be a (text or a )?JSON object$/);
    },
  );

  it("refuse extra info that is too deep, too long, or uses reserved names", () => {
    let deep: unknown = {};
    for (let level = 0; level < 32; level += 1) deep = { deep };
    expect(fault({ extraInfo: deep })).toMatch(/^extraInfo must/);
    expect(fault({ extraInfo: "x".repeat(256 * 1024 + 1) })).toMatch(/^extraInfo must/);
    expect(fault({ extraInfo: JSON.parse('{"__proto__":{}}') })).toMatch(/^extraInfo must/);
  });

  it("are about somebody who could be in a room", () => {
    expect(fault({ userId: "" })).toBe("userId must not be empty");
    expect(kept({ userId: 17 })?.userId).toBe("17");
  });
});

describe("listing records", () => {
  it("needs a room or an exam", () => {
    expect(listCheatRecordsInput.safeParse({ examId: "e" }).success).toBe(true);
    for (const input of [{}, { roomId: "", examId: null }]) {
      const [issue] = listCheatRecordsInput.safeParse(input).error?.issues ?? [];
      expect(issue).toMatchObject({
        path: ["roomId"],
        message: expect.stringMatching(/or examId is required$/),
      });
    }
  });

  it.each([
    ["12", 12],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    ["", undefined],
  ])("reads the cursor %j", (cursor, read) => {
    expect(listCheatRecordsInput.parse({ roomId: "r", cursor }).cursor).toBe(read);
  });

  it.each([0, -1, "abc", "1e3", "9007199254740993"])("refuses the cursor %j", (cursor) => {
    expect(listCheatRecordsInput.safeParse({ roomId: "r", cursor }).error?.issues[0]?.path).toEqual([
      "cursor",
    ]);
  });
});

describe("parseCheatConfig", () => {
  it("reads both cameras", () => {
    const config = {
      pc: {
        scenePersonExit: true,
        manyPeople: false,
        actionPoseStandup: true,
        actionPoseHandup: true,
        actionHeadUpDown: false,
        headShaking: true,
        objectDetect: true,
        actionPersonSpeech: false,
      },
      mobile: { objectDetect: true },
    };
    expect(parseCheatConfig(JSON.stringify(config))).toEqual(config);
  });

  it("reads a part, and leaves out what it does not know", () => {
    expect(parseCheatConfig("{}")).toEqual({});
    expect(parseCheatConfig('{"pc":{"manyPeople":true,"telepathy":true},"tablet":{}}')).toEqual({
      pc: { manyPeople: true },
    });
  });

  it.each(["{xxxx}", "", "null", "[]", "1", '{"pc":{"manyPeople":"yes"}}', '{"pc":[]}', '{"pc":null}'])(
    "gives nothing for %j",
    (text) => {
      expect(parseCheatConfig(text)).toBeUndefined();
    },
  );
});
