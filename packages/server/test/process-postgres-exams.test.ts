import { Client } from "pg";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it as test } from "vitest";
import { createInstances } from "../src/coordination/instances.js";
import { createInstanceStore } from "../src/coordination/instances-table.js";
import { storedRate } from "../src/coordination/send-rate-table.js";
import { createEventLog } from "../src/domain/events.js";
import { createMessageLog } from "../src/domain/messages.js";
import { createOutbox } from "../src/domain/outbox/outbox.js";
import { createOutboxStore } from "../src/domain/outbox/store.js";
import { insertExam, insertPerson, insertRoom } from "../src/domain/people.js";
import { createRoomExams } from "../src/domain/room-exams.js";
import { createTaskLog } from "../src/domain/vendor-tasks.js";
import { createAccessStore } from "../src/features/access/store.js";
import { createCheatStore } from "../src/features/cheat/store.js";
import { createDeliveryStore } from "../src/features/delivery/store.js";
import { createMuteStore } from "../src/features/im/mutes-store.js";
import { createImStore } from "../src/features/im/store.js";
import { createPresenceStore } from "../src/features/presence/store.js";
import { createStreamStore } from "../src/features/stream/store.js";
import { createIds } from "../src/platform/ids.js";
import { openPostgres } from "../src/storage/postgres/client.js";
import { createSessions } from "../src/storage/postgres/sessions.js";
import { createPostgresStorage } from "../src/storage/postgres/storage.js";
import { isPostgresMissing, openSchemasForTests, type Schemas } from "./support/postgres-schemas.js";
import { sharedTables } from "./support/tables.js";
import { watchQueries } from "./support/watched-sessions.js";
import { withWrites, writeRows } from "./support/writes.js";

// A database of PostgreSQL can be spread by exam: the keys of an exam's rows contain the exam, and with one setting, each statement is
// about one exam. docs/scale.md says what is shared.

const isSkipped = isPostgresMissing();
const it = test.skipIf(isSkipped);

const SHARED = sharedTables();

let schemas: Schemas;
let schema: string;
let client: Client;
beforeAll(async () => {
  if (isSkipped) return;
  schemas = await openSchemasForTests();
  const opened = await schemas.open();
  schema = opened.schema;
  await (await openPostgres({ url: opened.url })).close();
  client = new Client({ connectionString: opened.url });
  await client.connect();
});
afterAll(async () => {
  await client?.end();
  await schemas?.[Symbol.asyncDispose]();
});

interface Key {
  readonly table: string;
  readonly kind: "primary" | "unique" | "foreign";
  readonly columns: readonly string[];
  /** The table that a foreign key refers to. */
  readonly target: string | null;
}

/** Returns the names of all tables. */
const readTables = async (): Promise<string[]> => {
  const { rows } = await client.query<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = $1 AND tablename <> 'invigil_migrations'",
    [schema],
  );
  return rows.map(({ name }) => name).toSorted();
};
/** Returns the keys of all tables: unique indexes, primary keys among them, and foreign keys. */
const readKeys = async (): Promise<Key[]> => {
  const { rows } = await client.query<Key>(
    `SELECT c.relname AS "table", CASE WHEN i.indisprimary THEN 'primary' ELSE 'unique' END AS kind, NULL AS target,
        ARRAY(SELECT a.attname::text FROM unnest(i.indkey) WITH ORDINALITY AS k (number, place)
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number ORDER BY k.place) AS columns
      FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = $1::regnamespace AND i.indisunique
    UNION ALL SELECT c.relname, 'foreign', t.relname,
        ARRAY(SELECT a.attname::text FROM unnest(f.conkey) WITH ORDINALITY AS k (number, place)
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number ORDER BY k.place)
      FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_class t ON t.oid = f.confrelid
      WHERE c.relnamespace = $1::regnamespace AND f.contype = 'f'`,
    [schema],
  );
  return rows.filter(({ table }) => table !== "invigil_migrations");
};

/** What keeps the tables from being spread by exam: a line for each fault. */
const readFaults = async (): Promise<string[]> => {
  const keys = await readKeys();
  const tables = (await readTables()).filter((table) => !SHARED.includes(table));
  return tables.flatMap((table) => {
    // The key of an exam is its id.
    const exam = table === "exams" ? "id" : "exam_id";
    const own = keys.filter((key) => key.table === table);
    const begins = own.some(({ kind, columns }) => kind === "primary" && columns[0] === exam);
    const withoutExam = own.filter(
      ({ columns, target }) => !columns.includes(exam) && (target === null || !SHARED.includes(target)),
    );
    return [
      ...(begins ? [] : [`the primary key of ${table} does not begin with the exam`]),
      ...withoutExam.map(({ kind, columns }) => `${kind} ${table} (${columns.join(", ")}) lacks the exam`),
    ];
  });
};

