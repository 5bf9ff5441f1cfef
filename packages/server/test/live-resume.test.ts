import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createEventLog } from "../src/domain/events.js";
import { MAX_QUEUED } from "../src/features/subscriptions/event-queue.js";
import { openTestDatabase } from "./support/database.js";
import { tempFolder } from "./support/folders.js";
import { listenExam, listenRoom } from "./support/listening.js";
import { ADMIN, openLiveFixture, speak, TEACHER } from "./support/live-fixture.js";
import { writeRows } from "./support/writes.js";

const START = new Date("2026-01-02T03:04:05Z");
const HOUR = 3_600_000;

/** A client that can stop receiving for a while. */
const createClient = () => {
  let taken = Promise.resolve();
  let take: (() => void) | undefined;
  return {
    drained: () => taken,
    stopReceiving() {
      taken = new Promise((resolve) => {
        take = resolve;
      });
    },
    resume: () => take?.(),
  };
};
const idsOf = (events: readonly { id: string }[]) => events.map(({ id }) => Number(id));

describe("a subscriber that resumes", () => {
  it("receives the missed events and then new ones, without a gap or repetition", async () => {
    await using fixture = await openLiveFixture();
    const roomId = fixture.room.id;
    const first = await listenRoom(fixture, ADMIN, { roomId });
    await speak(fixture, 6);
    const lastEventId = (await first.take(3)).at(-1)?.id ?? "";
    await first.leave();
    await speak(fixture, 1000);
    await using second = await listenRoom(fixture, ADMIN, { roomId, lastEventId });
    const speaking = speak(fixture, 20);
    const received = await second.take(1023);
    await speaking;
    expect(idsOf(received)).toEqual(
      (await fixture.log()).map(({ id }) => id).filter((id) => id > Number(lastEventId)),
    );
  });

  it.each(["room", "exam"] as const)(
    "receives a snapshot of the %s if it was away for too long",
    async (of) => {
      let now = START;
      await using fixture = await openLiveFixture({
        now: () => now,
        config: { eventRetentionSeconds: 3600 },
      });
      const { id: roomId, examId } = fixture.room;
      const listen = (lastEventId: string) =>
        of === "room"
          ? listenRoom(fixture, ADMIN, { roomId, lastEventId })
          : listenExam(fixture, ADMIN, { examId, lastEventId });
      await speak(fixture, 3);
      const { lastEventId: before } = await fixture.as(ADMIN).room.snapshot({ roomId });
      await speak(fixture, 1);
      now = new Date(START.getTime() + HOUR + 1);
      await speak(fixture, 1);
      const { lastEventId: latest } = await fixture.as(ADMIN).room.snapshot({ roomId });
      // Deletes events that are older than an hour.
      await fixture.services.subscriptions.stop();
      fixture.services.subscriptions.start();
      await expect.poll(async () => (await fixture.wholeLog()).length).toBe(1);

      await using away = await listen(before);
      await using back = await listen(String(Number(latest) - 1));
      await fixture.as(TEACHER).room.end({ roomId });
      // The log still has the events that this subscriber missed.
      expect(await back.take(2)).toMatchObject([
        { type: "audio_status_changed", id: latest },
        { type: "room_ended" },
      ]);
      const gap = await away.next();
      expect(gap).toMatchObject({ type: "gap", id: expect.stringMatching(/^\d+$/), time: now });
      if (gap.type !== "gap") throw new Error("no gap");
      expect(gap.snapshot.lastEventId).toBe(gap.id);
      // The end of the room is in the snapshot, or an event after it.
      const isIn = Number(gap.id) > Number(latest);
      if (isIn) expect(JSON.stringify(gap.snapshot)).toContain('"ended"');
      else expect(await away.next()).toMatchObject({ type: "room_ended" });
    },
  );

  it.each(["room", "exam"] as const)(
    "receives a snapshot of the %s if its id is from another database",
    async (of) => {
      await using fixture = await openLiveFixture();
      const { id: roomId, examId } = fixture.room;
      const lastEventId = "999999";
      await using subscription =
        of === "room"
          ? await listenRoom(fixture, ADMIN, { roomId, lastEventId })
          : await listenExam(fixture, ADMIN, { examId, lastEventId });
      const snapshot =
        of === "room"
          ? await fixture.as(ADMIN).room.snapshot({ roomId })
          : await fixture.as(ADMIN).exam.snapshot({ examId });
      expect(await subscription.next()).toEqual({
        type: "gap",
        id: snapshot.lastEventId,
        ...(of === "room" ? { roomId } : { examId }),
        time: START,
        snapshot,
      });
      await fixture.as(TEACHER).room.end({ roomId });
      expect(await subscription.next()).toMatchObject({ type: "room_ended" });
    },
  );

  it("misses nothing if it has the newest id and all older events are deleted", async () => {
    let now = START;
    await using fixture = await openLiveFixture({ now: () => now, config: { eventRetentionSeconds: 60 } });
    const roomId = fixture.room.id;
    await speak(fixture, 700);
    const { lastEventId } = await fixture.as(ADMIN).room.snapshot({ roomId });
    now = new Date(START.getTime() + HOUR);
    await fixture.services.subscriptions.stop();
    fixture.services.subscriptions.start();
    // There are more events than one write deletes. At most the newest one remains: on PostgreSQL, the exam's position is noted instead.
    await expect.poll(async () => (await fixture.wholeLog()).length).toBeLessThanOrEqual(1);
    await using subscription = await listenRoom(fixture, ADMIN, { roomId, lastEventId });
    await speak(fixture, 1);
    expect(idsOf([await subscription.next()])).toEqual([Number(lastEventId) + 1]);
  });
});

