import { join } from "node:path";
import type { Camera } from "@invigil/schema";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { TestCaller } from "../src/app/testing.js";
import { presence, roomEvents } from "../src/storage/tables.js";
import { tempFolder } from "./support/folders.js";
import { ADMIN, EXAMINEE, type Hall, INSPECTOR, OTHER, openHall, START, TEACHER } from "./support/hall.js";

// The settle time passes when the test says so; nothing else of the app waits for a timer here.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Connects one of somebody's pages of the room. */
const connect = async (
  hall: Hall,
  { sub, role }: TestCaller,
  camera: Camera = "main",
  { id } = hall.room,
) => {
  const leave = hall.services.presence.connect({ roomId: id, userId: sub, role, camera });
  await hall.written();
  return async (): Promise<void> => {
    leave();
    await hall.written();
  };
};
/** Lets time pass, on the app's clock and for its timers. */
const pass = async (hall: Hall, seconds: number): Promise<void> => {
  hall.time.now += seconds * 1000;
  vi.advanceTimersByTime(seconds * 1000);
  await hall.written();
};
/** Who is there, and since how many seconds after the start. */
const present = async (hall: Hall, { id } = hall.room): Promise<string[]> => {
  const { data } = await hall.query(TEACHER, "room.presence", { roomId: id });
  return data.map(
    ({ userId, role, camera, since }: { userId: string; role: string; camera: string; since: Date }) =>
      `${userId} ${role} ${camera} ${(since.getTime() - START) / 1000}`,
  );
};
const told = (hall: Hall, { id } = hall.room): string[] =>
  hall
    .happened({ ...hall.room, id }, "participant_entered", "participant_left")
    .map(([type, { userId, role, camera }]) => `${type.slice(12)} ${userId} ${role} ${camera}`);

describe("a page that is connected", () => {
  it("is present at once, and told", async () => {
    await using hall = await openHall();
    await connect(hall, EXAMINEE);
    hall.time.now += 2000;
    await connect(hall, EXAMINEE, "pc");
    await connect(hall, TEACHER);
    expect(await present(hall)).toEqual(["e1 examinee main 0", "e1 examinee pc 2", "t1 teacher main 2"]);
    expect(told(hall)).toEqual([
      "entered e1 examinee main",
      "entered e1 examinee pc",
      "entered t1 teacher main",
    ]);
    expect(await present(hall, hall.sibling)).toEqual([]);
  });

  it("counts once, however many connections it has, and leaves with the last of them", async () => {
    await using hall = await openHall({ config: { presenceSettleSeconds: 0 } });
    const first = await connect(hall, EXAMINEE);
    const second = await connect(hall, EXAMINEE);
    await first();
    // Said twice is said once.
    await first();
    expect(await present(hall)).toEqual(["e1 examinee main 0"]);
    await second();
    expect(await present(hall)).toEqual([]);
    expect(told(hall)).toEqual(["entered e1 examinee main", "left e1 examinee main"]);
  });

  it("is nobody's who is not in the room: an administrator who watches", async () => {
    await using hall = await openHall({ config: { presenceSettleSeconds: 0 } });
    const leave = await connect(hall, ADMIN);
    await connect(hall, { sub: "e1", role: "teacher" });
    await leave();
    expect([await present(hall), told(hall)]).toEqual([[], []]);
    // One that is in the room is there as what it is in it.
    await connect(hall, { sub: "t1", role: "admin" });
    expect(told(hall)).toEqual(["entered t1 teacher main"]);
  });
});

