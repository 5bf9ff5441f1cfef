// Also on PostgreSQL: pages join many tables, and each database has its own snapshots.
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { TestCaller } from "../src/app/testing.js";
import { bulkChanges, pageTimes, participants, unseated } from "../src/storage/tables.js";
import { isOnPostgres } from "./support/engine.js";
import { type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";
import { type AnyPeopleEvent, listenPeople, listenRoom } from "./support/listening.js";
import { openLiveFixture } from "./support/live-fixture.js";
import { sharedSchools } from "./support/shared.js";
import { STREAM_CONFIG, streamReport, streamSignature } from "./support/streams.js";
import { insertRows, rowsOf } from "./support/tables.js";

const CREATOR = { sub: "teacher1", role: "teacher" } as const;
const INSPECTOR = { sub: "inspector1", role: "inspector" } as const;
const ADMIN = { sub: "root", role: "admin" } as const;
const EXAMINEE = { sub: "examinee1", role: "examinee" } as const;
const NOW = new Date("2026-01-02T03:04:05Z");

const csv = (text: string): string => Buffer.from(text).toString("base64");
const load = ({ admin, room }: ExamsFixture, text: string) =>
  admin.participant.import({ examId: room.examId, file: csv(text) });
/** Reads all pages. */
const everybody = async (
  examsFixture: Pick<ExamsFixture, "as">,
  input: { examId: string; pageSize?: number; search?: string; roomId?: string },
  caller: TestCaller = ADMIN,
) => {
  const people = [];
  let cursor: string | undefined;
  do {
    const page = await examsFixture.as(caller).exam.people({ ...input, cursor });
    people.push(...page.people);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return people;
};
const idsOf = (people: readonly { userId: string }[]): string[] => people.map(({ userId }) => userId);
const ofType = <Type extends AnyPeopleEvent["type"]>(type: Type) => {
  return (event: AnyPeopleEvent): event is Extract<AnyPeopleEvent, { type: Type }> => event.type === type;
};
/** Waits for an event of a type. */
const untilType = async <Type extends AnyPeopleEvent["type"]>(
  listening: Awaited<ReturnType<typeof listenPeople>>,
  type: Type,
) => (await listening.until(ofType(type))).filter(ofType(type)).at(-1);

const examsFixtures = sharedSchools();

describe("exam.people", () => {
  it("says of each person what a monitor needs, with and without a room", async () => {
    await using examsFixture = await openExamsFixture({
      config: { ...STREAM_CONFIG, presenceSettleSeconds: 0 },
    });
    const { room, sibling, admin } = examsFixture;
    const { examId } = room;
    await load(examsFixture, "id,name,extra minutes\nlate,Late,15\n");
    await using watching = await listenPeople(examsFixture, ADMIN, { examId });
    const first = await listenRoom(examsFixture, EXAMINEE, { roomId: room.id });
    await untilType(watching, "participant_entered");
    const second = await listenRoom(examsFixture, EXAMINEE, { roomId: room.id });
    await untilType(watching, "devices_changed");
    const gone = await listenRoom(
      examsFixture,
      { ...EXAMINEE, sub: "examinee2" },
      { roomId: room.id, camera: "pc" },
    );
    await untilType(watching, "participant_entered");
    await gone.leave();
    await untilType(watching, "participant_left");
    await admin.stream.report({ ...streamReport(room, "examinee1"), ...streamSignature() });
    await admin.cheat.addRecords({
      roomId: sibling.id,
      records: [examsFixture.detection("examinee3"), examsFixture.detection("examinee3")],
    });

    const page = await admin.exam.people({ examId });
    const entry = (userId: string) => page.people.find((person) => person.userId === userId);
    expect(page.people.map(({ userId, roomId }) => [userId, roomId])).toEqual([
      ["teacher1", room.id],
      ["inspector1", room.id],
      ["examinee1", room.id],
      ["examinee2", room.id],
      ["root", sibling.id],
      ["teacher3", sibling.id],
      ["inspector3", sibling.id],
      ["examinee3", sibling.id],
      ["late", undefined],
    ]);
    const idle = {
      role: "examinee",
      extraMinutes: 0,
      publishStatus: { main: "idle", pc: "idle" },
      publishStatusSince: {},
      pages: [],
      left: [],
      detections: 0,
    };
    expect(entry("examinee1")).toEqual({
      ...idle,
      userId: "examinee1",
      name: "Name of examinee1",
      roomId: room.id,
      publishStatus: { main: "publishing", pc: "idle" },
      publishStatusSince: { main: NOW },
      pages: [{ camera: "main", since: NOW, devices: 2 }],
    });
    expect(entry("examinee2")).toMatchObject({ ...idle, left: [{ camera: "pc", since: NOW }] });
    expect(entry("examinee3")).toMatchObject({ ...idle, detections: 2, lastDetectionTime: NOW });
    expect(entry("late")).toEqual({ ...idle, userId: "late", name: "Late", extraMinutes: 15 });
    expect(page.rooms?.map(({ id }) => id)).toEqual([room.id, sibling.id]);
    expect(page.counts).toEqual({
      people: 9,
      unseated: 1,
      ended: 0,
      expected: 1,
      disconnected: 1,
      stopped: 0,
      publishing: 1,
      notPublishing: 0,
      detected: 1,
    });
    expect(page.lastEventId).toBe((await admin.exam.snapshot({ examId })).lastEventId);
    await admin.room.end({ roomId: sibling.id });
    const counts = (await admin.exam.people({ examId })).counts;
    expect(counts).toMatchObject({ ended: 1, expected: 0, detected: 1 });
    await second.leave();
    await first.leave();
  });

  it("returns everybody once, page by page, and the rooms and counts with the first page, whatever the filter", async () => {
    const examsFixture = await examsFixtures();
    const { examId, id: roomId } = examsFixture.room;
    await load(examsFixture, "id,name\nu1,U\nu2,U\nu3,U\n");
    const all = await examsFixture.admin.exam.people({ examId });
    for (const pageSize of [1, 2, 3, 4, 8, 11])
      expect(await everybody(examsFixture, { examId, pageSize })).toEqual(all.people);
    const first = await examsFixture.admin.exam.people({ examId, roomId, pageSize: 2 });
    expect(first).toMatchObject({ counts: all.counts, rooms: all.rooms });
    const second = await examsFixture.admin.exam.people({
      examId,
      roomId,
      pageSize: 2,
      cursor: first.nextCursor,
    });
    expect(second).not.toHaveProperty("counts");
    expect([...first.people, ...second.people]).toEqual(
      all.people.filter((person) => person.roomId === roomId),
    );
    expect(second).not.toHaveProperty("nextCursor");
    expect((await examsFixture.admin.exam.people({ examId, roomId: examsFixture.other.id })).people).toEqual(
      [],
    );
  });

  it("finds people by a part of their name or id, and by first letters, also those without a room", async () => {
    const examsFixture = await examsFixtures();
    const { examId, id: roomId } = examsFixture.room;
    await load(examsFixture, `id,name,room\ns1,王芳,${roomId}\ns2,李伟,${roomId}\ns3,王方方,\ns4,欧阳,\n`);
    const find = async (search: string, more: object = {}) =>
      idsOf(await everybody(examsFixture, { examId, search, ...more }));
    expect(await find("wf")).toEqual(["s1", "s3"]);
    expect(await find("wf", { pageSize: 1 })).toEqual(["s1", "s3"]);
    expect(await find("oy")).toEqual(["s4"]);
    expect(await find("伟")).toEqual(["s2"]);
    expect(await find("EXAMINEE", { roomId })).toEqual(["examinee1", "examinee2"]);
    expect(await find("nobody")).toEqual([]);
    // A person who was named is found by their new name.
    await load(examsFixture, "id,name\ns4,张三\n");
    expect([await find("oy"), await find("zs")]).toEqual([[], ["s4"]]);
  });

  it("is for administrators and the exam's creator, and shows other staff their own rooms", async () => {
    const examsFixture = await examsFixtures();
    const { examId, id: roomId } = examsFixture.room;
    await load(examsFixture, "id,name\nu1,U\n");
    const all = await everybody(examsFixture, { examId });
    expect(await everybody(examsFixture, { examId }, CREATOR)).toEqual(all);
    const own = all.filter((person) => person.roomId === roomId);
    expect(await everybody(examsFixture, { examId, pageSize: 3 }, INSPECTOR)).toEqual(own);
    const page = await examsFixture.as(INSPECTOR).exam.people({ examId });
    expect(page.rooms?.map(({ id }) => id)).toEqual([roomId]);
    expect(page.counts?.people).toBe(own.length);
    expect(await everybody(examsFixture, { examId, roomId: examsFixture.sibling.id }, INSPECTOR)).toEqual([]);
    const besides = all.filter((person) => person.roomId === examsFixture.sibling.id);
    expect(await everybody(examsFixture, { examId }, { sub: "teacher3", role: "teacher" })).toEqual(besides);
    expect(await everybody(examsFixture, { examId }, { ...CREATOR, room: roomId })).toEqual(own);
    for (const caller of [
      { sub: "teacher9", role: "teacher" },
      EXAMINEE,
      { sub: "inspector2", role: "inspector" },
    ] as const)
      await expect(examsFixture.as(caller).exam.people({ examId })).rejects.toMatchObject({
        cause: { code: "FORBIDDEN" },
      });
  });

  it("does not show what an import that was not announced has written", async () => {
    await using fixture = await openLiveFixture();
    const { examId, id: roomId } = fixture.room;
    const before = await fixture.as(ADMIN).exam.people({ examId });
    const row = {
      examId,
      role: "examinee",
      name: "N",
      extraMinutes: 0,
      createdAt: NOW,
      updatedAt: NOW,
    } as const;
    await insertRows(fixture.db, bulkChanges, [
      {
        kind: "import",
        examId,
        person: null,
        state: "preparing",
        seatedBefore: 0,
        unseatedBefore: 0,
        progress: { phase: 0, after: "" },
        worker: "w",
        claimedUntil: new Date("2036-01-01T00:00:00Z"),
        createdAt: NOW,
        eraseAt: null,
      },
    ]);
    const [change] = await rowsOf(fixture.db, bulkChanges);
    await insertRows(fixture.db, unseated, [{ ...row, userId: "hidden1", addedBy: change?.id }]);
    await insertRows(fixture.db, participants, [
      {
        ...row,
        roomId,
        userId: "hidden2",
        mainPublishStatus: "idle",
        pcPublishStatus: "idle",
        addedBy: change?.id,
      },
    ]);
    expect(await fixture.as(ADMIN).exam.people({ examId })).toEqual(before);
    expect(await fixture.as(ADMIN).exam.people({ examId, search: "hidden" })).toMatchObject({ people: [] });
  });

  it("remembers who has left, also after a move, but nothing about a person who was removed", async () => {
    await using examsFixture = await openLiveFixture();
    const admin = examsFixture.as(ADMIN);
    const { examId, id: roomId } = examsFixture.room;
    await using watching = await listenPeople(examsFixture, ADMIN, { examId });
    for (const sub of ["examinee1", "examinee2"]) {
      await (await listenRoom(examsFixture, { sub, role: "examinee" }, { roomId })).leave();
      await untilType(watching, "participant_left");
    }
    expect(idsOf(await rowsOf(examsFixture.db, pageTimes))).toEqual(["examinee1", "examinee2"]);
    await admin.participant.move({ roomId, userId: "examinee1", toRoomId: examsFixture.sibling.id });
    await admin.participant.removeFromExam({ examId, userId: "examinee2", withRecords: true });
    expect(idsOf(await rowsOf(examsFixture.db, pageTimes))).toEqual(["examinee1"]);
    await admin.participant.move({ roomId: examsFixture.sibling.id, userId: "examinee1", toRoomId: roomId });
    const { people } = await admin.exam.people({ examId });
    expect(people.find(({ userId }) => userId === "examinee1")).toMatchObject({
      roomId,
      left: [{ camera: "main", since: NOW }],
    });
  });

  it("has bounded pages of a large exam, and a bounded search", async () => {
    await using fixture = await openLiveFixture();
    const { examId, id: roomId } = fixture.room;
    const row = { examId, role: "examinee", createdAt: NOW, updatedAt: NOW } as const;
    const rows = Array.from({ length: 5000 }, (_, n) => ({
      ...row,
      roomId,
      userId: `p${n}`,
      name: n % 1000 === 999 ? "王芳" : `Person ${n}`,
      mainPublishStatus: "idle" as const,
      pcPublishStatus: "idle" as const,
    }));
    for (let at = 0; at < rows.length; at += 500)
      await insertRows(fixture.db, participants, rows.slice(at, at + 500));
    const { counts } = await fixture.as(ADMIN).exam.people({ examId, pageSize: 1 });
    const people = counts?.people ?? 0;
    expect(people).toBeGreaterThan(5000);
    const sizes = [];
    for (let cursor: string | undefined, isFirst = true; isFirst || cursor; isFirst = false) {
      const page: { people: unknown[]; nextCursor?: string | undefined } = await fixture
        .as(ADMIN)
        .exam.people({ examId, cursor });
      sizes.push(page.people.length);
      cursor = page.nextCursor;
    }
    expect(sizes).toEqual([1000, 1000, 1000, 1000, 1000, people - 5000]);
    expect(idsOf(await everybody(fixture, { examId, search: "wf" }))).toEqual(
      [999, 1999, 2999, 3999, 4999].map((n) => `p${n}`),
    );
    // A room may have more people than one page, too.
    expect(await everybody(fixture, { examId, roomId })).toHaveLength(
      (await everybody(fixture, { examId })).filter((person) => person.roomId === roomId).length,
    );
  });
});

describe("exam.people of a teacher of many rooms", () => {
  // Each makes one call whose turns are counted, because a caller's next one waits.
  const WATCHER = { sub: "watcher", role: "teacher" } as const;
  const SECOND = { sub: "second", role: "teacher" } as const;
  const THIRD = { sub: "third", role: "teacher" } as const;
  const PEOPLE = 1000;
  const filled = async (fixture: Awaited<ReturnType<typeof openLiveFixture>>, name: string) => {
    const { examId } = fixture.room;
    const { id: roomId } = await fixture.as(ADMIN).room.create({
      name,
      examId,
      participants: [WATCHER, SECOND, THIRD].map(({ sub }) => ({
        userId: sub,
        name: "W",
        role: "teacher" as const,
      })),
    });
    const row = { examId, roomId, role: "examinee", createdAt: NOW, updatedAt: NOW } as const;
    const rows = Array.from({ length: PEOPLE }, (_, n) => ({
      ...row,
      userId: `${name}-${n}`,
      name: n % 500 === 499 ? "王芳" : `Person ${n}`,
      mainPublishStatus: "idle" as const,
      pcPublishStatus: "idle" as const,
    }));
    for (let at = 0; at < rows.length; at += 500)
      await insertRows(fixture.db, participants, rows.slice(at, at + 500));
    return roomId;
  };

  it("lists and counts the same people as for others, and lets others in more often, the more there are", async () => {
    // The repeated statements of a server would count as turns.
    if (!isOnPostgres) vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    onTestFinished(() => void vi.useRealTimers());
    let turn = 0;
    const turns = new Set<number>();
    await using fixture = await openLiveFixture({
      onStatement() {
        turns.add(turn);
        setImmediate(() => {
          turn += 1;
        });
      },
    });
    const { examId } = fixture.room;
    const ask = (caller: TestCaller) => fixture.as(caller).exam.people({ examId, search: "nobody" });
    /** In how many turns of the event loop the statements of a call run. */
    const turnsOf = async (caller: TestCaller): Promise<number> => {
      turns.clear();
      await ask(caller);
      return turns.size;
    };
    const rooms = [await filled(fixture, "r0")];
    await ask(WATCHER);
    const before = await turnsOf(SECOND);
    for (let n = 1; n < 8; n += 1) rooms.push(await filled(fixture, `r${n}`));
    // On PostgreSQL, each answer of the database is a turn.
    if (!isOnPostgres) expect((await turnsOf(THIRD)) - before).toBeGreaterThanOrEqual(2);

    const all = await everybody(fixture, { examId });
    const theirs = all.filter(({ roomId }) => rooms.includes(roomId ?? ""));
    expect(theirs).toHaveLength(8 * (PEOPLE + 4));
    expect(await everybody(fixture, { examId }, WATCHER)).toEqual(theirs);
    expect(await everybody(fixture, { examId, search: "wf", pageSize: 3 }, WATCHER)).toEqual(
      theirs.filter(({ name }) => name === "王芳"),
    );
    const { counts } = await ask(WATCHER);
    expect(counts).toMatchObject({ people: theirs.length, expected: 8 * PEOPLE, unseated: 0 });
  });
});

describe("exam.onPeople", () => {
  it("delivers what changes people and rooms, and no messages or records", async () => {
    await using examsFixture = await openExamsFixture({
      config: { ...STREAM_CONFIG, presenceSettleSeconds: 0 },
    });
    const { room, sibling, admin } = examsFixture;
    const { examId } = room;
    await using watching = await listenPeople(examsFixture, CREATOR, { examId });
    await admin.im.send({ roomId: room.id, type: 30_001, data: "secret" });
    await admin.cheat.addRecords({ roomId: room.id, records: [examsFixture.detection("examinee1")] });
    await admin.cheat.setConfig({ examId, data: "{}" });
    const page = await listenRoom(examsFixture, EXAMINEE, { roomId: room.id });
    await page.leave();
    await admin.stream.report({ ...streamReport(room, "examinee1"), ...streamSignature() });
    await admin.participant.move({ roomId: room.id, userId: "examinee2", toRoomId: sibling.id });
    await load(examsFixture, "id,name\nu1,U\n");
    await admin.participant.removeFromExam({ examId, userId: "u1" });
    await admin.room.end({ roomId: sibling.id });
    const types = (await watching.until(ofType("room_ended")))
      .map(({ type }) => type)
      .filter((type) => type !== "detections_counted");
    expect(types.toSorted()).toEqual(
      [
        "participant_entered",
        "participant_left",
        "publish_status_changed",
        "participant_removed",
        "participant_added",
        "roster_changed",
        "roster_changed",
        "room_ended",
      ].toSorted(),
    );
  });

  it("tells of the erasure of a person of whom only records are left, without their name", async () => {
    const examsFixture = await examsFixtures();
    const { room, admin } = examsFixture;
    await using watching = await listenPeople(examsFixture, CREATOR, { examId: room.examId });
    await admin.cheat.addRecords({ roomId: room.id, records: [examsFixture.detection("ghost")] });
    await admin.participant.removeFromExam({ examId: room.examId, userId: "ghost", withRecords: true });
    const told = (await watching.until(ofType("roster_changed"))).filter(
      ({ type }) => type === "roster_changed",
    );
    expect(told).toHaveLength(1);
    expect(JSON.stringify(told)).not.toContain("ghost");
  });

  it("gathers detections, with the id of the last event, from which one resumes", async () => {
    const examsFixture = await examsFixtures();
    const { room, admin } = examsFixture;
    const { examId } = room;
    const add = (userId: string) =>
      admin.cheat.addRecords({ roomId: room.id, records: [examsFixture.detection(userId)] });
    await add("examinee1");
    await using watching = await listenPeople(examsFixture, CREATOR, { examId });
    const counted = { roomId: room.id, lastDetectionTime: NOW };
    const first = await untilType(watching, "detections_counted");
    expect(first?.people).toEqual([{ ...counted, userId: "examinee1", detections: 1 }]);
    await Promise.all([add("examinee1"), add("examinee2"), add("examinee1")]);
    const second = await untilType(watching, "detections_counted");
    expect(second?.people).toHaveLength(2);
    expect(second?.people).toEqual(
      expect.arrayContaining([
        { ...counted, userId: "examinee1", detections: 3 },
        { ...counted, userId: "examinee2", detections: 1 },
      ]),
    );
    await watching.leave();
    // What was added while nobody listened is told to who resumes, although its event is older.
    await add("examinee2");
    await admin.room.setAudioStatus({ roomId: room.id, audioStatus: "speaking" });
    const { lastEventId } = await admin.exam.snapshot({ examId });
    await using again = await listenPeople(examsFixture, CREATOR, { examId, lastEventId });
    const third = await untilType(again, "detections_counted");
    expect(third).toMatchObject({ id: lastEventId });
    expect(third?.people).toContainEqual({ ...counted, userId: "examinee2", detections: 2 });
  });

  it("shows inspectors their rooms, and lets them read again when these change", async () => {
    const examsFixture = await examsFixtures();
    const { room, sibling, admin } = examsFixture;
    const { examId } = room;
    await using watching = await listenPeople(examsFixture, INSPECTOR, { examId });
    const update = (roomId: string, userId: string, name: string) =>
      admin.participant.add({ roomId, participants: [{ userId, name, role: "examinee" }] });
    await update(sibling.id, "examinee3", "Unseen");
    await update(room.id, "examinee1", "Seen");
    expect(await watching.next()).toMatchObject({ type: "participant_updated", name: "Seen" });
    await admin.participant.add({
      roomId: sibling.id,
      participants: [{ userId: "inspector1", name: "I", role: "inspector" }],
    });
    expect(await watching.next()).toEqual({
      type: "gap",
      id: expect.any(String) as string,
      examId,
      time: expect.any(Date) as Date,
    });
    await update(sibling.id, "examinee3", "Now seen");
    expect(await watching.next()).toMatchObject({ type: "participant_updated", name: "Now seen" });
    await admin.participant.remove({ roomId: room.id, userId: "inspector1" });
    expect(await untilType(watching, "gap")).toMatchObject({ examId });
    await update(room.id, "examinee1", "Not any more");
    await update(sibling.id, "examinee3", "Still");
    expect(await untilType(watching, "participant_updated")).toMatchObject({ name: "Still" });
  });

  it("is refused to everybody who may not see the people", async () => {
    const examsFixture = await examsFixtures();
    const { examId } = examsFixture.room;
    for (const caller of [{ sub: "teacher9", role: "teacher" }, EXAMINEE] as const)
      await expect(listenPeople(examsFixture, caller, { examId, lastEventId: "1" })).rejects.toMatchObject({
        cause: { code: "FORBIDDEN" },
      });
  });

  it("says that events are gone, without everybody in it", async () => {
    const examsFixture = await examsFixtures();
    const { examId } = examsFixture.room;
    await using watching = await listenPeople(examsFixture, ADMIN, { examId, lastEventId: "999999999999" });
    expect(await watching.next()).toEqual({
      type: "gap",
      id: (await examsFixture.admin.exam.snapshot({ examId })).lastEventId,
      examId,
      time: NOW,
    });
  });
});
