import { expect, it } from "vitest";
import { createEventTail } from "../src/features/delivery/event-tail.js";
import { createDeliveryStore } from "../src/features/delivery/store.js";
import { DatabaseUnavailableError } from "../src/storage/errors.js";
import { ADMIN, openLiveFixture, TEACHER } from "./support/live-fixture.js";
import { withWrites } from "./support/writes.js";

const START = new Date("2026-01-02T03:04:05Z");

it("a read that fails loses no event of the exams that it has already read", async () => {
  let now = START;
  await using fixture = await openLiveFixture({ now: () => now, config: { eventRetentionSeconds: 60 } });
  const other = await fixture.as(ADMIN).room.create({ name: "Another exam's room" });
  const store = createDeliveryStore(withWrites(fixture.db));
  let isGone = false;
  const tail = createEventTail({
    ...store,
    hasOneOrder: false,
    newestIdOf: (examId) =>
      isGone ? Promise.reject(new DatabaseUnavailableError("gone")) : store.newestIdOf(examId),
  });
  for (const examId of [fixture.room.examId, other.examId])
    await tail.follow(examId, () => store.newestIdOf(examId));
  // One exam's event is deleted before the tail has read it, and the other one has an event.
  await fixture.as(TEACHER).room.setAudioStatus({ roomId: fixture.room.id, audioStatus: "speaking" });
  now = new Date(START.getTime() + 3_600_000);
  await fixture.as(ADMIN).room.setAudioStatus({ roomId: other.id, audioStatus: "speaking" });
  await fixture.services.subscriptions.stop();
  fixture.services.subscriptions.start();
  await expect
    .poll(async () => (await fixture.wholeLog()).filter(({ roomId }) => roomId === fixture.room.id))
    .toEqual([]);

  isGone = true;
  await expect(tail.read()).rejects.toThrow(DatabaseUnavailableError);
  isGone = false;
  const { rows, lost } = await tail.read();
  expect(rows.map(({ roomId, type }) => [roomId, type])).toEqual([[other.id, "audio_status_changed"]]);
  expect(lost).toEqual(new Set([fixture.room.examId]));
  expect(await tail.read()).toEqual({ rows: [], hasMore: false, lost: new Set() });
});

it("events that are deleted during a read are read, or lost", async () => {
  let now = START;
  await using fixture = await openLiveFixture({ now: () => now, config: { eventRetentionSeconds: 60 } });
  const { storage } = fixture.db;
  const { examId } = fixture.room;
  const speak = (audioStatus: "speaking" | "silent") =>
    fixture.as(TEACHER).room.setAudioStatus({ roomId: fixture.room.id, audioStatus });
  const logOfHall = createDeliveryStore(withWrites({ storage }));
  /** Deletes old events after each read. */
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <Found>(read: () => Promise<Found>): Promise<Found> => {
    const found = last.then(read);
    last = found.then(() => logOfHall.prune(now));
    return found;
  };
  const store = createDeliveryStore(
    withWrites({
      storage: {
        ...storage,
        get: (statement, values) => inTurn(() => storage.get(statement, values)),
        all: (statement, values) => inTurn(() => storage.all(statement, values)),
      },
    }),
  );
  const tail = createEventTail({ ...store, hasOneOrder: false });
  await tail.follow(examId, () => createDeliveryStore(withWrites({ storage })).newestIdOf(examId));
  await speak("speaking");
  now = new Date(START.getTime() + 3_600_000);
  await speak("silent");
  const { rows, lost } = await tail.read();
  await last;
  expect(rows.length === 2 || lost === "all" || lost.has(examId)).toBe(true);
});
