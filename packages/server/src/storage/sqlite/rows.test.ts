import { getTableColumns } from "drizzle-orm";
import { expect, it } from "vitest";
import { rooms, unseated } from "../tables.js";
import { openDatabase } from "./client.js";
import { rowReader } from "./rows.js";

const NOW = new Date("2026-01-02T03:04:05.678Z");

it.each([
  ["a room in progress", { endedAt: null, imServer: [] }],
  ["a room that has ended", { endedAt: NOW, imServer: ["aliyun_new", "rong_cloud"] as const }],
])("%s is read as Drizzle reads it", (_, different) => {
  const db = openDatabase({ file: ":memory:" });
  const room = {
    id: "r",
    examId: "e",
    name: "name",
    status: "ended",
    audioStatus: "silent",
    createTeacher: "t",
    createdAt: NOW,
    updatedAt: new Date(0),
    addedBy: null,
    removedBy: null,
    ...different,
  } as const;
  // Only the row counts here.
  db.queries.run("PRAGMA foreign_keys = OFF");
  db.queries.insert(rooms).values(room).run();
  const columns = getTableColumns(rooms);
  const rows = db.queries.select(columns).from(rooms).prepare().values().map(rowReader(columns));
  expect(rows).toEqual([room]);
  expect(rows).toEqual(db.queries.select().from(rooms).all());
  db.close();
});

it("numbers stay numbers, and defaults are there", () => {
  const db = openDatabase({ file: ":memory:" });
  db.queries.run("PRAGMA foreign_keys = OFF");
  const person = {
    examId: "e",
    userId: "u",
    role: "examinee",
    name: "n",
    createdAt: NOW,
    updatedAt: NOW,
  } as const;
  db.queries.insert(unseated).values(person).run();
  const columns = getTableColumns(unseated);
  const read = rowReader(columns);
  const rows = db.queries.select(columns).from(unseated).prepare().values().map(read);
  expect(rows).toEqual([{ seq: 1, extraMinutes: 0, ...person, addedBy: null, removedBy: null }]);
  db.close();
});
