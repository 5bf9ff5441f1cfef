import type { TestCaller } from "@invigil/server/testing";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { LivePeople } from "../src/live/people.js";
import type { RosterEntry } from "../src/procedures.js";
import { liveWorld, transports } from "./live-world.js";

const ADMIN: TestCaller = { sub: "a1", role: "admin" };
const csv = (text: string): string => Buffer.from(text).toString("base64");

type AppFixture = Awaited<ReturnType<typeof liveWorld>>;
type Client = Awaited<ReturnType<AppFixture["client"]>>["invigil"];

const keyOf = ({ userId, roomId = "" }: RosterEntry): string => `${userId} ${roomId}`;
const sorted = (people: readonly RosterEntry[]): RosterEntry[] =>
  people.toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
/** What a live object knows, as a fresh read returns it. */
const known = (live: LivePeople): RosterEntry[] =>
  sorted(
    (live.state?.ids ?? []).flatMap((id) => {
      const person = live.person(id);
      if (!person) return [];
      const { id: own, ...entry } = person;
      expect(own).toBe(id);
      return [entry];
    }),
  );
/** Waits until a live object knows what a fresh read says. */
const untilSame = (live: LivePeople, invigil: Client): Promise<void> =>
  vi.waitFor(
    async () => {
      const page = await invigil.exam.people.query({ examId: live.examId });
      expect(known(live)).toEqual(sorted(page.people));
      expect(live.state?.counts).toEqual(page.counts);
      const byId = (rooms: readonly { id: string }[] = []) =>
        rooms.toSorted((one, other) => (one.id < other.id ? -1 : 1));
      expect(byId(live.state?.rooms)).toEqual(byId(page.rooms));
    },
    { timeout: 60_000, interval: 50 },
  );

/** People of the random changes. */
const WHO = ["e1", "e2", "e3", "x1", "x2"] as const;
const step = fc.record({
  what: fc.constantFrom(
    "add",
    "add",
    "rename",
    "remove",
    "move",
    "enter",
    "enter",
    "leave",
    "leave",
    "record",
    "record",
    "raise",
    "raise",
    "answer",
    "import",
    "plan",
    "leave exam",
    "end",
    "reopen",
    "room",
  ),
  who: fc.constantFrom(...WHO),
  room: fc.nat(1),
  camera: fc.constantFrom("main" as const, "pc" as const),
});
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** Makes changes. Many are refused, because somebody is not there, or there already. */
const changer = (fixture: AppFixture) => {
  const admin = fixture.app.as(ADMIN);
  const { examId } = fixture.room;
  const connections: { who: string; end: () => Promise<void> }[] = [];
  let made = 0;
  const rooms = async (): Promise<string[]> =>
    (await admin.exam.snapshot({ examId })).rooms.map(({ id }) => id);
  const make = async ({ what, who, room, camera }: Step): Promise<unknown> => {
    made += 1;
    const ids = await rooms();
    const [roomId = "", otherId = ""] = room === 0 ? ids : ids.toReversed();
    const person = { userId: who, name: `${who} ${made}`, role: "examinee" as const };
    switch (what) {
      case "add":
      case "rename":
        return admin.participant.add({ roomId, participants: [person] });
      case "remove":
        return admin.participant.remove({ roomId, userId: who, withRecords: made % 2 === 0 });
      case "move":
        return admin.participant.move({ roomId, userId: who, toRoomId: otherId });
      case "enter": {
        const abort = new AbortController();
        const caller = { sub: who, role: "examinee" } as const;
        const events = await fixture.app
          .as(caller, { signal: abort.signal })
          .room.onEvent({ roomId, camera });
        const iterator = events[Symbol.asyncIterator]();
        const first = iterator.next().catch(() => undefined);
        connections.push({
          who,
          async end() {
            abort.abort();
            await first;
            await iterator.return?.();
          },
        });
        return undefined;
      }
      case "leave":
        return connections.splice(connections.findIndex((one) => one.who === who) >>> 0, 1)[0]?.end();
      case "record":
        return admin.cheat.addRecords({
          roomId,
          records: [{ userId: who, isMainMonitor: true, detectTime: new Date(), detectType: "watch" }],
        });
      case "raise":
        return admin.hand.raise({ roomId, userId: who, kind: "break" });
      case "answer": {
        const [hand] = (await admin.hand.list({ roomId, statuses: ["raised", "taken", "granted"] })).hands;
        const action = camera === "main" ? "grant" : "resolve";
        return hand && admin.hand.answer({ roomId, handId: hand.id, action });
      }
      case "import":
        return admin.participant.import({ examId, file: csv(`id,name\n${who},${person.name}\n`) });
      case "plan":
        return admin.exam.plan({ examId, roomSize: 30 });
      case "leave exam":
        return admin.participant.removeFromExam({ examId, userId: who, withRecords: made % 2 === 0 });
      case "end":
        return admin.room.end({ roomId });
      case "reopen":
        return admin.room.reopen({ roomId });
      case "room":
        return admin.room.create({ examId, name: `Room ${made}`, participants: [person] });
    }
  };
  return {
    run: async (one: Step): Promise<void> => void (await make(one).catch(() => undefined)),
    async close() {
      for (const { end } of connections) await end();
    },
  };
};