describe("how many devices have a page open", () => {
  const counted = (hall: Hall): string[] =>
    hall
      .happened(hall.room, "participant_entered", "devices_changed", "participant_left")
      .map(([type, { userId, camera, devices }]) => `${type} ${userId} ${camera} ${devices ?? ""}`.trim());
  const devices = async (hall: Hall) =>
    (await hall.query(INSPECTOR, "room.presence", { roomId: hall.room.id })).data.map(
      ({ userId, camera, devices: open }: { userId: string; camera: string; devices: number }) =>
        `${userId} ${camera} ${open}`,
    );

  it("is told to those who watch, for each camera: one link serves nobody else unseen", async () => {
    await using hall = await openHall({ config: { presenceSettleSeconds: 10 } });
    await connect(hall, EXAMINEE, "pc");
    hall.time.now += 1000;
    const leaves = [];
    for (let n = 0; n < 20; n++) leaves.push(await connect(hall, EXAMINEE));
    expect(await devices(hall)).toEqual(["e1 pc 1", "e1 main 20"]);
    const snapshot = (await hall.query(TEACHER, "room.snapshot", { roomId: hall.room.id })).data;
    expect(snapshot.presence).toMatchObject([{ devices: 1 }, { devices: 20 }]);
    expect(counted(hall)).toEqual([
      "participant_entered e1 pc",
      "participant_entered e1 main",
      ...Array.from({ length: 19 }, (_, n) => `devices_changed e1 main ${n + 2}`),
    ]);
    // A device that is gone counts until the settle time is over; all that have gone by then are told at once.
    for (const leave of leaves.slice(1)) await leave();
    expect(await devices(hall)).toEqual(["e1 pc 1", "e1 main 20"]);
    await pass(hall, 10);
    expect(await devices(hall)).toEqual(["e1 pc 1", "e1 main 1"]);
    expect(counted(hall).slice(21)).toEqual(["devices_changed e1 main 1"]);
  });

  it("does not change while one of several comes back within the settle time", async () => {
    await using hall = await openHall({ config: { presenceSettleSeconds: 10 } });
    await connect(hall, EXAMINEE);
    const leave = await connect(hall, EXAMINEE);
    await leave();
    await pass(hall, 9);
    await connect(hall, EXAMINEE);
    await pass(hall, 30);
    expect(counted(hall)).toEqual(["participant_entered e1 main", "devices_changed e1 main 2"]);
  });

  it("is no other examinee's business", async () => {
    await using hall = await openHall();
    for (let n = 0; n < 2; n++) await connect(hall, EXAMINEE);
    const { data } = await hall.query(OTHER, "room.snapshot", { roomId: hall.room.id });
    expect(data.presence).toEqual([]);
    expect((await hall.query(OTHER, "room.presence", { roomId: hall.room.id })).status).toBe(403);
  });
});

describe("a page that lost its connection", () => {
  it("has left after the settle time, and not before", async () => {
    await using hall = await openHall({ config: { presenceSettleSeconds: 10 } });
    const leave = await connect(hall, EXAMINEE);
    await leave();
    await pass(hall, 9.999);
    expect(await present(hall)).toEqual(["e1 examinee main 0"]);
    await pass(hall, 0.001);
    expect([await present(hall), told(hall)]).toEqual([
      [],
      ["entered e1 examinee main", "left e1 examinee main"],
    ]);
    const { createdAt } = hall.db.queries.select().from(roomEvents).all().at(-1) ?? {};
    expect(createdAt).toEqual(new Date(START + 10_000));
  });

  it("and has another within it never left: no event, and since when it is there stays", async () => {
    await using hall = await openHall({ config: { presenceSettleSeconds: 10 } });
    let leave = await connect(hall, EXAMINEE);
    for (let flap = 0; flap < 5; flap++) {
      await leave();
      await pass(hall, 9);
      leave = await connect(hall, EXAMINEE);
      await pass(hall, 9);
    }
    expect(await present(hall)).toEqual(["e1 examinee main 0"]);
    await leave();
    await pass(hall, 10);
    expect(told(hall)).toEqual(["entered e1 examinee main", "left e1 examinee main"]);
    await connect(hall, EXAMINEE);
    expect(await present(hall)).toEqual(["e1 examinee main 100"]);
  });

  it("and another the moment it has left enters anew", async () => {
    await using hall = await openHall({ config: { presenceSettleSeconds: 10 } });
    const leave = await connect(hall, EXAMINEE);
    await leave();
    vi.advanceTimersByTime(10_000);
    // The write that says it left is asked for, and not done.
    const again = await connect(hall, EXAMINEE);
    expect(await present(hall)).toEqual(["e1 examinee main 0"]);
    await again();
    await pass(hall, 9);
    expect(told(hall)).toEqual([
      "entered e1 examinee main",
      "left e1 examinee main",
      "entered e1 examinee main",
    ]);
    await pass(hall, 1);
    expect(told(hall)).toHaveLength(4);
  });

  it("and others in short order is there as long as the last of them", async () => {
    await using hall = await openHall({ config: { presenceSettleSeconds: 10 } });
    const page = { roomId: hall.room.id, userId: "e1", role: "examinee", camera: "main" } as const;
    const { presence } = hall.services;
    presence.connect(page)();
    vi.advanceTimersByTime(10_000);
    // Comes and goes while it is being written that it left.
    presence.connect(page)();
    await hall.written();
    const leave = await connect(hall, EXAMINEE);
    await pass(hall, 10);
    expect(await present(hall)).toEqual(["e1 examinee main 0"]);
    await leave();
    await pass(hall, 10);
    expect(await present(hall)).toEqual([]);
  });
});

