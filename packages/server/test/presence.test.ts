// Also on PostgreSQL: servers claim pages and hold leases.
import { join } from "node:path";
import type { Camera } from "@invigil/schema";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { TestCaller } from "../src/app/testing.js";
import { MOST_VISITS } from "../src/domain/presence-times.js";
import { createDeliveryStore } from "../src/features/delivery/store.js";
import { bulkChanges, pageVisits, presence, roomEvents } from "../src/storage/tables.js";
import { tempFolder } from "./support/folders.js";
import { limited } from "./support/limits.js";
import {
  ADMIN,
  EXAMINEE,
  INSPECTOR,
  OTHER,
  openRoomFixture,
  type RoomFixture,
  START,
  TEACHER,
} from "./support/room-fixture.js";
import { failWrites, insertRows, rowsOf } from "./support/tables.js";
import { withWrites } from "./support/writes.js";

// Tests control when the settle time passes. They use no other timers, and no call takes long enough for a pause after it.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Connects a page of a person. Returns the function that disconnects it. */
const connect = async (
  fixture: RoomFixture,
  { sub, role }: TestCaller,
  camera: Camera = "main",
  { id, examId } = fixture.room,
) => {
  const leave = fixture.services.presence.connect({ examId, roomId: id, userId: sub, role, camera });
  await fixture.written();
  return async (): Promise<void> => {
    leave();
    await fixture.written();
  };
};
/** Advances the clock of the app and its timers. */
const pass = async (fixture: RoomFixture, seconds: number): Promise<void> => {
  fixture.time.now += seconds * 1000;
  vi.advanceTimersByTime(seconds * 1000);
  await fixture.written();
};
/** The presences of a room, with the seconds from the start of the test to their beginning. */
const present = async (fixture: RoomFixture, { id } = fixture.room): Promise<string[]> => {
  const { data } = await fixture.query(TEACHER, "room.presence", { roomId: id });
  return data.map(
    ({ userId, role, camera, since }: { userId: string; role: string; camera: string; since: Date }) =>
      `${userId} ${role} ${camera} ${(since.getTime() - START) / 1000}`,
  );
};
/** The fields of an event that are texts and numbers. */
const wordsOf = (fields: readonly unknown[]): string =>
  fields.filter((field) => typeof field === "string" || typeof field === "number").join(" ");
/** The presence events of a room. */
const presenceEvents = async (fixture: RoomFixture, { id } = fixture.room): Promise<string[]> =>
  (await fixture.happened({ ...fixture.room, id }, "participant_entered", "participant_left")).map(
    ([type, { userId, role, camera }]) => wordsOf([type.slice(12), userId, role, camera]),
  );

it("a page that would exceed the room's budget of events waits, with its newest state, and is not lost", async () => {
  await using fixture = await openRoomFixture({
    config: { ...limited({ INVIGIL_LIMIT_EVENTS: "room=4" }), presenceSettleSeconds: 0 },
  });
  // The room's creation is an event, too. Presence leaves one of the four to calls.
  await connect(fixture, EXAMINEE);
  await connect(fixture, TEACHER);
  const leave = await connect(fixture, INSPECTOR);
  await connect(fixture, EXAMINEE, "pc");
  expect(await present(fixture)).toEqual(["e1 examinee main 0", "t1 teacher main 0"]);
  await leave();
  await pass(fixture, 15);
  expect(await present(fixture)).toEqual(["e1 examinee main 0", "t1 teacher main 0", "e1 examinee pc 15"]);
  expect(await presenceEvents(fixture)).not.toContain(`entered ${INSPECTOR.sub} inspector main`);
  const input = { roomId: fixture.room.id, audioStatus: "speaking" };
  expect((await fixture.mutate(TEACHER, "room.setAudioStatus", input)).status).toBe(200);
});

