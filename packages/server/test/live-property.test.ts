import fc from "fast-check";
import { expect, it } from "vitest";
import { type Hearing, listenExam, listenRoom } from "./support/listening.js";
import { ADMIN, EXAMINEE, type LiveHall, openLiveHall } from "./support/live-hall.js";

/** What may happen; listeners and rooms by their numbers. */
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
      rooms: fc.array(fc.nat(1), { minLength: 1, maxLength: 5 }),
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

/** A listener that comes back after each cut with the last id that it has. */
const createListener = (
  listen: (lastEventId: string) => Promise<Hearing<{ id: string; type: string }>>,
  from: string,
) => {
  const told: number[] = [];
  let last = from;
  let hearing: Promise<Hearing<{ id: string; type: string }>> | undefined;
  /** Taking goes on in the background: a cut may come at any time. */
  let taking: Promise<void> = Promise.resolve();
  const begin = () => {
    hearing ??= listen(last);
    return hearing;
  };
  const take = async (count: number): Promise<void> => {
    const now = await begin();
    for (let n = 0; n < count; n += 1) {
      const event = await now.next().catch(() => undefined);
      if (!event) return;
      last = event.id;
      told.push(Number(event.id));
      if (event.type === "gap") throw new Error("nothing here is lost");
    }
  };
  return {
    take(count: number) {
      // At once, so that a cut finds it.
      void begin();
      taking = taking.then(() => take(count));
    },
    async cut() {
      await (await hearing)?.leave();
      await taking;
      hearing = undefined;
    },
    /** All that there is up to an id. */
    async rest(upTo: number): Promise<number[]> {
      await this.cut();
      while (Number(last) < upTo) await take(1);
      await this.cut();
      return told;
    },
  };
};

const run = async (hall: LiveHall, steps: readonly Step[], passTime: (ms: number) => void): Promise<void> => {
  const { room, sibling } = hall;
  const rooms = [room.id, sibling.id];
  const admin = hall.as(ADMIN);
  const { lastEventId: from } = await admin.room.snapshot({ roomId: room.id });
  const listeners = [
    createListener((lastEventId) => listenRoom(hall, ADMIN, { roomId: room.id, lastEventId }), from),
    createListener((lastEventId) => listenRoom(hall, ADMIN, { roomId: sibling.id, lastEventId }), from),
    createListener((lastEventId) => listenExam(hall, ADMIN, { examId: room.examId, lastEventId }), from),
    createListener((lastEventId) => listenRoom(hall, ADMIN, { roomId: room.id, lastEventId }), from),
  ];
  const writes: Promise<unknown>[] = [];
  const say = (roomId = "") => {
    // Nobody speaks too often.
    passTime(100);
    return admin.im.send({ roomId, type: 30_001, data: 1 });
  };
  for (const one of steps) {
    if (one.do === "write") writes.push(...one.rooms.map((n) => say(rooms[n])));
    if (one.do === "fail") {
      const refused = hall
        .as(EXAMINEE)
        .im.send({ roomId: rooms[one.room] ?? "", type: 20_002, data: { sid: "x" } });
      writes.push(refused.catch(() => undefined));
    }
    if (one.do === "take") listeners[one.listener]?.take(one.count);
    if (one.do === "cut") await listeners[one.listener]?.cut();
    if (one.do === "turn") await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(writes);
  // The last event of each room is one that everybody waits for.
  await Promise.all(rooms.map(say));
  const log = hall.log().filter(({ id }) => id > Number(from));
  const of = (...ids: string[]) => log.filter(({ roomId }) => ids.includes(roomId)).map(({ id }) => id);
  const expected = [of(room.id), of(sibling.id), of(room.id, sibling.id), of(room.id)];
  const told = await Promise.all(listeners.map((listener, n) => listener.rest(expected[n]?.at(-1) ?? 0)));
  expect(told).toEqual(expected);
};

it("whatever is written, cut and resumed: each listener is told exactly the log's suffix", async () => {
  let now = Date.UTC(2026, 0, 2);
  await using hall = await openLiveHall({ now: () => new Date(now) });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), (steps) =>
      run(hall, steps, (ms) => {
        now += ms;
      }),
    ),
    { numRuns: 60 },
  );
});
