import { AsyncLocalStorage } from "node:async_hooks";
import { afterAll, beforeAll, beforeEach, describe, expect, it as test } from "vitest";
import { lockExams, type RosterTransaction, withRosterLock } from "../src/domain/exam-transaction.js";
import {
  insertPerson,
  type NewPerson,
  prepareFirstPeople,
  StreamNameTaken,
  withTakenNames,
} from "../src/domain/people.js";
import { createAudioStore } from "../src/features/audio/store.js";
import type { Database } from "../src/storage/database.js";
import type { Storage, Transaction } from "../src/storage/port.js";
import { openPostgres } from "../src/storage/postgres/client.js";
import {
  bulkChanges,
  cheatRecords,
  examAudio,
  loginCounters,
  messages,
  participants,
  recordedPeople,
  rooms,
  sessions,
  streamEvents,
  streamNames,
  unseated,
} from "../src/storage/tables.js";
import { type AppFixture, openAppFixture } from "./support/app-fixture.js";
import { type TrpcAnswer, trpc } from "./support/calls.js";
import { isPostgresServerMissing, openSchemas, type Schemas } from "./support/postgres-schemas.js";
import { type PostgresServer, startPostgresServer } from "./support/postgres-server.js";
import { STREAM_CONFIG, streamReport, streamSignature } from "./support/streams.js";
import { contentsOf, rowsOf } from "./support/tables.js";
import { AUTHOR, withWrites } from "./support/writes.js";

// Two servers share a database. The first call is held when its transaction has done everything but the commit. The second call begins then,
// so that it sees nothing of the first one before it waits for it. Whichever is first wins, and the other one notices.

const isSkipped = isPostgresServerMissing();
const it = test.skipIf(isSkipped);

/** Holds one of the transactions of a call. */
interface Gate {
  /** How many transactions of the call pass before that. */
  skipped: number;
  readonly reached: () => void;
  readonly opened: Promise<void>;
}
const gates = new AsyncLocalStorage<Gate>();
const pass = async (): Promise<void> => {
  const gate = gates.getStore();
  if (!gate) return;
  gate.skipped -= 1;
  if (gate.skipped !== -1) return;
  gate.reached();
  await gate.opened;
};
/** A database whose transactions pass the gate of their call before they commit. */
const withGates = (db: Database): Database => {
  const { storage } = db;
  const gated =
    <Result, Rest extends readonly unknown[]>(work: (tx: Transaction, ...rest: Rest) => Promise<Result>) =>
    async (tx: Transaction, ...rest: Rest): Promise<Result> => {
      // The last statements are not sent with the commit, so that the gate is in between.
      const result = await work({ ...tx, last: (start) => start() }, ...rest);
      await pass();
      return result;
    };
  return {
    ...db,
    storage: {
      ...storage,
      write: (work, options) => storage.write(gated(work), options),
      grouped: (writeAll, grouping) => storage.grouped(gated(writeAll), grouping),
    },
  };
};

let server: PostgresServer;
let schemas: Schemas;
let one: AppFixture;
let other: AppFixture;
let db: Database;
let otherDb: Database;

const openServer = (of: Database): Promise<AppFixture> =>
  openAppFixture({ config: STREAM_CONFIG, queue: false, change: (deps) => ({ ...deps, db: withGates(of) }) });
beforeAll(async () => {
  if (isSkipped) return;
  server = await startPostgresServer(["fsync=off", "deadlock_timeout=100ms"]);
  schemas = await openSchemas(server.url);
  const { url } = await schemas.open();
  db = await openPostgres({ url });
  otherDb = await openPostgres({ url });
  one = await openServer(db);
  other = await openServer(otherDb);
});
afterAll(async () => {
  for (const appFixture of [one, other]) await appFixture?.[Symbol.asyncDispose]();
  for (const database of [db, otherDb]) await database?.close();
  await schemas?.[Symbol.asyncDispose]();
  await server?.stop();
});

/** An exam with two rooms, and the ids of what a scenario uses. */
interface RoomFixture {
  readonly n: number;
  readonly examId: string;
  readonly roomId: string;
  readonly otherRoomId: string;
  readonly clipId: string;
  readonly account: string;
}
type Call = (fixture: RoomFixture, appFixture: AppFixture) => Promise<TrpcAnswer>;

