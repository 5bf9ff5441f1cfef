import { join } from "node:path";
import { eq } from "drizzle-orm";
import { decodeJwt } from "jose";
import { describe, expect, it } from "vitest";
import { createTestApp, type RouterOutputs, type TestAppOptions } from "../src/app/testing.js";
import { query } from "../src/storage/statement.js";
import { participants } from "../src/storage/tables.js";
import { openApp, start } from "./support/apps.js";
import { dataOf, expectDone, refusalOf, trpc } from "./support/calls.js";
import { openTestDatabase } from "./support/database.js";
import { APPS, type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";
import { tempFolder } from "./support/folders.js";
import { reasonOf, refused } from "./support/reason.js";
import { change } from "./support/tables.js";

type Link = RouterOutputs["room"]["joinLinks"][number];

const HERE = { config: { apps: APPS } };
const ADMIN = { sub: "root", role: "admin" } as const;
/** The end of the fixture's exams. Their tokens expire four hours later. */
const END = new Date("2026-01-02T05:34:05Z");
const EXPIRY = new Date("2026-01-02T09:34:05Z");

/** The parts of the page's URL that the apps read. */
const opened = (url: string) => {
  const { origin, pathname, searchParams, hash } = new URL(url);
  return { at: `${origin}${pathname}`, hash, query: Object.fromEntries(searchParams) };
};
const tokenOf = ({ url }: Link): string => opened(url).query.token ?? "";
const linkOf = (links: readonly Link[], userId: string): Link => {
  const link = links.find((one) => one.userId === userId);
  if (!link) throw new Error(`there is no link of ${userId}`);
  return link;
};
const who = (links: readonly Link[]) => links.map(({ roomName, userId }) => `${roomName}: ${userId}`);

/** A fixture in which people can get extra minutes before there are links. */
const openWithExtra = async (extra: Readonly<Record<string, number>>, options: TestAppOptions = {}) => {
  const folder = tempFolder();
  const databaseFile = join(folder.path, "invigil.db");
  const fixture = await openExamsFixture({
    ...options,
    config: { apps: APPS, ...options.config, databaseFile },
  });
  const db = await openTestDatabase({ file: databaseFile });
  for (const [userId, extraMinutes] of Object.entries(extra))
    await change(db, query.update(participants).set({ extraMinutes }).where(eq(participants.userId, userId)));
  await db.close();
  return {
    ...fixture,
    async [Symbol.asyncDispose]() {
      await fixture.close();
      folder[Symbol.dispose]();
    },
  };
};

describe("a join link", () => {
  it("opens the watching app for teachers and inspectors, each in its role", async () => {
    await using fixture = await openExamsFixture(HERE);
    const links = await fixture.teacher.room.joinLinks({ roomId: fixture.room.id });
    for (const [userId, role] of [
      ["teacher1", "0"],
      ["inspector1", "1"],
    ] as const) {
      const link = linkOf(links, userId);
      expect(link.pcUrl).toBeUndefined();
      const token = tokenOf(link);
      expect(link.url).toBe(
        `https://watch.example/app/?roomId=${fixture.room.id}&userId=${userId}&token=${token}&role=${role}`,
      );
    }
  });

  it("opens the examinees' app on the phone, and another the same on the PC", async () => {
    await using fixture = await openExamsFixture(HERE);
    const { url, pcUrl } = linkOf(
      await fixture.teacher.room.joinLinks({ roomId: fixture.room.id }),
      "examinee1",
    );
    const { at, query, hash } = opened(url);
    expect({ at, hash }).toEqual({ at: "https://sit.example/", hash: "" });
    expect(query).toEqual({ roomId: fixture.room.id, userId: "examinee1", token: expect.any(String) });
    expect(pcUrl).toBe(`${url}#/pc`);
  });

  it("says who it is for, and carries a token for that room and role, without a name", async () => {
    await using fixture = await openExamsFixture(HERE);
    const links = await fixture.teacher.room.joinLinks({ roomId: fixture.room.id });
    for (const link of links) {
      const { userId, role, tokenId, expiresAt } = link;
      const claims = decodeJwt(tokenOf(link));
      expect(claims).toEqual({
        sub: userId,
        role,
        room: fixture.room.id,
        exp: expiresAt.getTime() / 1000,
        iat: expect.any(Number),
        jti: tokenId,
      });
    }
    expect(linkOf(links, "examinee2")).toMatchObject({
      name: "Name of examinee2",
      role: "examinee",
      roomId: fixture.room.id,
      roomName: "Room A",
      examEndTime: END,
      expiresAt: EXPIRY,
    });
    expect(new Set(links.map(({ tokenId }) => tokenId)).size).toBe(links.length);
  });

  it("has in it nothing but what a query may hold", async () => {
    await using app = await createTestApp(HERE);
    // All valid ids work unescaped in a query.
    const participants = [{ userId: "a.b-c_D9", name: "?&=#", role: "examinee" } as const];
    const { id: roomId } = await app
      .as({ sub: "t.1-2_3", role: "teacher" })
      .room.create({ name: "R&?#", participants });
    for (const { url, userId } of await app.as(ADMIN).room.joinLinks({ roomId })) {
      expect(url).toMatch(/^https:\/\/[a-z.]+\/(app\/)?\?[A-Za-z]+=[\w.-]+(&[A-Za-z]+=[\w.-]+){2,3}$/);
      expect(opened(url).query.userId).toBe(userId);
    }
  });
});

describe("whose links", () => {
  it("come by room as they were made, then teachers, inspectors, examinees as they were added", async () => {
    await using fixture = await openExamsFixture(HERE);
    await fixture.admin.participant.add({
      roomId: fixture.room.id,
      participants: [
        { userId: "late2", name: "Late", role: "examinee" },
        { userId: "late1", name: "Late", role: "examinee" },
        { userId: "inspector0", name: "Late", role: "inspector" },
        { userId: "teacher0", name: "Late", role: "teacher" },
      ],
    });
    expect(who(await fixture.admin.room.joinLinks({ examId: fixture.room.examId }))).toEqual([
      "Room A: teacher1",
      "Room A: teacher0",
      "Room A: inspector1",
      "Room A: inspector0",
      "Room A: examinee1",
      "Room A: examinee2",
      "Room A: late2",
      "Room A: late1",
      "Room B: root",
      "Room B: teacher3",
      "Room B: inspector3",
      "Room B: examinee3",
    ]);
  });

  it("can be those of one role", async () => {
    await using fixture = await openExamsFixture(HERE);
    const of = async (role: Link["role"]) =>
      who(await fixture.admin.room.joinLinks({ examId: fixture.room.examId, role }));
    expect(await of("teacher")).toEqual(["Room A: teacher1", "Room B: root", "Room B: teacher3"]);
    expect(await of("inspector")).toEqual(["Room A: inspector1", "Room B: inspector3"]);
    expect(await of("examinee")).toEqual(["Room A: examinee1", "Room A: examinee2", "Room B: examinee3"]);
  });

  it("are of all rooms for the exam's maker, and for other teachers of those that they are teachers in", async () => {
    await using fixture = await openExamsFixture(HERE);
    const maker = { sub: "maker", role: "teacher" } as const;
    const { id: examId } = await fixture.as(maker).exam.create({
      name: "Art",
      startTime: new Date("2026-01-03T01:00:00Z"),
      endTime: new Date("2026-01-03T03:00:00Z"),
    });
    const somebody = (userId: string, role: Link["role"]) => ({ userId, name: userId, role });
    const make = (name: string, ...participants: ReturnType<typeof somebody>[]) =>
      fixture.admin.room.create({ name, examId, participants });
    const first = await make("1", somebody("both", "teacher"));
    await make("2", somebody("both", "inspector"));
    await make("3", somebody("both", "teacher"));
    const roomsOf = async (sub: string, bound: object = {}) => {
      const caller = { sub, role: "teacher", ...bound } as const;
      const links = await fixture.as(caller).room.joinLinks({ examId });
      return [...new Set(links.map(({ roomName }) => roomName))].join();
    };
    expect(await roomsOf("maker")).toBe("1,2,3");
    expect(await roomsOf("maker", { exam: examId })).toBe("1,2,3");
    expect(await roomsOf("both")).toBe("1,3");
    // A token that is bound to a room cannot create links to other rooms, whoever uses it.
    expect(await roomsOf("both", { room: first.id })).toBe("1");
    await fixture.as(maker).room.create({ name: "4", examId });
    expect(await roomsOf("maker")).toBe("1,2,3,4");
    const bound = await fixture.as(maker).room.list({ examId });
    expect(await roomsOf("maker", { room: bound.rooms[0]?.id })).toBe("4");
    expect(await reasonOf(roomsOf("teacher1"))).toBe("FORBIDDEN");
  });

  it("must be asked for by a room or an exam, not both, and of those that there are", async () => {
    await using fixture = await openExamsFixture(HERE);
    const { joinLinks } = fixture.admin.room;
    const { id: roomId, examId } = fixture.room;
    for (const input of [{}, { roomId, examId }]) {
      const { error } = await trpc(fixture, await fixture.token(ADMIN)).mutate("room.joinLinks", input);
      expect(error.message).toBe("roomId or examId is required, but not both");
      expect(await reasonOf(joinLinks(input))).toBe("INVALID_INPUT");
    }
    expect(await reasonOf(joinLinks({ roomId: "none" }))).toBe("ROOM_NOT_FOUND");
    expect(await reasonOf(joinLinks({ examId: "none" }))).toBe("EXAM_NOT_FOUND");
  });

  it("are none for an exam without rooms", async () => {
    await using app = await createTestApp(HERE);
    const times = { startTime: new Date("2026-01-03T01:00:00Z"), endTime: new Date("2026-01-03T03:00:00Z") };
    const { id: examId } = await app.as(ADMIN).exam.create({ name: "Art", ...times });
    expect(await app.as(ADMIN).room.joinLinks({ examId })).toEqual([]);
  });
});

describe("how long a link is good", () => {
  it("until the exam has ended, with the person's extra minutes and what the setting adds", async () => {
    let now = new Date("2026-01-02T03:04:05Z");
    await using fixture = await openWithExtra(
      { examinee2: 30 },
      { now: () => now, config: { tokenAfterExamSeconds: 600 } },
    );
    const links = await fixture.teacher.room.joinLinks({ roomId: fixture.room.id });
    const times = (userId: string) => {
      const { examEndTime, expiresAt } = linkOf(links, userId);
      return [examEndTime.toISOString(), expiresAt.toISOString()];
    };
    expect(times("examinee1")).toEqual(["2026-01-02T05:34:05.000Z", "2026-01-02T05:44:05.000Z"]);
    expect(times("examinee2")).toEqual(["2026-01-02T06:04:05.000Z", "2026-01-02T06:14:05.000Z"]);
    const ask = (userId: string) =>
      openApp(fixture, tokenOf(linkOf(links, userId))).get("roomInfo", { roomId: fixture.room.id });
    now = new Date("2026-01-02T06:14:04.999Z");
    dataOf(await ask("examinee2"));
    now = new Date("2026-01-02T06:14:05Z");
    refusalOf(await ask("examinee2"), 401, "UNAUTHENTICATED");
  });

  it("none is made for whom the exam is over, and the call is refused once it is over for all", async () => {
    let now = new Date("2026-01-02T03:04:05Z");
    await using fixture = await openWithExtra({ examinee2: 1 }, { now: () => now });
    const { id: roomId, examId } = fixture.room;
    const links = () => fixture.teacher.room.joinLinks({ roomId });
    now = new Date(EXPIRY.getTime() - 1000);
    expect(await links()).toHaveLength(4);
    now = EXPIRY;
    expect((await links()).map(({ userId }) => userId)).toEqual(["examinee2"]);
    now = new Date(EXPIRY.getTime() + 60_000);
    expect(await refused(links())).toMatchObject({
      reason: "EXAM_OVER",
      message: `The exam ${examId} is over: it cannot be joined any more.`,
    });
    expect(await reasonOf(fixture.admin.room.joinLinks({ examId }))).toBe("EXAM_OVER");
  });
});

describe("without the address of an app", () => {
  const { watchUrl, examineeUrl } = APPS;

  it.each([
    { apps: { watchUrl, examineeUrl: undefined }, setting: "INVIGIL_EXAMINEE_APP_URL", works: "teacher" },
    { apps: { watchUrl: undefined, examineeUrl }, setting: "INVIGIL_WATCH_APP_URL", works: "examinee" },
  ] as const)("$setting is asked for where a link needs it", async ({ apps, setting, works }) => {
    await using fixture = await openExamsFixture({ config: { apps, streamService: "aliyun" } });
    const { id: roomId, examId } = fixture.room;
    for (const of of [{ roomId }, { examId }]) {
      const { reason, message } = await refused(fixture.teacher.room.joinLinks(of));
      expect(reason).toBe("PROVIDER_NOT_CONFIGURED");
      expect(message).toContain(setting);
    }
    expect(await fixture.teacher.room.joinLinks({ roomId, role: works })).not.toEqual([]);
  });
});

it("leads examinees to the server's own page if no app is set and the server carries the streams", async () => {
  const config = {
    apps: { ...APPS, examineeUrl: undefined },
    streamService: "embedded",
    publicUrl: "https://exams.school.example/proctor",
  } as const;
  await using fixture = await openExamsFixture({ config });
  const { id: roomId } = fixture.room;
  const [link] = await fixture.teacher.room.joinLinks({ roomId, role: "examinee" });
  const { origin, pathname, searchParams } = new URL(link?.url ?? "");
  expect(`${origin}${pathname}`).toBe("https://exams.school.example/proctor/sit");
  expect([...searchParams.keys()]).toEqual(["roomId", "userId", "token"]);
  // An exam needs one camera unless it says otherwise.
  expect(link?.pcUrl).toBeUndefined();
});

describe("a room that has ended", () => {
  it("has no links, and says so", async () => {
    await using fixture = await openExamsFixture(HERE);
    await fixture.teacher.room.end({ roomId: fixture.room.id });
    expect(await refused(fixture.teacher.room.joinLinks({ roomId: fixture.room.id }))).toMatchObject({
      reason: "ROOM_ENDED",
      message: `The room ${fixture.room.id} has ended.`,
    });
  });

  it("is left out for the examinees of its exam, and not for those who look through its records", async () => {
    await using fixture = await openExamsFixture(HERE);
    await fixture.teacher.room.end({ roomId: fixture.room.id });
    expect(who(await fixture.admin.room.joinLinks({ examId: fixture.room.examId }))).toEqual([
      "Room A: teacher1",
      "Room A: inspector1",
      "Room B: root",
      "Room B: teacher3",
      "Room B: inspector3",
      "Room B: examinee3",
    ]);
  });
});

describe("with the token from its link", () => {
  /** Opens a link like the apps, which know of the server's people only what the link contains. */
  const enter = (fixture: ExamsFixture, url: string) => {
    const { query } = opened(url);
    return {
      app: openApp(fixture, query.token ?? ""),
      roomId: query.roomId ?? "",
      userId: query.userId ?? "",
    };
  };
  const linksOf = (fixture: ExamsFixture) => fixture.admin.room.joinLinks({ roomId: fixture.room.id });
  const imToken = (roomId: string, userId: string, more: object = {}) => ({
    roomId,
    deviceId: "art-1767323045000",
    deviceType: "web",
    userId,
    imServer: ["aliyun_new"],
    ...more,
  });

  it("a teacher runs the room from start to end", async () => {
    await using fixture = await openExamsFixture(HERE);
    const { app, roomId, userId } = enter(fixture, linkOf(await linksOf(fixture), "teacher1").url);
    await start(app, fixture, userId);
    expect(dataOf(await app.get("userList", { roomId }))).toHaveLength(2);
    const im = dataOf(await app.post("v2/getIMToken", imToken(roomId, userId, { role: "admin" })));
    expect(im.aliyunNewIm.auth).toMatchObject({ userId, role: "admin" });
    for (const audioStatus of [0, 1, 0])
      expect(dataOf(await app.post("updateRoomAudioStatus", { id: roomId, audioStatus }))).toBe(true);
    expect(dataOf(await app.post("cheat/listCheatRecord", { roomId, pageSize: 20 }))).toEqual({
      cheatRecordEntitys: [],
    });
    const clips = await app.post("selectAudio", { pageNum: 1, pageSize: 10, name: "", classify: 0 });
    expect(dataOf(clips).total).toBe(1);
    expect(dataOf(await app.get("endRoom", { roomId }))).toBe(true);
    expect((await start(app, fixture, userId)).room.status).toBe(1);
  });

  it("an inspector reads the room, and no more", async () => {
    await using fixture = await openExamsFixture(HERE);
    const { app, roomId, userId } = enter(fixture, linkOf(await linksOf(fixture), "inspector1").url);
    await start(app, fixture, userId);
    expect(dataOf(await app.get("userList", { roomId }))).toHaveLength(2);
    refusalOf(await app.get("endRoom", { roomId }), 403, "FORBIDDEN");
  });

  it.each([
    { page: "phone", login: "examinee1" },
    { page: "PC", login: "pc_examinee1" },
  ])("an examinee sits the exam on the $page, and uploads after its end", async ({ page, login }) => {
    await using fixture = await openExamsFixture(HERE);
    const { url, pcUrl = "" } = linkOf(await linksOf(fixture), "examinee1");
    const { app, roomId, userId } = enter(fixture, page === "PC" ? pcUrl : url);
    const { room, exam } = await start(app, fixture, userId);
    dataOf(await app.get("userInfo", { userId: room.createTeacher, roomId }));
    const upload = async () =>
      refusalOf(
        await app.get("getOssConfig", { examId: exam.id, mode: "OSS" }),
        501,
        "PROVIDER_NOT_CONFIGURED",
      );
    await upload();
    const im = dataOf(await app.post("v2/getIMToken", imToken(roomId, login)));
    expect(im.aliyunNewIm.auth).toMatchObject({ userId: login, role: "" });
    dataOf(await app.post("cheat/getCheatConfig", { examId: exam.id }));
    const add = () => {
      const record = { isMainMonitor: page === "phone", userId, detectTime: 1767323045123 };
      const data = JSON.stringify([{ ...record, detectType: "watch", extraInfo: "{}" }]);
      return app.post("cheat/addCheatRecord", { examId: exam.id, roomId, data });
    };
    expectDone(await add());
    await fixture.teacher.room.end({ roomId });
    expect(dataOf(await app.get("roomInfo", { roomId })).status).toBe(1);
    await upload();
    expectDone(await add());
  });

  it("nobody gets anything of another room", async () => {
    await using fixture = await openExamsFixture(HERE);
    for (const { url, role } of await linksOf(fixture)) {
      const { app, userId } = enter(fixture, url);
      for (const { id: roomId, createTeacher } of [fixture.sibling, fixture.other]) {
        const record = { isMainMonitor: true, userId, detectTime: 0, detectType: "watch", extraInfo: "{}" };
        const answers = [
          await app.get("roomInfo", { roomId }),
          await app.get("userInfo", { roomId, userId }),
          await app.get("userInfo", { roomId, userId: createTeacher }),
          await app.get("userList", { roomId }),
          await app.post("v2/getIMToken", imToken(roomId, userId)),
          await app.post("updateRoomAudioStatus", { id: roomId, audioStatus: 1 }),
          await app.post("cheat/listCheatRecord", { roomId, pageSize: 20 }),
          await app.post("cheat/addCheatRecord", { roomId, data: JSON.stringify([record]) }),
          await app.get("endRoom", { roomId }),
        ];
        for (const answer of answers) refusalOf(answer, 403, "FORBIDDEN");
      }
      for (const path of ["examInfo", "getOssConfig"])
        refusalOf(await app.get(path, { examId: fixture.other.examId }), 403, "FORBIDDEN");
      // Nor can it create links or tokens beyond its room.
      if (role === "teacher")
        refusalOf(await app.post("v2/createRoom", { name: "R", imServer: ["aliyun_new"] }), 403, "FORBIDDEN");
    }
  });
});
