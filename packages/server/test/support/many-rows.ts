import { getTableName } from "drizzle-orm";
import { getTableConfig, type SQLiteColumn } from "drizzle-orm/sqlite-core";
import type { Client } from "pg";
import { DECLARATION, type DeclaredTable } from "../../src/storage/declaration.js";
import { TABLES } from "../../src/storage/inventory.js";
import { typeOf } from "../../src/storage/postgres/values.js";

const EXAMS = 10_000;
const ROOMS = 20_000;
const PEOPLE = 5 * ROOMS;
const ROOMS_PER_PERSON = 2;
/** The exams, and their rooms, to which the rows of the largest tables belong. */
const BUSY_EXAMS = 200;
const BUSY_ROOMS = 4_000;

const TIME = "timestamptz '2026-01-02' + n * interval '1 second'";
const PERSON = "'u' || n % 5000";
const CAMERA = "(ARRAY['main', 'pc'])[1 + n % 2]";
const ROLE = "(ARRAY['examinee', 'teacher', 'inspector'])[1 + n % 3]";
const ROOM = `'r' || n % ${ROOMS}`;
const examOf = (n: string): string =>
  `'e' || CASE WHEN ${n} < ${BUSY_ROOMS} THEN ${n} % ${BUSY_EXAMS} ELSE ${n} % ${EXAMS} END`;
const ROOM_EXAM = examOf(`(n % ${ROOMS})`);
const ROOM_PERSON = `'u' || n % ${PEOPLE} / ${ROOMS_PER_PERSON}`;

/** The value of a column in a row about the person `n` and their room. */
const usualValue = (table: DeclaredTable, column: SQLiteColumn): string => {
  if (column.name === "exam_id") return ROOM_EXAM;
  if (column.name === "room_id") return ROOM;
  if (!column.notNull) return "NULL";
  if (column.enumValues?.length) return `'${column.enumValues[0]}'`;
  const type = typeOf(column);
  const isPerson = table[DECLARATION].people.some((named) => named.column === column);
  if (isPerson && type === "text") return ROOM_PERSON;
  if (type === "timestamptz") return TIME;
  if (type === "boolean") return "false";
  return type === "text" || type === "bigint" ? `n::${type}` : `'{}'::${type}`;
};

/**
 * The rows of some tables: their number, and the values of one, which may use its number `n`. The rows of an exam, and those of a room, are
 * scattered over the tables, as when exams take place at the same time. Tables of exams and rooms that are not here have a row for each person.
 * @param rows the rows of each of the tables that grow the most: records, messages, events
 */
