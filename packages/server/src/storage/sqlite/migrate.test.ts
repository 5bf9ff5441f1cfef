import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SetupError } from "../../platform/setup-error.js";
import { MIGRATIONS, openSqlite } from "./client.js";

interface Journal {
  entries: { idx: number; when: number; tag: string; version: string; breakpoints: boolean }[];
}
const journal = JSON.parse(readFileSync(join(MIGRATIONS, "meta", "_journal.json"), "utf8")) as Journal;
const NEWEST = journal.entries.length;

let root: string;
let file: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "invigil-migrate-"));
  file = join(root, "x.db");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/**
 * A folder with the first migrations, like that of an earlier version, and optionally one more after the
 * newest.
 */
const migrationsOf = (version: number, next?: string): string => {
  const folder = mkdtempSync(join(root, "migrations-"));
  cpSync(MIGRATIONS, folder, { recursive: true });
  const entries = journal.entries.slice(0, version);
  const last = entries.at(-1);
  if (next !== undefined) {
    const when = (last?.when ?? 0) + 1000;
    entries.push({ idx: version, when, tag: "9999_next", version: "6", breakpoints: true });
    writeFileSync(join(folder, "9999_next.sql"), next);
  }
  mkdirSync(join(folder, "meta"), { recursive: true });
  writeFileSync(join(folder, "meta", "_journal.json"), JSON.stringify({ ...journal, entries }));
  return folder;
};
const openAndClose = async (migrations?: string): Promise<void> => {
  const db = openSqlite({ file, ...(migrations !== undefined && { migrations }) });
  await db.close();
};

const look = <T>(read: (sqlite: Sqlite.Database) => T): T => {
  const sqlite = new Sqlite(file);
  try {
    return read(sqlite);
  } finally {
    sqlite.close();
  }
};
const schema = () =>
  look((sqlite) =>
    sqlite.prepare("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name").all(),
  );
const applied = () =>
  look((sqlite) => sqlite.prepare("SELECT created_at FROM __drizzle_migrations ORDER BY id").pluck().all());
/** The whole file: tables and rows. */
const contents = () => look((sqlite) => sqlite.serialize().toString("base64"));

describe("migrations", () => {
  it("come in order, each later than the one before, each with its file", () => {
    expect(NEWEST).toBeGreaterThan(0);
    journal.entries.forEach(({ idx, when, tag }, index) => {
      expect(idx).toBe(index);
      expect(when).toBeGreaterThan(journal.entries[index - 1]?.when ?? 0);
      expect(readFileSync(join(MIGRATIONS, `${tag}.sql`), "utf8")).not.toBe("");
    });
  });

  it("build the database from nothing", async () => {
    await openAndClose();
    expect(applied()).toEqual(journal.entries.map(({ when }) => when));
  });

  it("change nothing when there is nothing to do", async () => {
    await openAndClose();
    const before = contents();
    await openAndClose();
    expect(contents()).toBe(before);
  });

  it.each(Array.from({ length: NEWEST }, (_, index) => index))(
    "bring a database of version %i to this one's tables, with its rows",
    async (version) => {
      await openAndClose();
      const wanted = schema();
      rmSync(file);

      // An exam from the first version goes through all versions up to the tested one, then to the current one.
      const insert =
        "INSERT INTO exams (id, name, start_time, end_time, created_by, created_at, updated_at) VALUES ('e', 'n', 1, 2, 't', 3, 4)";
      await openAndClose(migrationsOf(version));
      if (version > 0) {
        rmSync(file);
        await openAndClose(migrationsOf(1));
        look((sqlite) => sqlite.exec(insert));
        await openAndClose(migrationsOf(version));
      }
      await openAndClose();

      expect(schema()).toEqual(wanted);
      expect(applied()).toEqual(journal.entries.map(({ when }) => when));
      look((sqlite) => {
        expect(sqlite.pragma("foreign_key_check")).toEqual([]);
        expect(sqlite.pragma("integrity_check", { simple: true })).toBe("ok");
        const exams = sqlite.prepare("SELECT id, name FROM exams").all();
        expect(exams).toEqual(version > 0 ? [{ id: "e", name: "n" }] : []);
      });
    },
  );
});

