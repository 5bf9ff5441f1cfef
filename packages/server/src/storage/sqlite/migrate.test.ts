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