describe("a connected page", () => {
  it("is present at once, which adds an event", async () => {
    await using fixture = await openRoomFixture();
    await connect(fixture, EXAMINEE);
    fixture.time.now += 2000;
    await connect(fixture, EXAMINEE, "pc");
    await connect(fixture, TEACHER);
    expect(await present(fixture)).toEqual(["e1 examinee main 0", "e1 examinee pc 2", "t1 teacher main 2"]);
    expect(await presenceEvents(fixture)).toEqual([
      "entered e1 examinee main",
      "entered e1 examinee pc",
      "entered t1 teacher main",
    ]);
    expect(await present(fixture, fixture.sibling)).toEqual([]);
  });

  it("is one presence for any number of connections, and leaves with the last one", async () => {
    await using fixture = await openRoomFixture({ config: { presenceSettleSeconds: 0 } });
    const first = await connect(fixture, EXAMINEE);
    const second = await connect(fixture, EXAMINEE);
    await first();
    // A second call has no effect.
    await first();
    expect(await present(fixture)).toEqual(["e1 examinee main 0"]);
    await second();
    expect(await present(fixture)).toEqual([]);
    expect(await presenceEvents(fixture)).toEqual(["entered e1 examinee main", "left e1 examinee main"]);
  });

  it("is not present if the person is not in the room, like an administrator who watches", async () => {
    await using fixture = await openRoomFixture({ config: { presenceSettleSeconds: 0 } });
    const leave = await connect(fixture, ADMIN);
    await connect(fixture, { sub: "e1", role: "teacher" });
    await leave();
    expect([await present(fixture), await presenceEvents(fixture)]).toEqual([[], []]);
    // An administrator who is in the room is present with their role there.
    await connect(fixture, { sub: "t1", role: "admin" });
    expect(await presenceEvents(fixture)).toEqual(["entered t1 teacher main"]);
  });
});

describe("the number of devices of a page", () => {
  const counted = async (fixture: RoomFixture): Promise<string[]> =>
    (await fixture.happened(fixture.room, "participant_entered", "devices_changed", "participant_left")).map(
      ([type, { userId, camera, devices }]) => wordsOf([type, userId, camera, devices]),
    );
  const devices = async (fixture: RoomFixture) =>
    (await fixture.query(INSPECTOR, "room.presence", { roomId: fixture.room.id })).data.map(
      ({ userId, camera, devices: open }: { userId: string; camera: string; devices: number }) =>
        `${userId} ${camera} ${open}`,
    );

  it("is visible to staff for each camera, so that a shared link is noticed", async () => {
    await using fixture = await openRoomFixture({ config: { presenceSettleSeconds: 10 } });
    await connect(fixture, EXAMINEE, "pc");
    fixture.time.now += 1000;
    const leaves = [];
    for (let n = 0; n < 20; n++) leaves.push(await connect(fixture, EXAMINEE));
    await pass(fixture, 1);
    expect(await devices(fixture)).toEqual(["e1 pc 1", "e1 main 20"]);
    const snapshot = (await fixture.query(TEACHER, "room.snapshot", { roomId: fixture.room.id })).data;
    expect(snapshot.presence).toMatchObject([{ devices: 1 }, { devices: 20 }]);
    expect(await counted(fixture)).toEqual([
      "participant_entered e1 pc",
      "participant_entered e1 main",
      "devices_changed e1 main 2",
      "devices_changed e1 main 20",
    ]);
    // A disconnected device counts until the settle time is over. One event then reports all that have disconnected.
    for (const leave of leaves.slice(1)) await leave();
    expect(await devices(fixture)).toEqual(["e1 pc 1", "e1 main 20"]);
    await pass(fixture, 10);
    expect(await devices(fixture)).toEqual(["e1 pc 1", "e1 main 1"]);
    expect((await counted(fixture)).slice(4)).toEqual(["devices_changed e1 main 1"]);
  });

  it("does not change if a device reconnects within the settle time", async () => {
    await using fixture = await openRoomFixture({ config: { presenceSettleSeconds: 10 } });
    await connect(fixture, EXAMINEE);
    const leave = await connect(fixture, EXAMINEE);
    await leave();
    await pass(fixture, 9);
    await connect(fixture, EXAMINEE);
    await pass(fixture, 30);
    expect(await counted(fixture)).toEqual(["participant_entered e1 main", "devices_changed e1 main 2"]);
  });

  it("changes at most once a second, however often a page connects and disconnects", async () => {
    await using fixture = await openRoomFixture({ config: { presenceSettleSeconds: 10 } });
    const first = await connect(fixture, EXAMINEE);
    for (let second = 0; second < 15; second++) {
      for (let n = 0; n < 10; n++) {
        const leaves = [await connect(fixture, EXAMINEE), await connect(fixture, EXAMINEE)];
        for (const leave of leaves) await leave();
      }
      await pass(fixture, 1);
    }
    const events = await counted(fixture);
    expect(events.length).toBeLessThanOrEqual(17);
    expect(events.length).toBeGreaterThan(2);
    // The newest number is stored, and the events end with it.
    await pass(fixture, 10);
    expect(await devices(fixture)).toEqual(["e1 main 1"]);
    expect((await counted(fixture)).at(-1)).toBe("devices_changed e1 main 1");
    await first();
    await pass(fixture, 10);
    expect((await counted(fixture)).at(-1)).toBe("participant_left e1 main");
    expect(await devices(fixture)).toEqual([]);
  });

  it.each([
    ["the page leaves", 0, "participant_left e1 main"],
    // Its connections end while it stops. They have not been gone for the settle time.
    ["the server stops", 10, "devices_changed e1 main 4"],
  ])("is up to date when %s within that second", async (_, presenceSettleSeconds, last) => {
    await using fixture = await openRoomFixture({ config: { presenceSettleSeconds } });
    const leaves = [];
    for (let n = 0; n < 4; n++) leaves.push(await connect(fixture, EXAMINEE));
    expect((await counted(fixture)).at(-1)).toBe("devices_changed e1 main 2");
    for (const leave of leaves) await leave();
    if (presenceSettleSeconds > 0) await fixture.services.presence.stop();
    expect((await counted(fixture)).at(-1)).toBe(last);
    await pass(fixture, 5);
    expect((await counted(fixture)).at(-1)).toBe(last);
  });

  it("is not visible to other examinees", async () => {
    await using fixture = await openRoomFixture();
    for (let n = 0; n < 2; n++) await connect(fixture, EXAMINEE);
    const { data } = await fixture.query(OTHER, "room.snapshot", { roomId: fixture.room.id });
    expect(data.presence).toEqual([]);
    expect((await fixture.query(OTHER, "room.presence", { roomId: fixture.room.id })).status).toBe(403);
  });
});

