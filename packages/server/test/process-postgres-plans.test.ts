import { getTableName, sql } from "drizzle-orm";
import pg, { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it as test, vi } from "vitest";
import { createTestApp, type TestApp, type TestCaller } from "../src/app/testing.js";
import { storedRate } from "../src/coordination/send-rate-table.js";
import { attachAnotherClip } from "../src/domain/audio-attachments.js";
import { createEventLog } from "../src/domain/events.js";
import { createMessageLog } from "../src/domain/messages.js";
import { createRoomExams } from "../src/domain/room-exams.js";
import { createAccessStore } from "../src/features/access/store.js";
import { createAccountStore } from "../src/features/account/store.js";
import { createAudioStore } from "../src/features/audio/store.js";
import { createCheatStore } from "../src/features/cheat/store.js";
import { createDeliveryStore } from "../src/features/delivery/store.js";
import { createImStore } from "../src/features/im/store.js";
import { createPresenceStore } from "../src/features/presence/store.js";
import type { Database } from "../src/storage/database.js";
import { TABLES } from "../src/storage/inventory.js";
import { openPostgres } from "../src/storage/postgres/client.js";
import { compile, compileInsertion, postgresDialect } from "../src/storage/postgres/dialect.js";
import { createSessions } from "../src/storage/postgres/sessions.js";
import { createPostgresStorage } from "../src/storage/postgres/storage.js";
import {
  type AnyStatement,
  type Insertion,
  madeStatements,
  partsOf,
  query,
  type Statement,
} from "../src/storage/statement.js";
import { often } from "./support/effort.js";
import { addManyRows } from "./support/many-rows.js";
import {
  isPostgresMissing,
  openSchemasForTests,
  type Schemas,
  withSetting,
} from "./support/postgres-schemas.js";
import { STREAM_CONFIG, streamHeaders, streamReport } from "./support/streams.js";
import { sharedTables } from "./support/tables.js";
import { watchQueries } from "./support/watched-sessions.js";
import { withWrites, writeRows } from "./support/writes.js";

const isSkipped = isPostgresMissing();
const it = test.skipIf(isSkipped);

/**
 * Tables that stay small, or that hold only what is under way. All others grow with every exam, so that their rows must be found by an
 * index.
 */
const SMALL = new Set([
  "accounts",
  "bulk_changes",
  "erasures",
  "event_epochs",
  "instances",
  "server_notices",
]);
const SHARED = sharedTables();
const GROWING = TABLES.map((table) => getTableName(table)).filter((name) => !SMALL.has(name));

let schemas: Schemas;
let client: Client;
let app: TestApp;
let db: Database;
let url: string;
/** The connections of the app, and of the stores that the tests call themselves. */
const connected = new Set<Client>();

/** Enough rooms that reading all of them costs more than to find those of a call. */
const ROWS = often(100_000, 1_000_000);
const LARGEST = ["cheat_records", "messages", "message_readers", "room_events"];

const ADMIN: TestCaller = { sub: "boss", role: "admin" };
const TEACHER: TestCaller = { sub: "teacher1", role: "teacher" };
const OPTIONAL = [true, false] as const;

