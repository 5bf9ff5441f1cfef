import { describe, expect, it } from "vitest";
import type { TestCaller } from "../src/app/testing.js";
import { dataOf, refusalOf, rest, type TrpcAnswer, trpc } from "./support/calls.js";
import { rawDropIn } from "./support/drop-in.js";
import { loginFor } from "./support/drop-in-apps.js";
import { type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";
import { connectApi, limited, stopwatch } from "./support/limits.js";
import { wav } from "./support/sounds.js";
import { formOf, openUploads, ADMIN as ROOT } from "./support/uploads.js";

// Quotas. A refused call changes nothing.

const EXAMINEE = { sub: "examinee1", role: "examinee" } as const;
const TEACHER = { sub: "teacher1", role: "teacher" } as const;
const ADMIN = { sub: "root", role: "admin" } as const;

const open = async (environment: Readonly<Record<string, string>>) => {
  const watch = stopwatch();
  const fixture = await openExamsFixture({ config: limited(environment), monotonic: watch.now });
  const api = async (caller: Parameters<ExamsFixture["token"]>[0]) =>
    trpc(fixture, await fixture.token(caller));
  return { ...fixture, watch, api, [Symbol.asyncDispose]: () => fixture.close() };
};
type Opened = Awaited<ReturnType<typeof open>>;

const refused = ({ status, error }: TrpcAnswer): string => {
  expect(status).toBe(409);
  expect(error.data).toMatchObject({ code: "CONFLICT", reason: "QUOTA_EXCEEDED", httpStatus: 409 });
  return error.message;
};
const recording = (fixture: Opened, userId: string, records: number, bytes = 10) => ({
  roomId: fixture.room.id,
  records: Array.from({ length: records }, () => fixture.detection(userId, { extraInfo: "x".repeat(bytes) })),
});
const recorded = async ({ admin, room }: Opened): Promise<number> =>
  (await admin.cheat.listRecords({ roomId: room.id, pageSize: 100 })).records.length;

describe("cheat records about one person in one room", () => {
  it("are as many as the quota has, at every entry point", async () => {
    await using fixture = await open({ INVIGIL_QUOTA_RECORDS_PER_PERSON: "5" });
    const examinee = await fixture.api(EXAMINEE);
    expect((await examinee.mutate("cheat.addRecords", recording(fixture, "examinee1", 4))).status).toBe(200);
    const refusal = `The room ${fixture.room.id}, about examinee1, may have at most 5 cheat records, and has 4.`;
    // Twice: what is known to be full is refused without a write.
    for (let n = 0; n < 2; n += 1)
      expect(refused(await examinee.mutate("cheat.addRecords", recording(fixture, "examinee1", 2)))).toBe(
        refusal,
      );
    const data = recording(fixture, "examinee1", 2).records.map((record) => ({
      ...record,
      detectTime: record.detectTime.getTime(),
    }));
    const app = rest(fixture, await fixture.token(EXAMINEE));
    const answer = await app.post("cheat/addCheatRecord", {
      roomId: fixture.room.id,
      data: JSON.stringify(data),
    });
    expect(refusalOf(answer, 409, "QUOTA_EXCEEDED")).toBe(refusal);
    await using socket = connectApi(await fixture.listen(), await fixture.token(EXAMINEE));
    await expect(
      socket.api.cheat.addRecords.mutate(recording(fixture, "examinee1", 2)),
    ).rejects.toMatchObject({ message: refusal, data: { reason: "QUOTA_EXCEEDED" } });
    expect(await recorded(fixture)).toBe(4);
    expect((await examinee.mutate("cheat.addRecords", recording(fixture, "examinee1", 1))).status).toBe(200);
    // The records of people are counted separately. If one person is full, the records of the others are not
    // added either.
    const teacher = await fixture.api(TEACHER);
    const both = recording(fixture, "examinee2", 1);
    both.records.push(fixture.detection("examinee1"));
    expect(refused(await teacher.mutate("cheat.addRecords", both))).toContain("about examinee1,");
    expect(await recorded(fixture)).toBe(5);
    expect((await teacher.mutate("cheat.addRecords", recording(fixture, "examinee2", 5))).status).toBe(200);
  });

  it("are as large together as the quota has", async () => {
    await using fixture = await open({ INVIGIL_QUOTA_RECORD_MIB_PER_PERSON: "1" });
    const examinee = await fixture.api(EXAMINEE);
    for (let n = 0; n < 4; n += 1)
      expect(
        (await examinee.mutate("cheat.addRecords", recording(fixture, "examinee1", 1, 250_000))).status,
      ).toBe(200);
    expect(
      refused(await examinee.mutate("cheat.addRecords", recording(fixture, "examinee1", 1, 250_000))),
    ).toBe(
      `The room ${fixture.room.id}, about examinee1, may have at most 1 MiB of cheat records, and has 1.`,
    );
  });

  it("leave room again once they were deleted with the person", async () => {
    await using fixture = await open({ INVIGIL_QUOTA_RECORDS_PER_PERSON: "2" });
    const examinee = await fixture.api(EXAMINEE);
    expect((await examinee.mutate("cheat.addRecords", recording(fixture, "examinee1", 2))).status).toBe(200);
    refused(await examinee.mutate("cheat.addRecords", recording(fixture, "examinee1", 1)));
    const roomId = fixture.room.id;
    await fixture.admin.participant.remove({ roomId, userId: "examinee1", withRecords: true });
    const participants = [{ userId: "examinee1", name: "E", role: "examinee" }] as const;
    await fixture.admin.participant.add({ roomId, participants: [...participants] });
    expect((await examinee.mutate("cheat.addRecords", recording(fixture, "examinee1", 2))).status).toBe(200);
  });

  it("are about as many people as a room may have, whoever staff name", async () => {
    await using fixture = await open({ INVIGIL_QUOTA_PEOPLE_PER_ROOM: "4" });
    const teacher = await fixture.api(TEACHER);
    for (const name of ["a", "b", "c", "d"])
      expect((await teacher.mutate("cheat.addRecords", recording(fixture, name, 1))).status).toBe(200);
    expect(refused(await teacher.mutate("cheat.addRecords", recording(fixture, "e", 1)))).toBe(
      `The room ${fixture.room.id} may have at most 4 people with cheat records, and has 4.`,
    );
    expect((await teacher.mutate("cheat.addRecords", recording(fixture, "a", 1))).status).toBe(200);
    expect(await recorded(fixture)).toBe(5);
  });
});

describe("messages of a room", () => {
  it("are as many as the quota has, from the vendor's pages, too, also when others have written", async () => {
    await using fixture = await open({ INVIGIL_QUOTA_MESSAGES_PER_ROOM: "3" });
    const { room } = fixture;
    const examinee = await fixture.api(EXAMINEE);
    const message = { roomId: room.id, type: 30_001, data: {} };
    for (let n = 0; n < 3; n += 1) expect((await examinee.mutate("im.send", message)).status).toBe(200);
    const refusal = `The room ${room.id} may have at most 3 messages, and has 3.`;
    expect(refused(await examinee.mutate("im.send", message))).toBe(refusal);
    const url = await fixture.listen();
    using page = await rawDropIn(url);
    const { appId, appToken, auth } = await loginFor(fixture, url, "examinee1", "examinee");
    expect(await page.ask({ do: "login", login: { appId, appToken, auth } })).toEqual({});
    await page.ask({ do: "join", groupId: room.id });
    expect(await page.ask({ do: "send", groupId: room.id, type: 30_001, data: "{}", key: "k" })).toEqual({
      code: 409,
      message: refusal,
    });
    // It is still full after a recount. The other room has its own quota.
    fixture.watch.pass(60);
    expect(refused(await examinee.mutate("im.send", message))).toBe(refusal);
    expect(
      (await fixture.admin.im.send({ ...message, roomId: fixture.sibling.id, to: undefined })).id,
    ).toBeGreaterThan(0);
  });
});

describe("people of a room", () => {
  it("are as many as the quota has, however they come", async () => {
    await using fixture = await open({ INVIGIL_QUOTA_PEOPLE_PER_ROOM: "5" });
    const { room, sibling } = fixture;
    const teacher = await fixture.api(TEACHER);
    const people = (...ids: string[]) => ids.map((userId) => ({ userId, name: userId, role: "examinee" }));
    const add = (...ids: string[]) =>
      teacher.mutate("participant.add", { roomId: room.id, participants: people(...ids) });
    const refusal = `The room ${room.id} may have at most 5 people, and has 4.`;
    // teacher1, inspector1, examinee1 and examinee2 are there. All or nobody.
    expect(refused(await add("a", "b"))).toBe(refusal);
    expect(await fixture.admin.participant.list({ roomId: room.id, role: "examinee" })).toHaveLength(2);
    const file = Buffer.from("id,name,room\na,A,Room A\nb,B,Room A\n").toString("base64");
    const answer = await teacher.mutate("participant.import", { examId: room.examId, file });
    expect(refused(answer)).toBe(refusal);
    expect((await add("a")).status).toBe(200);
    // People who are already there may be repeated.
    expect((await add("a", "examinee1")).status).toBe(200);
    await expect(
      fixture.admin.participant.move({ roomId: sibling.id, userId: "examinee3", toRoomId: room.id }),
    ).rejects.toMatchObject({ message: `The room ${room.id} may have at most 5 people, and has 5.` });
    expect(
      (await fixture.admin.participant.list({ roomId: sibling.id, role: "examinee" })).map(
        ({ userId }) => userId,
      ),
    ).toEqual(["examinee3"]);
    const six = people("a", "b", "c", "d", "e");
    expect(refused(await teacher.mutate("room.create", { name: "R", participants: six }))).toBe(
      "A room may have at most 5 people, and has 6.",
    );
  });

  it("are as many as a plan seats, and the messages of both their pages, by default", async () => {
    const { quotas } = limited({});
    // 500 examinees, and more staff than any room has.
    expect(quotas?.peoplePerRoom).toBeGreaterThanOrEqual(500 + 500);
  });
});

describe("rooms and exams", () => {
  it("are as many in an exam as the quota has, by hand and by plan", async () => {
    await using fixture = await open({ INVIGIL_QUOTA_ROOMS_PER_EXAM: "3" });
    const { examId } = fixture.room;
    const teacher = await fixture.api(TEACHER);
    const waiting = Buffer.from("id,name\nk1,K\nk2,K\n").toString("base64");
    expect((await teacher.mutate("participant.import", { examId, file: waiting })).status).toBe(200);
    const plan = {
      examId,
      roomSize: 1,
      teachers: ["x", "y"].map((userId) => ({ userId, name: userId, role: "teacher" })),
    };
    const refusal = `The exam ${examId} may have at most 3 rooms, and has 2.`;
    const planned = await teacher.mutate("exam.plan", plan);
    expect(refused(planned)).toBe(refusal);
    expect((await teacher.mutate("room.create", { name: "C", examId })).status).toBe(200);
    expect(refused(await teacher.mutate("room.create", { name: "D", examId }))).toBe(
      `The exam ${examId} may have at most 3 rooms, and has 3.`,
    );
  });

  it("are as many of a teacher's as the quota has; an administrator has none", async () => {
    await using fixture = await open({
      INVIGIL_QUOTA_ROOMS_PER_TEACHER: "2",
      INVIGIL_QUOTA_EXAMS_PER_TEACHER: "2",
    });
    const teacher = await fixture.api(TEACHER);
    // teacher1 already has one room and its exam.
    expect((await teacher.mutate("room.create", { name: "R", examId: fixture.room.examId })).status).toBe(
      200,
    );
    expect(refused(await teacher.mutate("room.create", { name: "S" }))).toBe(
      "teacher1 may have at most 2 rooms, and has 2.",
    );
    const exam = { name: "E", startTime: new Date(0), endTime: new Date(1) };
    expect((await teacher.mutate("exam.create", exam)).status).toBe(200);
    expect(refused(await teacher.mutate("exam.create", exam))).toBe(
      "teacher1 may have at most 2 exams, and has 2.",
    );
    const admin = await fixture.api(ADMIN);
    for (let n = 0; n < 4; n += 1)
      expect((await admin.mutate("room.create", { name: `A${n}` })).status).toBe(200);
  });
});

describe("audio files", () => {
  const large = Buffer.concat([wav(), Buffer.alloc(700 * 1024)]);
  const upload = (app: Awaited<ReturnType<typeof openUploads>>, name: string, caller: TestCaller) =>
    app.send(formOf(["name", name], ["file", large]), caller);

  it("are as large as a teacher's quota has, and those of others are not counted", async () => {
    await using app = await openUploads({ config: limited({ INVIGIL_QUOTA_AUDIO_MIB_PER_TEACHER: "1" }) });
    dataOf(await upload(app, "one", TEACHER));
    expect(refusalOf(await upload(app, "two", TEACHER), 409, "QUOTA_EXCEEDED")).toBe(
      "The library, of teacher1, may have at most 1 MiB of audio files, and has 0.7.",
    );
    expect([app.kept().length, (await app.clips()).length]).toEqual([1, 1]);
    dataOf(await upload(app, "three", { ...TEACHER, sub: "teacher2" }));
    for (let n = 0; n < 3; n += 1) dataOf(await upload(app, `A${n}`, ROOT));
  });

  it("are as large together as the installation's quota has, and leave room again", async () => {
    await using app = await openUploads({ config: limited({ INVIGIL_QUOTA_AUDIO_MIB: "1" }) });
    const { id } = dataOf(await upload(app, "one", TEACHER));
    expect(refusalOf(await upload(app, "two", ROOT), 409, "QUOTA_EXCEEDED")).toBe(
      "The library may have at most 1 MiB of audio files, and has 0.7.",
    );
    await app.as(ROOT).audio.delete({ clipId: id });
    dataOf(await upload(app, "two", ROOT));
  });
});
