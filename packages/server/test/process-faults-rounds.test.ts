import fc from "fast-check";
import { Client } from "pg";
import { expect, it, vi } from "vitest";
import { faultsOfDelivery, faultsOfPages, faultsOfWrites, type Heard } from "./support/fault-checks.js";
import { type Listener, listenRaw, listenTyped } from "./support/fault-listeners.js";
import { type FaultServers, openFaultServers, type Place } from "./support/fault-servers.js";
import { addedPeople, startReader, startWriters, turnPages, writeLast } from "./support/fault-work.js";

// Three servers on one PostgreSQL, with writers, readers and listeners at each of them, while processes and connections fail.

const ROUNDS = Number(process.env.FAULT_ROUNDS ?? 3);
const SEED = Number(process.env.FAULT_SEED ?? Math.floor(Math.random() * 2 ** 31));
const ADMIN = { sub: "root", role: "admin" } as const;

vi.setConfig({ testTimeout: (ROUNDS + 1) * 180_000 });

type Writers = ReturnType<typeof startWriters>;
interface Scene {
  readonly servers: FaultServers;
  readonly writers: Writers;
  /** The server at which a fault happens, if it happens at one. */
  readonly at: Place;
  /** An exam whose rows a fault may lock. Half of the writers write to others. */
  readonly examId: string;
}

const FAULTS: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  async "a server is killed and another one is started"({ at, writers }) {
    await at.kill();
    await writers.settled(20);
    await at.start();
  },
  async "PostgreSQL crashes and is started again"({ servers, writers }) {
    await servers.postgres.crash();
    await writers.settled(20);
    await servers.postgres.start();
  },
  async "a server is cut from the database"({ at, writers }) {
    at.proxy.fateOf = () => "cut";
    at.proxy.cut();
    await writers.settled(40);
    at.proxy.fateOf = () => "pass";
  },
  async "the database does not answer a server"({ at, writers }) {
    at.proxy.fateOf = () => "hold";
    await writers.settled(40);
    at.proxy.fateOf = () => "pass";
    at.proxy.cut();
  },
  async "commits are slow"({ at, writers }) {
    at.proxy.fateOf = (data) => (at.isCommit(data) ? 300 : "pass");
    await writers.settled(40);
    at.proxy.fateOf = () => "pass";
  },
  async "connections are lost while they commit"({ at, writers }) {
    let commits = 0;
    at.proxy.fateOf = (data) => {
      if (!at.isCommit(data)) return "pass";
      commits += 1;
      return commits % 2 === 0 ? "cut" : "cut at response";
    };
    await writers.settled(40);
    at.proxy.fateOf = () => "pass";
  },
  async "another client holds a transaction on an exam and rolls back"({ servers, writers, examId }) {
    const client = new Client({ connectionString: servers.databaseUrl });
    await client.connect();
    try {
      await client.query("BEGIN");
      await client.query("UPDATE exams SET name = 'Never seen' WHERE id = $1", [examId]);
      await writers.settled(40);
      await client.query("ROLLBACK");
    } finally {
      await client.end();
    }
  },
  async "a server is paused and continues"({ at, writers }) {
    at.signal("SIGSTOP");
    await writers.settled(40);
    at.signal("SIGCONT");
  },
};

const examinee = (userId: string) => ({ userId, name: userId, role: "examinee" as const });

/** An exam with rooms, in each of which is one examinee. */
const createExam = async (at: Place, rooms: number) => {
  const create = (examId?: string) =>
    at.as(ADMIN).room.create({ name: "Room", ...(examId && { examId }), participants: [examinee("e0")] });
  const first = await create();
  const others = await Promise.all(Array.from({ length: rooms - 1 }, () => create(first.examId)));
  const { lastEventId } = await at.as(ADMIN).exam.snapshot({ examId: first.examId });
  return { examId: first.examId, rooms: [first, ...others].map(({ id }) => id), lastEventId };
};