test("whatever changes while the people are read and afterwards, the state becomes what a fresh read says", async () => {
  await using fixture = await liveWorld({ config: { presenceSettleSeconds: 0 } });
  await fixture.app.as(ADMIN).room.create({ examId: fixture.room.examId, name: "B" });
  const { invigil } = await fixture.client(ADMIN);
  const { examId } = fixture.room;
  const changes = changer(fixture);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(step, { maxLength: 3 }), { minLength: 1, maxLength: 5 }),
      fc.array(step, { maxLength: 12 }),
      async (whilePaging, afterwards) => {
        const later = [...whilePaging];
        const live = new LivePeople(
          examId,
          {
            async page(cursor, how) {
              const page = await invigil.exam.people.query({ examId, cursor, pageSize: 2 }, how);
              for (const one of later.shift() ?? []) await changes.run(one);
              return page;
            },
            subscribe: (lastEventId, observer) =>
              invigil.exam.onPeople.subscribe({ examId, lastEventId }, observer),
          },
          { reconnect: { baseMs: 1, maxMs: 20 } },
        );
        await live.ready();
        for (const [index, one] of afterwards.entries()) {
          if (index % 5 === 4) fixture.proxy.cut();
          await changes.run(one);
        }
        await untilSame(live, invigil);
        live.close();
      },
    ),
    { numRuns: 8, endOnFailure: true },
  );
  await changes.close();
});

test("a person's change tells those who listen to that person, and everybody else once for many changes", async () => {
  await using fixture = await liveWorld();
  const { teacher, room } = fixture;
  const { invigil } = await fixture.client(ADMIN);
  const live = invigil.live.people(room.examId);
  expect(live.state).toBeUndefined();
  const state = await live.ready();
  expect(state).toMatchObject({
    ids: ["t1", "e1", "e2", "e3"],
    loaded: 4,
    total: 4,
    counts: { expected: 3 },
  });
  const before = { ids: state?.ids, e1: live.person("e1"), e2: live.person("e2") };
  expect(before.e1).toMatchObject({ id: "e1", name: "E1", roomId: room.id });
  expect(before.e1 && live.stateOf(before.e1)).toBe("expected");
  const told: string[] = [];
  for (const id of ["e1", "e2", "late"]) live.subscribePerson(id, () => told.push(id));
  let changes = 0;
  live.subscribe(() => {
    changes += 1;
  });
  const renamed = ["A", "B", "C"].map((name) => ({ userId: "e1", name, role: "examinee" as const }));
  for (const person of renamed) await teacher.participant.add({ roomId: room.id, participants: [person] });
  await expect.poll(() => live.person("e1")?.name).toBe("C");
  await expect.poll(() => told).not.toEqual([]);
  expect(new Set(told)).toEqual(new Set(["e1"]));
  expect(live.person("e2")).toBe(before.e2);
  // The row was replaced and not changed, and nobody came or went.
  expect(before.e1?.name).toBe("E1");
  expect(live.state?.ids).toBe(before.ids);
  expect(changes).toBe(told.length);

  await teacher.participant.add({
    roomId: room.id,
    participants: [{ userId: "late", name: "Late", role: "examinee" }],
  });
  await expect.poll(() => live.state?.ids).toEqual(["t1", "e1", "e2", "e3", "late"]);
  expect(told).toContain("late");
  // A teacher is in the list once for each room.
  const second = await teacher.room.create({ examId: room.examId, name: "Second" });
  await expect.poll(() => live.idsOf("t1")).toEqual(["t1", `t1/${second.id}`]);
  expect(live.person(`t1/${second.id}`)).toMatchObject({ userId: "t1", roomId: second.id });
  live.close();
});

test("is refused to a teacher who did not create the exam", async () => {
  await using fixture = await liveWorld();
  const { invigil } = await fixture.client({ sub: "t2", role: "teacher" });
  const live = invigil.live.people(fixture.room.examId);
  await expect(live.ready()).rejects.toMatchObject({ data: { reason: "FORBIDDEN" } });
  expect(live.status).toBe("closed");
});

test.each(transports)(
  "live objects say when they heard last, and are on one connection: $name",
  async ({ WebSocket }) => {
    await using fixture = await liveWorld();
    const { open, openExam, invigil } = await fixture.client(ADMIN, { live: { WebSocket } });
    const people = invigil.live.people(fixture.room.examId);
    const objects = [open(fixture.room.id), openExam(fixture.room.examId), people];
    expect(objects.map(({ lastHeardAt }) => lastHeardAt)).toEqual([undefined, undefined, undefined]);
    await Promise.all(objects.map((one) => one.ready()));
    const before = new Date();
    await vi.waitFor(
      async () => {
        await fixture.teacher.room.setAudioStatus({ roomId: fixture.room.id, audioStatus: "speaking" });
        await fixture.teacher.room.setAudioStatus({ roomId: fixture.room.id, audioStatus: "silent" });
        for (const { lastHeardAt } of objects)
          expect(lastHeardAt?.getTime()).toBeGreaterThanOrEqual(before.getTime());
      },
      { timeout: 60_000 },
    );
    people.close();
  },
);
