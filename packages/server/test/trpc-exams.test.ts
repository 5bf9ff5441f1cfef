import { describe, expect, it } from "vitest";
import { createTestApp } from "../src/testing.js";
import { reasonOf, refused } from "./support/reason.js";

const TEACHER = { sub: "t1", role: "teacher" } as const;
const ADMIN = { sub: "root", role: "admin" } as const;
const START = new Date("2026-02-01T00:00:00Z");
const END = new Date("2026-02-01T02:00:00Z");
const hours = (count: number) => new Date(START.getTime() + count * 3_600_000);
const VIDEO = { name: "720p", data: { width: 1280, height: 720, frameRate: 15, maxBitrate: 900 } };

describe("exam.create", () => {
  it("makes an exam that its maker, an administrator, and nobody else reaches before it has rooms", async () => {
    await using app = await createTestApp();
    const made = await app.as(TEACHER).exam.create({ name: " 期末 ", startTime: START, endTime: END });
    expect(made).toStrictEqual({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      name: "期末",
      startTime: START,
      endTime: END,
      scheduledAudio: [],
      manualAudio: [],
      createdAt: new Date("2026-01-02T03:04:05Z"),
      updatedAt: new Date("2026-01-02T03:04:05Z"),
    });
    const get = (caller: Parameters<typeof app.as>[0]) => app.as(caller).exam.get({ examId: made.id });
    expect(await get(TEACHER)).toEqual(made);
    expect(await get(ADMIN)).toEqual(made);
    for (const caller of [
      { sub: "t2", role: "teacher" },
      { sub: "t1", role: "examinee" },
      { sub: "t1", role: "inspector" },
    ] as const)
      expect(await reasonOf(get(caller))).toBe("FORBIDDEN");
  });

  it.each([
    ["the same time", START],
    ["an hour before", hours(-1)],
  ])("refuses an end at %s", async (_, endTime) => {
    await using app = await createTestApp();
    expect(
      await refused(app.as(TEACHER).exam.create({ name: "E", startTime: START, endTime })),
    ).toMatchObject({ reason: "INVALID_INPUT", message: expect.stringContaining("must be after startTime") });
  });
});

describe("exam.update", () => {
  it("changes what is given and leaves the rest", async () => {
    let now = new Date("2026-01-02T03:04:05Z");
    await using app = await createTestApp({ now: () => now });
    const teacher = app.as(TEACHER);
    const made = await teacher.exam.create({
      name: "E",
      startTime: START,
      endTime: END,
      videoProfile: VIDEO,
    });
    now = new Date("2026-01-02T03:05:00Z");
    const examId = made.id;
    const kept = { ...made, updatedAt: now };
    const { videoProfile: _, ...plain } = kept;
    const steps = [
      [{}, kept],
      [{ name: "F" }, { ...kept, name: "F" }],
      [{ startTime: hours(1) }, { ...kept, name: "F", startTime: hours(1) }],
      [{ endTime: hours(3) }, { ...kept, name: "F", startTime: hours(1), endTime: hours(3) }],
      [
        { startTime: hours(5), endTime: hours(6), name: "E" },
        { ...kept, startTime: hours(5), endTime: hours(6) },
      ],
      [{ videoProfile: null }, { ...plain, startTime: hours(5), endTime: hours(6) }],
      [{ videoProfile: VIDEO }, { ...kept, startTime: hours(5), endTime: hours(6) }],
    ] as const;
    for (const [change, expected] of steps) {
      expect({ change, exam: await teacher.exam.update({ examId, ...change }) }).toStrictEqual({
        change,
        exam: expected,
      });
      expect(await teacher.exam.get({ examId })).toStrictEqual(expected);
    }
  });

  it.each([
    ["endTime", { endTime: START }],
    ["endTime", { endTime: hours(-1) }],
    ["startTime", { startTime: END }],
    ["startTime", { startTime: hours(3) }],
    ["endTime", { startTime: hours(5), endTime: hours(4) }],
  ] as const)("refuses to let the exam end before it starts, naming %s (%o)", async (field, change) => {
    await using app = await createTestApp();
    const teacher = app.as(TEACHER);
    const made = await teacher.exam.create({ name: "E", startTime: START, endTime: END });
    expect(await refused(teacher.exam.update({ examId: made.id, ...change }))).toMatchObject({
      reason: "INVALID_INPUT",
      fields: [field],
    });
    expect(await teacher.exam.get({ examId: made.id })).toEqual(made);
  });

  it("of an exam that does not exist tells administrators only", async () => {
    await using app = await createTestApp();
    expect(await reasonOf(app.as(ADMIN).exam.update({ examId: "none", name: "E" }))).toBe("EXAM_NOT_FOUND");
    expect(await reasonOf(app.as(TEACHER).exam.update({ examId: "none", name: "E" }))).toBe("FORBIDDEN");
  });
});