describe("a page that lost its connection", () => {
  it("leaves after the settle time, and not before", async () => {
    await using fixture = await openRoomFixture({ config: { presenceSettleSeconds: 10 } });
    const leave = await connect(fixture, EXAMINEE);
    await leave();
    await pass(fixture, 9.999);
    expect(await present(fixture)).toEqual(["e1 examinee main 0"]);
    await pass(fixture, 0.001);
    expect([await present(fixture), await presenceEvents(fixture)]).toEqual([
      [],
      ["entered e1 examinee main", "left e1 examinee main"],
    ]);
    const { createdAt } = (await rowsOf(fixture.db, roomEvents)).at(-1) ?? {};
    expect(createdAt).toEqual(new Date(START + 10_000));
  });

  it("and reconnects within the settle time has not left: it adds no event and keeps the time of its presence", async () => {
    await using fixture = await openRoomFixture({ config: { presenceSettleSeconds: 10 } });
    let leave = await connect(fixture, EXAMINEE);
    for (let flap = 0; flap < 5; flap++) {
      await leave();
      await pass(fixture, 9);
      leave = await connect(fixture, EXAMINEE);
      await pass(fixture, 9);
    }
    expect(await present(fixture)).toEqual(["e1 examinee main 0"]);
    await leave();
    await pass(fixture, 10);
    expect(await presenceEvents(fixture)).toEqual(["entered e1 examinee main", "left e1 examinee main"]);
    await connect(fixture, EXAMINEE);
    expect(await present(fixture)).toEqual(["e1 examinee main 100"]);
  });

  it("and reconnects just after it has left enters again", async () => {
    await using fixture = await openRoomFixture({ config: { presenceSettleSeconds: 10 } });
    const leave = await connect(fixture, EXAMINEE);
    await leave();
    vi.advanceTimersByTime(10_000);
    // The write that removes it is pending.
    const again = await connect(fixture, EXAMINEE);
    expect(await present(fixture)).toEqual(["e1 examinee main 0"]);
    await again();
    await pass(fixture, 9);
    expect(await presenceEvents(fixture)).toEqual([
      "entered e1 examinee main",
      "left e1 examinee main",
      "entered e1 examinee main",
    ]);
    await pass(fixture, 1);
    expect(await presenceEvents(fixture)).toHaveLength(4);
  });

  it("and reconnects several times is present as long as its last connection", async () => {
    await using fixture = await openRoomFixture({ config: { presenceSettleSeconds: 10 } });
    const { id: roomId, examId } = fixture.room;
    const page = { examId, roomId, userId: "e1", role: "examinee", camera: "main" } as const;
    const { presence } = fixture.services;
    presence.connect(page)();
    vi.advanceTimersByTime(10_000);
    // Connects and disconnects while the write that removes it is pending.
    presence.connect(page)();
    await fixture.written();
    const leave = await connect(fixture, EXAMINEE);
    await pass(fixture, 10);
    expect(await present(fixture)).toEqual(["e1 examinee main 0"]);
    await leave();
    await pass(fixture, 10);
    expect(await present(fixture)).toEqual([]);
  });
});