const contentsOf = (rows: number): Readonly<Record<string, readonly [number, string]>> => {
  /** The exam of `busyRoom`. */
  const exam = `'e' || n % ${BUSY_EXAMS}`;
  const busyRoom = `'r' || n % ${BUSY_ROOMS}`;
  const others = Math.ceil(rows / 20);
  return {
    accounts: [others, `'u' || n, 'teacher', 'N', 'hash', false, ${TIME}, ${TIME}`],
    sessions: [others, `'s' || n, ${PERSON}, ${TIME}, ${TIME}`],
    audit_entries: [
      rows,
      `lpad(to_hex(n), 32, '0'), ${TIME}, ${PERSON}, 'teacher', 'session', 's', NULL, 'p' || n % 50, ${exam}, ${ROOM}, CASE WHEN n % 3 = 0 THEN ${ROOM_PERSON} END, NULL, 'ip', 'trpc', 'r' || n, 'ok', 1`,
    ],
    revoked_tokens: [others, `'t' || n, ${TIME}, ${TIME}`],
    login_counters: [others, `'k' || n, '[]', '[]', 0, ${TIME}, ${TIME}, ${TIME}`],
    exams: [EXAMS, `'e' || n, 'N', ${TIME}, ${TIME}, NULL, ${PERSON}, ${TIME}, ${TIME}, NULL`],
    rooms: [
      ROOMS,
      `'r' || n, ${examOf("n")}, 'N', (ARRAY['in_progress', 'ended'])[1 + n % 2], 'silent', '[]'::jsonb, ${PERSON}, NULL, ${TIME}, ${TIME}, NULL, NULL`,
    ],
    room_exams: [ROOMS, `'r' || n, ${examOf("n")}`],
    participants: [
      PEOPLE,
      `n, ${ROOM_EXAM}, ${ROOM}, ${ROOM_PERSON}, ${ROLE}, 'N', 0, 'idle', 'idle', ${TIME}, ${TIME}, NULL, NULL, NULL`,
    ],
    unseated: [
      PEOPLE,
      `n, 'e' || n % ${EXAMS}, 'u' || n, ${ROLE}, 'N', 0, ${TIME}, ${TIME}, NULL, NULL, NULL`,
    ],
    stream_names: [PEOPLE, `'s' || n, ${ROOM_EXAM}, ${ROOM}, ${ROOM_PERSON}, 'main', NULL`],
    stream_events: [
      rows,
      `n, ${exam}, ${busyRoom}, ${ROOM_PERSON}, ${CAMERA}, 'publish', ${TIME}, 'ip', 'node', NULL, NULL, ${TIME}`,
    ],
    vendor_tasks: [
      others,
      `'t' || n, ${ROOM_EXAM}, (ARRAY['aliyun_new', 'rong_cloud'])[1 + n % 2], 'send', ${ROOM}, '{}'::jsonb, ${TIME}, NULL, 0, 0, ${TIME}`,
    ],
    dead_letters: [
      others,
      `'t' || n, ${ROOM_EXAM}, 'rong_cloud', 'leave', ${ROOM}, '{}'::jsonb, 'refused', NULL, 10, ${TIME}, ${TIME}`,
    ],
    room_events: [rows, `n, ${busyRoom}, 'message', '{"messageId": 1}'::jsonb, ${TIME}, ${exam}`],
    pruned_events: [EXAMS, "'e' || n, 0"],
    page_claims: [others, "'p' || n, 'l', 'i' || n % 3, 'c' || n"],
    send_rates: [others, `${ROOM_EXAM}, ${ROOM}, 'u' || n, ${TIME}`],
    messages: [
      rows,
      `n, ${exam}, ${busyRoom}, 30000 + n % 10, '{}', ${PERSON}, 'teacher', 'main', NULL, CASE WHEN n % 10 = 0 THEN 'k' || n END, ${TIME}`,
    ],
    message_readers: [
      rows,
      `${exam}, ${busyRoom}, (ARRAY['', '*', 'u1', 'u2'])[1 + n % 4], n, 30000 + n % 10`,
    ],
    mutes: [others, `${ROOM_EXAM}, ${ROOM}, 'u' || n`],
    message_logins: [
      others,
      `'m' || n, ${PERSON}, 'main', ${PERSON}, 'examinee', ${ROOM}, NULL, NULL, NULL, NULL, ${TIME}, ${TIME}`,
    ],
    presence: [PEOPLE, `${ROOM_EXAM}, ${ROOM}, 'u' || n, 'main', ${ROLE}, ${TIME}, 1, 'i' || n % 3`],
    audio_clips: [
      others,
      `'c' || n, 'N', n % 10, 'https://cdn.example/' || n, NULL, n % 100 = 0, ${PERSON}, 'n', n % 2, ${TIME}, ${TIME}`,
    ],
    exam_audio: [others, `'a' || n, ${exam}, 'c' || n, ${TIME}, ${TIME}`],
    stored_files: [
      others,
      `'f' || n, 'database', CASE WHEN n % 100 > 0 THEN 'f' || n END, 1, false, ${TIME}`,
    ],
    stored_file_chunks: [others, "'f' || n, 0, '\\x00'::bytea"],
    cheat_configs: [EXAMS, `'e' || n, '{}', ${TIME}, ${TIME}`],
    cheat_records: [
      rows,
      `n, ${exam}, ${busyRoom}, ${ROOM_PERSON}, 'watch', true, ${TIME}, '{}', true, ${TIME}`,
    ],
  };
};

/** Fills the tables of the session's schema, and collects the statistics for its plans. */
export const addManyRows = async (client: Client, rows: number): Promise<void> => {
  // Without this, PostgreSQL checks each reference by itself.
  await client.query("SET session_replication_role = replica");
  const contents = contentsOf(rows);
  for (const table of TABLES) {
    const name = getTableName(table);
    const { owner, lives } = table[DECLARATION];
    const { columns } = getTableConfig(table);
    const own = contents[name];
    if (!own && (owner === "installation" || lives !== "withOwner")) continue;
    const [number, values] = own ?? [PEOPLE, columns.map((column) => usualValue(table, column)).join(", ")];
    // The columns in the order of the values: migrations may have added them in another.
    const into = own ? name : `${name} (${columns.map((column) => column.name).join(", ")})`;
    await client.query(`INSERT INTO ${into} SELECT ${values} FROM generate_series(0, ${number - 1}) AS n`);
  }
  await client.query("RESET session_replication_role");
  for (const table of ["cheat_records", "messages", "room_events"])
    await client.query("SELECT setval(pg_get_serial_sequence($1, 'id'), $2)", [table, rows]);
  await client.query("ANALYZE");
};
