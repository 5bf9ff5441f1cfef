// Makes a database: a room made by the server's own procedures, and cheat records put in directly, the same ones
// every time.
import { closeSync, fsyncSync, openSync } from "node:fs";
import { createTestApp } from "../packages/server/dist/testing.js";
import { answerParent } from "./ipc.mjs";
import { EXAMINEES, examinee, INSERT_RECORD, recordOf, rowOf } from "./records.mjs";
import { Sqlite } from "./server-modules.mjs";

const RECORDS_A_TRANSACTION = 50_000;
const DETECTIONS = { scenePersonExit: true, manyPeople: true, headShaking: true, objectDetect: true };

const makeRoom = async ({ file, teacher }) => {
  const app = await createTestApp({ config: { databaseFile: file }, now: () => new Date() });
  const caller = app.as({ sub: teacher, role: "teacher" });
  const room = await caller.room.create({
    name: "Benchmark",
    participants: Array.from({ length: EXAMINEES }, (_, n) => ({
      userId: examinee(n),
      name: `Examinee ${n + 1}`,
      role: "examinee",
    })),
  });
  const data = JSON.stringify({ pc: DETECTIONS, mobile: DETECTIONS });
  await caller.cheat.setConfig({ examId: room.examId, data });
  await app.close();
  return { roomId: room.id, examId: room.examId };
};

/** Without a sync at each commit, which is slow and not what is measured; one sync at the end instead. */
const addRecords = ({ file, records }, room) => {
  const sqlite = new Sqlite(file);
  sqlite.pragma("synchronous = OFF");
  sqlite.pragma("cache_size = -262144");
  const insert = sqlite.prepare(INSERT_RECORD);
  const addRange = sqlite.transaction((from, to) => {
    for (let n = from; n < to; n++) insert.run(rowOf(room, recordOf(n)));
  });
  for (let n = 0; n < records; n += RECORDS_A_TRANSACTION)
    addRange(n, Math.min(n + RECORDS_A_TRANSACTION, records));
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