describe("a person who is removed from the room", () => {
  it.each([
    ["removed", TEACHER, "participant.remove", (fixture: RoomFixture) => ({ roomId: fixture.room.id })],
    [
      "moved",
      ADMIN,
      "participant.move",
      (fixture: RoomFixture) => ({ roomId: fixture.room.id, toRoomId: fixture.sibling.id }),
    ],
    [
      "taken out of the exam",
      TEACHER,
      "participant.removeFromExam",
      (fixture: RoomFixture) => ({ examId: fixture.room.examId }),
    ],
  ])("(%s) leaves at once, on both pages", async (_, caller, path, where) => {
    await using fixture = await openRoomFixture();
    const leaves = [await connect(fixture, EXAMINEE), await connect(fixture, EXAMINEE, "pc")];
    await connect(fixture, OTHER);
    const { status } = await fixture.mutate(caller, path, { ...where(fixture), userId: "e1" });
    expect([status, await present(fixture)]).toEqual([200, ["e2 examinee main 0"]]);
    expect((await presenceEvents(fixture)).slice(3)).toEqual([
      "left e1 examinee main",
      "left e1 examinee pc",
    ]);
    for (const leave of leaves) await leave();
    await pass(fixture, 10);
    expect(await presenceEvents(fixture)).toHaveLength(5);
  });

  it("and added again is present with their next connection, even within the settle time", async () => {
    await using fixture = await openRoomFixture();
    const leave = await connect(fixture, EXAMINEE);
    await fixture.mutate(TEACHER, "participant.remove", { roomId: fixture.room.id, userId: "e1" });
    await leave();
    await fixture.mutate(TEACHER, "participant.add", {
      roomId: fixture.room.id,
      participants: [{ userId: "e1", name: "E", role: "examinee" }],
    });
    expect(await present(fixture)).toEqual([]);
    await connect(fixture, EXAMINEE);
    expect(await present(fixture)).toEqual(["e1 examinee main 0"]);
  });

  it("because the room was deleted, is not present, and the end of their connection has no effect", async () => {
    await using fixture = await openRoomFixture({ config: { presenceSettleSeconds: 0 } });
    const leave = await connect(fixture, EXAMINEE);
    const examId = fixture.room.examId;
    expect(
      (await fixture.mutate(TEACHER, "exam.delete", { examId, withRooms: true, erase: "now" })).status,
    ).toBe(200);
    await connect(fixture, OTHER);
    await leave();
    expect(await rowsOf(fixture.db, presence)).toEqual([]);
    expect(fixture.lines.filter(({ level }) => Number(level) >= 50)).toEqual([]);
    expect(await presenceEvents(fixture)).toEqual(["entered e1 examinee main"]);
  });
});

