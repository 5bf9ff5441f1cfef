import { and, eq, ne } from "drizzle-orm";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openTestDatabase, type TestDatabase } from "../../test/support/database.js";
import { rowsOf } from "../../test/support/tables.js";
import { AUTHOR, withWrites, writeRows } from "../../test/support/writes.js";
import type { Transaction } from "../storage/port.js";
import { insertion, param, query, statement } from "../storage/statement.js";
import { revokedTokens, rooms } from "../storage/tables.js";
import type { Target } from "./audit.js";
import { createEventLog } from "./events.js";
import { lockExams } from "./exam-transaction.js";
import { insertExam, insertRoom } from "./people.js";
import { createWrites } from "./writes.js";

const NOW = new Date("2026-01-02T03:04:05Z");
const KEY = { examId: "e", roomId: "r" };
const ROOM = { id: "r", examId: "e", name: "R", imServer: [], createTeacher: "t", now: NOW } as const;
const TOKEN = { tokenId: "t", expiresAt: null, createdAt: NOW };

const insertRooms = insertion(rooms);
const insertToken = insertion(revokedTokens);
const deleteRooms = statement(query.delete(rooms));
const deleteTokens = statement(query.delete(revokedTokens));
const isOtherName = and(eq(rooms.examId, "e"), ne(rooms.name, param("name")));
const renameRoom = statement(query.update(rooms).set({ name: "new" }).where(isOtherName));
const renameAndRead = statement(
  query.update(rooms).set({ name: "new" }).where(isOtherName).returning({ name: rooms.name }),
);
const names = statement(query.select({ name: rooms.name }).from(rooms));

let db: TestDatabase;
beforeEach(async () => {
  db = await openTestDatabase();
  const times = { startTime: NOW, endTime: NOW, createdAt: NOW, updatedAt: NOW };
  await writeRows(db, async (tx) => {
    await insertExam(tx, { id: "e", name: "E", createdBy: "t", ...times });
    await insertRoom(tx, ROOM);
  });
});
afterEach(() => db.close());

it("what a transaction may write is checked when it is compiled", async () => {
  const { storage, writes } = withWrites(db);
  const events = createEventLog({ added: () => undefined });
  const ofInstallation = async (tx: Transaction<"installation">) => {
    await tx.run(deleteTokens);
    // @ts-expect-error The rows are an exam's.
    await tx.run(deleteRooms);
    // @ts-expect-error As above.
    await tx.insert(insertRooms, []);
    // @ts-expect-error The event's exam is not locked.
    await events.add(tx, KEY, "room_ended", {}, NOW);
    const locked = await lockExams(tx, "e");
    await locked.run(deleteRooms);
    await events.add(locked, KEY, "room_ended", {}, NOW);
    // @ts-expect-error A bulk change of the exam may be running.
    await insertRoom(locked, ROOM);
  };
  const reads = async () => {
    await storage.all(names);
    // @ts-expect-error It writes.
    await storage.all(renameAndRead);
  };
  expect([ofInstallation, reads]).toHaveLength(2);
  await writes.ofRoster(
    KEY,
    AUTHOR,
    (reader) => reader.all(names),
    async (tx, found) => {
      await tx.run(renameRoom, { name: found[0]?.name });
      await insertRoom(tx, { ...ROOM, id: "other" });
    },
  );
  expect(await rowsOf(db, rooms)).toHaveLength(2);
});

/** Makes writes whose audit records the targets, and writes a row of its own. */
const audited = () => {
  const targets: Target[] = [];
  const { storage } = db;
  const writes = createWrites({
    storage,
    audit: {
      async add(tx, _author, target) {
        targets.push(target);
        await tx.insert(insertToken, [{ ...TOKEN, tokenId: `row ${targets.length}` }]);
      },
    },
    roster: { lock: () => Promise.resolve(false), whenUnlocked: (work) => work() },
  });
  return { writes, targets, rows: () => rowsOf(db, revokedTokens) };
};
const CHANGES = { ...AUTHOR, audited: "change" } as const;

it.each([
  ["a statement", async (tx: Transaction) => void (await tx.run(renameRoom, { name: "new" }))],
  ["an insertion", async (tx: Transaction) => void (await tx.insert(insertToken, [TOKEN]))],
  ["a statement that returns what it wrote", (tx: Transaction) => tx.get(renameAndRead, { name: "new" })],
  ["the last statements", (tx: Transaction) => tx.last(() => tx.run(renameRoom, { name: "new" }))],
])("a change by %s leaves one row in the audit", async (_, change) => {
  const { writes, targets, rows } = audited();
  await writes.ofExam(KEY, CHANGES, async (tx) => void (await change(tx)));
  expect(targets).toEqual([KEY]);
  expect((await rows()).filter(({ tokenId }) => tokenId === "row 1")).toHaveLength(1);
});

it("what changes nothing, is not audited, or fails leaves no row in the audit", async () => {
  const { writes, targets, rows } = audited();
  await writes.ofExam(KEY, CHANGES, async (tx) => {
    await tx.all(names);
    await tx.run(renameRoom, { name: "R" });
    await tx.get(renameAndRead, { name: "R" });
  });
  await writes.ofExam(KEY, AUTHOR, (tx) => tx.run(renameRoom, { name: "new" }));
  await writes.ofExam(KEY, undefined, (tx) => tx.run(renameRoom, { name: "old" }));
  await writes.unordered({ examId: "e", caller: CHANGES }, (tx) => tx.run(renameRoom, { name: "new" }));
  expect(targets).toEqual([]);
  const failing = writes.ofExam(KEY, CHANGES, async (tx) => {
    await tx.run(renameRoom, { name: "old" });
    await tx.insert(insertToken, [TOKEN]);
    await tx.insert(insertToken, [TOKEN]);
  });
  await expect(failing).rejects.toThrow();
  expect(await rows()).toEqual([]);
});