const ADMIN = { sub: "boss", role: "admin" } as const;
const as = async (appFixture: AppFixture, caller: Parameters<AppFixture["token"]>[0] = ADMIN) =>
  trpc(appFixture, await appFixture.token(caller));
const call =
  (path: string, input: (fixture: RoomFixture) => object): Call =>
  async (fixture, appFixture) =>
    (await as(appFixture)).mutate(path, input(fixture));
/** What became of a call. */
const outcomeOf = ({ status, error }: TrpcAnswer): string =>
  status === 200 ? "done" : String(error.data.reason);

const person = (userId: string, role = "examinee") => ({ userId, name: userId, role });
const NOW = new Date("2026-01-02T03:04:05Z");
let fixtures = 0;
const openRoomFixture = async (): Promise<RoomFixture> => {
  const n = ++fixtures;
  const admin = await as(one);
  const times = { startTime: new Date("2026-01-02T03:00:00Z"), endTime: new Date("2026-01-02T05:00:00Z") };
  const { data: exam } = await admin.mutate("exam.create", { name: "Exam", ...times });
  const ids: string[] = [];
  for (const name of ["A", "B"]) {
    const participants = [person(`t-${name}`, "teacher"), person(`e-${name}`)];
    const { data } = await admin.mutate("room.create", { name, examId: exam.id, participants });
    ids.push(data.id);
  }
  const { data: clip } = await admin.mutate("audio.create", {
    name: "Bell",
    url: "https://cdn.example/bell.wav",
  });
  const account = `clerk${n}`;
  await admin.mutate("account.create", {
    userId: account,
    role: "teacher",
    name: "C",
    password: "a password",
  });
  const [roomId = "", otherRoomId = ""] = ids;
  return { n, examId: exam.id, roomId, otherRoomId, clipId: clip.id, account };
};
let fixture: RoomFixture;
beforeEach(async () => {
  if (!isSkipped) fixture = await openRoomFixture();
});

/** Resolves when a session waits for another one. */
const someoneWaits = async (isOver: () => boolean): Promise<void> => {
  for (let waits = false; !waits && !isOver(); ) {
    const { rows } = await schemas.client.query(
      "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'invigil'",
    );
    waits = rows.length > 0;
  }
};
/** A promise, and the function that resolves it. */
const signal = (): { readonly given: Promise<void>; readonly give: () => void } => {
  let give = (): void => undefined;
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give };
};
/**
 * Does two things. The second one begins when everything of the first one is written, but not committed.
 * @param skipped how many transactions of the first one are committed before
 */
const held = async <One, Other>(first: () => Promise<One>, second: () => Promise<Other>, skipped = 0) => {
  const [reached, opened] = [signal(), signal()];
  const gate: Gate = { skipped, reached: reached.give, opened: opened.given };
  const earlier = gates.run(gate, first);
  await Promise.race([reached.given, earlier.catch(() => undefined)]);
  expect(gate.skipped).toBe(-1);
  let isOver = false;
  const later = second().finally(() => {
    isOver = true;
  });
  await someoneWaits(() => isOver);
  opened.give();
  return Promise.allSettled([earlier, later]);
};
/** Makes two calls, the first to one server and the second to the other. Returns what became of both. */
const race = async (first: Call, second: Call, skipped?: number): Promise<string[]> => {
  const outcomes = await held(
    () => first(fixture, one),
    () => second(fixture, other),
    skipped,
  );
  return outcomes.map((outcome) => ("value" in outcome ? outcomeOf(outcome.value) : String(outcome.reason)));
};
const finished = async (): Promise<void> => {
  for (const appFixture of [one, other]) await appFixture.services.bulk.drain();
};

const endRoom = call("room.end", ({ roomId }) => ({ roomId }));
const deleteExam = call("exam.delete", ({ examId }) => ({
  examId,
  withRooms: true,
  withRecords: true,
  confirm: "Exam",
  erase: "now",
}));
const addPerson = call("participant.add", ({ roomId }) => ({ roomId, participants: [person("late")] }));
const movePerson = call("participant.move", ({ roomId, otherRoomId }) => ({
  roomId: otherRoomId,
  userId: "e-B",
  toRoomId: roomId,
}));
const file = Buffer.from("id,name\nlate,L\n").toString("base64");
const importPerson = call("participant.import", ({ examId, roomId }) => ({ examId, roomId, file }));
const createRoom = call("room.create", ({ examId }) => ({
  name: "C",
  examId,
  participants: [person("late")],
}));