/** Makes the statements that are made at their first use, in all their shapes. */
const makeShapes = async (): Promise<void> => {
  const { id: roomId, examId } = await app.as(TEACHER).room.create({ name: "R" });
  for (const caller of [ADMIN, TEACHER])
    for (const status of [undefined, "ended"] as const)
      for (const ofExam of OPTIONAL)
        await app.as(caller).room.list({ ...(status && { status }), ...(ofExam && { examId }) });

  for (const userId of [undefined, "examinee1"]) await app.as(TEACHER).stream.listEvents({ roomId, userId });

  const messageLog = createMessageLog({ events: createEventLog({ added: () => undefined }) });
  const roomExams = createRoomExams();
  const im = createImStore({ ...db, roomExams, messageLog, sendRate: storedRate });
  const page = { roomId, limit: 1 };
  for (const also of [[], ["*"], ["*", "**"]])
    for (const type of [undefined, 1])
      for (const newestFirst of OPTIONAL)
        for (const login of [undefined, "teacher1"])
          await im.read({ ...page, also, type, newestFirst, login, from: undefined });
  await im.newestOf({ ...page, login: "teacher1", types: [1], after: 0 });

  const cheat = createCheatStore({ ...withWrites(db), events: createEventLog({ added: () => undefined }) });
  for (const rooms of ["all", ["r5"], ["r5", "r6"]] as const)
    for (const byType of OPTIONAL)
      for (const byPerson of OPTIONAL)
        for (const byCamera of OPTIONAL)
          await cheat.find(
            { examId: "e5", rooms },
            {
              ...(byType && { detectTypes: ["watch"] }),
              ...(byPerson && { userIds: ["u1"] }),
              ...(byCamera && { isMainMonitor: true }),
            },
            { limit: 1, before: undefined },
          );

  const audio = createAudioStore(withWrites(db));
  for (const name of [undefined, "a"])
    for (const classify of [undefined, 0]) await audio.list({ name, classify }, { limit: 1, offset: 0 });
  const attachment = { id: "a", examId: "e", clipId: "c", createdAt: new Date() };
  for (const startTime of [undefined, new Date()])
    await writeRows(db, (tx) => attachAnotherClip(tx, { ...attachment, startTime })).catch(() => undefined);
  const accounts = createAccountStore(withWrites(db));
  for (const role of [undefined, "teacher"] as const)
    await accounts.list({ role, limit: 1, after: undefined });
};

beforeAll(async () => {
  if (isSkipped) return;
  schemas = await openSchemasForTests();
  const send: unknown = Reflect.get(pg.Client.prototype, "query");
  vi.spyOn(pg.Client.prototype, "query").mockImplementation(function (this: Client, ...args: unknown[]) {
    if (!connected.has(this)) this.once("end", () => connected.delete(this));
    connected.add(this);
    // Safe: it is the method itself.
    return Reflect.apply(send as (...args: unknown[]) => void, this, args);
  });
  app = await createTestApp({ database: schemas.url, config: STREAM_CONFIG });
  const [session] = connected;
  const { rows } = (await session?.query<{ schema: string }>("SELECT current_schema() AS schema")) ?? {
    rows: [],
  };
  url = withSetting(schemas.url, `search_path=${rows[0]?.schema}`);
  db = await openPostgres({ url });
  await makeShapes();
  client = new Client({ connectionString: url });
  await client.connect();
  await client.query("TRUNCATE exams, rooms, participants, room_events CASCADE");
  await addManyRows(client, ROWS);
}, 300_000);
afterAll(async () => {
  await client?.end();
  await db?.close();
  await app?.close();
  vi.restoreAllMocks();
  await schemas?.[Symbol.asyncDispose]();
});

/** Events of all exams, in the order of their ids. */
const ALL_EVENTS = /from "room_events"(?: where "room_events"."id" (?:>|<=) (?:\$1|0)(?: order by .*)?)?$/;

const LEFT_PUBLISHING = /"main_publish_status" = 'publishing' or .* where "rooms"."status" = 'in_progress'$/;

const LEFT_TALKING = /from "talks" where "talks"."ended_at" is null$/;
const COUNTED_TASKS = /^select count\(\*\), min\("created_at"\) from "vendor_tasks"$/;

/** Statements that read more than their keys say, and why they may. */
const MAY_SCAN: readonly (readonly [reason: string, text: RegExp])[] = [
  [
    "a page of all exams, without those that are being deleted",
    /from "visible_exams" where "visible_exams"."id" < \$1 order by/,
  ],
  [
    "exams that are held, and those to come, are few",
    /from "visible_exams" where "visible_exams"."end_time" > \$1/,
  ],
  [
    "names of streams with the same beginning are those of one room, mostly",
    /"stream_names"."name" < prefixes."to" and "stream_names"."room_id" <> prefixes."roomId"/,
  ],
  ["only SQLite reads the events of all exams in one order", ALL_EVENTS],
  [
    "an administrator counts the exams",
    /select count\(\*\) from "visible_exams" where "visible_exams"."id" > ''$/,
  ],
  ["who is present holds nothing that is over", /from "presence" group by/],
  ["a library of clips stays small: it is counted", /select count\(\*\) from "audio_clips"$/],
  ["a library of clips stays small: its names are searched", /"audio_clips"."folded_name" LIKE/],
  ["the start of an only server looks for cameras that were left publishing", LEFT_PUBLISHING],
  ["the start of an only server looks for talks that were left open", LEFT_TALKING],
  ["metrics count what is due, at most once in 15 seconds", COUNTED_TASKS],
  ["metrics count the dead letters, at most once in 15 seconds", /^select count\(\*\) from "dead_letters"$/],
];