describe("the keys of an exam's rows", () => {
  it("contain the exam: primary keys, unique indexes, and references to other rows", async () => {
    expect(await readFaults()).toEqual([]);
    const keys = await readKeys();
    expect(keys.filter(({ kind }) => kind === "foreign").length).toBeGreaterThan(5);
  });

  it("of shared tables refer to no row of an exam", async () => {
    const wrong = (await readKeys()).filter(
      ({ table, target }) => SHARED.includes(table) && target !== null && !SHARED.includes(target),
    );
    expect(wrong).toEqual([]);
  });

  it("are named where views look for the bulk changes of a row's exam", async () => {
    const { rows } = await client.query<{ name: string; text: string }>(
      "SELECT viewname AS name, definition AS text FROM pg_views WHERE schemaname = $1",
      [schema],
    );
    const countOf = (text: string, part: RegExp): number => [...text.matchAll(part)].length;
    for (const { name, text } of rows) {
      const subqueries = countOf(text, /FROM bulk_changes\b/g);
      expect(subqueries).toBeGreaterThan(0);
      expect({ name, named: countOf(text, /bulk_changes\.exam_id = /g) }).toEqual({
        name,
        named: subqueries,
      });
    }
    expect(rows.length).toBe(4);
  });

  it("that lack the exam are noticed", async () => {
    await client.query("BEGIN");
    await client.query(`
      CREATE TABLE added (exam_id text, id bigint PRIMARY KEY);
      CREATE UNIQUE INDEX ON mutes (room_id, login);
      ALTER TABLE bulk_changes ADD UNIQUE (id);
      ALTER TABLE person_changes ADD FOREIGN KEY (change_id) REFERENCES bulk_changes (id);`);
    expect((await readFaults()).toSorted()).toEqual([
      "foreign person_changes (change_id) lacks the exam",
      "primary added (id) lacks the exam",
      "the primary key of added does not begin with the exam",
      "unique bulk_changes (id) lacks the exam",
      "unique mutes (room_id, login) lacks the exam",
    ]);
    await client.query("ROLLBACK");
  });
});

const NOW = new Date("2026-01-02T03:04:05Z");
const ROOMS = ["algebra", "biology"].map((examId) => ({ examId, roomId: `room-of-${examId}` }));
const PEOPLE = ["a", "b", "c"];

