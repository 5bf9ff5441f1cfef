import { describe, expect, it } from "vitest";
import { createTestApp, type TestApp } from "../src/testing.js";
import { dataOf, rest } from "./support/calls.js";
import { reasonOf } from "./support/reason.js";
import { openSchool } from "./support/school.js";

const ADMIN = { sub: "root", role: "admin" } as const;
const url = "https://audio.example/x.wav";
const library = async (app: TestApp, clips: readonly (readonly [string, number?])[]) => {
  const ids = new Map<string, string>();
  for (const [name, classify] of clips)
    ids.set(name, (await app.as(ADMIN).audio.create({ name, classify, url })).id);
  return ids;
};

describe("audio.list", () => {
  const CLIPS = [
    ["Bell 100%", 1],
    ["bell_2", 1],
    ["BELL 3", 2],
    ["考试须知 Notice", 0],
    ["a\\b", 0],
    ["it's", 0],
    ["Äther", 3],
  ] as const;

  it.each([
    [{ name: "bell" }, ["Bell 100%", "bell_2", "BELL 3"]],
    [{ name: "BeLL" }, ["Bell 100%", "bell_2", "BELL 3"]],
    [{ name: "%" }, ["Bell 100%"]],
    [{ name: "_" }, ["bell_2"]],
    [{ name: "b%l" }, []],
    [{ name: "bell_3" }, []],
    [{ name: "\\" }, ["a\\b"]],
    [{ name: "'" }, ["it's"]],
    [{ name: '"' }, []],
    [{ name: "*" }, []],
    [{ name: "考试" }, ["考试须知 Notice"]],
    [{ name: " notice " }, ["考试须知 Notice"]],
    [{ name: "Äther" }, ["Äther"]],
    [{ classify: 1 }, ["Bell 100%", "bell_2"]],
    [{ classify: 0 }, ["考试须知 Notice", "a\\b", "it's"]],
    [{ classify: 9 }, []],
    [{ classify: 2, name: "bell" }, ["BELL 3"]],
    [{}, CLIPS.map(([name]) => name)],
  ])("finds by %o", async (filter, names) => {
    await using app = await createTestApp();
    await library(app, CLIPS);
    const { total, list } = await app.as(ADMIN).audio.list(filter);
    expect({ total, names: list.map(({ name }) => name) }).toEqual({ total: names.length, names });
  });

  it("pages in the order the clips were made, and says how many there are in all", async () => {
    await using app = await createTestApp();
    await library(
      app,
      Array.from({ length: 12 }, (_, n) => [`clip ${n}`, n % 2] as const),
    );
    const page = async (pageNum?: number, pageSize?: number, classify?: number) => {
      const { list, ...rest } = await app.as(ADMIN).audio.list({ pageNum, pageSize, classify });
      return { ...rest, names: list.map(({ name }) => Number(name.slice(5))) };
    };
    const upTo = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => n + from);
    expect(await page()).toEqual({ pageNum: 1, pageSize: 10, total: 12, names: upTo(0, 10) });
    expect(await page(2)).toEqual({ pageNum: 2, pageSize: 10, total: 12, names: [10, 11] });
    expect(await page(3)).toEqual({ pageNum: 3, pageSize: 10, total: 12, names: [] });
    expect(await page(2, 5)).toEqual({ pageNum: 2, pageSize: 5, total: 12, names: upTo(5, 10) });
    expect(await page(2, 4, 1)).toEqual({ pageNum: 2, pageSize: 4, total: 6, names: [9, 11] });
    expect(await page(1_000_000, 100)).toMatchObject({ total: 12, names: [] });
  });
});