/** Statements about rows of several exams, and why they may be. No call about a room that is known needs one of them. */
const MAY_SPAN: readonly (readonly [reason: string, text: RegExp])[] = [
  [
    "a person may be in rooms of several exams",
    /where \(*"visible_participants"."user_id" = \$1 and "visible_participants"."role" = (?:\$2|'teacher')/,
  ],
  [
    "exams are listed and counted",
    /from "(?:visible_)?exams" where \(?"(?:visible_)?exams"."(?:created_by|end_time|id)" (?:<|>|= ANY|= \$1 (?:and|limit))/,
  ],
  [
    "deleted exams are listed",
    /from "bulk_changes" inner join "exams" .* "bulk_changes"."exam_id" < \$1\) order/,
  ],
  [
    "rooms of all exams are listed and counted by status",
    /from "visible_rooms" where \(?"visible_rooms"."status" = (?:\$1|'in_progress')/,
  ],
  ["whoever types a join code knows no exam", /from "join_codes" where "join_codes"."digest" IN /],
  ["work is due in any exam", /from "(?:vendor_tasks|erasures|bulk_changes)" where/],
  [
    "a server that has stopped had pages in several exams",
    /from "presence" where "presence"."instance" = \$1$/,
  ],
  ["a clip may be played by several exams", /from "exam_audio" where "exam_audio"."clip_id" = \$1$/],
  [
    "rooms of all exams are under way",
    /from "(?:presence|exam_minutes)" (?:where "exam_minutes"."minute" >= \$1 )?group by/,
  ],
  ["minutes grow old in all exams", /"(?:room|exam)_minutes"."minute" < \$1/],
  ["old events are deleted exam by exam", /from "room_events" where "room_events"."exam_id" > \$1/],
  ["only SQLite reads the events of all exams in one order", ALL_EVENTS],
  ["the start of an only server looks for cameras that were left publishing", LEFT_PUBLISHING],
  ["the start of an only server looks for talks that were left open", LEFT_TALKING],
  ["metrics count what is due, at most once in 15 seconds", COUNTED_TASKS],
];

interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly Alias?: string;
  readonly "Parent Relationship"?: string;
  readonly "Index Cond"?: string;
  readonly "Recheck Cond"?: string;
  readonly "Hash Cond"?: string;
  readonly "Merge Cond"?: string;
  readonly "Join Filter"?: string;
  readonly Filter?: string;
  readonly Plans?: readonly PlanNode[];
}

const textOf = (one: AnyStatement | Insertion): string =>
  "table" in one ? compileInsertion(one) : compile(partsOf(one, postgresDialect)).text;

const explain = async (text: string, values: readonly unknown[] = []): Promise<PlanNode> => {
  const { rows } = await client.query<[[{ Plan: PlanNode }]]>({
    text: `EXPLAIN (FORMAT JSON) ${text}`,
    values: [...values],
    rowMode: "array",
  });
  const plan = rows[0]?.[0][0].Plan;
  if (!plan) throw new Error(`there is no plan: ${text}`);
  return plan;
};
/** Returns the plan that serves all values of a statement's parameters. */
const planOf = async (text: string): Promise<PlanNode> => {
  await client.query("SET plan_cache_mode = force_generic_plan");
  await client.query(`PREPARE probe AS ${text}`);
  try {
    const parameters = new Set(text.match(/\$\d+/g)).size;
    const given = parameters === 0 ? "" : `(${Array(parameters).fill("NULL").join(", ")})`;
    return await explain(`EXECUTE probe${given}`);
  } finally {
    await client.query("DEALLOCATE probe");
  }
};

const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

/** The scans of indexes through which a node finds the rows of its table. */
const indexScansOf = (node: PlanNode): PlanNode[] => {
  if (node["Index Name"] !== undefined) return [node];
  const bitmaps = (node.Plans ?? []).filter((child) =>
    /^Bitmap(?:And|Or| Index Scan)$/.test(child["Node Type"]),
  );
  return bitmaps.flatMap(indexScansOf);
};

/** How a plan reads growing tables, where that is not by a key: a line for each. */
const badReads = (plan: PlanNode): string[] =>
  nodesOf(plan).flatMap((parent) =>
    (parent === plan ? [plan, ...(plan.Plans ?? [])] : (parent.Plans ?? [])).flatMap((node) => {
      const { "Relation Name": table, "Node Type": type, Filter: filter } = node;
      if (table === undefined || !GROWING.includes(table) || !type.includes("Scan")) return [];
      const scans = indexScansOf(node);
      const conditions = scans.flatMap((scan) => scan["Index Cond"] ?? []);
      const isFound = scans.length > 0 && conditions.length === scans.length;
      // The first rows of an index, up to a limit.
      const isPage =
        node["Index Name"] !== undefined && filter === undefined && parent["Node Type"] === "Limit";
      // A range alone reads what the other conditions drop.
      const isRange = filter !== undefined && !conditions.some((condition) => condition.includes(" = "));
      if (isPage || (isFound && !isRange)) return [];
      const names = scans.map((scan) => scan["Index Name"]).join(", ");
      return [
        `${type} of ${table} with ${names || "no index"}: ${conditions.join(", ") || "no condition"}, then ${filter ?? "nothing"}`,
      ];
    }),
  );
/** The column with the exam of a table's rows, unless all exams share the table. */
const examColumnOf = (table: string): string | undefined => {
  if (table === "exams") return "id";
  return SHARED.includes(table) ? undefined : "exam_id";
};

/** The tables of exams of which a plan reads rows without a condition about one exam. */
const spreadReads = (node: PlanNode, joins: readonly string[] = []): string[] => {
  const { "Relation Name": table, Alias: alias = table } = node;
  const column = table === undefined || !node["Node Type"].includes("Scan") ? undefined : examColumnOf(table);
  const own = [node, ...indexScansOf(node)]
    .flatMap((one) => [one["Index Cond"], one["Recheck Cond"], one.Filter])
    // A comparison with a hash of all rows of a subquery.
    .map((condition) => condition?.replaceAll(/\w+ = \(hashed SubPlan \d+\)\.col\d+/g, ""));
  const above = [...joins, node["Hash Cond"], node["Merge Cond"], node["Join Filter"]].filter(
    (condition) => condition !== undefined,
  );
  const isOfOneExam =
    own.some((condition) => new RegExp(`\\b${column} = (?!ANY)|= ${column}\\)`).test(condition ?? "")) ||
    above.some((condition) => new RegExp(`\\b${alias}\\.${column}\\b`).test(condition));
  // The views look for bulk changes of the row's exam (process-postgres-exams.test.ts), which PostgreSQL may do with a hash of all.
  const isOfView = table === "bulk_changes" && node["Parent Relationship"] === "SubPlan";
  return [
    ...(table === undefined || column === undefined || isOfOneExam || isOfView ? [] : [table]),
    ...(node.Plans ?? []).flatMap((child) => spreadReads(child, above)),
  ];
};
const spreadReadsOf = async (text: string): Promise<string[]> => [
  ...new Set(spreadReads(await planOf(text))),
];

const badReadsOf = async (text: string): Promise<string[]> => badReads(await planOf(text));

describe("plans without sequential scans", () => {
  beforeAll(async () => {
    await client?.query("SET enable_seqscan = off");
  });
  afterAll(async () => {
    await client?.query("RESET enable_seqscan");
  });

  it("are recognised when they are bad", async () => {
    const bad = [
      "SELECT * FROM rooms WHERE name = $1",
      "SELECT count(*) FROM cheat_records WHERE detect_type = $1 AND id < $2",
      "DELETE FROM participants WHERE name = $1",
      "SELECT * FROM messages ORDER BY created_at LIMIT $1",
      "SELECT max(id) FROM messages WHERE sender_id = $1",
      "SELECT p.* FROM participants p JOIN sessions s ON s.expires_at = p.created_at WHERE s.id = $1",
    ];
    for (const text of bad)
      expect({ text, reads: await badReadsOf(text) }).toEqual({ text, reads: [expect.any(String)] });
    const good = [
      "SELECT * FROM rooms WHERE id = $1",
      "SELECT max(id) FROM messages WHERE exam_id = $1",
      "SELECT * FROM messages WHERE room_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
    ];
    for (const text of good) expect({ text, reads: await badReadsOf(text) }).toEqual({ text, reads: [] });
  });

  it("find the rows of growing tables by their keys, for every statement", async () => {
    const texts = [...new Set(madeStatements().map(textOf))];
    expect(texts.length).toBeGreaterThan(300);
    const bad: object[] = [];
    for (const text of texts) {
      if (MAY_SCAN.some(([, pattern]) => pattern.test(text))) continue;
      const reads = await badReadsOf(text);
      if (reads.length > 0) bad.push({ text, reads });
    }
    expect(bad).toEqual([]);
    // The plans of these vary with the statistics of small tables: that they are still made is what can be said.
    const made = MAY_SCAN.filter(([, pattern]) => texts.some((text) => pattern.test(text)));
    expect(made).toEqual(MAY_SCAN);
  });

  it("find rows of exams by their exam, for every statement", async () => {
    expect(await spreadReadsOf("SELECT * FROM mutes WHERE room_id = $1")).toEqual(["mutes"]);
    expect(await spreadReadsOf("SELECT * FROM messages WHERE exam_id = ANY ($1) AND id = $2")).toEqual([
      "messages",
    ]);
    expect(
      await spreadReadsOf(
        "SELECT m.id FROM rooms r JOIN messages m ON m.room_id = r.id WHERE r.exam_id = $1 AND r.id = $2",
      ),
    ).toEqual(["messages"]);
    const spread: object[] = [];
    const used = new Set<string>();
    for (const text of new Set(madeStatements().map(textOf))) {
      const reads = await spreadReadsOf(text);
      if (reads.length === 0) continue;
      const [allowed] = MAY_SPAN.filter(([, pattern]) => pattern.test(text));
      if (allowed) used.add(allowed[0]);
      else spread.push({ text, reads });
    }
    expect(spread).toEqual([]);
    expect([...used].toSorted()).toEqual(MAY_SPAN.map(([reason]) => reason).toSorted());
  });

  it("find the rows of a call's rights by their keys and their exam, for one call and for several", async () => {
    const texts = new Set<string>();
    await using sessions = await openWatched(({ text }) => texts.add(text));
    const store = createAccessStore({ storage: sessions.storage, roomExams: createRoomExams() });
    const person = { userId: "u1", role: "examinee" } as const;
    const seat = { roomId: "r5", seatOf: "u1" };
    const token = (tokenId = "t") => ({ ...seat, tokenId, account: "u1", sessionId: undefined });
    const session = (sessionId = "s") => ({ ...seat, sessionId, tokenId: "t", account: "u1" });
    const ofRoom = { roomId: "r5", memberId: "u1" };
    const ofExam = { examId: "e5", roomsOf: { ...person, examId: "e5" } };
    for (const of of [token, session])
      for (const about of [ofRoom, ofExam, { ...ofRoom, ...ofExam }]) {
        const found = await store.ask(about, of());
        expect([found.room?.room.id, found.exam?.id]).toEqual([
          "roomId" in about ? "r5" : undefined,
          "examId" in about ? "e5" : undefined,
        ]);
        await Promise.all(["1", "2"].map(async (id) => store.ask(about, of(id))));
      }
    const gathered = [...texts].filter((text) => / CROSS JOIN LATERAL /.test(text));
    // The token, the session, the seat, the room, the exam, the rooms.
    expect(gathered).toHaveLength(6);
    for (const text of gathered)
      expect({ text, bad: await badReadsOf(text), spread: await spreadReadsOf(text) }).toEqual({
        text,
        bad: [],
        spread: [],
      });
  });

  it("are looked at for every growing table", () => {
    const texts = madeStatements().map(textOf);
    const unread = GROWING.filter(
      (table) =>
        !texts.some(
          (text) => /^(select|update|delete)/i.test(text) && new RegExp(`"(visible_)?${table}"`).test(text),
        ),
    );
    expect(unread).toEqual([]);
  });
});

/** Opens a storage on the database that tells of each statement with parameters. */
const openWatched = async (onQuery: Parameters<typeof watchQueries>[1]) => {
  const sessions = createSessions({ url, connections: 2, timeoutMs: 60_000, applicationName: "invigil" });
  const watched = watchQueries(sessions, onQuery);
  const common = { schema: { assertFits: () => undefined }, prepared: true, timeoutMs: 60_000 };
  const storage = createPostgresStorage({ reads: watched, writes: watched, ...common });
  return { storage, [Symbol.asyncDispose]: () => sessions.close() };
};

/** Calls the stores whose statements run the most. Returns these statements with their values. */
const hotStatements = async (): Promise<{ text: string; values: readonly unknown[] }[]> => {
  const seen: { text: string; values: readonly unknown[] }[] = [];
  await using watched = await openWatched(({ text, values = [] }) => {
    seen.push({ text, values });
  });
  const { storage } = watched;
  const events = createEventLog({ added: () => undefined });
  const messageLog = createMessageLog({ events });
  const cheat = createCheatStore({ ...withWrites({ storage }), events });
  const im = createImStore({ storage, roomExams: createRoomExams(), messageLog, sendRate: storedRate });
  const subscriptions = createDeliveryStore(withWrites({ storage }));
  const now = new Date("2026-01-02T03:04:05Z");
  const of = { examId: "e5", roomId: "r5" };
  for (const before of [undefined, 1_000]) {
    await cheat.list({ examId: "e5", rooms: ["r5"] }, { limit: 50, before });
    await cheat.list({ examId: "e5", rooms: "all" }, { limit: 50, before });
    for (const type of [undefined, 30_001])
      await im.list({ roomId: "r5", login: "u1", also: ["*"], type, limit: 50, before });
  }
  const newest = await subscriptions.newestIdOf("e5");
  for (const room of [{ examId: "e5" }, of]) {
    expect((await subscriptions.eventsAfter(room, newest - 5_000, 100)).events).not.toEqual([]);
    await subscriptions.eventsAfter(room, 1, 100);
  }
  await subscriptions.prune(new Date(0));
  for (const after of [1, newest - 10])
    await subscriptions.eventsOfExams(
      Array.from({ length: 50 }, (_, n) => ({ examId: `e${n}`, after })),
      200,
    );
  const record = {
    ...of,
    userId: "u1",
    detectType: "watch",
    isMainMonitor: true,
    detectTime: now,
    extraInfo: "{}",
    extraInfoIsObject: true,
    createdAt: now,
  };
  const people = [{ userId: "u1", records: 1, bytes: 1 }];
  const limit = { records: 1_000_000, bytes: 1_000_000 };
  const increase = { people, limit, maxPeople: 1_000_000 };
  expect(await cheat.addRecords({ caller: "u1", records: [record], increase })).toBe(true);
  const message = {
    ...of,
    type: 30_001,
    data: "{}",
    senderId: "u1",
    senderRole: "teacher" as const,
    senderCamera: "main" as const,
    createdAt: now,
  };
  for (const key of ["k", "k"])
    expect(
      await im.send({ message: { ...message, key }, check: () => undefined, canSendTo: () => true }),
    ).toMatchObject({ id: expect.any(Number) });
  return seen.filter(({ text }) => /^(select|insert|update|delete)/i.test(text));
};

describe(`plans with ${ROWS} rows in each of the largest tables`, () => {
  it("of the statements that run the most read no table from end to end", async () => {
    const hot = await hotStatements();
    const read = (table: string) => hot.some(({ text }) => text.includes(`"${table}"`));
    expect(LARGEST.filter((table) => !read(table))).toEqual([]);
    const bad: object[] = [];
    for (const { text, values } of hot)
      for (const [kind, plan] of [
        ["any values", await planOf(text)],
        ["these values", await explain(text, values)],
      ] as const) {
        const reads = badReads(plan).filter((line) =>
          LARGEST.some((table) => line.includes(` of ${table} `)),
        );
        if (reads.length > 0) bad.push({ text, kind, reads });
      }
    expect(bad).toEqual([]);
  });
});

/** Enough for PostgreSQL to choose: it makes a plan for the values of each of the first five executions. */
const OFTEN = 8;
const MAX_PLANNED = 5;

/** Calls what people call during an exam, one after the other and at once. */
const callOften = async (): Promise<void> => {
  const admin = app.as(ADMIN);
  const person = { userId: "u1", role: "examinee" } as const;
  const participants = [{ ...person, name: "N" }];
  const room = await admin.room.create({ name: "R", participants });
  const ended = await admin.room.create({ name: "R", examId: room.examId, participants });
  await admin.room.end({ roomId: ended.id });
  const { id: roomId, examId } = room;
  const presence = createPresenceStore({
    storage: db.storage,
    roomExams: createRoomExams(),
    events: createEventLog({ added: () => undefined }),
  });
  const link = { authorization: `Bearer ${await app.token({ sub: "u1", role: "examinee", room: roomId })}` };
  const headers: Record<string, string> = { authorization: `Bearer ${await app.token(ADMIN)}` };
  const get = (path: string, query: Record<string, string>, own = headers) =>
    app.inject({
      method: "GET",
      url: `/exam/${path}?${new URLSearchParams(query).toString()}`,
      headers: own,
    });
  const post = (path: string, payload: object, own = headers) =>
    app.inject({ method: "POST", url: `/exam/${path}`, headers: own, payload });
  const detection = { userId: "u1", detectType: "watch", isMainMonitor: true, detectTime: 1_767_322_800_000 };
  const data = JSON.stringify([{ ...detection, extraInfo: {} }]);
  const login = { userId: "u1", roomId, imServer: ["aliyun_new"], deviceId: "d", deviceType: "web" };
  const { time, ...report } = streamReport(room, "u1");
  const calls: readonly ((n: number) => Promise<unknown>)[] = [
    ...[headers, link].flatMap((own) => [
      () => get("roomInfo", { roomId }, own),
      () => get("examInfo", { examId }, own),
      ...[roomId, ended.id].flatMap((id) => [
        () => get("userInfo", { roomId: id, userId: "u1" }, own),
        () => get("userList", { roomId: id }, headers),
      ]),
      () => post("cheat/getCheatConfig", { examId }, own),
      () => post("cheat/addCheatRecord", { roomId, examId, data }, own),
      () => get("getOssConfig", { examId, mode: "OSS" }, own),
    ]),
    () => post("selectAudio", { pageNum: 1, pageSize: 10 }),
    () => post("cheat/listCheatRecord", { roomId, pageSize: 20 }),
    () => post("cheat/setCheatConfig", { examId, data: JSON.stringify({ n: 1 }) }),
    () => post("v2/getIMToken", login, link),
    (n) => get("userAct", { ...report, time: String(time + n) }, streamHeaders()),
    // A new sender each time, because the rate of one sender is limited.
    (n) => app.as({ sub: `boss${n}`, role: "admin" }).im.send({ roomId, type: 30_001, data: {} }),
    () => admin.im.history({ roomId }),
    () => admin.room.list({}),
    () => admin.auth.issueToken({ ...person, roomId }),
    (n) =>
      presence.save({
        page: { examId, roomId, userId: "u1", camera: "main", role: "examinee" },
        instance: "i",
        devices: n % 2,
        now: new Date("2026-01-02T03:04:05Z"),
      }),
  ];
  for (const call of calls) {
    for (let n = 0; n < OFTEN; n++) await call(n);
    for (let n = 0; n < OFTEN; n++) await Promise.all([0, 1, 2].map(() => call(n)));
  }
  // Looks at the events of each exam, as the server does every minute.
  await createDeliveryStore(withWrites(db)).prune(new Date(0));
};

interface Prepared {
  readonly statement: string;
  readonly custom: number;
  readonly generic: number;
}
const readPrepared = async (): Promise<Prepared[]> => {
  const found: Prepared[] = [];
  for (const session of connected) {
    if (session === client) continue;
    const { rows } = await session.query<Prepared>(
      "SELECT statement, custom_plans::int AS custom, generic_plans::int AS generic FROM pg_prepared_statements",
    );
    found.push(...rows);
  }
  return found;
};

/** Statements that are planned at every execution, and why they may be. */
const MAY_BE_PLANNED: readonly (readonly [reason: string, text: RegExp])[] = [
  [
    "how many rows a page is worth planning for depends on its limit",
    /from "audio_clips" order by "audio_clips"."id" asc limit \$1 offset \$2$/,
  ],
  [
    "a plan for any time expects a third of the logins to have expired",
    /from "message_logins" where "message_logins"."expires_at" <= \$1 order by/,
  ],
];

describe("a statement that runs often", () => {
  it("is planned once for each connection", async () => {
    await callOften();
    const prepared = await readPrepared();
    const again = prepared.filter(({ custom }) => custom > MAX_PLANNED);
    const isAllowed = ({ statement }: Prepared) => MAY_BE_PLANNED.some(([, text]) => text.test(statement));
    expect(again.filter((one) => !isAllowed(one))).toEqual([]);
    const once = new Set(prepared.filter(({ generic }) => generic > 0).map(({ statement }) => statement));
    expect(once.size).toBeGreaterThan(40);
  });

  it("has one name on a connection that reads and writes", async () => {
    // Made here, and not with `statement`, which lists the statements of the application.
    const prepared: Statement<{ text: string }> = {
      build: () => query.select({ text: sql<string>`statement` }).from(sql`pg_prepared_statements`),
    };
    const { control } = db;
    await control.write((tx) => tx.all(prepared));
    await control.snapshot((reader) => reader.all(prepared));
    const texts = (await control.all(prepared)).map(({ text }) => text);
    expect(texts).toContain("COMMIT");
    expect(texts).toEqual([...new Set(texts)]);
  });
});

describe("the views", () => {
  const visited = (plan: PlanNode & { readonly "Actual Loops"?: number }): string[] =>
    nodesOf(plan)
      .filter((node: PlanNode & { readonly "Actual Loops"?: number }) => (node["Actual Loops"] ?? 0) > 0)
      .flatMap(({ "Relation Name": table }) => table ?? []);
  const visit = async (text: string): Promise<string[]> => {
    const { rows } = await client.query<[[{ Plan: PlanNode }]]>({
      text: `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`,
      rowMode: "array",
    });
    const plan = rows[0]?.[0][0].Plan;
    return plan ? [...new Set(visited(plan))].toSorted() : [];
  };

  it("look into no other table for a row that no bulk change touches", async () => {
    await client.query("BEGIN");
    try {
      for (const [view, table, where] of [
        ["visible_exams", "exams", "id = 'e5'"],
        ["visible_rooms", "rooms", "exam_id = 'e5' AND id = 'r5'"],
        ["visible_participants", "participants", "exam_id = 'e5' AND room_id = 'r5'"],
        ["visible_unseated", "unseated", "exam_id = 'e5'"],
      ] as const) {
        expect(await visit(`SELECT * FROM ${view} WHERE ${where}`)).toEqual([table]);
        await client.query(`UPDATE ${table} SET removed_by = 1 WHERE ${where}`);
        expect(await visit(`SELECT * FROM ${view} WHERE ${where}`)).toEqual(["bulk_changes", table]);
        if (view === "visible_exams" || view === "visible_rooms") continue;
        await client.query(`UPDATE ${table} SET removed_by = NULL, changed_by = 1 WHERE ${where}`);
        expect(await visit(`SELECT * FROM ${view} WHERE ${where}`)).toContain("person_changes");
      }
    } finally {
      await client.query("ROLLBACK");
    }
  });
});
