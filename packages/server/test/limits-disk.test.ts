import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createDisk } from "../src/limits/disk.js";
import { dataOf, refusalOf, rest, trpc } from "./support/calls.js";
import { rawDropIn } from "./support/drop-in.js";
import { loginFor } from "./support/drop-in-apps.js";
import { openExamsFixture } from "./support/exams-fixture.js";
import { tempFolder } from "./support/folders.js";
import { connectApi, limited } from "./support/limits.js";
import { reasonOf } from "./support/reason.js";
import { wav } from "./support/sounds.js";
import { formOf, openUploads } from "./support/uploads.js";

// A nearly full disk, with a simulated free space. process-limits.test.ts uses a disk that is really full.

const MIB = 1024 * 1024;
const TOLD = "The server's disk is nearly full: writes are refused until space is freed. Reads continue.";

/** A fixture with a disk whose free space the test sets. */
const open = async () => {
  const disk = { free: Number.POSITIVE_INFINITY };
  const fixture = await openExamsFixture({
    config: limited({ INVIGIL_DISK_RESERVE_MB: "100" }),
    freeSpace: () => Promise.resolve(disk.free),
  });
  return {
    ...fixture,
    /** Resolves when the server has detected the change. */
    async fill(freeMib: number) {
      disk.free = freeMib * MIB;
      return fixture.inject("/ready");
    },
    [Symbol.asyncDispose]: () => fixture.close(),
  };
};

describe("while the disk is nearly full", () => {
  it("writes are refused at every entry point, reads go on, and so does what ends or makes room", async () => {
    await using fixture = await open();
    const { room } = fixture;
    expect((await fixture.fill(100)).json()).toEqual({
      status: "ready",
      database: "ok",
      migrations: "current",
    });
    const ready = await fixture.fill(99);
    expect([ready.statusCode, ready.json()]).toEqual([
      503,
      { status: "unavailable", disk: "nearly full: writes are refused" },
    ]);

    const token = await fixture.token({ sub: "teacher1", role: "teacher" });
    const [app, api] = [rest(fixture, token), trpc(fixture, token)];
    const refused = await app.post("v2/createRoom", { name: "R", imServer: ["aliyun_new"] });
    expect(refused.headers["retry-after"]).toBe("30");
    expect(refusalOf(refused, 503, "STORAGE_FULL")).toBe(TOLD);
    const over = await api.mutate("cheat.addRecords", {
      roomId: room.id,
      records: [fixture.detection("examinee1")],
    });
    expect([over.status, over.headers["retry-after"], over.error.message]).toEqual([503, "30", TOLD]);
    expect(over.error.data).toMatchObject({
      code: "SERVICE_UNAVAILABLE",
      reason: "STORAGE_FULL",
      httpStatus: 503,
      retryAfterSeconds: 30,
    });
    const url = await fixture.listen();
    await using socket = connectApi(url, token);
    await expect(socket.api.exam.update.mutate({ examId: room.examId, name: "E" })).rejects.toMatchObject({
      data: { reason: "STORAGE_FULL" },
    });
    using page = await rawDropIn(url);
    const { appId, appToken, auth } = await loginFor(fixture, url, "examinee1", "examinee");
    expect(await page.ask({ do: "login", login: { appId, appToken, auth } })).toEqual({});
    expect(await page.ask({ do: "join", groupId: room.id })).toHaveProperty("group");
    const frame = { do: "send", groupId: room.id, type: 30_001, data: "{}", key: randomUUID() };
    expect(await page.ask(frame)).toEqual({ code: 412, message: TOLD });

    dataOf(await app.get("roomInfo", { roomId: room.id }));
    dataOf(await app.get("userList", { roomId: room.id, role: 2 }));
    expect((await socket.api.room.snapshot.query({ roomId: room.id })).room.id).toBe(room.id);
    dataOf(await app.get("endRoom", { roomId: room.id }));
    expect((await api.query("room.get", { roomId: room.id })).data.status).toBe("ended");
    await fixture.admin.audio.delete({ clipId: fixture.clipId });

    expect((await fixture.fill(100)).statusCode).toBe(200);
    const again = rest(fixture, await fixture.token({ sub: "teacher2", role: "teacher" }));
    dataOf(await again.post("v2/createRoom", { name: "R", imServer: ["aliyun_new"] }));
  });

  it("a deleted exam can be restored, and makes room at once only if the call says so", async () => {
    await using fixture = await open();
    const { admin, room, other } = fixture;
    await fixture.fill(99);
    const { eraseAt } = await admin.exam.delete({ examId: room.examId, withRooms: true });
    expect(eraseAt).toEqual(expect.any(Date));
    expect(await admin.exam.restore({ examId: room.examId })).toMatchObject({ id: room.examId });
    const gone = await admin.exam.delete({ examId: other.examId, withRooms: true, erase: "now" });
    expect(gone).not.toHaveProperty("eraseAt");
    expect(await reasonOf(admin.exam.restore({ examId: other.examId }))).toBe("EXAM_NOT_FOUND");
  });

  it("what erased records leave in the database's file counts as free, as long as the log has space", async () => {
    using folder = tempFolder();
    const disk = { free: Number.POSITIVE_INFINITY };
    await using fixture = await openExamsFixture({
      config: limited({ INVIGIL_DISK_RESERVE_MB: "100" }),
      database: join(folder.path, "invigil.db"),
      freeSpace: () => Promise.resolve(disk.free),
    });
    const { admin, room, other } = fixture;
    const records = Array.from({ length: 100 }, () =>
      fixture.detection("examinee9", { extraInfo: "x".repeat(2000) }),
    );
    for (let call = 0; call < 50; call += 1) await admin.cheat.addRecords({ roomId: other.id, records });
    const answerAt = async (freeMib: number): Promise<number> => {
      disk.free = freeMib * MIB;
      return (await fixture.inject("/ready")).statusCode;
    };
    expect(await answerAt(99)).toBe(503);
    const { examId } = other;
    const { name: confirm } = await admin.exam.get({ examId });
    await admin.exam.delete({ examId, withRooms: true, withRecords: true, confirm, erase: "now" });
    await expect.poll(() => answerAt(99)).toBe(200);
    await admin.room.create({ name: "R", examId: room.examId });
    // The log would use up the rest.
    expect(await answerAt(12)).toBe(503);
  });

  it("an upload is refused before anything of it is kept", async () => {
    await using app = await openUploads({
      config: limited({ INVIGIL_DISK_RESERVE_MB: "100" }),
      freeSpace: () => Promise.resolve(5 * MIB),
    });
    await app.inject("/ready");
    const answer = await app.send(formOf(["name", "one"], ["file", wav()]));
    expect(refusalOf(answer, 503, "STORAGE_FULL")).toBe(TOLD);
    expect(await app.clips()).toEqual([]);
  });

  it("a login still works, so that people can end what they run", async () => {
    await using fixture = await open();
    await fixture.admin.account.create({
      userId: "boss",
      role: "admin",
      name: "B",
      password: "a long password",
    });
    await fixture.fill(1);
    const password = "a long password";
    const answer = await trpc(fixture).mutate("auth.login", { username: "boss", password });
    expect([answer.status, answer.error]).toEqual([200, undefined]);
    const mine = trpc(fixture, answer.data.token);
    expect(
      (await mine.mutate("account.create", { userId: "x", role: "admin", name: "X", password })).status,
    ).toBe(503);
    expect((await mine.mutate("auth.logout")).data).toBe(true);
  });
});

