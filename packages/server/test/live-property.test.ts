import fc from "fast-check";
import { expect, it } from "vitest";
import { WHOLE_EXAM } from "../src/domain/events.js";
import type { RoomKey } from "../src/domain/room-exams.js";
import { createDeliveryService } from "../src/features/delivery/service.js";
import { createDeliveryStore, type DeliveryStore, type EventScope } from "../src/features/delivery/store.js";
import { createSubscriptionLimits } from "../src/features/subscriptions/limits.js";
import { createSubscriptionService } from "../src/features/subscriptions/service.js";
import { createSubscriptionStore, type SubscriptionStore } from "../src/features/subscriptions/store.js";
import { UNLIMITED } from "../src/limits/rates.js";
import { type EventReader, readEvents } from "./support/listening.js";
import { ADMIN, EXAMINEE, type LiveFixture, openLiveFixture, reopenAs } from "./support/live-fixture.js";
import { withWrites } from "./support/writes.js";

/** A step of the test. Listeners and rooms are given by their numbers. Room 2 stands for the whole exam. */
type Step =
  | { do: "write"; rooms: number[] }
  | { do: "fail"; room: number }
  | { do: "take"; listener: number; count: number }
  | { do: "cut"; listener: number }
  | { do: "turn" };

const LISTENERS = 4;
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("write" as const),
      rooms: fc.array(fc.nat(2), { minLength: 1, maxLength: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("fail" as const), room: fc.nat(1) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("take" as const),
      listener: fc.nat(LISTENERS - 1),
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("cut" as const), listener: fc.nat(LISTENERS - 1) }) },
  { weight: 1, arbitrary: fc.constant({ do: "turn" as const }) },
);

type ReceivedEvent = { readonly id: string; readonly type: string };

/** A listener that resumes after each cut with the last id that it has received. */
const createListener = (
  listen: (lastEventId: string) => Promise<EventReader<ReceivedEvent>>,
  from: string,
) => {
  const received: number[] = [];
  let last = from;
  let reader: Promise<EventReader<ReceivedEvent>> | undefined;
  /** Events are taken in the background, because a cut may come at any time. */
  let taking: Promise<void> = Promise.resolve();
  let awaited: { id: number; reached: () => void } | undefined;
  const take = async (from: Promise<EventReader<ReceivedEvent>>, count: number): Promise<void> => {
    const now = await from;
    for (let n = 0; n < count; n += 1) {
      const event = await now.next().catch(() => undefined);
      if (!event) return;
      last = event.id;
      received.push(Number(event.id));
      if (event.type === "gap") throw new Error("unexpected gap");
      if (awaited && Number(last) >= awaited.id) awaited.reached();
    }
  };
  const listener = {
    take(count: number) {
      // Synchronous, so that a cut ends this subscription.
      reader ??= listen(last);
      const now = reader;
      taking = taking.then(() => take(now, count));
    },
    async cut() {
      await (await reader)?.leave();
      await taking;
      reader = undefined;
    },
    /** Returns all events up to an id. Does not resume if the listener has a subscription. */
    async rest(id: number): Promise<number[]> {
      const reached = new Promise<void>((resolve) => {
        awaited = { id, reached: resolve };
      });
      listener.take(Number.POSITIVE_INFINITY);
      if (Number(last) < id) await reached;
      await listener.cut();
      return received;
    },
  };
  return listener;
};

/** Delays reads by some turns of the event loop, as a network would. */
const delayed = (
  { log, store }: { log: DeliveryStore; store: SubscriptionStore },
  turns: () => number,
): { log: DeliveryStore; store: SubscriptionStore } => {
  const pass = async (): Promise<void> => {
    for (let left = turns(); left > 0; left -= 1) await new Promise((resolve) => setImmediate(resolve));
  };
  const slow =
    <Args extends unknown[], Answer>(read: (...args: Args) => Promise<Answer>) =>
    async (...args: Args): Promise<Answer> => {
      await pass();
      const answer = await read(...args);
      await pass();
      return answer;
    };
  return {
    log: {
      ...log,
      newestId: slow(() => log.newestId()),
      eventsAfter: slow((scope: EventScope, id: number, limit: number) => log.eventsAfter(scope, id, limit)),
      wasInProgress: slow((room: RoomKey, id: number) => log.wasInProgress(room, id)),
      message: slow((examId: string, id: number) => log.message(examId, id)),
      othersVersion: slow(() => log.othersVersion()),
    },
    store: {
      ...store,
      roomsOfExam: slow((examId: string) => store.roomsOfExam(examId)),
      roomSnapshot: slow((room: RoomKey) => store.roomSnapshot(room)),
      examSnapshot: slow((examId: string, rooms: "all" | readonly string[]) =>
        store.examSnapshot(examId, rooms),
      ),
    },
  };
};