/** Uses two exams at the same time. Returns the statements with values of both exams: reads, and those of transactions that write. */
const useTwoExams = async (): Promise<{ readonly reads: string[]; readonly writes: string[] }> => {
  const { url } = await schemas.open();
  await (await openPostgres({ url })).close();
  const sessions = createSessions({ url, connections: 5, timeoutMs: 60_000, applicationName: "invigil" });
  const watch = (together: string[]) =>
    watchQueries(sessions, ({ text, values = [] }) => {
      const given = JSON.stringify(values);
      if (ROOMS.every(({ examId }) => given.includes(examId))) together.push(text);
    });
  const [reads, writes]: [string[], string[]] = [[], []];
  const storage = createPostgresStorage({
    reads: watch(reads),
    writes: watch(writes),
    schema: { assertFits: () => undefined },
    prepared: true,
    timeoutMs: 60_000,
  });
  try {
    for (const { examId, roomId } of ROOMS)
      await writeRows({ storage }, async (tx) => {
        const times = { startTime: NOW, endTime: NOW, createdAt: NOW, updatedAt: NOW };
        await insertExam(tx, { id: examId, name: "E", createdBy: "t", ...times });
        const room = { id: roomId, examId, name: "R", createTeacher: "t", now: NOW };
        await insertRoom(tx, { ...room, imServer: ["aliyun_new"] });
        for (const userId of PEOPLE) {
          const streams = { main: `${roomId}-${userId}`, pc: `${roomId}-${userId}_pc` };
          await insertPerson(tx, { ...room, roomId, userId, role: "examinee", streams });
        }
      });

    const roomExams = createRoomExams();
    const events = createEventLog({ added: () => undefined });
    const messageLog = createMessageLog({ events });
    const ids = createIds({ clock: () => NOW });
    const kinds = { aliyun_new: [], aliyun_old: [], rong_cloud: ["send"] } as const;
    const outbox = createOutbox({ ids, added: () => undefined });
    const tasks = createTaskLog({ kinds, ids, outbox, events, messages: messageLog });
    const access = createAccessStore({ storage, roomExams });
    const stored = withWrites({ storage });
    const cheat = createCheatStore({ ...stored, events });
    const im = createImStore({ storage, roomExams, messageLog, sendRate: storedRate });
    const subscriptions = createDeliveryStore(stored);
    const store = createInstanceStore({ storage });
    const log = pino({ level: "silent" });
    const instances = createInstances({ store, newId: () => "s", clock: () => NOW, settleMs: 0, log });
    const mutes = createMuteStore({ ...stored, roomExams, instances });
    const presence = createPresenceStore({ storage, roomExams, events });
    const streams = createStreamStore({ storage, tasks });
    const inEach = (use: (room: (typeof ROOMS)[number], userId: string) => unknown) =>
      ROOMS.flatMap((room) => PEOPLE.map((userId) => use(room, userId)));
    for (let round = 0; round < 3; round += 1)
      await Promise.all([
        ...inEach(({ roomId }, userId) =>
          access.ask(
            { roomId, memberId: userId },
            { tokenId: "t", sessionId: undefined, account: undefined, roomId, seatOf: userId },
          ),
        ),
        ...inEach((room, userId) => {
          const seen = { detectType: "watch", isMainMonitor: true, extraInfo: "", extraInfoIsObject: false };
          const record = { ...room, userId, ...seen, detectTime: NOW, createdAt: NOW };
          const increase = { people: [{ userId, records: 1, bytes: 1 }], inRoom: true };
          return cheat.addRecords({ caller: userId, records: [record], increase });
        }),
        ...inEach(({ examId, roomId }) =>
          cheat.list({ examId, rooms: [roomId] }, { limit: 5, before: undefined }),
        ),
        ...inEach((room, userId) => {
          const sender = { senderId: userId, senderRole: "examinee", senderCamera: "main" } as const;
          const message = { ...room, ...sender, type: 30_001, data: "{}", key: `k${round}`, createdAt: NOW };
          return im.send({ message, check: () => undefined, canSendTo: () => true });
        }),
        ...inEach(({ roomId }, login) =>
          im.list({ roomId, login, type: undefined, limit: 5, before: undefined }),
        ),
        ...inEach(({ roomId }) => mutes.muted(roomId)),
        ...inEach((room, userId) => {
          const page = { ...room, userId, camera: "main", role: "examinee" } as const;
          return presence.save({ page, instance: "s", devices: round + 1, now: NOW });
        }),
        ...inEach(({ roomId }, userId) => {
          const picture = { width: null, height: null, ip: "ip", node: "node", original: undefined };
          const time = { eventTime: new Date(NOW.getTime() + round * 1000), now: NOW };
          return streams.report({ stream: `${roomId}-${userId}`, action: "publish", ...picture, ...time });
        }),
        subscriptions.eventsOfExams(
          ROOMS.map(({ examId }) => ({ examId, after: 0 })),
          100,
        ),
      ]);
    await Promise.all(
      ROOMS.map(({ examId, roomId }) =>
        writeRows({ storage }, (tx) => {
          const room = { examId, id: roomId, imServer: ["rong_cloud"] } as const;
          return tasks.announceAll(tx, [{ room, signal: 20_001, data: {}, now: NOW }], []);
        }),
      ),
    );
    const tasksDue = createOutboxStore({ ...stored, outbox });
    const claim = { queue: "rong_cloud", kinds: ["send"], passable: [], now: NOW, until: NOW, limit: 5 };
    expect((await tasksDue.claim({ ...claim, served: new Set() })).tasks).toHaveLength(2);
    await subscriptions.prune(new Date(NOW.getTime() + 1));
    return { reads, writes };
  } finally {
    await sessions.close();
  }
};

it("no write concerns two exams, and reads of two exams share statements", async () => {
  const { reads, writes } = await useTwoExams();
  expect(writes).toEqual([]);
  const tables = ["cheat_records", "messages", "message_readers", "room_events", "visible_rooms"];
  expect(tables.filter((table) => reads.some((text) => text.includes(`"${table}"`)))).toEqual(tables);
});
