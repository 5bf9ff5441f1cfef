import { afterEach, expect, it, vi } from "vitest";
import { createEventDispatcher } from "../src/features/delivery/event-dispatcher.js";
import type { QueuedEvent } from "../src/features/delivery/service.js";
import { createDeliveryStore, type EventRow } from "../src/features/delivery/store.js";
import { createEventQueue } from "../src/features/subscriptions/event-queue.js";
import { ADMIN, openLiveFixture } from "./support/live-fixture.js";
import { withWrites } from "./support/writes.js";

afterEach(() => {
  vi.useRealTimers();
});

it("an event that is committed while the first subscription starts is delivered without waiting for the timer", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  await using fixture = await openLiveFixture();
  const { room } = fixture;
  const store = createDeliveryStore(withWrites(fixture.db));
  let answer = (): void => undefined;
  const mayAnswer = new Promise<void>((resolve) => {
    answer = resolve;
  });
  let reached = (): void => undefined;
  const hasRead = new Promise<void>((resolve) => {
    reached = resolve;
  });
  /** Reads the end of the log at once, and answers when the test allows it. */
  const slowly = async (read: Promise<number>): Promise<number> => {
    const id = await read;
    reached();
    await mayAnswer;
    return id;
  };
  const dispatcher = createEventDispatcher({
    store: {
      ...store,
      newestId: () => slowly(store.newestId()),
    },
    log: fixture.app.log,
  });
  const queue = createEventQueue();
  queue.open();
  const scope = { examId: room.examId, roomId: room.id };
  const subscription = { scope, queue, mayDeliver: () => true };
  const added = dispatcher.add(subscription, () => slowly(store.newestIdOf(room.examId)));
  await hasRead;
  await fixture.as(ADMIN).room.setAudioStatus({ roomId: room.id, audioStatus: "speaking" });
  dispatcher.poll();
  answer();
  await added;
  let entry = queue.shift();
  for (; !entry; entry = queue.shift()) await queue.changed();
  expect(entry.event).toMatchObject({ type: "audio_status_changed", roomId: room.id });
  dispatcher.remove(subscription);
});

it("a page of events about each person of a large room leaves turns to other work, and reaches every subscription", async () => {
  await using fixture = await openLiveFixture();
  const { id: roomId, examId } = fixture.room;
  const store = createDeliveryStore(withWrites(fixture.db));
  const first = (await store.newestIdOf(examId)) + 1;
  const rows = Array.from({ length: 400 }, (_, n): EventRow => {
    const data = { audioStatus: "speaking" };
    return { id: first + n, examId, roomId, type: "audio_status_changed", data, createdAt: new Date() };
  });
  const pages = [rows];
  const dispatcher = createEventDispatcher({
    store: {
      ...store,
      allEventsAfter: async () => pages.shift() ?? [],
      eventsOfExams: async () => ({ rows: pages.shift() ?? [], lost: [] }),
    },
    log: fixture.app.log,
  });
  let turn = 0;
  let isOver = false;
  const takeTurns = (): void => {
    turn += 1;
    if (!isOver) setImmediate(takeTurns);
  };
  takeTurns();
  /** How many events were offered in each turn, over all subscriptions. */
  const offered = new Map<number, number>();
  const subscriptions = Array.from({ length: 500 }, (_, n) => {
    const queue = createEventQueue();
    queue.open();
    const mayDeliver = ({ event }: QueuedEvent): boolean => {
      offered.set(turn, (offered.get(turn) ?? 0) + 1);
      // Each subscription receives one event, as a person receives those about themselves.
      return event.id === first + (n % rows.length);
    };
    return { scope: { examId, roomId }, queue, mayDeliver };
  });
  for (const subscription of subscriptions)
    await dispatcher.add(subscription, () => store.newestIdOf(examId));
  dispatcher.poll();
  for (const { queue } of subscriptions) {
    while (!queue.shift()) await queue.changed();
  }
  isOver = true;
  for (const subscription of subscriptions) dispatcher.remove(subscription);
  const counts = [...offered.values()];
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(rows.length * subscriptions.length);
  expect(Math.max(...counts)).toBeLessThan((rows.length * subscriptions.length) / 4);
});
