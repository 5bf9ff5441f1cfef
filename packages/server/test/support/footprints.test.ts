import Sqlite from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFootprints } from "./footprints.js";

let sqlite: Sqlite.Database;
beforeEach(() => {
  sqlite = new Sqlite(":memory:");
  sqlite.pragma("foreign_keys = ON");
  sqlite.exec(`
    CREATE TABLE exams (id TEXT PRIMARY KEY, name TEXT);
    CREATE TABLE rooms (id TEXT PRIMARY KEY, exam TEXT REFERENCES exams ON DELETE CASCADE, name TEXT);
    CREATE INDEX rooms_by_exam ON rooms (exam, name);
    CREATE TABLE log (what TEXT);
    CREATE TABLE seats (id INTEGER PRIMARY KEY) WITHOUT ROWID;
    CREATE TEMP TABLE staged (id TEXT);
    CREATE TEMP TRIGGER log_rooms AFTER UPDATE OF name ON rooms BEGIN INSERT INTO log VALUES (new.id); END`);
});
afterEach(() => sqlite.close());

const footprintOf = (sql: string, parameters = 0) => {
  const { reads, writes } = createFootprints(sqlite).of(sql, parameters);
  const names = (tables: typeof reads) => tables.map(({ name }) => name).sort();
  return { reads: names(reads), writes: names(writes) };
};

describe("the footprint of a statement", () => {
  it.each([
    ["SELECT 1", [], []],
    ["SELECT * FROM exams", ["exams"], []],
    // Reads the index only.
    ["SELECT name FROM rooms WHERE exam = 'x'", ["rooms"], []],
    [
      "SELECT exams.name, (SELECT count(*) FROM log) FROM rooms LEFT JOIN exams ON exams.id = exam",
      ["exams", "log", "rooms"],
      [],
    ],
    ["SELECT * FROM exams UNION SELECT id, '' FROM seats", ["exams", "seats"], []],
    ["SELECT name FROM sqlite_schema", ["sqlite_schema"], []],
    ["INSERT INTO exams VALUES ('x', 'y')", ["exams"], ["exams"]],
    ["INSERT INTO log SELECT name FROM exams", ["exams", "log"], ["log"]],
    ["WITH old AS (SELECT id FROM exams) DELETE FROM seats WHERE id IN old", ["exams", "seats"], ["seats"]],
    ["DELETE FROM log", ["log"], ["log"]],
    ["UPDATE exams SET name = '' RETURNING id", ["exams"], ["exams"]],
  ])("%s", (sql, reads, writes) => {
    expect(footprintOf(sql)).toEqual({ reads, writes });
  });

  it("has what its foreign keys and triggers do", () => {
    expect(footprintOf("DELETE FROM exams WHERE id = ?", 1).writes).toEqual(["exams", "rooms"]);
    expect(footprintOf("UPDATE rooms SET name = ?", 1).writes).toEqual(["log", "rooms"]);
    expect(footprintOf("UPDATE rooms SET exam = ?", 1).writes).toEqual(["rooms"]);
  });

  it("has nothing of tables that are the connection's own", () => {
    expect(footprintOf("INSERT INTO staged SELECT id FROM exams")).toEqual({ reads: ["exams"], writes: [] });
  });

  it("is everything where SQLite does not say what is written", () => {
    expect(footprintOf("PRAGMA user_version = 1").writes).toEqual(
      expect.arrayContaining(["exams", "log", "rooms", "seats"]),
    );
  });

  it("stands for one table, whatever statement touches it", () => {
    const footprints = createFootprints(sqlite);
    const [written] = footprints.of("DELETE FROM log WHERE what = ?", 1).writes;
    const [read] = footprints.of("SELECT * FROM log", 0).reads;
    expect(written).toBe(read);
  });
});