describe("audio.create", () => {
  it.each([
    ["ftp://x.example/a.wav"],
    ["javascript:alert(1)"],
    ["data:audio/wav;base64,AA=="],
    ["/audio/x.wav"],
    ["x.wav"],
    [""],
    [`https://x.example/${"x".repeat(2048)}`],
  ])("refuses the URL %s", async (bad) => {
    await using app = await createTestApp();
    const { audio } = app.as(ADMIN);
    expect(await reasonOf(audio.create({ name: "N", url: bad }))).toBe("INVALID_INPUT");
    if (bad) expect(await reasonOf(audio.create({ name: "N", url, ossUrl: bad }))).toBe("INVALID_INPUT");
    expect((await audio.list({})).total).toBe(0);
  });
});

describe("audio.attach", () => {
  const at = (minute: number) => new Date(Date.UTC(2026, 0, 2, 4, minute));

  it("orders scheduled clips by time, and those by hand as they came", async () => {
    await using school = await openSchool();
    const { examId } = school.room;
    const ids = await library(school, [["a"], ["b"], ["c"]]);
    const attach = async (name: string, startTime?: Date) =>
      school.teacher.audio.attach({ examId, clipId: ids.get(name) ?? "", startTime });
    for (const [name, minute] of [
      ["c", 30],
      ["a", 10],
      ["b", 30],
      ["c", undefined],
      ["b", 20],
      ["a", undefined],
      ["a", 40],
    ] as const)
      await attach(name, minute === undefined ? undefined : at(minute));
    const { scheduledAudio, manualAudio } = await school.teacher.exam.get({ examId });
    expect(scheduledAudio.map(({ name, startTime }) => [name, startTime.getUTCMinutes()])).toEqual([
      ["a", 10],
      ["b", 20],
      ["c", 30],
      ["b", 30],
      ["a", 40],
    ]);
    expect(manualAudio.map(({ name }) => name)).toEqual(["c", "a"]);
    const attachments = [...scheduledAudio, ...manualAudio].map(({ id }) => id);
    expect(new Set(attachments).size).toBe(7);
  });

  it("of the same clip at the same time changes nothing", async () => {
    await using school = await openSchool();
    const { examId } = school.room;
    const { clipId } = school;
    for (const startTime of [undefined, at(1)]) {
      const first = await school.teacher.audio.attach({ examId, clipId, startTime });
      expect(await school.teacher.audio.attach({ examId, clipId, startTime })).toEqual(first);
    }
    const exam = await school.teacher.exam.get({ examId });
    expect([exam.manualAudio.length, exam.scheduledAudio.length]).toEqual([1, 1]);
  });

  it("is heard in that exam alone", async () => {
    await using school = await openSchool();
    const { clipId } = school;
    await school.teacher.audio.attach({ examId: school.room.examId, clipId });
    expect((await school.admin.exam.get({ examId: school.other.examId })).manualAudio).toEqual([]);
    const examinee = school.as({ sub: "examinee3", role: "examinee" });
    expect((await examinee.exam.get({ examId: school.sibling.examId })).manualAudio).toHaveLength(1);
  });

  it("names what does not exist", async () => {
    await using school = await openSchool();
    const { examId } = school.room;
    const { clipId } = school;
    const { audio } = school.admin;
    expect(await reasonOf(audio.attach({ examId, clipId: "none" }))).toBe("AUDIO_CLIP_NOT_FOUND");
    expect(await reasonOf(audio.attach({ examId: "none", clipId }))).toBe("EXAM_NOT_FOUND");
  });

  it("reaches the apps under radioInfo and audioInfo, by the attachment's id", async () => {
    await using school = await openSchool();
    const { examId } = school.room;
    const { clipId } = school;
    const scheduled = await school.teacher.audio.attach({ examId, clipId, startTime: at(0) });
    const manual = await school.teacher.audio.attach({ examId, clipId });
    const door = rest(school, await school.token({ sub: "examinee1", role: "examinee" }));
    const exam = dataOf(await door.get("examInfo", { examId }));
    expect(exam.radioInfo).toMatchObject([{ id: scheduled.id, startTime: "2026/01/02 12:00:00" }]);
    expect(exam.audioInfo).toMatchObject([{ id: manual.id, name: "Bell" }]);
  });
});