describe("the visits of a person", () => {
  /** The visits as they are listed, with the seconds from the start of the test. */
  const visits = async (fixture: RoomFixture, { id } = fixture.room, userId = "e1"): Promise<string[]> => {
    const listed: string[] = [];
    let cursor: number | undefined;
    do {
      const { data } = await fixture.query(ADMIN, "room.visits", {
        roomId: id,
        userId,
        pageSize: 2,
        cursor,
      });
      for (const { camera, since, leftAt } of data.visits)
        listed.push(`${camera} ${(since.getTime() - START) / 1000}-${(leftAt.getTime() - START) / 1000}`);
      cursor = data.nextCursor;
    } while (cursor !== undefined);
    return listed;
  };

  it("are kept as long as the exam, newest first, and without those that go on", async () => {
    await using fixture = await openRoomFixture({
      config: { presenceSettleSeconds: 10 },
    });
    for (const camera of ["main", "pc", "main"] as const) {
      const leave = await connect(fixture, EXAMINEE, camera);
      await connect(fixture, OTHER);
      await pass(fixture, 20);
      // An interruption shorter than the settle time ends no visit.
      await leave();
      await pass(fixture, 9);
      const leaveAgain = await connect(fixture, EXAMINEE, camera);
      await leaveAgain();
      await pass(fixture, 11);
    }
    await connect(fixture, EXAMINEE);
    const all = ["main 80-120", "pc 40-80", "main 0-40"];
    expect(await visits(fixture)).toEqual(all);
    expect(await visits(fixture, fixture.room, OTHER.sub)).toEqual([]);
    // The log keeps its events for a day.
    const delivery = createDeliveryStore(withWrites(fixture.db));
    while (await delivery.prune(new Date(8.64e15)));
    expect(await presenceEvents(fixture)).not.toContain("left e1 examinee main");
    expect(await visits(fixture)).toEqual(all);
  });

  it("end with a move, stay in their room, and go with the person", async () => {
    await using fixture = await openRoomFixture();
    await connect(fixture, EXAMINEE);
    fixture.time.now += 5000;
    await connect(fixture, EXAMINEE, "pc");
    fixture.time.now += 5000;
    const input = { roomId: fixture.room.id, userId: "e1", toRoomId: fixture.sibling.id };
    await fixture.mutate(ADMIN, "participant.move", input);
    for (const room of [fixture.room, fixture.sibling])
      expect((await visits(fixture, room)).toSorted()).toEqual(["main 0-10", "pc 5-10"]);
  });

  it("cannot fill the disk: the newest of a person in a room are kept", async () => {
    await using fixture = await openRoomFixture({ config: { presenceSettleSeconds: 0 } });
    const { id: roomId, examId } = fixture.room;
    const before = new Date(START - 1000);
    const visit = { examId, roomId, camera: "main", since: before, leftAt: before } as const;
    const owners = [{ userId: "e1" }, { userId: "e2" }, { userId: "e1", roomId: fixture.sibling.id }];
    // More than are kept, as two pages that leave at once make them.
    for (const owner of owners)
      await insertRows(
        fixture.db,
        pageVisits,
        Array.from({ length: MOST_VISITS + 3 }, () => ({ ...visit, ...owner })),
      );
    // One departure of several deletes what is too much. It depends on its time.
    for (let n = 0; n < 40; n += 1) {
      fixture.time.now += 1;
      await (await connect(fixture, EXAMINEE))();
    }
    const kept = await rowsOf(fixture.db, pageVisits);
    const of = (userId: string, room: string) =>
      kept.filter((row) => row.userId === userId && row.roomId === room);
    const own = of("e1", roomId);
    expect(own.length).toBeGreaterThanOrEqual(MOST_VISITS);
    expect(own.length).toBeLessThan(MOST_VISITS + 40);
    expect(own.slice(-40).map(({ leftAt }) => leftAt.getTime() - START)).toEqual(
      Array.from({ length: 40 }, (_, n) => n + 1),
    );
    expect([of("e2", roomId).length, of("e1", fixture.sibling.id).length]).toEqual([
      MOST_VISITS + 3,
      MOST_VISITS + 3,
    ]);
  });

  it("are hidden as soon as the person is erased, while their rows are still deleted", async () => {
    await using fixture = await openRoomFixture({ config: { presenceSettleSeconds: 0 } });
    for (const caller of [EXAMINEE, OTHER]) await (await connect(fixture, caller))();
    const { id: roomId, examId } = fixture.room;
    const now = new Date(START);
    await insertRows(fixture.db, bulkChanges, [
      {
        id: 1,
        kind: "remove_person",
        examId,
        person: { userId: "e1", roomId, erases: "room", lastRecordId: 0 },
        state: "announced",
        seatedBefore: 0,
        unseatedBefore: 0,
        progress: { phase: 0, after: "" },
        worker: "another server",
        claimedUntil: new Date(START + 60_000),
        createdAt: now,
      },
    ]);
    expect([await visits(fixture), await visits(fixture, fixture.room, "e2")]).toEqual([[], ["main 0-0"]]);
  });

  it("are erased with the person, also the one that the removal ended", async () => {
    await using fixture = await openRoomFixture({ config: { presenceSettleSeconds: 0 } });
    for (const caller of [EXAMINEE, OTHER]) await (await connect(fixture, caller))();
    await connect(fixture, EXAMINEE);
    const input = { roomId: fixture.room.id, userId: "e1", withRecords: true };
    expect((await fixture.mutate(ADMIN, "participant.remove", input)).status).toBe(200);
    await fixture.services.bulk.drain();
    expect((await rowsOf(fixture.db, pageVisits)).map(({ userId }) => userId)).toEqual(["e2"]);
  });
});

