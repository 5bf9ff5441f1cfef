import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { eq } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cheatRecords, exams, recordedPeople, rooms, streamNames, unseated } from "../tables.js";
import { type Database, openDatabase } from "./client.js";

const NOW = new Date("2026-01-02T03:04:05Z");

let folder: string;
let statements: string[];
let db: Database;
/** Another connection: sees what is committed and nothing else. */
let witness: Sqlite.Database;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "invigil-inserter-"));
  const file = join(folder, "x.db");
  statements = [];
  db = openDatabase({ file, onStatement: (sql) => statements.push(sql) });
  witness = new Sqlite(file, { readonly: true });
  const times = { createdAt: NOW, updatedAt: NOW };
  db.queries
    .insert(exams)
    .values({ id: "e", name: "e", startTime: NOW, endTime: NOW, createdBy: "t", ...times })
    .run();
  db.queries
    .insert(rooms)
    .values({
      id: "r",
      examId: "e",
      name: "r",
      status: "in_progress",
      audioStatus: "silent",
      imServer: [],
      createTeacher: "t",
      ...times,
    })
    .run();
  statements = [];
});
afterEach(() => {
  witness.close();
  db.close();
  rmSync(folder, { recursive: true, force: true });
});

const record = (userId: string, roomId = "r"): typeof cheatRecords.$inferInsert => ({
  examId: "e",
  roomId,
  userId,
  detectType: 'it\'s "watch"',
  isMainMonitor: true,
  detectTime: NOW,
  extraInfo: "{}",
  extraInfoIsObject: true,
  createdAt: NOW,
});
const people = (count: number, name = "u") => Array.from({ length: count }, (_, n) => `${name}${n}`);
const kept = () => witness.prepare("SELECT user_id FROM cheat_records ORDER BY id").pluck().all();
const ran = (what: RegExp) => statements.filter((sql) => what.test(sql)).length;

/** Adds rows, all of them or none. */
const appender = <Table extends SQLiteTable>(table: Table) => {
  const insert = db.inserter(table);
  return (rows: readonly Table["$inferInsert"][]) =>
    db.write(() => rows.map((row) => insert(row)), { repeatable: true });
};

describe("inserting", () => {
  it("writes rows as Drizzle reads them, in their order, and gives defaults", async () => {
    const rows = [
      record("a"),
      { ...record("b"), isMainMonitor: false, extraInfo: "x", extraInfoIsObject: false },
    ];
    expect(await appender(cheatRecords)(rows)).toEqual([1, 2]);
    expect(db.queries.select().from(cheatRecords).all()).toEqual([
      { id: 1, ...rows[0] },
      { id: 2, ...rows[1] },
    ]);
  });

  it("leaves what is not given to the table", async () => {
    const person = {
      examId: "e",
      userId: "u",
      role: "teacher",
      name: "U",
      createdAt: NOW,
      updatedAt: NOW,
    } as const;
    await appender(unseated)([person]);
    const unmarked = { addedBy: null, removedBy: null };
    expect(db.queries.select().from(unseated).all()).toEqual([
      { seq: 1, extraMinutes: 0, ...person, ...unmarked },
    ]);
  });

  it.each([0, 1, 2, 500])("%i rows are on disk when it is done", async (count) => {
    await appender(cheatRecords)(people(count).map((id) => record(id)));
    expect(kept()).toEqual(people(count));
  });

  it("shares its commit with whatever is written at the same time, and a savepoint with other rows", async () => {
    const append = appender(cheatRecords);
    await Promise.all([
      append([record("a"), record("b")]),
      append([record("c")]),
      db.write(() => void db.queries.delete(cheatRecords).where(eq(cheatRecords.userId, "a")).run()),
    ]);
    expect(kept()).toEqual(["b", "c"]);
    expect({ commits: ran(/^COMMIT/), savepoints: ran(/^SAVEPOINT/) }).toEqual({ commits: 1, savepoints: 2 });
  });

  it.each([2, 20])("of %i rows one of which fails adds none, and harms nobody else's", async (count) => {
    const append = appender(cheatRecords);
    const faulty = people(count, "f").map((id, n) => record(id, n === count - 1 ? "nowhere" : "r"));
    const results = await Promise.allSettled([
      append([record("a"), record("b")]),
      append(faulty),
      append([record("c")]),
      db.write(() => void db.queries.insert(cheatRecords).values(record("d")).run()),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
    expect(results[1]).toMatchObject({ reason: { code: "SQLITE_CONSTRAINT_FOREIGNKEY" } });
    expect(kept()).toEqual(["a", "b", "c", "d"]);
  });

  it("a row that is there already takes none of its call's with it", async () => {
    const append = appender(streamNames);
    const stream = (name: string, userId: string) => ({ name, roomId: "r", userId, camera: "pc" }) as const;
    await append([stream("one", "a")]);
    await expect(append([stream("two", "b"), stream("one", "c")])).rejects.toMatchObject({
      code: "SQLITE_CONSTRAINT_PRIMARYKEY",
    });
    expect(witness.prepare("SELECT name FROM stream_names").pluck().all()).toEqual(["one"]);
  });

  it("leaves what is there already as it is, where it is told to, and refuses what points nowhere", async () => {
    const note = db.inserter(recordedPeople, { unlessThere: true });
    const noteAll = (...ids: string[]) =>
      db.write(() => ids.map((userId) => note({ roomId: "r", userId })), { repeatable: true });
    await noteAll("a", "b", "a");
    await noteAll("b", "c");
    expect(
      witness.prepare("SELECT room_id, user_id FROM recorded_people ORDER BY user_id").raw().all(),
    ).toEqual([
      ["r", "a"],
      ["r", "b"],
      ["r", "c"],
    ]);
    await expect(db.write(() => note({ roomId: "nowhere", userId: "a" }))).rejects.toMatchObject({
      code: "SQLITE_CONSTRAINT_FOREIGNKEY",
    });
  });

  it("is seen by what was remembered of its table", async () => {
    const count = db.remember(() => db.queries.select().from(cheatRecords).all().length);
    expect(count()).toBe(0);
    await appender(cheatRecords)([record("a")]);
    expect(count()).toBe(1);
  });
});