/** Expects that nothing of the exam remains. */
const expectDeleted = async (): Promise<void> => {
  await finished();
  const { examId, roomId, otherRoomId } = fixture;
  for (const [table, found] of Object.entries(await contentsOf(db))) {
    // Events for listeners, tasks for message services and the audit outlive the exam.
    if (["room_events", "vendor_tasks", "audit_entries"].includes(table)) continue;
    const text = JSON.stringify(found);
    for (const id of [examId, roomId, otherRoomId])
      expect({ table, has: text.includes(id) }).toEqual({ table, has: false });
  }
};

const peopleOf = async (roomId: string): Promise<string[]> =>
  (await rowsOf(db, participants))
    .filter((row) => row.roomId === roomId)
    .map(({ userId }) => userId)
    .toSorted();

const record = {
  userId: "e-A",
  isMainMonitor: true,
  detectType: "watch",
  detectTime: new Date("2026-01-02T03:04:00Z"),
};
const addRecord: Call = async ({ roomId }, appFixture) =>
  (await as(appFixture, { sub: "e-A", role: "examinee" })).mutate("cheat.addRecords", {
    roomId,
    records: [record],
  });
const removeWithRecords = call("participant.removeFromExam", ({ examId }) => ({
  examId,
  userId: "e-A",
  withRecords: true,
}));
const removeFromRoom = call("participant.remove", ({ roomId }) => ({
  roomId,
  userId: "e-A",
  withRecords: true,
}));
const sendMessage = call("im.send", ({ roomId }) => ({ roomId, type: 30_001, data: 1, key: "k" }));
const sendAsExaminee: Call = async ({ roomId }, appFixture) =>
  (await as(appFixture, { sub: "e-A", role: "examinee" })).mutate("im.send", {
    roomId,
    type: 30_001,
    data: 1,
  });
const sendToPerson = call("im.send", ({ roomId }) => ({ roomId, type: 30_001, data: 1, to: ["e-A"] }));
const login: Call = ({ account }, appFixture) =>
  trpc(appFixture).mutate("auth.login", { username: account, password: "a password" });
const disable = call("account.disable", ({ account }) => ({ userId: account }));
const setPassword = call("account.setPassword", ({ account }) => ({
  userId: account,
  password: "another password",
}));
const attach = call("audio.attach", ({ examId, clipId }) => ({ examId, clipId }));
const attachOnUpdate = call("exam.update", ({ examId, clipId }) => ({ examId, audio: [{ clipId }] }));
const attachOnCreate = call("exam.create", ({ clipId }) => ({
  name: "New",
  startTime: new Date(0),
  endTime: new Date(1),
  audio: [{ clipId }],
}));
const deleteClip = call("audio.delete", ({ clipId }) => ({ clipId }));
const planInto = call("exam.plan", ({ examId }) => ({ examId, roomSize: 20 }));
const importWaiting = call("participant.import", ({ examId }) => ({ examId, file }));
const importOthers = call("participant.import", ({ examId }) => ({
  examId,
  file: Buffer.from("id,name\nlater,L\n").toString("base64"),
}));
const addAsInspector = call("participant.add", ({ roomId }) => ({
  roomId,
  participants: [person("late", "inspector")],
}));
const report: Call = async ({ roomId, examId }, appFixture) =>
  (await as(appFixture)).mutate("stream.report", {
    ...streamReport({ id: roomId, examId }, "e-A"),
    ...streamSignature(),
  });

const ofHall = <Row extends { readonly roomId: string }>(rowsFound: readonly Row[]): Row[] =>
  rowsFound.filter(({ roomId }) => roomId === fixture.roomId || roomId === fixture.otherRoomId);
const isLate = ({ userId }: { readonly userId: string }): boolean => userId === "late";
/** How often the added person sits in the exam's rooms. */
const seatsOfLate = async (): Promise<number> => {
  const ofExam = (await rowsOf(db, rooms)).filter(({ examId }) => examId === fixture.examId);
  const ids = new Set(ofExam.map(({ id }) => id));
  return (await rowsOf(db, participants)).filter((row) => ids.has(row.roomId) && isLate(row)).length;
};

