import { describe, expect, it } from "vitest";
import { createEventLog } from "../src/domain/events.js";
import { ADMIN, EXAMINEE, INSPECTOR, openLiveFixture, TEACHER } from "./support/live-fixture.js";
import { STREAM_CONFIG, streamReport, streamSignature } from "./support/streams.js";
import { writeRows } from "./support/writes.js";

/** Returns the events of a log without their ids. */
const withoutIds = (log: readonly { roomId: string; type: string; data: object }[]) =>
  log.map(({ roomId, type, data }) => ({ roomId, type, ...data }));
/** The same without messages. */
const withoutMessages = (log: Parameters<typeof withoutIds>[0]) =>
  withoutIds(log).filter(({ type }) => type !== "message");
const examinee = (userId: string, name = userId) => ({ userId, name, role: "examinee" as const });
const known = (userId: string, name = userId, extraMinutes = 0) => ({
  userId,
  name,
  role: "examinee",
  extraMinutes,
});
const csv = (text: string) => Buffer.from(text).toString("base64");

describe("the log has an event for each change and for nothing else, when", () => {
  it("a room is created, alone or by a plan, and ends", async () => {
    await using fixture = await openLiveFixture();
    const { examId } = fixture.room;
    const made = await fixture
      .as(TEACHER)
      .room.create({ name: "New", examId, participants: [examinee("someone")] });
    await fixture.as(TEACHER).room.end({ roomId: made.id });
    await fixture.as(TEACHER).room.end({ roomId: made.id });
    expect(withoutIds(await fixture.log())).toEqual([
      { roomId: made.id, type: "room_created" },
      { roomId: made.id, type: "room_ended" },
      // The signal that announces the end to the vendor's pages.
      { roomId: made.id, type: "message", messageId: expect.any(Number) },
    ]);
  });

  it("the audio status of a room changes", async () => {
    await using fixture = await openLiveFixture();
    const { id: roomId } = fixture.room;
    for (const audioStatus of ["silent", "speaking", "speaking", "silent"] as const)
      await fixture.as(TEACHER).room.setAudioStatus({ roomId, audioStatus });
    await fixture.as(TEACHER).room.end({ roomId });
    await expect(
      fixture.as(TEACHER).room.setAudioStatus({ roomId, audioStatus: "speaking" }),
    ).rejects.toThrow();
    expect(withoutMessages(await fixture.log())).toEqual([
      { roomId, type: "audio_status_changed", audioStatus: "speaking" },
      { roomId, type: "audio_status_changed", audioStatus: "silent" },
      { roomId, type: "room_ended" },
    ]);
  });

  it("a person is added, renamed, moved and removed", async () => {
    await using fixture = await openLiveFixture();
    const { id: roomId } = fixture.room;
    const { id: toRoomId } = fixture.sibling;
    const teacher = fixture.as(ADMIN);
    const add = (...participants: ReturnType<typeof examinee>[]) =>
      teacher.participant.add({ roomId, participants });
    await add(examinee("a"), examinee("b"));
    await add(examinee("a"), examinee("b", "Another"));
    // The call adds nobody, because one of the people has another role.
    const refused = add(examinee("c"), examinee("teacher1"));
    await expect(refused).rejects.toThrow();
    await teacher.participant.move({ roomId, userId: "a", toRoomId });
    await expect(teacher.participant.move({ roomId, userId: "a", toRoomId })).rejects.toThrow();
    await teacher.participant.remove({ roomId, userId: "b" });
    await expect(teacher.participant.remove({ roomId, userId: "b" })).rejects.toThrow();
    expect(withoutMessages(await fixture.log())).toEqual([
      { roomId, type: "participant_added", ...known("a") },
      { roomId, type: "participant_added", ...known("b") },
      { roomId, type: "participant_updated", ...known("b", "Another") },
      { roomId, type: "participant_removed", userId: "a", role: "examinee" },
      { roomId: toRoomId, type: "participant_added", ...known("a") },
      { roomId, type: "participant_removed", userId: "b", role: "examinee" },
    ]);
  });

  it("a roster is imported, but not by a dry run or with a refused file", async () => {
    await using fixture = await openLiveFixture();
    const { id: roomId, examId } = fixture.room;
    const load = (text: string, more: object = {}) =>
      fixture.as(ADMIN).participant.import({ examId, file: csv(text), ...more });
    await load("id,name\nwaits,W\n");
    await load(`id,name,room\nx,X,${roomId}\n`, { dryRun: true });
    await expect(load(`id,name,room\nx,X,${roomId}\ny,Y,nowhere\n`)).rejects.toThrow();
    const all = { roomId: "", type: "roster_changed" };
    expect(withoutIds(await fixture.log())).toEqual([all]);
    await load(`id,name,room\nx,X,${roomId}\nwaits,W,${roomId}\n`);
    await load(`id,name,room\nx,X,${roomId}\nexaminee1,Renamed,${roomId}\n`);
    expect(withoutIds(await fixture.log())).toEqual([
      all,
      { roomId, type: "participant_added", ...known("x", "X") },
      { roomId, type: "participant_added", ...known("waits", "W") },
      all,
      { roomId, type: "participant_updated", ...known("examinee1", "Renamed") },
      all,
    ]);
  });

  it("a plan creates rooms, and adds people to existing ones", async () => {
    await using fixture = await openLiveFixture();
    const { id: roomId, examId } = fixture.room;
    await fixture.as(ADMIN).participant.import({
      examId,
      file: csv(
        `id,name,role\nt5,T5,teacher\n${["p1", "p2", "p3", "p4"].map((id) => `${id},${id},examinee\n`).join("")}`,
      ),
    });
    await fixture.as(ADMIN).exam.plan({ examId, roomSize: 3, dryRun: true });
    const all = { roomId: "", type: "roster_changed" };
    expect(withoutIds(await fixture.log())).toEqual([all]);
    const plan = await fixture.as(ADMIN).exam.plan({ examId, roomSize: 3 });
    const expected = plan.rooms.flatMap((room) =>
      room.isNew
        ? []
        : room.seated.map(({ userId, name, role }) => ({
            roomId: room.roomId,
            type: "participant_added",
            userId,
            name,
            role,
            extraMinutes: 0,
          })),
    );
    const made = plan.rooms.filter(({ isNew }) => isNew);
    expect(made.length).toBeGreaterThan(0);
    expect(expected.map((event) => event.roomId)).toContain(roomId);
    const log = withoutIds(await fixture.log());
    expect(log.filter(({ type }) => type === "participant_added")).toHaveLength(expected.length);
    expect(log).toEqual(expect.arrayContaining(expected));
    expect(log.filter(({ type }) => type !== "participant_added")).toEqual([
      all,
      ...made.map((room) => ({ roomId: room.roomId, type: "room_created" })),
      all,
    ]);
  });

  it("a person is removed from an exam, and so from each of its rooms", async () => {
    await using fixture = await openLiveFixture();
    const { room, sibling } = fixture;
    await fixture.as(ADMIN).participant.add({
      roomId: sibling.id,
      participants: [{ userId: "inspector1", name: "I", role: "inspector" }],
    });
    await expect(
      fixture.as(ADMIN).participant.removeFromExam({ examId: room.examId, userId: "teacher1" }),
    ).rejects.toThrow();
    await fixture.as(ADMIN).participant.removeFromExam({ examId: room.examId, userId: "inspector1" });
    const gone = { type: "participant_removed", userId: "inspector1", role: "inspector" };
    expect(withoutIds(await fixture.log()).slice(1)).toEqual([
      { roomId: room.id, ...gone },
      { roomId: sibling.id, ...gone },
    ]);
  });

  it("a camera publishes and stops, but not for a report that changes nothing", async () => {
    await using fixture = await openLiveFixture({ config: STREAM_CONFIG });
    const { room } = fixture;
    const first = { ...streamReport(room, "examinee1"), ...streamSignature() };
    const report = (more: object) => fixture.as(ADMIN).stream.report({ ...first, ...more });
    await report({});
    await report({});
    await report({ time: first.time + 1 });
    await report({ action: "publish_done", time: first.time - 5 });
    await report({ id: `${first.id}_pc` });
    await report({ action: "publish_done", time: first.time + 9 });
    const changed = (camera: string, status: string) => ({
      roomId: room.id,
      type: "publish_status_changed",
      userId: "examinee1",
      role: "examinee",
      camera,
      status,
    });
    const all = [changed("main", "publishing"), changed("pc", "publishing"), changed("main", "stopped")];
    expect(withoutIds(await fixture.log()).filter(({ type }) => type !== "message")).toEqual(all);
    // A person who is added again has the status of their cameras at that time.
    const move = { userId: "examinee1" };
    await fixture.as(ADMIN).participant.move({ ...move, roomId: room.id, toRoomId: fixture.sibling.id });
    await fixture.as(ADMIN).participant.move({ ...move, roomId: fixture.sibling.id, toRoomId: room.id });
    expect(
      withoutIds(await fixture.log()).filter(
        ({ type, roomId }) => type === "publish_status_changed" && roomId === room.id,
      ),
    ).toEqual([...all, changed("main", "stopped"), changed("pc", "publishing")]);
  });

  it("a cheat config changes, once for the whole exam", async () => {
    await using fixture = await openLiveFixture();
    const { room, sibling } = fixture;
    const set = (data: string) => fixture.as(TEACHER).cheat.setConfig({ examId: room.examId, data });
    await set("{}");
    await set("{}");
    await fixture.as(ADMIN).room.end({ roomId: sibling.id });
    await set('{"pc":{}}');
    expect(withoutMessages(await fixture.log())).toEqual([
      { roomId: "", type: "cheat_config_changed" },
      { roomId: sibling.id, type: "room_ended" },
      { roomId: "", type: "cheat_config_changed" },
    ]);
  });

  it("records are stored, but not by a refused call", async () => {
    await using fixture = await openLiveFixture();
    const { id: roomId } = fixture.room;
    const record = (userId: string) => ({
      userId,
      isMainMonitor: true,
      detectType: "watch",
      detectTime: new Date(0),
    });
    const refused = fixture.as(EXAMINEE).cheat.addRecords({ roomId, records: [record("examinee2")] });
    await expect(refused).rejects.toThrow();
    await fixture
      .as(EXAMINEE)
      .cheat.addRecords({ roomId, records: [record("examinee1"), record("examinee1")] });
    expect(withoutIds(await fixture.log())).toEqual([
      { roomId, type: "cheat_records_added", from: 1, to: 2 },
    ]);
  });

  it("an exam is deleted, which ends its open rooms", async () => {
    await using fixture = await openLiveFixture();
    const { room, sibling } = fixture;
    await fixture.as(ADMIN).room.end({ roomId: sibling.id });
    const refused = fixture.as(ADMIN).exam.delete({ examId: room.examId });
    await expect(refused).rejects.toThrow();
    await fixture.as(ADMIN).exam.delete({ examId: room.examId, withRooms: true });
    expect(withoutMessages(await fixture.log())).toEqual([
      { roomId: sibling.id, type: "room_ended" },
      { roomId: room.id, type: "room_ended" },
    ]);
  });

  it("one of several writes in a shared commit fails, which affects only its own events", async () => {
    await using fixture = await openLiveFixture();
    const { room, sibling } = fixture;
    const admin = fixture.as(ADMIN);
    const outcomes = await Promise.allSettled([
      admin.room.setAudioStatus({ roomId: room.id, audioStatus: "speaking" }),
      // The second person has another role in that room. This is detected after the first one was written.
      admin.participant.add({ roomId: sibling.id, participants: [examinee("x"), examinee("teacher3")] }),
      admin.room.setAudioStatus({ roomId: sibling.id, audioStatus: "speaking" }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    const people = await fixture
      .as({ ...INSPECTOR, sub: "inspector3" })
      .participant.list({ roomId: sibling.id });
    expect(people.map(({ userId }) => userId)).toEqual(["examinee3"]);
    const rooms = (await fixture.log()).map(({ roomId, type }) => `${roomId} ${type}`);
    expect(rooms.toSorted()).toEqual(
      [room.id, sibling.id].map((id) => `${id} audio_status_changed`).toSorted(),
    );
  });

  it("a write fails within a shared commit, which drops its events", async () => {
    await using fixture = await openLiveFixture();
    const logSizes: Promise<number>[] = [];
    const added = () => void logSizes.push(fixture.log().then(({ length }) => length));
    const events = createEventLog({ added });
    const now = new Date(0);
    const write = (roomId: string, fails: boolean, repeatable: boolean) =>
      writeRows(
        fixture.db,
        async (tx) => {
          await events.add(tx, { examId: fixture.room.examId, roomId }, "room_ended", {}, now);
          if (fails) throw new Error("from the test");
        },
        { repeatable },
      );
    const outcomes = await Promise.allSettled([
      write("a", false, false),
      write("b", true, false),
      write("c", false, true),
      write("d", true, true),
      write("e", false, true),
    ]);
    expect(outcomes.map(({ status }) => status === "fulfilled")).toEqual([true, false, true, false, true]);
    expect((await fixture.log()).map(({ roomId }) => roomId).toSorted()).toEqual(["a", "c", "e"]);
    // At each call of `added`, the written events can be read: of the write before it, and on SQLite of those that shared its commit.
    for (const [n, size] of (await Promise.all(logSizes)).entries()) expect(size).toBeGreaterThan(n);
    expect(logSizes).not.toEqual([]);
  });
});
