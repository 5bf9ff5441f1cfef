import { describe, expect, it } from "vitest";
import { roomEvents } from "../src/storage/tables.js";
import { listenExam, listenRoom } from "./support/listening.js";
import {
  ADMIN,
  EXAMINEE,
  INSPECTOR,
  type LiveFixture,
  listenLater,
  openLiveFixture,
  TEACHER,
} from "./support/live-fixture.js";
import { insertRows } from "./support/tables.js";

// An event about a whole exam is one row of the log, which the exam's subscribers and those of each room receive.

const setConfig = (fixture: LiveFixture, data: string) =>
  fixture.as(ADMIN).cheat.setConfig({ examId: fixture.room.examId, data });
const isConfig = ({ type }: { readonly type: string }): boolean => type === "cheat_config_changed";
/** Sets the config. Returns the id of the event. */
const changeConfig = async (fixture: LiveFixture, data: string): Promise<string> => {
  await setConfig(fixture, data);
  return String((await fixture.log()).findLast(isConfig)?.id);
};
const end = (fixture: LiveFixture, { id: roomId } = fixture.room) => fixture.as(ADMIN).room.end({ roomId });
const positionOf = async (fixture: LiveFixture): Promise<string> =>
  (await fixture.as(ADMIN).room.snapshot({ roomId: fixture.room.id })).lastEventId;
const configEvent = (roomId: string, id: string, data: string) =>
  expect.objectContaining({
    type: "cheat_config_changed",
    id,
    roomId,
    cheatConfig: expect.objectContaining({ data }),
  });
/** Adds an event to a room that has ended. */
const mark = async (fixture: LiveFixture, { id: roomId, examId } = fixture.sibling): Promise<void> => {
  const data = { userId: "examinee3", role: "examinee" };
  const event = { examId, roomId, type: "participant_removed", data, createdAt: fixture.clock() } as const;
  await insertRows(fixture.db, roomEvents, [event]);
  // The server reads the log after a commit of its own.
  await fixture.as(ADMIN).room.create({ name: "Another", examId });
};
/** Whether an event is neither a signal of the room's end nor the arrival of a listener. */
const isOther = (type: string): boolean =>
  !["message", "participant_entered", "participant_left"].includes(type);
const isEnd = ({ type }: { readonly type: string }): boolean => type === "room_ended";