describe("a person enters a room", () => {
  const ways: readonly (readonly [way: string, enter: Call, ofEnded: string, ofDeleted: string])[] = [
    ["added", addPerson, "ROOM_ENDED", "ROOM_NOT_FOUND"],
    ["moved", movePerson, "ROOM_ENDED", "ROOM_NOT_FOUND"],
    ["imported", importPerson, "INVALID_INPUT", "EXAM_NOT_FOUND"],
  ];
  const addedPerson = (way: string): string => (way === "moved" ? "e-B" : "late");

  it.each(ways)("or it ends: %s", async (way, enter, ofEnded) => {
    expect(await race(endRoom, enter)).toEqual(["done", ofEnded]);
    expect(await peopleOf(fixture.roomId)).not.toContain(addedPerson(way));
    fixture = await openRoomFixture();
    expect(await race(enter, endRoom)).toEqual(["done", "done"]);
    expect(await peopleOf(fixture.roomId)).toContain(addedPerson(way));
  });

  it.each(ways)("or its exam is deleted: %s", async (_, enter, __, ofDeleted) => {
    expect(await race(deleteExam, enter)).toEqual(["done", ofDeleted]);
    await expectDeleted();
    fixture = await openRoomFixture();
    expect(await race(enter, deleteExam)).toEqual(["done", "done"]);
    await expectDeleted();
  });

  it("or it ends: planned", async () => {
    await importWaiting(fixture, one);
    // The plan has seen a room that has ended now.
    expect(await race(endRoom, planInto)).toEqual(["done", "EXAM_CONFLICT"]);
    expect(await seatsOfLate()).toBe(0);
    fixture = await openRoomFixture();
    await importWaiting(fixture, one);
    expect(await race(planInto, endRoom)).toEqual(["done", "done"]);
    expect(await seatsOfLate()).toBe(1);
  });

  it("or its exam is deleted: planned", async () => {
    await importWaiting(fixture, one);
    expect(await race(deleteExam, planInto)).toEqual(["done", "EXAM_CONFLICT"]);
    await expectDeleted();
    fixture = await openRoomFixture();
    await importWaiting(fixture, one);
    expect(await race(planInto, deleteExam)).toEqual(["done", "done"]);
    await expectDeleted();
  });
});

describe("an exam", () => {
  it("is deleted, or a room is created in it", async () => {
    expect(await race(deleteExam, createRoom)).toEqual(["done", "EXAM_NOT_FOUND"]);
    await expectDeleted();
    fixture = await openRoomFixture();
    expect(await race(createRoom, deleteExam)).toEqual(["done", "done"]);
    await expectDeleted();
  });

  it("is deleted once", async () => {
    expect(await race(deleteExam, deleteExam)).toEqual(["done", "EXAM_NOT_FOUND"]);
    await expectDeleted();
  });

  it("is changed by one bulk change after the other", async () => {
    expect(await race(importWaiting, importOthers)).toEqual(["done", "done"]);
    const waiting = async () => {
      const all = await rowsOf(db, unseated);
      return all.filter(({ examId }) => examId === fixture.examId).map(({ userId }) => userId);
    };
    expect(await waiting()).toEqual(["late", "later"]);
    expect(await race(importWaiting, importOthers)).toEqual(["done", "done"]);
    expect(await waiting()).toEqual(["late", "later"]);
    expect(await race(planInto, planInto)).toEqual(["done", "EXAM_CONFLICT"]);
    expect(await seatsOfLate()).toBe(1);
    await finished();
    expect(await waiting()).toEqual([]);
    const changes = await rowsOf(db, bulkChanges);
    expect(changes.filter(({ examId }) => examId === fixture.examId)).toEqual([]);
  });

  it("gives a seat to one person once", async () => {
    expect(await race(addPerson, addPerson)).toEqual(["done", "done"]);
    expect(await seatsOfLate()).toBe(1);
    fixture = await openRoomFixture();
    expect(await race(addPerson, importPerson)).toEqual(["done", "done"]);
    expect(await seatsOfLate()).toBe(1);
    fixture = await openRoomFixture();
    expect(await race(addPerson, addAsInspector)).toEqual(["done", "PARTICIPANT_CONFLICT"]);
    expect((await rowsOf(db, participants)).filter(isLate).at(-1)).toMatchObject({ role: "examinee" });
  });
});