it("the note of who was recorded where begins with the records that there are", async () => {
  await openAndClose(migrationsOf(4));
  const record = (room: string, user: string) =>
    `INSERT INTO cheat_records (exam_id, room_id, user_id, detect_type, is_main_monitor, detect_time, extra_info, extra_info_is_object, created_at)
     VALUES ('e', '${room}', '${user}', 'd', 1, 1, '{}', 1, 1)`;
  look((sqlite) => {
    sqlite.pragma("foreign_keys = OFF");
    for (const [room, user] of [
      ["r", "b"],
      ["s", "a"],
      ["r", "a"],
      ["r", "b"],
    ] as const)
      sqlite.exec(record(room, user));
  });
  await openAndClose();
  const noted = "SELECT room_id, user_id FROM recorded_people ORDER BY room_id, user_id";
  expect(look((sqlite) => sqlite.prepare(noted).raw().all())).toEqual([
    ["r", "a"],
    ["r", "b"],
    ["s", "a"],
  ]);
});

it("rows of rooms get the exam of their room, and numbers are never used again", async () => {
  await openAndClose(migrationsOf(6));
  look((sqlite) => {
    sqlite.exec(`
      INSERT INTO exams (id, name, start_time, end_time, created_by, created_at, updated_at)
        VALUES ('a', 'A', 1, 2, 't', 3, 4), ('b', 'B', 1, 2, 't', 3, 4);
      INSERT INTO rooms (id, exam_id, name, status, audio_status, im_server, create_teacher, created_at, updated_at)
        VALUES ('ra', 'a', 'R', 'in_progress', 'silent', '[]', 't', 1, 1), ('rb', 'b', 'R', 'ended', 'silent', '[]', 't', 1, 1);`);
    for (const room of ["ra", "rb"])
      sqlite.exec(`
        INSERT INTO participants (room_id, user_id, role, name, main_publish_status, pc_publish_status, created_at, updated_at)
          VALUES ('${room}', 'u', 'examinee', 'U', 'idle', 'idle', 1, 1);
        INSERT INTO seat_generations (room_id, user_id, generation) VALUES ('${room}', 'u', 2);
        INSERT INTO stream_names (name, room_id, user_id, camera) VALUES ('s-${room}', '${room}', 'u', 'main');
        INSERT INTO stream_events (room_id, user_id, camera, action, event_time, ip, node, created_at)
          VALUES ('${room}', 'u', 'main', 'publish', 1, 'i', 'n', 1);
        INSERT INTO messages (room_id, type, data, sender_id, sender_role, sender_camera, created_at)
          VALUES ('${room}', 1, '{}', 'u', 'examinee', 'main', 1);
        INSERT INTO message_readers (room_id, login, message_id, type) VALUES ('${room}', 'u', 1, 1);
        INSERT INTO mutes (room_id, login) VALUES ('${room}', 'u');
        INSERT INTO presence (room_id, user_id, camera, role, since) VALUES ('${room}', 'u', 'main', 'examinee', 1);
        INSERT INTO recorded_people (room_id, user_id, records) VALUES ('${room}', 'u', 3);
        INSERT INTO vendor_tasks (id, service, kind, group_id, payload, due_at, created_at)
          VALUES ('t-${room}', 'rong_cloud', 'send', '${room}', '{}', 1, 1);`);
    sqlite.exec(`
      INSERT INTO vendor_tasks (id, service, kind, group_id, payload, due_at, created_at)
        VALUES ('t-gone', 'rong_cloud', 'delete_group', 'gone', '{}', 1, 1);
      INSERT INTO bulk_changes (id, kind, exam_id, state, seated_before, unseated_before, progress, worker, claimed_until, created_at)
        VALUES (7, 'import', 'b', 'preparing', 0, 0, '{}', 'w', 1, 1);
      INSERT INTO person_changes (change_id, place, seq, name, extra_minutes) VALUES (7, 'seated', 2, 'New', 0);
      DELETE FROM messages WHERE id = 2;`);
  });
  await openAndClose();
  look((sqlite) => {
    const read = (text: string) => sqlite.prepare(text).raw().all();
    for (const table of [
      "participants",
      "seat_generations",
      "stream_names",
      "stream_events",
      "message_readers",
      "mutes",
      "presence",
      "recorded_people",
      "room_exams",
    ])
      expect({ table, rows: read(`SELECT room_id, exam_id FROM ${table} ORDER BY room_id`) }).toEqual({
        table,
        rows: [
          ["ra", "a"],
          ["rb", "b"],
        ],
      });
    expect(read("SELECT id, exam_id FROM messages")).toEqual([[1, "a"]]);
    expect(read("SELECT id, exam_id FROM vendor_tasks ORDER BY id")).toEqual([
      ["t-gone", ""],
      ["t-ra", "a"],
      ["t-rb", "b"],
    ]);
    expect(read("SELECT exam_id, change_id FROM person_changes")).toEqual([["b", 7]]);
    sqlite.exec(`INSERT INTO messages (exam_id, room_id, type, data, sender_id, sender_role, sender_camera, created_at)
      VALUES ('a', 'ra', 1, '{}', 'u', 'examinee', 'main', 1)`);
    expect(read("SELECT max(id) FROM messages")).toEqual([[3]]);
    expect(read("SELECT exam_id, name FROM visible_participants ORDER BY seq")).toEqual([
      ["a", "U"],
      ["b", "U"],
    ]);
  });
});