describe("a change of an exam's config", () => {
  it("is one event, however many rooms the exam has, and none if nothing changes", async () => {
    let now = new Date("2026-01-02T03:04:05Z");
    await using fixture = await openLiveFixture({ now: () => now });
    const { examId } = fixture.room;
    for (const name of ["C", "D", "E"]) await fixture.as(ADMIN).room.create({ name, examId });
    const before = (await fixture.log()).length;
    await setConfig(fixture, "{}");
    const set = await fixture.as(ADMIN).cheat.getConfig({ examId });
    now = new Date(now.getTime() + 1000);
    await setConfig(fixture, "{}");
    expect(await fixture.as(ADMIN).cheat.getConfig({ examId })).toEqual(set);
    await setConfig(fixture, '{"pc":{}}');
    expect((await fixture.log()).slice(before)).toMatchObject([
      { roomId: "", type: "cheat_config_changed" },
      { roomId: "", type: "cheat_config_changed" },
    ]);
  });

  it.each(["at once", "when they resume"])("reaches each room and the exam once, %s", async (when) => {
    await using fixture = await openLiveFixture();
    const { room, sibling } = fixture;
    const lastEventId = await positionOf(fixture);
    const listenAll = () =>
      Promise.all([
        listenRoom(fixture, TEACHER, { roomId: room.id, lastEventId }),
        listenRoom(fixture, INSPECTOR, { roomId: room.id, lastEventId }),
        listenRoom(fixture, ADMIN, { roomId: sibling.id, lastEventId }),
        listenExam(fixture, ADMIN, { examId: room.examId, lastEventId }),
        listenExam(fixture, INSPECTOR, { examId: room.examId, lastEventId }),
      ]);
    const early = when === "at once" ? await listenAll() : undefined;
    const id = await changeConfig(fixture, "{}");
    const listeners = early ?? (await listenAll());
    await Promise.all([end(fixture), end(fixture, sibling)]);
    const received = await Promise.all(
      listeners.map(async (listener) => (await listener.until(isEnd)).filter(isConfig)),
    );
    expect(received).toEqual([
      [configEvent(room.id, id, "{}")],
      [configEvent(room.id, id, "{}")],
      [configEvent(sibling.id, id, "{}")],
      [configEvent("", id, "{}")],
      [configEvent("", id, "{}")],
    ]);
    await Promise.all(listeners.map((listener) => listener.leave()));
  });

  it("reaches examinees of a room in progress", async () => {
    await using fixture = await openLiveFixture();
    const { id: roomId } = fixture.room;
    await using listener = await listenRoom(fixture, EXAMINEE, { roomId });
    const id = await changeConfig(fixture, "{}");
    expect((await listener.until(isConfig)).at(-1)).toEqual(configEvent(roomId, id, "{}"));
  });

  it("keeps its place among the events of a room, and a listener resumes after it", async () => {
    await using fixture = await openLiveFixture();
    const { id: roomId } = fixture.room;
    const lastEventId = await positionOf(fixture);
    const speak = (audioStatus: "silent" | "speaking") =>
      fixture.as(ADMIN).room.setAudioStatus({ roomId, audioStatus });
    await speak("speaking");
    const id = await changeConfig(fixture, "{}");
    await speak("silent");
    await fixture.as(ADMIN).room.setAudioStatus({ roomId: fixture.sibling.id, audioStatus: "speaking" });
    const later = await changeConfig(fixture, "[]");
    const hear = async (from: string, count: number) => {
      await using listener = await listenRoom(fixture, ADMIN, { roomId, lastEventId: from });
      return (await listener.take(count)).map((event) => [event.type, event.id]);
    };
    const all = await hear(lastEventId, 4);
    expect(all.map(([type]) => type)).toEqual([
      "audio_status_changed",
      "cheat_config_changed",
      "audio_status_changed",
      "cheat_config_changed",
    ]);
    expect([all[1]?.[1], all[3]?.[1]]).toEqual([id, later]);
    expect(await hear(id, 2)).toEqual(all.slice(2));
  });

  it("is not told to a room that had ended before it, and is told to one that ended after it", async () => {
    await using fixture = await openLiveFixture();
    const { room, sibling } = fixture;
    const lastEventId = await positionOf(fixture);
    // Receives nothing until both rooms have ended.
    await using late = await listenLater(fixture, "room", { token: await fixture.token(ADMIN), lastEventId });
    await using connected = await listenRoom(fixture, ADMIN, { roomId: sibling.id });
    await end(fixture, sibling);
    const id = await changeConfig(fixture, "{}");
    await end(fixture);
    late.proceed();
    await mark(fixture);
    const hear = async (roomId: string, last: string) => {
      await using listener = await listenRoom(fixture, ADMIN, { roomId, lastEventId });
      const heard = await listener.until(({ type }) => type === last);
      return heard.map(({ type }) => type).filter(isOther);
    };
    expect(await hear(room.id, "room_ended")).toEqual(["cheat_config_changed", "room_ended"]);
    const ofSibling = ["room_ended", "participant_removed"];
    expect(await hear(sibling.id, "participant_removed")).toEqual(ofSibling);
    expect([(await late.next()).id, (await late.next()).type]).toEqual([id, "room_ended"]);
    const heard = await connected.until(({ type }) => type === "participant_removed");
    expect(heard.map(({ type }) => type).filter(isOther)).toEqual(ofSibling);
  });

  it("is not told to a room whose end the log has already lost", async () => {
    let now = new Date("2026-01-02T03:04:05Z");
    await using fixture = await openLiveFixture({ now: () => now, config: { eventRetentionSeconds: 3600 } });
    await end(fixture, fixture.sibling);
    now = new Date(now.getTime() + 3_000_000);
    await fixture.as(ADMIN).room.setAudioStatus({ roomId: fixture.room.id, audioStatus: "speaking" });
    const from = await positionOf(fixture);
    const id = await changeConfig(fixture, "{}");
    now = new Date(now.getTime() + 1_000_000);
    await fixture.services.subscriptions.stop();
    fixture.services.subscriptions.start();
    await expect
      .poll(async () => (await fixture.wholeLog()).map(({ type }) => type))
      .toEqual(["audio_status_changed", "cheat_config_changed"]);
    await using ended = await listenRoom(fixture, ADMIN, { roomId: fixture.sibling.id, lastEventId: from });
    await using open = await listenRoom(fixture, ADMIN, { roomId: fixture.room.id, lastEventId: from });
    expect(await open.next()).toEqual(configEvent(fixture.room.id, id, "{}"));
    await mark(fixture);
    const heard = await ended.until(({ type }) => type === "participant_removed");
    expect(heard.map(({ type }) => type).filter(isOther)).toEqual(["participant_removed"]);
  });

  it("is told to nobody after the exam was deleted", async () => {
    await using fixture = await openLiveFixture();
    const { examId } = fixture.room;
    const lastEventId = await positionOf(fixture);
    const token = await fixture.token(ADMIN);
    await using ofExam = await listenLater(fixture, "exam", { token, lastEventId });
    await using ofRoom = await listenLater(fixture, "room", { token, lastEventId });
    await setConfig(fixture, "{}");
    await fixture.as(ADMIN).exam.delete({ examId, withRooms: true });
    ofExam.proceed();
    ofRoom.proceed();
    expect(await ofExam.next()).toMatchObject({ type: "room_ended" });
    expect(await ofExam.next()).toMatchObject({ type: "room_ended" });
    expect(await ofExam.failure()).toMatchObject({ code: "EXAM_NOT_FOUND" });
    expect(await ofRoom.next()).toMatchObject({ type: "room_ended" });
    expect(await ofRoom.failure()).toMatchObject({ code: "ROOM_NOT_FOUND" });
  });

  it("is told to a person up to their removal, and not after it", async () => {
    await using fixture = await openLiveFixture();
    const { id: roomId } = fixture.room;
    const token = await fixture.token(INSPECTOR);
    const listeners = [
      await listenLater(fixture, "room", { token }),
      await listenLater(fixture, "exam", { token }),
    ];
    const id = await changeConfig(fixture, "{}");
    await fixture.as(ADMIN).participant.remove({ roomId, userId: INSPECTOR.sub });
    await setConfig(fixture, "[]");
    for (const listener of listeners) {
      listener.proceed();
      const received = await listener.until(({ type }) => type === "participant_removed");
      expect(received.filter(isConfig).map((event) => event.id)).toEqual([id]);
      expect(await listener.failure()).toMatchObject({ code: "FORBIDDEN" });
      await listener.leave();
    }
  });
});