describe("a name of a stream", () => {
  const ways: readonly (readonly [
    way: string,
    seat: (tx: RosterTransaction, person: NewPerson) => Promise<unknown>,
  ])[] = [
    ["added", (tx, person) => insertPerson(tx, person)],
    ["among the first people", (tx, person) => prepareFirstPeople([person], [])(tx)],
  ];
  /** What the two people's ids could make of the names of their streams. */
  const namings = ["", "_pc"];
  const cases = ways.flatMap(([way, seat]) => namings.map((suffix) => ({ way, seat, suffix })));

  it.each(cases)(
    "belongs to one person, even if two exams give it away at the same time: $way, '$suffix'",
    async ({ seat, suffix }) => {
      const fixtures = [fixture, await openRoomFixture()];
      const same = `same-${fixture.n}`;
      const enter = ({ examId, roomId }: RoomFixture, main: string, storage: Storage) => {
        const entering: NewPerson = {
          examId,
          roomId,
          userId: "late",
          role: "examinee",
          name: "L",
          streams: { main, pc: `${main}_pc` },
          now: NOW,
        };
        const entered = storage.write(async (tx) => {
          await seat(withRosterLock(await lockExams(tx, examId)), entering);
        });
        return withTakenNames(storage, [entering], entered);
      };
      const [first, second] = fixtures;
      if (!first || !second) throw new Error("there are two halls");
      const outcomes = await held(
        () => enter(first, same, withGates(db).storage),
        () => enter(second, `${same}${suffix}`, withGates(otherDb).storage),
      );
      expect(outcomes).toEqual([
        { status: "fulfilled", value: undefined },
        { status: "rejected", reason: expect.any(StreamNameTaken) },
      ]);
      const named = (await rowsOf(db, streamNames))
        .filter(isLate)
        .filter(({ name }) => name.startsWith(same));
      expect(named.map(({ roomId }) => roomId)).toEqual([first.roomId, first.roomId]);
    },
  );
});

describe("a record", () => {
  const records = async () => ofHall(await rowsOf(db, cheatRecords));

  it("is deleted with its exam, or refused", async () => {
    expect(await race(deleteExam, addRecord)).toEqual(["done", "ROOM_NOT_FOUND"]);
    await expectDeleted();
    fixture = await openRoomFixture();
    expect(await race(addRecord, deleteExam)).toEqual(["done", "done"]);
    await expectDeleted();
  });

  it.each([
    ["an exam", removeWithRecords],
    ["a room", removeFromRoom],
  ])("of a person is deleted with their removal from %s, or refused", async (_, remove) => {
    expect(await race(remove, addRecord)).toEqual(["done", "FORBIDDEN"]);
    await finished();
    expect(await records()).toEqual([]);
    fixture = await openRoomFixture();
    expect(await race(addRecord, remove)).toEqual(["done", "done"]);
    await finished();
    expect(await records()).toEqual([]);
    expect(ofHall(await rowsOf(db, recordedPeople))).toEqual([]);
  });
});

describe("a message", () => {
  const sent = async () =>
    ofHall(await rowsOf(db, messages)).filter(({ senderRole }) => senderRole !== "server");

  it("of an examinee is stored, or its room has ended", async () => {
    expect(await race(endRoom, sendAsExaminee)).toEqual(["done", "ROOM_ENDED"]);
    expect(await sent()).toEqual([]);
    fixture = await openRoomFixture();
    expect(await race(sendAsExaminee, endRoom)).toEqual(["done", "done"]);
    expect(await sent()).toHaveLength(1);
  });

  it("is deleted with its room, or refused", async () => {
    expect(await race(deleteExam, sendMessage)).toEqual(["done", "ROOM_ENDED"]);
    await expectDeleted();
    fixture = await openRoomFixture();
    expect(await race(sendMessage, deleteExam)).toEqual(["done", "done"]);
    await expectDeleted();
  });

  it("has a recipient who is in the room", async () => {
    expect(await race(removeFromRoom, sendToPerson)).toEqual(["done", "INVALID_INPUT"]);
    fixture = await openRoomFixture();
    expect(await race(sendToPerson, removeFromRoom)).toEqual(["done", "done"]);
  });

  it("that is sent twice with its key is stored once", async () => {
    const ids: unknown[] = [];
    const send: Call = async (of, appFixture) => {
      const answer = await sendMessage(of, appFixture);
      ids.push(answer.data?.id);
      return answer;
    };
    expect(await race(send, send)).toEqual(["done", "done"]);
    const stored = (await sent()).map(({ id }) => id);
    expect(stored).toHaveLength(1);
    expect(ids).toEqual([stored[0], stored[0]]);
  });
});