const run = async (
  fixture: LiveFixture,
  { steps, delays }: { steps: readonly Step[]; delays: readonly number[] },
  passTime: (ms: number) => void,
): Promise<void> => {
  const { room, sibling, services } = fixture;
  const rooms = [room.id, sibling.id];
  const admin = fixture.as(ADMIN);
  const { lastEventId: from } = await admin.room.snapshot({ roomId: room.id });
  let calls = 0;
  const slow = delayed(
    { log: createDeliveryStore(withWrites(fixture.db)), store: createSubscriptionStore(fixture.db) },
    () => delays[calls++ % delays.length] ?? 0,
  );
  const log = fixture.app.log;
  const clock = () => new Date();
  const delivery = createDeliveryService({
    store: slow.log,
    pruning: { now: async () => clock() },
    retentionMs: 1,
    log,
  });
  const presence = { connect: () => () => undefined };
  const subscriptions = createSubscriptionService({
    ...services,
    store: slow.store,
    delivery,
    presence,
    rates: UNLIMITED,
    limits: createSubscriptionLimits({ connections: 1_000, subscriptions: 1_000 }),
    clock,
    monotonic: () => performance.now(),
    log,
  });
  const caller = await services.auth.identify(await fixture.token(ADMIN));
  const subscriber = (abort: AbortController) => ({
    caller: { ...caller, expiresAt: new Date(8.64e15) },
    reopen: reopenAs(services, caller),
    signal: abort.signal,
  });
  const inRoom = (roomId: string) => async (lastEventId: string) => {
    const abort = new AbortController();
    return readEvents<ReceivedEvent>(
      await subscriptions.subscribeToRoom(
        subscriber(abort),
        await services.access.look(caller, "room", { roomId }),
        { camera: "main", lastEventId },
      ),
      abort,
    );
  };
  const inExam = async (lastEventId: string) => {
    const abort = new AbortController();
    return readEvents<ReceivedEvent>(
      await subscriptions.subscribeToExam(
        subscriber(abort),
        await services.access.look(caller, "exam", { examId: room.examId }),
        lastEventId,
      ),
      abort,
    );
  };
  const listeners = [inRoom(room.id), inRoom(sibling.id), inExam, inRoom(room.id)].map((listen) =>
    createListener(listen, from),
  );
  const writes: Promise<unknown>[] = [];
  let configs = 0;
  const say = (roomId?: string) => {
    // Keeps the test within the send rate.
    passTime(100);
    if (roomId === undefined) {
      configs += 1;
      const data = JSON.stringify({ configs, from });
      return admin.cheat.setConfig({ examId: room.examId, data }).then(delivery.poll);
    }
    return admin.im.send({ roomId, type: 30_001, data: 1 }).then(delivery.poll);
  };
  for (const one of steps) {
    if (one.do === "write") writes.push(...one.rooms.map((n) => say(rooms[n])));
    if (one.do === "fail") {
      const refused = fixture
        .as(EXAMINEE)
        .im.send({ roomId: rooms[one.room] ?? "", type: 20_002, data: { sid: "x" } });
      writes.push(refused.catch(() => undefined));
    }
    if (one.do === "take") listeners[one.listener]?.take(one.count);
    if (one.do === "cut") await listeners[one.listener]?.cut();
    if (one.do === "turn") await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(writes);
  // All listeners wait for the last event of each room.
  await Promise.all(rooms.map(say));
  const logged = (await fixture.log()).filter(({ id }) => id > Number(from));
  const of = (...ids: string[]) =>
    logged.filter(({ roomId }) => roomId === WHOLE_EXAM || ids.includes(roomId)).map(({ id }) => id);
  const expected = [of(room.id), of(sibling.id), of(room.id, sibling.id), of(room.id)];
  const received = await Promise.all(listeners.map((listener, n) => listener.rest(expected[n]?.at(-1) ?? 0)));
  expect(received).toEqual(expected);
};

it("each listener receives exactly the events after its position, whatever is written, cut and resumed", async () => {
  let now = Date.UTC(2026, 0, 2);
  await using fixture = await openLiveFixture({ now: () => new Date(now) });
  await fc.assert(
    fc.asyncProperty(
      fc.record({ steps: fc.array(step, { maxLength: 60 }), delays: fc.array(fc.nat(3), { minLength: 1 }) }),
      (what) =>
        run(fixture, what, (ms) => {
          now += ms;
        }),
    ),
    { numRuns: 60 },
  );
});