describe("who is not in the room any more", () => {
  it.each([
    ["removed", TEACHER, "participant.remove", (hall: Hall) => ({ roomId: hall.room.id })],
    [
      "moved",
      ADMIN,
      "participant.move",
      (hall: Hall) => ({ roomId: hall.room.id, toRoomId: hall.sibling.id }),
    ],
    [
      "taken out of the exam",
      TEACHER,
      "participant.removeFromExam",
      (hall: Hall) => ({ examId: hall.room.examId }),
    ],
  ])("%s has left at once, on both pages", async (_, caller, path, where) => {
    await using hall = await openHall();
    const leaves = [await connect(hall, EXAMINEE), await connect(hall, EXAMINEE, "pc")];
    await connect(hall, OTHER);
    const { status } = await hall.mutate(caller, path, { ...where(hall), userId: "e1" });
    expect([status, await present(hall)]).toEqual([200, ["e2 examinee main 0"]]);
    expect(told(hall).slice(3)).toEqual(["left e1 examinee main", "left e1 examinee pc"]);
    for (const leave of leaves) await leave();
    await pass(hall, 10);
    expect(told(hall)).toHaveLength(5);
  });

  it("and put back is there again with its next connection, also within the settle time", async () => {
    await using hall = await openHall();
    const leave = await connect(hall, EXAMINEE);
    await hall.mutate(TEACHER, "participant.remove", { roomId: hall.room.id, userId: "e1" });
    await leave();
    await hall.mutate(TEACHER, "participant.add", {
      roomId: hall.room.id,
      participants: [{ userId: "e1", name: "E", role: "examinee" }],
    });
    expect(await present(hall)).toEqual([]);
    await connect(hall, EXAMINEE);
    expect(await present(hall)).toEqual(["e1 examinee main 0"]);
  });

  it("because the room was deleted, is nowhere, and its connection's end is nothing", async () => {
    await using hall = await openHall({ config: { presenceSettleSeconds: 0 } });
    const leave = await connect(hall, EXAMINEE);
    const examId = hall.room.examId;
    expect((await hall.mutate(TEACHER, "exam.delete", { examId, withRooms: true })).status).toBe(200);
    await connect(hall, OTHER);
    await leave();
    expect(hall.db.queries.select().from(presence).all()).toEqual([]);
    expect(hall.lines.filter(({ level }) => Number(level) >= 50)).toEqual([]);
    expect(told(hall)).toEqual(["entered e1 examinee main"]);
  });
});

