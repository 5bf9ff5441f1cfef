import type { Client } from "pg";

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

/**
 * The rows of each table: their number, and the values of one, which may use its number `n`. The rows of an exam, and those of a room, are
 * scattered over the tables, as when exams take place at the same time.
 * @param rows the rows of each of the tables that grow the most: records, messages, events
 */
const contentsOf = (rows: number): Readonly<Record<string, readonly [number, string]>> => {
  const exam = `'e' || n % ${BUSY_EXAMS}`;
  const examOf = (n: string) =>
    `'e' || CASE WHEN ${n} < ${BUSY_ROOMS} THEN ${n} % ${BUSY_EXAMS} ELSE ${n} % ${EXAMS} END`;
  const room = `'r' || n % ${ROOMS}`;
  /** The exam of `room`. The exam of `busyRoom` is `exam`. */
  const roomExam = examOf(`(n % ${ROOMS})`);
  const busyRoom = `'r' || n % ${BUSY_ROOMS}`;
  const person = `'u' || n % ${PEOPLE} / ${ROOMS_PER_PERSON}`;
  const others = Math.ceil(rows / 20);
  return {
    accounts: [others, `'u' || n, 'teacher', 'N', 'hash', false, ${TIME}, ${TIME}`],
    sessions: [others, `'s' || n, ${PERSON}, ${TIME}, ${TIME}`],
    audit_entries: [
      rows,
      `lpad(to_hex(n), 32, '0'), ${TIME}, ${PERSON}, 'teacher', 'session', 's', NULL, 'p' || n % 50, ${exam}, ${room}, CASE WHEN n % 3 = 0 THEN ${person} END, NULL, 'ip', 'trpc', 'r' || n, 'ok', 1`,
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
      `n, ${roomExam}, ${room}, ${person}, ${ROLE}, 'N', 0, 'idle', 'idle', ${TIME}, ${TIME}, NULL, NULL, NULL`,
    ],
    seat_generations: [PEOPLE, `${roomExam}, ${room}, ${person}, 1`],
    join_codes: [PEOPLE, `${roomExam}, ${room}, ${person}, 'main', 'd' || n`],
    unseated: [
      PEOPLE,
      `n, 'e' || n % ${EXAMS}, 'u' || n, ${ROLE}, 'N', 0, ${TIME}, ${TIME}, NULL, NULL, NULL`,
    ],
    stream_names: [PEOPLE, `'s' || n, ${roomExam}, ${room}, ${person}, 'main', NULL`],
    stream_events: [
      rows,
      `n, ${exam}, ${busyRoom}, ${person}, ${CAMERA}, 'publish', ${TIME}, 'ip', 'node', NULL, NULL, ${TIME}`,
    ],
    vendor_tasks: [
      others,
      `'t' || n, ${roomExam}, (ARRAY['aliyun_new', 'rong_cloud'])[1 + n % 2], 'send', ${room}, '{}'::jsonb, ${TIME}, NULL, 0, 0, ${TIME}`,
    ],
    dead_letters: [
      others,
      `'t' || n, ${roomExam}, 'rong_cloud', 'leave', ${room}, '{}'::jsonb, 'refused', NULL, 10, ${TIME}, ${TIME}`,
    ],
    room_events: [rows, `n, ${busyRoom}, 'message', '{"messageId": 1}'::jsonb, ${TIME}, ${exam}`],
    pruned_events: [EXAMS, "'e' || n, 0"],
    page_claims: [others, "'p' || n, 'l', 'i' || n % 3, 'c' || n"],
    send_rates: [others, `${roomExam}, ${room}, 'u' || n, ${TIME}`],
    messages: [
      rows,
      `n, ${exam}, ${busyRoom}, 30000 + n % 10, '{}', ${PERSON}, 'teacher', 'main', NULL, CASE WHEN n % 10 = 0 THEN 'k' || n END, ${TIME}`,
    ],
    message_readers: [
      rows,
      `${exam}, ${busyRoom}, (ARRAY['', '*', 'u1', 'u2'])[1 + n % 4], n, 30000 + n % 10`,
    ],
    mutes: [others, `${roomExam}, ${room}, 'u' || n`],
    message_logins: [
      others,
      `'m' || n, ${PERSON}, 'main', ${PERSON}, 'examinee', ${room}, NULL, NULL, NULL, NULL, ${TIME}, ${TIME}`,
    ],
    presence: [PEOPLE, `${roomExam}, ${room}, 'u' || n, 'main', ${ROLE}, ${TIME}, 1, 'i' || n % 3`],
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
    cheat_records: [rows, `n, ${exam}, ${busyRoom}, ${person}, 'watch', true, ${TIME}, '{}', true, ${TIME}`],
    recorded_people: [PEOPLE, `${roomExam}, ${room}, ${person}, 1, 1`],
  };
};

/** Fills the tables of the session's schema, and collects the statistics for its plans. */
export const addManyRows = async (client: Client, rows: number): Promise<void> => {
  // Without this, PostgreSQL checks each reference by itself.
  await client.query("SET session_replication_role = replica");
  for (const [table, [number, values]] of Object.entries(contentsOf(rows)))
    await client.query(`INSERT INTO ${table} SELECT ${values} FROM generate_series(0, ${number - 1}) AS n`);
  await client.query("RESET session_replication_role");
  for (const table of ["cheat_records", "messages", "room_events"])
    await client.query("SELECT setval(pg_get_serial_sequence($1, 'id'), $2)", [table, rows]);
  await client.query("ANALYZE");
};
