// The minimal cost of recording: the same rows in the same tables, written by group commit without checks. The columns are those of the
// current tables.
import { openTables } from "./raw-tables.mjs";
import { pg } from "./server-modules.mjs";

/** The rows that a call writes, by table and column. A counter gives the ids, because events refer to records by id. */
const rowsOf = ({ roomId, examId }, records, ids) => {
  const now = Date.now();
  const room = { exam_id: examId, room_id: roomId };
  const written = records.map(({ userId, detectType, isMainMonitor, detectTime, extraInfo }) => ({
    id: ids.record++,
    ...room,
    user_id: userId,
    detect_type: detectType,
    is_main_monitor: Number(isMainMonitor),
    detect_time: detectTime,
    extra_info: JSON.stringify(extraInfo),
    extra_info_is_object: 1,
    created_at: now,
  }));
  const data = JSON.stringify({ from: written[0].id, to: written.at(-1).id });
  return {
    cheat_records: written,
    recorded_people: written.map(({ user_id, extra_info }) => ({
      ...room,
      user_id,
      records: 1,
      bytes: Buffer.byteLength(extra_info),
    })),
    room_events: [{ id: ids.event++, ...room, type: "cheat_records_added", data, created_at: now }],
  };
};

/** Groups the calls of a turn of the event loop, and those that arrive while a group is written. */
const inGroups = (writeGroup) => {
  let waiting = [];
  let isScheduled = false;
  const next = async () => {
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      try {
        await writeGroup(group.map(({ call }) => call));
        for (const { resolve } of group) resolve();
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
      // Callers that have just got an answer may call again at once.
      await new Promise(setImmediate);
    }
    isScheduled = false;
  };
  return (call) =>
    new Promise((resolve, reject) => {
      waiting.push({ call, resolve, reject });
      if (isScheduled) return;
      isScheduled = true;
      // `next` does not reject.
      setImmediate(() => void next());
    });
};

const SUMS = ["records", "bytes"];
const COLUMNS = {
  cheat_records:
    "id exam_id room_id user_id detect_type is_main_monitor detect_time extra_info extra_info_is_object created_at",
  recorded_people: "exam_id room_id user_id records bytes",
  room_events: "id exam_id room_id type data created_at",
};

const onSqlite = async (file) => {
  const sqlite = await openTables(file);
  const inserts = Object.entries(COLUMNS).map(([table, wanted]) => {
    const info = sqlite.prepare(`SELECT name, pk FROM pragma_table_info('${table}')`).all();
    const columns = wanted.split(" ").filter((name) => info.some((column) => column.name === name));
    const key = info.filter(({ pk }) => pk > 0).map(({ name }) => name);
    const sums = SUMS.map((name) => `${name} = ${name} + excluded.${name}`).join(", ");
    const conflict =
      table === "recorded_people" ? `ON CONFLICT (${key.join(", ")}) DO UPDATE SET ${sums}` : "";
    const values = columns.map((name) => `@${name}`).join(", ");
    return [
      table,
      sqlite.prepare(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${values}) ${conflict}`),
    ];
  });
  const lastId = (table) => sqlite.prepare(`SELECT coalesce(max(id), 0) FROM ${table}`).pluck().get();
  const ids = { record: lastId("cheat_records") + 1, event: lastId("room_events") + 1 };
  const { immediate: writeAll } = sqlite.transaction((calls) => {
    for (const { room, records } of calls) {
      const rows = rowsOf(room, records, ids);
      for (const [table, insert] of inserts) for (const row of rows[table]) insert.run(row);
    }
  });
  return inGroups(async (calls) => writeAll(calls));
};

const TYPES = {
  id: "bigint",
  records: "integer",
  bytes: "integer",
  is_main_monitor: "boolean",
  extra_info_is_object: "boolean",
  detect_time: "timestamptz",
  created_at: "timestamptz",
  data: "jsonb",
};

/** One statement for each group: it locks the exams, takes ids after that, and inserts all rows. */
const onPostgres = async (url) => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const columnsOf = async (table) => {
    const { rows } = await client.query(
      "SELECT column_name AS name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1",
      [table],
    );
    return COLUMNS[table].split(" ").filter((name) => rows.some((row) => row.name === name));
  };
  const { rows: key } = await client.query(
    "SELECT attname AS name FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey) WHERE indrelid = 'recorded_people'::regclass AND indisprimary",
  );
  const records = await columnsOf("cheat_records");
  const given = records.filter((name) => name !== "id");
  const people = (await columnsOf("recorded_people")).filter((name) => !SUMS.includes(name));
  const events = await columnsOf("room_events");
  const typeOf = (name) => TYPES[name] ?? "text";
  const lists = given.map((name, n) => `$${n + 3}::${typeOf(name)}[]`).join(", ");
  const eventOf = {
    id: "nextval(pg_get_serial_sequence('room_events', 'id'))",
    type: "'cheat_records_added'",
    data: "jsonb_build_object('from', min(id), 'to', max(id))",
    created_at: "max(created_at)",
  };
  const text = `
    WITH locked AS MATERIALIZED (SELECT id FROM exams WHERE id = ANY($1::text[]) ORDER BY id FOR UPDATE),
    added AS MATERIALIZED (
      SELECT nextval(pg_get_serial_sequence('cheat_records', 'id')) AS id, sent.*
      FROM unnest($2::integer[], ${lists}) AS sent (call, ${given.join(", ")})
      WHERE (SELECT count(*) FROM locked) > 0),
    records AS (INSERT INTO cheat_records (${records.join(", ")}) SELECT ${records.join(", ")} FROM added),
    people AS (
      INSERT INTO recorded_people (${[...people, ...SUMS].join(", ")})
      SELECT ${people.join(", ")}, count(*), sum(octet_length(extra_info)) FROM added GROUP BY ${people.join(", ")}
      ORDER BY ${people.join(", ")}
      ON CONFLICT (${key.map(({ name }) => name).join(", ")}) DO UPDATE SET
        ${SUMS.map((name) => `${name} = recorded_people.${name} + excluded.${name}`).join(", ")})
    INSERT INTO room_events (${events.join(", ")})
    SELECT ${events.map((name) => eventOf[name] ?? name).join(", ")} FROM added
    GROUP BY call, exam_id, room_id ORDER BY call`;
  const conversions = { boolean: Boolean, timestamptz: (time) => new Date(time) };
  return inGroups(async (calls) => {
    const ids = { record: 0, event: 0 };
    const rows = calls.flatMap(({ room, records: sent }, call) =>
      rowsOf(room, sent, ids).cheat_records.map((row) => ({ call, ...row })),
    );
    const exams = [...new Set(calls.map(({ room }) => room.examId))];
    const values = given.map((name) => {
      const convert = conversions[typeOf(name)];
      return rows.map((row) => (convert ? convert(row[name]) : row[name]));
    });
    await client.query({ name: "least", text, values: [exams, rows.map(({ call }) => call), ...values] });
  });
};

/** Opens a database for recording without checks. @returns a function that writes the records of one call of a room */
export const openLeastRecording = async (database) => {
  const write = await (database.startsWith("postgres:") ? onPostgres(database) : onSqlite(database));
  return (room, records) => write({ room, records });
};