describe("many concurrent connections", () => {
  it("share commits", async () => {
    const begun: string[] = [];
    await using fixture = await openRoomFixture({
      onStatement: (sql) => {
        if (/^BEGIN/i.test(sql)) begun.push(sql);
      },
    });
    const people = Array.from({ length: 200 }, (_, n) => `p${n}`);
    await fixture.mutate(TEACHER, "participant.add", {
      roomId: fixture.room.id,
      participants: people.map((userId) => ({ userId, name: userId, role: "examinee" })),
    });
    begun.length = 0;
    const { id: roomId, examId } = fixture.room;
    for (const userId of people)
      fixture.services.presence.connect({ examId, roomId, userId, role: "examinee", camera: "main" });
    await fixture.written();
    // The number of commits depends on how busy the machine is.
    expect(begun.length).toBeLessThan(people.length / 4);
    expect(await presenceEvents(fixture)).toHaveLength(people.length);
  });
});

describe("after a restart,", () => {
  const inFile = (path: string, presenceSettleSeconds = 10) => ({
    config: { databaseFile: join(path, "invigil.db"), presenceSettleSeconds },
  });

  it("a page that reconnects within the settle time is still present", async () => {
    using folder = tempFolder();
    const first = await openRoomFixture(inFile(folder.path));
    await connect(first, EXAMINEE);
    const leave = await connect(first, OTHER);
    const { presence } = first.services;
    await first[Symbol.asyncDispose]();
    // Connections that end or begin after the service was stopped change nothing in the database.
    await leave().catch(() => undefined);
    const { id: roomId, examId } = first.room;
    presence.connect({ examId, roomId, userId: "i1", role: "inspector", camera: "main" });
    vi.advanceTimersByTime(60_000);
    await presence.stop();
    expect(first.lines.filter(({ level }) => Number(level) >= 50)).toEqual([]);

    await using second = await openRoomFixture(inFile(folder.path), first);
    expect(await present(second)).toEqual(["e1 examinee main 0", "e2 examinee main 0"]);
    await pass(second, 5);
    await connect(second, EXAMINEE);
    await pass(second, 5);
    expect(await present(second)).toEqual(["e1 examinee main 0"]);
    expect(await presenceEvents(second)).toEqual([
      "entered e1 examinee main",
      "entered e2 examinee main",
      "left e2 examinee main",
    ]);
  });

  it("no page is present if there is no settle time", async () => {
    using folder = tempFolder();
    const first = await openRoomFixture(inFile(folder.path));
    await connect(first, EXAMINEE);
    await first[Symbol.asyncDispose]();
    await using second = await openRoomFixture(inFile(folder.path, 0), first);
    await pass(second, 0.001);
    expect([await present(second), (await presenceEvents(second)).at(-1)]).toEqual([
      [],
      "left e1 examinee main",
    ]);
  });
});

describe("a change that cannot be written", () => {
  it("is written later", async () => {
    await using fixture = await openRoomFixture({ config: { presenceSettleSeconds: 0 } });
    const { db } = fixture;
    const allowInsert = await failWrites(db, presence, "insert");
    const leave = await connect(fixture, EXAMINEE);
    expect([await present(fixture), await presenceEvents(fixture)]).toEqual([[], []]);
    await allowInsert();
    await pass(fixture, 5);
    expect(await presenceEvents(fixture)).toEqual(["entered e1 examinee main"]);
    const allowDelete = await failWrites(db, presence, "delete");
    await leave();
    expect(await present(fixture)).toHaveLength(1);
    await allowDelete();
    await pass(fixture, 5);
    expect([await present(fixture), (await presenceEvents(fixture)).at(-1)]).toEqual([
      [],
      "left e1 examinee main",
    ]);
    expect(fixture.lines.filter(({ msg }) => msg === "presence was not stored")).toHaveLength(2);
  });
});

describe("room.presence for", () => {
  it.each([
    ["a teacher", TEACHER, 200],
    ["an inspector", INSPECTOR, 200],
    ["an administrator", ADMIN, 200],
    ["an examinee", EXAMINEE, 403],
  ])("%s: %o %i", async (_, caller, status) => {
    await using fixture = await openRoomFixture();
    expect((await fixture.query(caller, "room.presence", { roomId: fixture.room.id })).status).toBe(status);
  });
});
