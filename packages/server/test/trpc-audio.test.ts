import { join } from "node:path";
import { MAX_EXAM_AUDIO } from "@invigil/schema";
import { eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { createTestApp, type TestApp } from "../src/app/testing.js";
import { query } from "../src/storage/statement.js";
import { audioClips } from "../src/storage/tables.js";
import { dataOf, rest } from "./support/calls.js";
import { openTestDatabase } from "./support/database.js";
import { openExamsFixture } from "./support/exams-fixture.js";
import { tempFolder } from "./support/folders.js";
import { reasonOf, refused } from "./support/reason.js";
import { sharedSchools } from "./support/shared.js";
import { change } from "./support/tables.js";

const nextSchool = sharedSchools();

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
    ["ÉCOUTE ÇA", 3],
    ["ＦＵＬＬ width", 3],
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
    [{ name: "äTHER" }, ["Äther"]],
    // The same letter, written as two characters.
    [{ name: "A\u0308THER" }, ["Äther"]],
    [{ name: "écoute ç" }, ["ÉCOUTE ÇA"]],
    [{ name: "ecoute" }, []],
    [{ name: "full" }, ["ＦＵＬＬ width"]],
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

const at = (minute: number) => new Date(Date.UTC(2026, 0, 2, 4, minute));

describe("audio.attach", () => {
  it("orders scheduled clips by time, and those by hand as they came", async () => {
    const fixture = await nextSchool();
    const { examId } = fixture.room;
    const ids = await library(fixture, [["a"], ["b"], ["c"]]);
    const attach = async (name: string, startTime?: Date) =>
      fixture.teacher.audio.attach({ examId, clipId: ids.get(name) ?? "", startTime });
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
    const { scheduledAudio, manualAudio } = await fixture.teacher.exam.get({ examId });
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
    const fixture = await nextSchool();
    const { examId } = fixture.room;
    const { clipId } = fixture;
    for (const startTime of [undefined, at(1)]) {
      const first = await fixture.teacher.audio.attach({ examId, clipId, startTime });
      expect(await fixture.teacher.audio.attach({ examId, clipId, startTime })).toEqual(first);
    }
    const exam = await fixture.teacher.exam.get({ examId });
    expect([exam.manualAudio.length, exam.scheduledAudio.length]).toEqual([1, 1]);
  });

  it("is refused beyond as many attachments as exam.update may set, and takes nothing away", async () => {
    const fixture = await nextSchool();
    const { examId } = fixture.room;
    const { clipId } = fixture;
    const { audio, exam } = fixture.teacher;
    const full = Array.from({ length: MAX_EXAM_AUDIO }, (_, n) => ({ clipId, startTime: at(n) }));
    await exam.update({ examId, audio: full });
    expect(await refused(audio.attach({ examId, clipId }))).toMatchObject({
      reason: "QUOTA_EXCEEDED",
      message: `The exam ${examId} may have at most ${MAX_EXAM_AUDIO} audio clips, and has ${MAX_EXAM_AUDIO}.`,
    });
    // An existing attachment is no further one.
    const { id: attachmentId } = await audio.attach({ examId, clipId, startTime: at(0) });
    expect((await exam.get({ examId })).scheduledAudio).toHaveLength(MAX_EXAM_AUDIO);
    await audio.detach({ examId, attachmentId });
    expect(await reasonOf(audio.attach({ examId, clipId }))).toBe("ok");
  });

  it("is heard in that exam alone", async () => {
    const fixture = await nextSchool();
    const { clipId } = fixture;
    await fixture.teacher.audio.attach({ examId: fixture.room.examId, clipId });
    expect((await fixture.admin.exam.get({ examId: fixture.other.examId })).manualAudio).toEqual([]);
    const examinee = fixture.as({ sub: "examinee3", role: "examinee" });
    expect((await examinee.exam.get({ examId: fixture.sibling.examId })).manualAudio).toHaveLength(1);
  });

  it("names what does not exist", async () => {
    const fixture = await nextSchool();
    const { examId } = fixture.room;
    const { clipId } = fixture;
    const { audio } = fixture.admin;
    expect(await reasonOf(audio.attach({ examId, clipId: "none" }))).toBe("AUDIO_CLIP_NOT_FOUND");
    expect(await reasonOf(audio.attach({ examId: "none", clipId }))).toBe("EXAM_NOT_FOUND");
  });

  it("reaches the apps under radioInfo and audioInfo, by the attachment's id", async () => {
    const fixture = await nextSchool();
    const { examId } = fixture.room;
    const { clipId } = fixture;
    const scheduled = await fixture.teacher.audio.attach({ examId, clipId, startTime: at(0) });
    const manual = await fixture.teacher.audio.attach({ examId, clipId });
    const client = rest(fixture, await fixture.token({ sub: "examinee1", role: "examinee" }));
    const exam = dataOf(await client.get("examInfo", { examId }));
    expect(exam.radioInfo).toMatchObject([{ id: scheduled.id, startTime: "2026/01/02 12:00:00" }]);
    expect(exam.audioInfo).toMatchObject([{ id: manual.id, name: "Bell" }]);
  });
});

describe("audio.update", () => {
  it("changes what is given and leaves the rest", async () => {
    let now = new Date("2026-01-02T03:04:05Z");
    await using app = await createTestApp({ now: () => now });
    const { audio } = app.as(ADMIN);
    const ossUrl = "https://oss.example/x.wav";
    const made = await audio.create({ name: "Gong", classify: 1, url, ossUrl });
    const clipId = made.id;
    now = new Date("2026-01-02T03:05:00Z");
    const steps = [
      [{}, made],
      [{ name: " ÄNDERUNG " }, { ...made, name: "ÄNDERUNG" }],
      [{ classify: 0 }, { ...made, name: "ÄNDERUNG", classify: 0 }],
      [{ isDefault: true }, { ...made, name: "ÄNDERUNG", classify: 0, isDefault: true }],
      [{ isDefault: false, name: "Gong", classify: 1 }, made],
    ] as const;
    for (const [change, expected] of steps) {
      expect({ change, clip: await audio.update({ clipId, ...change }) }).toStrictEqual({
        change,
        clip: expected,
      });
      expect((await audio.list({})).list).toEqual([expected]);
    }
    await audio.update({ clipId, name: "ÄNDERUNG" });
    expect((await audio.list({ name: "änder" })).total).toBe(1);
    expect((await audio.list({ name: "gong" })).total).toBe(0);
  });

  it("is seen wherever the clip is played", async () => {
    const fixture = await nextSchool();
    const { examId } = fixture.room;
    const { clipId } = fixture;
    await fixture.teacher.audio.attach({ examId, clipId });
    await fixture.admin.audio.update({ clipId, name: "Gong" });
    expect((await fixture.teacher.exam.get({ examId })).manualAudio).toMatchObject([
      { clipId, name: "Gong" },
    ]);
  });

  it("names a clip that does not exist", async () => {
    await using app = await createTestApp();
    expect(await refused(app.as(ADMIN).audio.update({ clipId: "none", name: "N" }))).toMatchObject({
      reason: "AUDIO_CLIP_NOT_FOUND",
      message: "There is no audio clip none.",
    });
  });
});

describe("audio.delete", () => {
  it("takes a clip out of the library, and no other", async () => {
    await using app = await createTestApp();
    const ids = await library(app, [["a"], ["b"]]);
    const { audio } = app.as(ADMIN);
    expect(await audio.delete({ clipId: ids.get("a") ?? "" })).toBe(true);
    expect((await audio.list({})).list.map(({ name }) => name)).toEqual(["b"]);
    expect(await reasonOf(audio.delete({ clipId: ids.get("a") ?? "" }))).toBe("AUDIO_CLIP_NOT_FOUND");
  });

  it("is refused while exams play it, and says how many", async () => {
    const fixture = await nextSchool();
    const { clipId } = fixture;
    const [one, two] = [fixture.room.examId, fixture.other.examId];
    const attached = [
      await fixture.admin.audio.attach({ examId: one, clipId }),
      await fixture.admin.audio.attach({ examId: one, clipId, startTime: new Date(0) }),
      await fixture.admin.audio.attach({ examId: two, clipId }),
    ];
    const { audio } = fixture.admin;
    expect(await refused(audio.delete({ clipId }))).toMatchObject({
      reason: "AUDIO_CLIP_CONFLICT",
      message: `2 exams play the audio clip ${clipId}.`,
    });
    await audio.detach({ examId: two, attachmentId: attached[2]?.id ?? "" });
    expect((await refused(audio.delete({ clipId }))).message).toBe(`1 exam plays the audio clip ${clipId}.`);
    for (const { id } of attached.slice(0, 2)) await audio.detach({ examId: one, attachmentId: id });
    expect(await audio.delete({ clipId })).toBe(true);
  });
});

describe("audio.detach", () => {
  it("takes one attachment out of its exam", async () => {
    const fixture = await nextSchool();
    const { examId } = fixture.room;
    const { clipId } = fixture;
    const { audio, exam } = fixture.teacher;
    const scheduled = await audio.attach({ examId, clipId, startTime: at(1) });
    const manual = await audio.attach({ examId, clipId });
    expect(await audio.detach({ examId, attachmentId: scheduled.id })).toBe(true);
    expect(await exam.get({ examId })).toMatchObject({ scheduledAudio: [], manualAudio: [manual] });
    expect(await refused(audio.detach({ examId, attachmentId: scheduled.id }))).toMatchObject({
      reason: "AUDIO_CLIP_NOT_FOUND",
      message: `The exam ${examId} has no audio attached as ${scheduled.id}.`,
    });
  });

  it("reaches no other exam's", async () => {
    const fixture = await nextSchool();
    const { clipId } = fixture;
    const { id: attachmentId } = await fixture.admin.audio.attach({ examId: fixture.other.examId, clipId });
    const call = fixture.teacher.audio.detach({ examId: fixture.room.examId, attachmentId });
    expect(await reasonOf(call)).toBe("AUDIO_CLIP_NOT_FOUND");
    expect((await fixture.admin.exam.get({ examId: fixture.other.examId })).manualAudio).toHaveLength(1);
  });
});

describe("an exam with no manual audio of its own", () => {
  const heard = async (fixture: Awaited<ReturnType<typeof openExamsFixture>>) =>
    (await fixture.teacher.exam.get({ examId: fixture.room.examId })).manualAudio;

  it("offers the library's default clips, in the library's order, until it has its own", async () => {
    await using fixture = await openExamsFixture();
    const { examId } = fixture.room;
    const { audio } = fixture.admin;
    const make = (name: string, isDefault: boolean) => audio.create({ name, url, classify: 4, isDefault });
    const [first, , third] = [await make("1", true), await make("2", false), await make("3", true)];
    const offered = (clip: typeof first) => ({
      id: clip.id,
      clipId: clip.id,
      name: clip.name,
      classify: 4,
      url,
    });
    expect(await heard(fixture)).toStrictEqual([offered(first), offered(third)]);
    await audio.attach({ examId, clipId: fixture.clipId, startTime: at(1) });
    expect(await heard(fixture)).toHaveLength(2);
    const own = await audio.attach({ examId, clipId: fixture.clipId });
    expect(await heard(fixture)).toEqual([own]);
    await audio.detach({ examId, attachmentId: own.id });
    await audio.update({ clipId: first.id, isDefault: false });
    expect(await heard(fixture)).toStrictEqual([offered(third)]);
    const client = rest(fixture, await fixture.token({ sub: "examinee1", role: "examinee" }));
    expect(dataOf(await client.get("examInfo", { examId })).audioInfo).toStrictEqual([offered(third)]);
  });

  it("offers a hundred of them at most", async () => {
    await using fixture = await openExamsFixture();
    for (let n = 0; n < 101; n++) await fixture.admin.audio.create({ name: `${n}`, url, isDefault: true });
    const names = (await heard(fixture)).map(({ name }) => name);
    expect(names).toEqual(Array.from({ length: 100 }, (_, n) => `${n}`));
  });
});

describe("a clip of the library", () => {
  const openClips = async () => {
    const fixture = await openExamsFixture();
    const other = fixture.as({ sub: "teacher2", role: "teacher" });
    const { id: own } = await fixture.teacher.audio.create({ name: "Own", url });
    return { ...fixture, other, own };
  };
  const changes = (caller: Awaited<ReturnType<typeof openClips>>["teacher"], clipId: string) => [
    () => caller.audio.update({ clipId, name: "Renamed" }),
    () => caller.audio.update({ clipId, classify: 7 }),
    () => caller.audio.update({ clipId }),
    () => caller.audio.delete({ clipId }),
  ];

  it("is changed by the teacher who added it, and by no other", async () => {
    await using fixture = await openClips();
    const before = await fixture.admin.audio.list({});
    for (const call of [...changes(fixture.other, fixture.own), ...changes(fixture.teacher, fixture.clipId)])
      expect(await refused(call())).toMatchObject({
        reason: "FORBIDDEN",
        message: expect.stringMatching(/is not yours/),
      });
    expect(await fixture.admin.audio.list({})).toEqual(before);
    for (const call of changes(fixture.teacher, fixture.own)) expect(await reasonOf(call())).toBe("ok");
  });

  it("is changed by administrators, whoever added it", async () => {
    await using fixture = await openClips();
    for (const call of changes(fixture.admin, fixture.own)) expect(await reasonOf(call())).toBe("ok");
  });

  it("is only an administrator's to change where nobody noted who added it", async () => {
    using folder = tempFolder();
    const databaseFile = join(folder.path, "invigil.db");
    await using fixture = await openExamsFixture({ config: { databaseFile } });
    const { id } = await fixture.teacher.audio.create({ name: "Of version 0.1", url });
    await using db = await openTestDatabase({ file: databaseFile });
    await change(db, query.update(audioClips).set({ createdBy: null }).where(eq(audioClips.id, id)));
    for (const call of changes(fixture.teacher, id)) expect(await reasonOf(call())).toBe("FORBIDDEN");
    for (const call of changes(fixture.admin, id)) expect(await reasonOf(call())).toBe("ok");
  });

  it("is made a default one by administrators only: all exams without audio of their own offer it", async () => {
    await using fixture = await openClips();
    const { teacher, admin, own } = fixture;
    for (const call of [
      () => teacher.audio.create({ name: "N", url, isDefault: true }),
      () => teacher.audio.update({ clipId: own, isDefault: true }),
    ])
      expect(await refused(call())).toMatchObject({
        reason: "FORBIDDEN",
        message: expect.stringMatching(/isDefault/),
      });
    expect((await admin.exam.get({ examId: fixture.room.examId })).manualAudio).toEqual([]);
    // A field with its current value changes nothing.
    expect(await reasonOf(teacher.audio.update({ clipId: own, isDefault: false, name: "Mine" }))).toBe("ok");
    await admin.audio.update({ clipId: own, isDefault: true });
    for (const call of changes(teacher, own))
      expect(await refused(call())).toMatchObject({
        reason: "FORBIDDEN",
        message: expect.stringMatching(/default/),
      });
  });
});

it("selectAudio says nothing of defaults, which its apps do not know", async () => {
  await using app = await createTestApp();
  const { id } = await app.as(ADMIN).audio.create({ name: "Ä", url, isDefault: true });
  const client = rest(app, await app.token(ADMIN));
  expect(dataOf(await client.post("selectAudio", { name: "ä" })).list).toStrictEqual([
    { id, name: "Ä", classify: 0, url },
  ]);
});
