import { describe, expect, it } from "vitest";
import type { TestAppOptions, TestCaller } from "../src/app/testing.js";
import { insertExam, insertPerson, insertRoom } from "../src/domain/people.js";
import { toNewPerson } from "../src/features/participant/rules.js";
import { streamName } from "../src/providers/stream-name.js";
import type { HeldCredentials } from "./simulators/aliyun-sts.js";
import { openAppFixture } from "./support/app-fixture.js";
import { dataOf, refusalOf, rest, trpc } from "./support/calls.js";
import { type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";
import { type CallerName, callersOf } from "./support/permissions.js";
import { reasonOf, refused } from "./support/reason.js";
import { BUCKET, openRecordings, type Recordings } from "./support/recordings.js";
import { writeRows } from "./support/writes.js";

const START = new Date("2026-01-02T03:04:05Z");
const EXAMINEE: TestCaller = { sub: "examinee1", role: "examinee" };
const TEACHER: TestCaller = { sub: "teacher1", role: "teacher" };

interface RecordingSchool extends ExamsFixture, Pick<Recordings, "sts" | "secrets"> {
  /** Returns the path of a recording of a person's camera. */
  readonly path: (room: { id: string; examId: string }, userId: string, camera?: "main" | "pc") => string;
  credentials(caller: TestCaller, more?: { mode?: "OSS" | "VOD" }): Promise<HeldCredentials>;
}

/** A fixture with a store for its recordings. */
const openRecordingSchool = async (
  options: Pick<TestAppOptions, "logTo"> & { environment?: Readonly<Record<string, string>> } = {},
): Promise<RecordingSchool> => {
  const { environment = {}, ...others } = options;
  const recordings = await openRecordings({ clock: () => START, environment });
  const { aliyun, uploads, vendors } = recordings.config;
  const fixture = await openExamsFixture({ now: START, ...others, config: { aliyun, uploads, vendors } });
  return {
    ...fixture,
    sts: recordings.sts,
    secrets: recordings.secrets,
    path: (room, userId, camera = "main") =>
      `record/local/${streamName({ examId: room.examId, roomId: room.id, userId, camera })}/2026-01-02 03:04:05.mp4`,
    credentials: (caller, more) =>
      fixture.as(caller).upload.getCredentials({ examId: fixture.room.examId, ...more }),
    async [Symbol.asyncDispose]() {
      await fixture.close();
      await recordings[Symbol.asyncDispose]();
    },
  };
};

/** Recordings of people. */
const filesOf = ({ room, sibling, other, path }: RecordingSchool) => [
  path(room, "examinee1"),
  path(room, "examinee1", "pc"),
  path(room, "examinee2"),
  path(room, "teacher1"),
  path(room, "inspector1"),
  path(sibling, "examinee3"),
  path(sibling, "root", "pc"),
  path(other, "examinee9"),
  // Paths to another person's folder that lead through one's own, the room's and the exam's folder.
  path(room, "examinee1").replace(/[^/]+$/, `../${path(room, "examinee2").slice("record/local/".length)}`),
  path(room, "examinee1").replace(/[^/]+$/, "../../../other.mp4"),
  `record/local/${room.examId}/1.mp4`,
  `record/local/${room.examId}-${room.id}/1.mp4`,
];

/**
 * Which caller may upload which of the files (`+`), in their order: files of the room's people, of another
 * room's people, of another exam's people, and paths that leave the folders. Refused callers may upload none.
 */
const MAY_PUT: Readonly<Record<CallerName, string>> = {
  admin: "+++++ ++ . ...+",
  teacher: "+++++ .. . ....",
  inspector: "....+ .. . ....",
  examinee: "++... .. . ....",
  siblingTeacher: "..... ++ . ....",
  siblingInspector: "..... .. . ....",
  siblingExaminee: "..... +. . ....",
  otherTeacher: "FORBIDDEN",
  otherInspector: "FORBIDDEN",
  otherExaminee: "FORBIDDEN",
  falseTeacher: "FORBIDDEN",
  falseInspector: "FORBIDDEN",
  adminHere: "+++++ .. . ....",
  adminOtherRoom: "FORBIDDEN",
  adminOtherExam: "FORBIDDEN",
  teacherHere: "+++++ .. . ....",
  teacherThisExam: "+++++ .. . ....",
  teacherSibling: "FORBIDDEN",
  teacherOtherRoom: "FORBIDDEN",
  teacherOtherExam: "FORBIDDEN",
  inspectorHere: "....+ .. . ....",
  examineeHere: "++... .. . ....",
  examineeOtherRoom: "FORBIDDEN",
  examineeOfEnded: "++... .. . ....",
};

describe("credentials for the store of recordings", () => {
  it("let everybody put what is theirs to put, and nothing else", async () => {
    await using fixture = await openRecordingSchool();
    const files = filesOf(fixture);
    const found: Record<string, string> = {};
    for (const [name, caller] of Object.entries(callersOf(fixture))) {
      if (name === "examineeOfEnded") await fixture.admin.room.end({ roomId: fixture.room.id });
      const reason = await reasonOf(fixture.credentials(caller));
      if (reason !== "ok") {
        found[name] = reason;
        continue;
      }
      const credentials = await fixture.credentials(caller);
      const marks = files.map((file) => (fixture.sts.mayPut(credentials, file) ? "+" : ".")).join("");
      found[name] = [marks.slice(0, 5), marks.slice(5, 7), marks.slice(7, 8), marks.slice(8)].join(" ");
    }
    expect(found).toEqual(MAY_PUT);
    expect(fixture.sts.failedChecks).toEqual([]);
    // The vendor was called only for callers with permissions, and once for equal requests.
    const people = fixture.sts.issued.map(({ sessionName }) => sessionName).toSorted();
    expect(people).toEqual([
      "examinee1",
      "examinee3",
      "inspector1",
      "inspector3",
      "root",
      "root",
      "teacher1",
      "teacher3",
    ]);
  });

  it("let an inspector put what its own cameras record", async () => {
    await using fixture = await openRecordingSchool();
    const credentials = await fixture.credentials({ sub: "inspector3", role: "inspector" });
    expect(fixture.sts.mayPut(credentials, fixture.path(fixture.sibling, "inspector3"))).toBe(true);
  });

  it.each(["OSS", "VOD"] as const)("for %s are an examinee's also after its room has ended", async (mode) => {
    await using fixture = await openRecordingSchool();
    await fixture.teacher.room.end({ roomId: fixture.room.id });
    const credentials = await fixture.credentials(EXAMINEE, { mode });
    expect(fixture.sts.mayPut(credentials, fixture.path(fixture.room, "examinee1"))).toBe(mode === "OSS");
    expect(fixture.sts.may(credentials, "vod:CreateUploadVideo", "*")).toBe(mode === "VOD");
  });

  it("for video on demand are the same for everybody who may have any", async () => {
    await using fixture = await openRecordingSchool();
    for (const caller of [EXAMINEE, TEACHER]) await fixture.credentials(caller, { mode: "VOD" });
    const policies = new Set(fixture.sts.issued.map(({ policy }) => policy));
    expect(fixture.sts.issued.map(({ sessionName }) => sessionName)).toEqual(["examinee1", "teacher1"]);
    expect(policies.size).toBe(1);
    const outsider = fixture.credentials({ sub: "examinee9", role: "examinee" }, { mode: "VOD" });
    expect(await reasonOf(outsider)).toBe("FORBIDDEN");
  });

  it("are refused for an exam that does not exist, and to who runs no room of its own in it", async () => {
    await using fixture = await openRecordingSchool();
    const examIs = (caller: TestCaller, examId: string) =>
      refused(fixture.as(caller).upload.getCredentials({ examId }));
    expect((await examIs({ sub: "root", role: "admin" }, "nothing")).reason).toBe("EXAM_NOT_FOUND");
    expect((await examIs(TEACHER, "nothing")).reason).toBe("FORBIDDEN");
    const times = { startTime: new Date("2026-02-01T01:00:00Z"), endTime: new Date("2026-02-01T03:00:00Z") };
    const { id } = await fixture.teacher.exam.create({ name: "Empty", ...times });
    expect(await examIs(TEACHER, id)).toMatchObject({
      reason: "FORBIDDEN",
      message: `You have nothing to upload in the exam ${id}.`,
    });
    expect(fixture.sts.count()).toBe(0);
  });
});

describe("credentials of people in more than one room", () => {
  it("cover the rooms of the exam that a teacher has, or the one that its token is bound to", async () => {
    await using fixture = await openRecordingSchool();
    const { room, sibling, path, sts } = fixture;
    await fixture.admin.participant.add({
      roomId: sibling.id,
      participants: [{ userId: "teacher1", name: "T", role: "teacher" }],
    });
    const files = [path(room, "examinee1"), path(sibling, "examinee3")];
    const covered = async (caller: TestCaller) => {
      const credentials = await fixture.credentials(caller);
      return files.map((file) => sts.mayPut(credentials, file));
    };
    expect(await covered(TEACHER)).toEqual([true, true]);
    expect(await covered({ ...TEACHER, room: room.id })).toEqual([true, false]);
    expect(await covered({ ...TEACHER, room: sibling.id })).toEqual([false, true]);
  });

  it("cover what was recorded before a move, unless the token is bound to the new room", async () => {
    await using fixture = await openRecordingSchool();
    const { room, sibling, path, sts } = fixture;
    await fixture.credentials(EXAMINEE);
    await fixture.admin.participant.move({ roomId: room.id, userId: "examinee1", toRoomId: sibling.id });
    const files = [
      path(room, "examinee1"),
      path(sibling, "examinee1"),
      path(sibling, "examinee1", "pc"),
      path(sibling, "examinee3"),
      path(room, "examinee2"),
    ];
    const covered = async (caller: TestCaller) => {
      const credentials = await fixture.credentials(caller);
      return files.map((file) => sts.mayPut(credentials, file));
    };
    expect(await covered(EXAMINEE)).toEqual([true, true, true, false, false]);
    expect(await covered({ ...EXAMINEE, room: sibling.id })).toEqual([false, true, true, false, false]);
    expect(await reasonOf(fixture.credentials({ ...EXAMINEE, room: room.id }))).toBe("FORBIDDEN");
  });

  it("cover the newest rooms where a policy does not take all", async () => {
    await using fixture = await openRecordingSchool();
    const { path, sts, room } = fixture;
    const rooms = [room];
    for (let index = 0; index < 40; index += 1)
      rooms.push(await fixture.teacher.room.create({ name: `Room ${index}`, examId: room.examId }));
    const credentials = await fixture.credentials(TEACHER);
    const covered = rooms.map((one) => sts.mayPut(credentials, path(one, "anybody")));
    const first = covered.indexOf(true);
    expect(first).toBeGreaterThan(0);
    expect(covered).toEqual(rooms.map((_, index) => index >= first));
  });

  it("cover the rooms that an examinee is in before those that it was in", async () => {
    await using fixture = await openRecordingSchool();
    const { path, sts, room, admin } = fixture;
    const rooms = [room];
    for (let index = 0; index < 12; index += 1)
      rooms.push(await admin.room.create({ name: `Room ${index}`, examId: room.examId }));
    // Moves the person through all rooms, and back to the oldest one.
    for (const [index, { id: toRoomId }] of [...rooms.slice(1), room].entries())
      await admin.participant.move({ roomId: rooms[index]?.id ?? "", userId: "examinee1", toRoomId });
    const credentials = await fixture.credentials(EXAMINEE);
    const covered = rooms.map((one) => sts.mayPut(credentials, path(one, "examinee1", "pc")));
    expect(covered[0]).toBe(true);
    expect(covered.at(-1)).toBe(true);
    expect(covered[1]).toBe(false);
  });

  it("are a new person's when its folders change, and the same until then", async () => {
    await using fixture = await openRecordingSchool();
    const first = await fixture.credentials(EXAMINEE);
    expect(await fixture.credentials(EXAMINEE)).toEqual(first);
    await fixture.admin.participant.move({
      roomId: fixture.room.id,
      userId: "examinee1",
      toRoomId: fixture.sibling.id,
    });
    expect((await fixture.credentials(EXAMINEE)).stsToken).not.toBe(first.stsToken);
    expect(fixture.sts.count()).toBe(2);
  });

  it("are had no more by who was taken out of the exam", async () => {
    await using fixture = await openRecordingSchool();
    await fixture.credentials(EXAMINEE);
    await fixture.admin.participant.remove({ roomId: fixture.room.id, userId: "examinee1" });
    expect(await reasonOf(fixture.credentials(EXAMINEE))).toBe("FORBIDDEN");
  });
});

describe("a room whose id holds a hyphen", () => {
  /** Rooms of one exam, by id, with their people. */
  const openRooms = async (rooms: Readonly<Record<string, readonly string[]>>) => {
    const recordings = await openRecordings({ clock: () => START });
    const { aliyun, uploads, vendors } = recordings.config;
    const appFixture = await openAppFixture({ now: () => START, config: { aliyun, uploads, vendors } });
    const exam = { id: "exam", name: "E", startTime: START, endTime: START, createdBy: "root" };
    await writeRows(appFixture.db, async (tx) => {
      await insertExam(tx, { ...exam, createdAt: START, updatedAt: START });
      for (const [id, people] of Object.entries(rooms)) {
        const room = { id, examId: exam.id, name: id, imServer: ["aliyun_new" as const] };
        await insertRoom(tx, { ...room, createTeacher: `teacher-of-${id}`, now: START });
        for (const userId of [`teacher-of-${id}`, ...people]) {
          const role = userId.startsWith("teacher") ? "teacher" : "examinee";
          await insertPerson(tx, toNewPerson({ userId, name: userId, role }, room, START));
        }
      }
    });
    const covered = async (caller: TestCaller): Promise<string[] | string> => {
      const answer = await rest(appFixture, await appFixture.token(caller)).get("getOssConfig", {
        examId: exam.id,
      });
      if (!answer.body.success) return answer.body.reason;
      const names = Object.entries(rooms).flatMap(([id, people]) =>
        [`teacher-of-${id}`, ...people].map((userId) => `exam-${id}-${userId}`),
      );
      return names.filter((name) => recordings.sts.mayPut(answer.body.data, `record/local/${name}/1.mp4`));
    };
    return {
      covered,
      async [Symbol.asyncDispose]() {
        await appFixture[Symbol.asyncDispose]();
        await recordings[Symbol.asyncDispose]();
      },
    };
  };
  const teacherOf = (id: string): TestCaller => ({ sub: `teacher-of-${id}`, role: "teacher" });

  it("is its teacher's as any other", async () => {
    await using rooms = await openRooms({ "AE35-T95F": ["u1"], "AE35-T95G": ["u2"] });
    expect(await rooms.covered(teacherOf("AE35-T95F"))).toEqual([
      "exam-AE35-T95F-teacher-of-AE35-T95F",
      "exam-AE35-T95F-u1",
    ]);
  });

  it("gives its teacher nothing of a room whose streams have names that begin as its own do", async () => {
    await using rooms = await openRooms({ A: ["u1", "x-u2"], "A-x": ["u3"], B: ["u4"] });
    expect(await rooms.covered(teacherOf("A"))).toEqual(["exam-A-teacher-of-A"]);
    expect(await rooms.covered(teacherOf("A-x"))).toEqual(["exam-A-x-teacher-of-A-x"]);
    expect(await rooms.covered(teacherOf("B"))).toEqual(["exam-B-teacher-of-B", "exam-B-u4"]);
    expect(await rooms.covered({ sub: "x-u2", role: "examinee" })).toEqual(["exam-A-x-u2"]);
    expect(await rooms.covered({ sub: "root", role: "admin", room: "A" })).toBe("FORBIDDEN");
    expect(await rooms.covered({ sub: "root", role: "admin" })).toHaveLength(7);
  });

  it("gives a token of its own no folder of another room, also where it gives its teacher's alone", async () => {
    await using rooms = await openRooms({ A: ["x-u1", "teacher9"], "A-x": ["u2"], B: ["u3", "teacher9"] });
    const teacher: TestCaller = { sub: "teacher9", role: "teacher" };
    const ofB = ["exam-B-teacher-of-B", "exam-B-u3", "exam-B-teacher9"];
    expect(await rooms.covered(teacher)).toEqual(["exam-A-teacher9", ...ofB]);
    expect(await rooms.covered({ ...teacher, room: "A" })).toEqual(["exam-A-teacher9"]);
    expect(await rooms.covered({ ...teacher, room: "B" })).toEqual(ofB);
  });
});

describe("getOssConfig", () => {
  it.each([{}, { mode: "OSS" }, { mode: "VOD" }, { mode: "" }])(
    "%o answers in the documented shape, exactly",
    async (mode) => {
      await using fixture = await openRecordingSchool();
      const client = rest(fixture, await fixture.token(EXAMINEE));
      const answer = await client.get("getOssConfig", { examId: fixture.room.examId, ts: 1, ...mode });
      const [issued] = fixture.sts.issued;
      expect(dataOf(answer)).toStrictEqual({
        region: "oss-cn-hangzhou",
        accessKeyId: issued?.accessKeyId,
        accessKeySecret: issued?.accessKeySecret,
        stsToken: issued?.stsToken,
        bucket: BUCKET,
        expiration: "2026-01-02T04:04:05.000Z",
      });
    },
  );

  it("is PROVIDER_FAILED when the vendor fails; administrators are told what it said", async () => {
    await using fixture = await openRecordingSchool();
    fixture.sts.fail("signature");
    const { examId } = fixture.room;
    const answer = await rest(fixture, await fixture.token(EXAMINEE)).get("getOssConfig", { examId });
    expect(refusalOf(answer, 502, "PROVIDER_FAILED")).toBe("The service uploads refused the call.");
    const asAdmin = trpc(fixture, await fixture.token({ sub: "root", role: "admin" }));
    const { status, error } = await asAdmin.mutate("upload.getCredentials", { examId });
    expect(status).toBe(502);
    expect(error.data.details).toEqual({
      provider: "uploads",
      action: "AssumeRole",
      fault: "refused",
      code: "SignatureDoesNotMatch",
      requestId: fixture.sts.requestIds.at(-1),
    });
  });

  it("leaves no secret in the log, whether it succeeds or fails", async () => {
    const lines: string[] = [];
    const logTo = { write: (line: string) => void lines.push(line) };
    await using fixture = await openRecordingSchool({ logTo });
    const { examId } = fixture.room;
    const client = rest(fixture, await fixture.token(EXAMINEE));
    for (const mode of ["OSS", "VOD"]) dataOf(await client.get("getOssConfig", { examId, mode }));
    const teacher = rest(fixture, await fixture.token(TEACHER));
    fixture.sts.fail("signature");
    const failed = await teacher.get("getOssConfig", { examId });
    fixture.sts.heal();
    fixture.sts.spoil({ Expiration: "soon" });
    const unreadable = await teacher.get("getOssConfig", { examId });
    const written = lines.join("");
    expect(written).toContain("SignatureDoesNotMatch");
    expect(written).toContain("unreadable");
    expect(fixture.sts.issued).toHaveLength(3);
    for (const secret of fixture.secrets())
      for (const text of [written, failed.text, unreadable.text]) expect(text).not.toContain(secret);
  });
});