describe("a report about a stream", () => {
  const reports = async () => ofHall(await rowsOf(db, streamEvents));

  it("that arrives twice is stored once", async () => {
    expect(await race(report, report)).toEqual(["done", "done"]);
    expect(await reports()).toHaveLength(1);
  });

  it("is deleted with its room, or refused", async () => {
    expect(await race(deleteExam, report)).toEqual(["done", "STREAM_NOT_FOUND"]);
    await expectDeleted();
    fixture = await openRoomFixture();
    expect(await race(report, deleteExam)).toEqual(["done", "done"]);
    await expectDeleted();
  });
});

describe("a session", () => {
  const sessionsOfAccount = async () =>
    (await rowsOf(db, sessions)).filter(({ userId }) => userId === fixture.account);
  /** The login is counted as running before. */
  const COUNTED = 1;

  it.each([
    ["is disabled", disable],
    ["gets another password", setPassword],
  ])("begins, or its account %s", async (_, change) => {
    expect(await race(change, login)).toEqual(["done", "UNAUTHENTICATED"]);
    expect(await sessionsOfAccount()).toEqual([]);
    fixture = await openRoomFixture();
    expect(await race(login, change, COUNTED)).toEqual(["done", "done"]);
    expect(await sessionsOfAccount()).toEqual([]);
  });

  it("begins together with the count of its login, or neither does", async () => {
    const successes = async () =>
      (await rowsOf(db, loginCounters)).filter(({ trustedUntil }) => trustedUntil.getTime() > 0).length;
    const before = await successes();
    const endConnection = () =>
      schemas.client.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction' AND application_name = 'invigil'",
      );
    const [ended] = await held(() => login(fixture, one), endConnection, COUNTED);
    expect(ended.status).toBe("fulfilled");
    expect(await sessionsOfAccount()).toHaveLength((await successes()) - before);
    // Whatever became of it, the login is not counted as running.
    expect((await rowsOf(db, loginCounters)).filter(({ running }) => running !== "[]")).toEqual([]);
  });
});

describe("a clip", () => {
  it.each([
    ["attached", attach],
    ["attached with a change of the exam", attachOnUpdate],
    ["attached with a new exam", attachOnCreate],
  ])("is %s, or deleted", async (_, attachIt) => {
    const uses = async () => (await rowsOf(db, examAudio)).filter(({ clipId }) => clipId === fixture.clipId);
    expect(await race(deleteClip, attachIt)).toEqual(["done", "AUDIO_CLIP_NOT_FOUND"]);
    expect(await uses()).toEqual([]);
    fixture = await openRoomFixture();
    expect(await race(attachIt, deleteClip)).toEqual(["done", "AUDIO_CLIP_CONFLICT"]);
    expect(await uses()).toHaveLength(1);
  });

  it("is attached, or the exam is deleted", async () => {
    for (const attachIt of [attach, attachOnUpdate]) {
      fixture = await openRoomFixture();
      expect(await race(deleteExam, attachIt)).toEqual(["done", "EXAM_NOT_FOUND"]);
      await expectDeleted();
      fixture = await openRoomFixture();
      expect(await race(attachIt, deleteExam)).toEqual(["done", "done"]);
      await expectDeleted();
    }
  });

  it("fits into the quota, even if two people add one at the same time", async () => {
    const add = (id: string, { storage }: Database) =>
      createAudioStore(withWrites({ storage })).create(
        {
          id: `${id}${fixture.n}`,
          name: id,
          classify: 0,
          url: `/audio/${id}${fixture.n}`,
          ossUrl: null,
          isDefault: false,
          createdBy: fixture.account,
          createdAt: NOW,
          updatedAt: NOW,
        },
        { ...AUTHOR, userId: fixture.account, role: "teacher" },
        {
          bytes: 10,
          quotas: { audioBytesPerTeacher: 10, audioBytes: Number.MAX_SAFE_INTEGER },
          keep: async () => undefined,
        },
      );
    const outcomes = await held(
      () => add("a", withGates(db)),
      () => add("b", withGates(otherDb)),
    );
    expect(outcomes).toEqual([
      { status: "fulfilled", value: undefined },
      { status: "rejected", reason: expect.objectContaining({ code: "QUOTA_EXCEEDED" }) },
    ]);
  });
});
