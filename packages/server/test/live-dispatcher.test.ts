import { afterEach, expect, it, vi } from "vitest";
import { createEventDispatcher } from "../src/features/delivery/event-dispatcher.js";
import { createDeliveryStore } from "../src/features/delivery/store.js";
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