const runRound = async (
  servers: FaultServers,
  {
    round,
    faults,
    targets,
  }: { readonly round: number; readonly faults: readonly string[]; readonly targets: readonly number[] },
): Promise<string[]> => {
  const { places } = servers;
  const [first] = places;
  const exam = await createExam(first, 2);
  const other = await createExam(first, 2);
  const rooms = [...exam.rooms, ...other.rooms];
  const token = await first.token(ADMIN);
  const [roomId = "", otherRoomId = ""] = [exam.rooms[0], other.rooms[1]];
  const followed: { readonly listener: Listener; readonly rooms: readonly string[] }[] = [];
  const follow = async (listening: Promise<Listener>, ofRooms: readonly string[]) => {
    followed.push({ listener: await listening, rooms: ofRooms });
  };
  const ofExam = { of: "exam", id: exam.examId } as const;
  const ofRoom = { of: "room", id: roomId } as const;
  const raw = { token, lastEventId: exam.lastEventId };
  await follow(listenRaw(places, { ...raw, name: "an exam's SSE listener", target: ofExam }), exam.rooms);
  await follow(listenRaw(places, { ...raw, name: "another one", target: ofExam }), exam.rooms);
  await follow(listenRaw(places, { ...raw, name: "a room's SSE listener", target: ofRoom }), [roomId]);
  await follow(
    listenRaw(places, {
      token,
      lastEventId: other.lastEventId,
      name: "an SSE listener of the other exam's room",
      target: { of: "room", id: otherRoomId },
    }),
    [otherRoomId],
  );
  for (const transport of ["WebSocket", "SSE"] as const)
    for (const target of [ofExam, ofRoom])
      await follow(
        listenTyped(places, transport, {
          token,
          name: `the client's ${target.of} over ${transport}`,
          target,
        }),
        target.of === "exam" ? exam.rooms : [roomId],
      );

  const writers = startWriters({ places, rooms, name: `r${round}` });
  const readers = (["records", "messages"] as const).flatMap((kind) =>
    [roomId, otherRoomId].map((id) => ({ kind, roomId: id, ...startReader(places, kind, id) })),
  );
  await writers.acknowledged(20);
  for (const [index, name] of faults.entries()) {
    const at = places[targets[index] ?? 0] ?? first;
    // Every other listener moves to another server.
    for (const { listener } of followed.filter((_, of) => of % 2 === index % 2)) listener.move();
    await FAULTS[name]?.({ servers, writers, at, examId: exam.examId });
    // All servers recover by themselves.
    await writers.acknowledged(20);
  }
  await writers.stop();
  await Promise.all(readers.map((reader) => reader.stop()));
  const last = (id: string) => `last of ${id}`;
  for (const id of rooms) await writeLast(first, id, last(id));
  await Promise.all(
    followed.flatMap(({ listener, rooms: ofRooms }) => ofRooms.map((id) => listener.heard(last(id)))),
  );

  // What the log tells a listener that begins now, after all faults.
  const logOf = async ({ examId, lastEventId, rooms: ofRooms }: typeof exam): Promise<Heard[]> => {
    await using whole = await listenRaw([first], {
      name: "the log",
      target: { of: "exam", id: examId },
      token,
      lastEventId,
    });
    await Promise.all(ofRooms.map((id) => whole.heard(last(id))));
    return [...whole.events];
  };
  const log = [...(await logOf(exam)), ...(await logOf(other))];
  const isMark = (key: string): boolean => key.startsWith("last of ");
  const told = log.flatMap(({ keys }) => keys).filter((key) => !isMark(key));
  const paged = await Promise.all(
    rooms.flatMap((id) =>
      (["records", "messages"] as const).map(async (kind) => ({
        kind,
        roomId: id,
        rows: await turnPages([first], kind, id),
      })),
    ),
  );
  const people = await Promise.all(rooms.map((id) => addedPeople(first, id)));
  const stored = [...paged.flatMap(({ rows }) => rows.map(({ key }) => key)), ...people.flat()].filter(
    (key) => !isMark(key),
  );
  const faultsFound = [
    ...faultsOfWrites(writers.writes, stored, told),
    ...followed.flatMap(({ listener, rooms: ofRooms }) => {
      const inRooms = log.filter((event) => ofRooms.includes(event.roomId));
      // Presence changes afterwards, too, when leases expire.
      const end = inRooms.findLast(({ keys }) => keys.some(isMark))?.id ?? 0;
      const untilEnd = (all: readonly Heard[]): number[] => all.map(({ id }) => id).filter((id) => id <= end);
      const events = untilEnd(inRooms);
      const received = untilEnd(listener.events);
      // The typed client begins with a snapshot, which may include the first events.
      const from = listener.name.startsWith("the client") ? (received[0] ?? 0) : 0;
      return faultsOfDelivery(
        listener.name,
        received,
        events.filter((id) => id >= from),
      );
    }),
    ...readers.flatMap(({ kind, roomId: id, passes }) => {
      const rows = paged.find((one) => one.kind === kind && one.roomId === id)?.rows ?? [];
      return passes.flatMap((pass) =>
        faultsOfPages(
          kind,
          pass,
          rows.map((row) => row.id),
        ),
      );
    }),
    ...followed.flatMap(({ listener }) =>
      listener.events.some(({ type }) => type === "gap") ? [`${listener.name} received a gap`] : [],
    ),
  ];
  const outcomes = [...writers.writes.values()];
  const count = (outcome: string): number => outcomes.filter((one) => one === outcome).length;
  const reconnections = followed.reduce((sum, { listener }) => sum + listener.reconnections(), 0);
  const pages = readers.reduce((sum, { passes }) => sum + passes.length, 0);
  console.log(
    `round ${round}: ${count("acknowledged")} writes acknowledged, ${count("refused")} refused, ${count("unknown")} unknown, ${stored.length} stored; ${log.length} events to ${followed.length} listeners, ${reconnections} reconnections; ${pages} passes of readers; ${faults.length} faults, ${faultsFound.length} violations`,
  );
  for (const { listener } of followed) await listener[Symbol.asyncDispose]();
  return faultsFound;
};