describe("the free space", () => {
  const silent = { error: () => undefined, info: () => undefined } as never;
  it("counts that inside the database's file for the folders on its file system, up to seven times", async () => {
    const free: Record<string, number> = { [tmpdir()]: 20, elsewhere: 150 };
    const inFile = { bytes: 80 };
    const disk = createDisk({
      folders: Object.keys(free),
      file: { path: tmpdir(), freeBytes: () => inFile.bytes, shrink: async () => false },
      reserveBytes: 100,
      log: silent,
      freeSpace: async (folder) => free[folder] ?? 0,
    });
    expect([await disk.check(), await disk.least()]).toEqual([true, { folder: tmpdir(), bytes: 100 }]);
    inFile.bytes = 1000;
    expect([await disk.check(), await disk.least()]).toEqual([true, { folder: "elsewhere", bytes: 150 }]);
    free[tmpdir()] = 12;
    expect([await disk.check(), await disk.least()]).toEqual([false, { folder: tmpdir(), bytes: 96 }]);
  });

  it("is that of the fullest file system, and one that cannot be asked stops nobody", async () => {
    const free: Record<string, number> = { a: 500, b: 50 };
    const disk = createDisk({
      folders: ["a", "b", "gone"],
      reserveBytes: 100,
      log: silent,
      freeSpace: (folder) =>
        folder in free ? Promise.resolve(free[folder] ?? 0) : Promise.reject(new Error("gone")),
    });
    expect(await disk.check()).toBe(false);
    expect(() => disk.assertFreeSpace()).toThrow(TOLD);
    free.b = 100;
    expect(await disk.check()).toBe(true);
    expect(() => disk.assertFreeSpace()).not.toThrow();
  });

  it("is not looked at where nothing is kept back", async () => {
    const disk = createDisk({
      folders: ["a"],
      reserveBytes: 0,
      log: silent,
      freeSpace: () => Promise.resolve(0),
    });
    expect(await disk.check()).toBe(true);
  });
});
