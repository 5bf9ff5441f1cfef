import { afterEach, beforeEach, expect, it } from "vitest";
import { openTestDatabase, type TestDatabase } from "../../test/support/database.js";
import { writeRows } from "../../test/support/writes.js";
import { createAccessStore } from "../features/access/store.js";
import { UniqueError } from "../storage/errors.js";
import { deleteRoom } from "./bulk/marked-rows.js";
import type { RosterTransaction } from "./exam-transaction.js";
import { insertExam, insertPerson, insertRoom } from "./people.js";
import { createRoomExams } from "./room-exams.js";
import { beginNextGenerations } from "./seats.js";

const NOW = new Date("2026-01-02T03:04:05Z");

let db: TestDatabase;
beforeEach(async () => {
  db = await openTestDatabase();
  await writeRows(db, async (tx) => {
    const times = { startTime: NOW, endTime: NOW, createdAt: NOW, updatedAt: NOW };
    for (const id of ["one", "two"]) await insertExam(tx, { id, name: id, createdBy: "t", ...times });
    await makeRoom(tx, "one");
  });
});
afterEach(() => db.close());

/** A token that has nothing to be revoked but its seat. */
const TOKEN = { tokenId: undefined, sessionId: undefined, account: undefined };

const makeRoom = (tx: RosterTransaction, examId: string) =>
  insertRoom(tx, { id: "r", examId, name: examId, imServer: [], createTeacher: "t", now: NOW });
/** Deletes the room, and uses its id in the other exam, as a message service may that chooses ids. */
const moveToOtherExam = (): Promise<void> =>
  writeRows(db, async (tx) => {
    await deleteRoom(tx, { examId: "one", roomId: "r" });
    await makeRoom(tx, "two");
  });

it("an id of a room is used by one exam at a time", async () => {
  await expect(writeRows(db, (tx) => makeRoom(tx, "two"))).rejects.toBeInstanceOf(UniqueError);
  const exams = createRoomExams();
  expect(await exams.examOf(db.storage, "r")).toBe("one");
  expect(await exams.examOf(db.storage, "other")).toBeUndefined();
});

it("a room is found in another exam that uses its id now, and no longer after its deletion", async () => {
  const { storage } = db;
  const roomExams = createRoomExams();
  const store = createAccessStore({ storage, roomExams });
  const found = async () => (await store.ask({ roomId: "r", memberId: "u" })).room;
  expect((await found())?.room).toMatchObject({ id: "r", examId: "one" });
  await moveToOtherExam();
  expect((await found())?.room).toMatchObject({ id: "r", examId: "two" });
  // Whoever has found the room reads its other rows in the exam where it is.
  expect(await roomExams.examOf(storage, "r")).toBe("two");
  await writeRows({ storage }, (tx) => deleteRoom(tx, { examId: "two", roomId: "r" }));
  expect(await found()).toBeUndefined();
});

it("a link is revoked in the exam that uses the room's id now", async () => {
  const { storage } = db;
  const store = createAccessStore({ storage, roomExams: createRoomExams() });
  const generation = async () => (await store.ask({}, { ...TOKEN, roomId: "r", seatOf: "u" })).generation;
  expect(await generation()).toBe(0);
  await moveToOtherExam();
  await writeRows({ storage }, async (tx) => {
    const person = { userId: "u", role: "examinee", name: "U", streams: { main: "m", pc: "p" } } as const;
    await insertPerson(tx, { ...person, examId: "two", roomId: "r", now: NOW });
    await beginNextGenerations(tx, { examId: "two", roomId: "r" }, ["u"]);
  });
  expect(await generation()).toBe(1);
});