describe("many who connect", () => {
  it("share commits", async () => {
    const begun: string[] = [];
    await using hall = await openHall({
      onStatement: (sql) => {
        if (/^BEGIN/i.test(sql)) begun.push(sql);
      },
    });
    const people = Array.from({ length: 200 }, (_, n) => `p${n}`);
    await hall.mutate(TEACHER, "participant.add", {
      roomId: hall.room.id,
      participants: people.map((userId) => ({ userId, name: userId, role: "examinee" })),
    });
    begun.length = 0;
    for (const userId of people)
      hall.services.presence.connect({ roomId: hall.room.id, userId, role: "examinee", camera: "main" });
    await hall.written();
    // How many they are is a matter of how busy the machine is.
    expect(begun.length).toBeLessThan(people.length / 4);
    expect(told(hall)).toHaveLength(people.length);
  });
});

describe("after a restart", () => {
  const inFile = (path: string, presenceSettleSeconds = 10) => ({
    config: { databaseFile: join(path, "invigil.db"), presenceSettleSeconds },
  });

  it("who was there is there, if it is back within the settle time", async () => {
    using folder = tempFolder();
    const first = await openHall(inFile(folder.path));
    await connect(first, EXAMINEE);
    const leave = await connect(first, OTHER);
    const { presence } = first.services;
    await first[Symbol.asyncDispose]();
    // Connections end, and begin, after the service has: that is no news for the database.
    await leave().catch(() => undefined);
    presence.connect({ roomId: first.room.id, userId: "i1", role: "inspector", camera: "main" });
    vi.advanceTimersByTime(60_000);
    await presence.stop();
    expect(first.lines.filter(({ level }) => Number(level) >= 50)).toEqual([]);

    await using second = await openHall(inFile(folder.path), first);
    expect(await present(second)).toEqual(["e1 examinee main 0", "e2 examinee main 0"]);
    await pass(second, 5);
    await connect(second, EXAMINEE);
    await pass(second, 5);
    expect(await present(second)).toEqual(["e1 examinee main 0"]);
    expect(told(second)).toEqual([
      "entered e1 examinee main",
      "entered e2 examinee main",
      "left e2 examinee main",
    ]);
  });

  it("nobody is there where there is no settle time", async () => {
    using folder = tempFolder();
    const first = await openHall(inFile(folder.path));
    await connect(first, EXAMINEE);
    await first[Symbol.asyncDispose]();
    await using second = await openHall(inFile(folder.path, 0), first);
    await pass(second, 0.001);
    expect([await present(second), told(second).at(-1)]).toEqual([[], "left e1 examinee main"]);
  });
});

describe("what could not be written", () => {
  it("is written later", async () => {
    await using hall = await openHall({ config: { presenceSettleSeconds: 0 } });
    const { db } = hall;
    const forbid = (when: string) =>
      db.queries.run(`CREATE TRIGGER no BEFORE ${when} ON presence BEGIN SELECT RAISE(ABORT, 'no'); END`);
    const allow = () => db.queries.run("DROP TRIGGER no");
    forbid("INSERT");
    const leave = await connect(hall, EXAMINEE);
    expect([await present(hall), told(hall)]).toEqual([[], []]);
    allow();
    await pass(hall, 5);
    expect(told(hall)).toEqual(["entered e1 examinee main"]);
    forbid("DELETE");
    await leave();
    expect(await present(hall)).toHaveLength(1);
    allow();
    await pass(hall, 5);
    expect([await present(hall), told(hall).at(-1)]).toEqual([[], "left e1 examinee main"]);
    expect(hall.lines.filter(({ level }) => level === 50)).toHaveLength(2);
  });
});

describe("who may see it", () => {
  it.each([
    ["a teacher", TEACHER, 200],
    ["an inspector", INSPECTOR, 200],
    ["an administrator", ADMIN, 200],
    ["an examinee", EXAMINEE, 403],
  ])("%s: %o %i", async (_, caller, status) => {
    await using hall = await openHall();
    expect((await hall.query(caller, "room.presence", { roomId: hall.room.id })).status).toBe(status);
  });
});