/** The pages that are connected all the time. */
const PEOPLE = ["p0", "p1", "p2", "p3", "p4", "p5"];

it("lose no acknowledged write, tell every event once and in order, and forget nobody", async () => {
  console.log(`FAULT_SEED=${SEED} FAULT_ROUNDS=${ROUNDS}`);
  await using servers = await openFaultServers();
  const { places } = servers;
  const [first] = places;
  const names = Object.keys(FAULTS);
  const plans = fc.sample(
    fc.record({
      faults: fc.shuffledSubarray(names, { minLength: names.length }),
      targets: fc.array(fc.nat(2), { minLength: names.length, maxLength: names.length }),
    }),
    { numRuns: ROUNDS, seed: SEED },
  );

  const room = await first.as(ADMIN).room.create({ name: "Present", participants: PEOPLE.map(examinee) });
  const pages = await Promise.all(
    PEOPLE.map(async (sub) =>
      listenRaw(places, {
        name: sub,
        target: { of: "room", id: room.id },
        token: await first.token({ sub, role: "examinee" }),
      }),
    ),
  );
  const { lastEventId } = await first.as(ADMIN).room.snapshot({ roomId: room.id });
  const presence = async () =>
    (await first.as(ADMIN).room.presence({ roomId: room.id }))
      .map(({ userId, devices }) => `${userId} ${devices}`)
      .toSorted();
  const everybody = PEOPLE.map((userId) => `${userId} 1`);
  await expect.poll(presence).toEqual(everybody);

  for (const [index, plan] of plans.entries())
    expect(await runRound(servers, { round: index + 1, ...plan })).toEqual([]);

  // The connections to servers that were killed count until the leases of these have expired.
  await expect.poll(presence, { timeout: 90_000, interval: 500 }).toEqual(everybody);
  await using watcher = await listenRaw([first], {
    name: "a watcher",
    target: { of: "room", id: room.id },
    token: await first.token(ADMIN),
    lastEventId,
  });
  await writeLast(first, room.id, "the end");
  await watcher.heard("the end");
  const left = watcher.events.filter(({ type }) => type === "participant_left");
  console.log(
    `presence: ${PEOPLE.length} pages, ${pages.reduce((sum, page) => sum + page.reconnections(), 0)} reconnections, ${left.length} of them counted as left`,
  );
  expect(left).toEqual([]);
  for (const page of pages) await page[Symbol.asyncDispose]();
});
