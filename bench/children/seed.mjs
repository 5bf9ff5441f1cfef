// Creates a database with a room and cheat records. The server's procedures create the room. The records are inserted directly, and are the
// same each time.
import assert from "node:assert/strict";
import { closeSync, fsyncSync, openSync } from "node:fs";
import { createTestApp } from "../../packages/server/dist/app/testing.js";
import { answerParent } from "../lib/ipc.mjs";
import {
  COPY_RECORDS,
  examinees,
  INSERT_RECORD,
  PERIOD,
  recordOf,
  rowOf,
  teachers,
} from "../lib/records.mjs";
import { Sqlite } from "../lib/server-modules.mjs";

/** The records that are inserted one by one, and then copied inside the database. */
const BLOCK = 20 * PERIOD;
const DETECTIONS = { scenePersonExit: true, manyPeople: true, headShaking: true, objectDetect: true };

const makeRoom = async ({ file, teacher }) => {
  const app = await createTestApp({ config: { databaseFile: file }, now: () => new Date() });
  const caller = app.as({ sub: teacher, role: "teacher" });
  const room = await caller.room.create({
    name: "Benchmark",
    participants: examinees,
  });
  await caller.participant.add({ roomId: room.id, participants: teachers });
  const data = JSON.stringify({ pc: DETECTIONS, mobile: DETECTIONS });
  await caller.cheat.setConfig({ examId: room.examId, data });
  await app.close();
  return { roomId: room.id, examId: room.examId };
};

/** Drops the table's indexes, runs `fill`, and recreates them. Sorting everything at once takes a fifth of the time. */
const withoutIndexes = (sqlite, fill) => {
  const indexes = sqlite
    .prepare("SELECT name, sql FROM sqlite_schema WHERE tbl_name = 'cheat_records' AND type = 'index'")
    .all();
  for (const { name } of indexes) sqlite.exec(`DROP INDEX ${name}`);
  fill();
  for (const { sql } of indexes) sqlite.exec(sql);
};

/** Commits without a sync, because this part is not measured. One sync follows at the end. */
const addRecords = ({ file, records }, room) => {
  const sqlite = new Sqlite(file);
  sqlite.pragma("synchronous = OFF");
  sqlite.pragma("foreign_keys = OFF");
  sqlite.pragma("cache_size = -262144");
  const insert = sqlite.prepare(INSERT_RECORD);
  const copy = sqlite.prepare(COPY_RECORDS);
  const insertBlock = sqlite.transaction((count) => {
    for (let n = 0; n < count; n++) insert.run(rowOf(room, recordOf(n)));
  });
  withoutIndexes(sqlite, () => {
    insertBlock(Math.min(BLOCK, records));
    for (let n = BLOCK; n < records; n += BLOCK) copy.run({ shift: n, upTo: Math.min(BLOCK, records - n) });
  });
  const last = sqlite.prepare("SELECT detect_time, extra_info, max(id) AS id FROM cheat_records").get();
  if (records > 0) {
    const { detectTime, extraInfo } = rowOf(room, recordOf(records - 1));
    assert.deepEqual(last, { id: records, detect_time: detectTime, extra_info: extraInfo });
  }
  sqlite.close();
  const written = openSync(file, "r+");
  fsyncSync(written);
  closeSync(written);
};

answerParent(async (wanted) => {
  const room = await makeRoom(wanted);
  addRecords(wanted, room);
  return room;
});