it("revoked tokens that PostgreSQL could not store are made ones that it can, or are removed", async () => {
  await openAndClose(migrationsOf(journal.entries.findIndex(({ tag }) => tag.endsWith("_token_ids"))));
  const LAST = Date.UTC(9999, 11, 31, 23, 59, 59);
  look((sqlite) => {
    const insert = sqlite.prepare(
      "INSERT INTO revoked_tokens (token_id, expires_at, created_at) VALUES (?, ?, 1)",
    );
    insert.run("late", 8.64e15);
    insert.run("never", null);
    insert.run("长".repeat(341), LAST);
    insert.run("长".repeat(342), null);
  });
  await openAndClose();
  const rows = look((sqlite) =>
    sqlite.prepare("SELECT token_id, expires_at FROM revoked_tokens ORDER BY token_id").raw().all(),
  );
  expect(rows).toEqual([
    ["late", LAST],
    ["never", null],
    ["长".repeat(341), LAST],
  ]);
});

it("the pruning clock begins with the newest row, and what was pruned of exams that are gone is forgotten", async () => {
  await openAndClose(
    migrationsOf(journal.entries.findIndex(({ tag }) => tag.endsWith("_clock_and_database"))),
  );
  look((sqlite) => {
    const exam = sqlite.prepare(
      `INSERT INTO exams (id, name, start_time, end_time, created_by, created_at, updated_at) VALUES (?, 'E', 0, 0, 't', ?, 0)`,
    );
    const event = sqlite.prepare(
      `INSERT INTO room_events (room_id, exam_id, type, data, created_at) VALUES ('', 'b', 'exam_changed', '{}', ?)`,
    );
    for (const [id, at] of [
      ["a", 5000],
      ["b", 6000],
    ] as const)
      exam.run(id, at);
    for (const at of [7000, 9000, 8000]) event.run(at);
    for (const id of ["a", "gone"]) sqlite.prepare("INSERT INTO pruned_events VALUES (?, 1)").run(id);
  });
  await openAndClose();
  const rows = (text: string) => look((sqlite) => sqlite.prepare(text).raw().all());
  expect(rows("SELECT * FROM pruning_clock")).toEqual([["pruning", 8000, 0]]);
  expect(rows("SELECT exam_id FROM pruned_events")).toEqual([["a"]]);
  rmSync(file);
  await openAndClose();
  expect(rows("SELECT * FROM pruning_clock")).toEqual([]);
});

describe("a newer version's database", () => {
  it("is refused with one line, and left alone", async () => {
    await openAndClose(migrationsOf(NEWEST, "CREATE TABLE later (n INTEGER);"));
    const before = contents();
    expect(() => openSqlite({ file })).toThrow(SetupError);
    expect(() => openSqlite({ file })).toThrow(
      `The database ${file} was made by a newer version of Invigil. Start that version, or restore a backup.`,
    );
    expect(contents()).toBe(before);
  });

  it("is noticed by a server that is running on it", async () => {
    const db = openSqlite({ file });
    expect(await db.migrationsAreCurrent()).toBe(true);
    await openAndClose(migrationsOf(NEWEST, "CREATE TABLE later (n INTEGER);"));
    expect(await db.migrationsAreCurrent()).toBe(false);
    await db.close();
  });
});

describe("a migration that fails", () => {
  const steps = ["CREATE TABLE half (n INTEGER);", "DELETE FROM exams;", "INSERT INTO missing VALUES (1);"];
  const broken = () => migrationsOf(NEWEST, steps.join("\n--> statement-breakpoint\n"));

  it("leaves the database as it was", async () => {
    await openAndClose();
    look((sqlite) =>
      sqlite.exec(
        "INSERT INTO exams (id, name, start_time, end_time, created_by, created_at, updated_at) VALUES ('e', 'n', 1, 2, 't', 3, 4)",
      ),
    );
    const before = contents();
    expect(() => openSqlite({ file, migrations: broken() })).toThrow(/missing/);
    expect(contents()).toBe(before);
    await openAndClose();
    expect(applied()).toHaveLength(NEWEST);
  });

  it("undoes the ones before it, so that the next start begins where this one did", async () => {
    expect(() => openSqlite({ file, migrations: broken() })).toThrow(/missing/);
    expect(schema()).toEqual([]);
    await openAndClose();
    expect(applied()).toHaveLength(NEWEST);
  });
});