describe("a slow subscriber", () => {
  it.each([
    ["receives all events that fit into its queue", MAX_QUEUED],
    ["receives a gap if there are more", MAX_QUEUED + 1],
  ] as const)("%s, and delays nobody", async (_, count) => {
    await using fixture = await openLiveFixture();
    const roomId = fixture.room.id;
    const client = createClient();
    const token = await fixture.token(ADMIN);
    await using slow = await fixture.listen(token, roomId, { drained: client.drained });
    await using quick = await fixture.listen(token, roomId);
    await speak(fixture, 2);
    expect(await slow.take(2)).toHaveLength(2);
    client.stopReceiving();
    const first = slow.next();
    const others = quick.take(count + 2);
    await speak(fixture, count);
    const all = (await fixture.log()).map(({ id }) => id);
    // The other subscriber has received all events. The slow one has received none.
    expect(idsOf(await others)).toEqual(all);
    client.resume();
    if (count > MAX_QUEUED) {
      expect(await first).toMatchObject({ type: "gap", id: String(all.at(-1)) });
      await fixture.as(TEACHER).room.end({ roomId });
      expect(await slow.next()).toMatchObject({ type: "room_ended", id: String(Number(all.at(-1)) + 1) });
    } else expect(idsOf([await first, ...(await slow.take(count - 1))])).toEqual(all.slice(2));
  });

  it("can end without receiving anything, and the server does not wait for it", async () => {
    await using fixture = await openLiveFixture();
    let asked: (() => void) | undefined;
    const begun = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const drained = () => {
      asked?.();
      return new Promise<void>(() => undefined);
    };
    const stuck = await fixture.listen(await fixture.token(ADMIN), fixture.room.id, { drained });
    await begun;
    await stuck.leave();
    await expect(stuck.next()).rejects.toThrow("there are no more events");
  });
});

describe("events of another process", () => {
  it("are received", async () => {
    using folder = tempFolder();
    const databaseFile = join(folder.path, "invigil.db");
    await using fixture = await openLiveFixture({ config: { databaseFile } });
    const roomId = fixture.room.id;
    await using subscription = await listenRoom(fixture, ADMIN, { roomId });
    await using other = await openTestDatabase({ file: databaseFile });
    const events = createEventLog({ added: () => undefined });
    for (const audioStatus of ["speaking", "silent"] as const) {
      await writeRows(other, (tx) =>
        events.add(
          tx,
          { examId: fixture.room.examId, roomId },
          "audio_status_changed",
          { audioStatus },
          START,
        ),
      );
      expect(await subscription.next()).toMatchObject({ type: "audio_status_changed", audioStatus });
    }
  });
});
