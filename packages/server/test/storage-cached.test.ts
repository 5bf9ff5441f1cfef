import { eq } from "drizzle-orm";
import { expect, it } from "vitest";
import { allOf } from "../src/platform/maybe-promise.js";
import { param, query, statement } from "../src/storage/statement.js";
import { accounts, exams, revokedTokens, rooms } from "../src/storage/tables.js";
import { openTestDatabase, type TestDatabase } from "./support/database.js";
import { isOnPostgres } from "./support/engine.js";
import { shared } from "./support/shared.js";
import { insertRows } from "./support/tables.js";

// Cached reads that are sent together, as the questions about the rights of a call are.

const NOW = new Date("2026-01-02T03:04:05.678Z");
const timestamps = { createdAt: NOW, updatedAt: NOW };
const EXAM = { id: "e1", name: "Exam", startTime: NOW, endTime: NOW, createdBy: "t1", ...timestamps };
const PROFILE = { name: "low", data: { width: 640, height: 480, frameRate: 15, maxBitrate: 300 } };
const ROOM = {
  examId: "e1",
  status: "in_progress" as const,
  audioStatus: "silent" as const,
  imServer: [],
  createTeacher: "t1",
  ...timestamps,
};

const opened = shared(async () => {
  const db = await openTestDatabase();
  await insertRows(db, exams, [EXAM, { ...EXAM, id: "e2", videoProfile: PROFILE }]);
  await insertRows(db, rooms, [
    { ...ROOM, id: "r1", name: "One" },
    { ...ROOM, id: "r2", name: "Two" },
  ]);
  await insertRows(db, accounts, [
    { userId: "t1", role: "teacher", name: "T", passwordHash: "h", disabled: true, ...timestamps },
  ]);
  return db;
});

const examById = statement(
  query
    .select({ id: exams.id, startTime: exams.startTime, videoProfile: exams.videoProfile })
    .from(exams)
    .where(eq(exams.id, param("examId"))),
);
const roomsOfExam = statement(
  query
    .select({ id: rooms.id, endedAt: rooms.endedAt })
    .from(rooms)
    .where(eq(rooms.examId, param("examId"))),
);
const accountById = statement(
  query
    .select({ id: accounts.userId, disabled: accounts.disabled })
    .from(accounts)
    .where(eq(accounts.userId, param("userId"))),
);
const revokedToken = statement(
  query
    .select({ id: revokedTokens.tokenId })
    .from(revokedTokens)
    .where(eq(revokedTokens.tokenId, param("tokenId"))),
);

const readsOf = ({ storage }: TestDatabase) => ({
  exam: storage.cached({ tables: [exams] }, (reader, examId: string) => reader.get(examById, { examId })),
  rooms: storage.cached({ tables: [rooms] }, (reader, examId: string) => reader.all(roomsOfExam, { examId })),
  account: storage.cached({ tables: [accounts] }, (reader, userId: string) =>
    reader.get(accountById, { userId }),
  ),
  token: storage.cached({ tables: [revokedTokens] }, (reader, tokenId: string | undefined) =>
    reader.get(revokedToken, { tokenId }),
  ),
  storage,
});
const ids = (rows: readonly { readonly id: string }[]) => rows.map(({ id }) => id).toSorted();

it("reads are sent together, and each is read as its columns are", async () => {
  const { storage, exam, rooms: list, account, token } = readsOf(opened());
  const [one, rows, person, another, revoked] = await storage.together(() =>
    allOf([exam("e1"), list("e1"), account("t1"), exam("e2"), token(undefined)]),
  );
  expect(one).toEqual({ id: "e1", startTime: NOW, videoProfile: null });
  expect(rows.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual([
    { id: "r1", endedAt: null },
    { id: "r2", endedAt: null },
  ]);
  expect(person).toEqual({ id: "t1", disabled: true });
  expect(another).toEqual({ id: "e2", startTime: NOW, videoProfile: PROFILE });
  expect(revoked).toBeUndefined();
});

it("a read that finds nothing takes nothing from the others", async () => {
  const { storage, exam, rooms: list, account } = readsOf(opened());
  const read = () =>
    storage.together(() => allOf([exam("none"), undefined, list("none"), account("t1"), list("e1")]));
  const [none, left, empty, person, rows] = await read();
  expect([none, left, empty, person]).toEqual([undefined, undefined, [], { id: "t1", disabled: true }]);
  expect(ids(rows)).toEqual(["r1", "r2"]);
});

it("many calls at the same time get what they asked for", async () => {
  const { storage, exam, rooms: list, account } = readsOf(opened());
  const asked = Array.from({ length: 300 }, (_, n) => [`e${n % 3}`, n % 2 === 0 ? "t1" : "none"] as const);
  const answers = await Promise.all(
    asked.map(async ([examId, userId]) =>
      storage.together(() => allOf([exam(examId), account(userId), list(examId)])),
    ),
  );
  expect(answers.map(([one, person, rows]) => [one?.id, person?.id, ids(rows)])).toEqual(
    asked.map(([examId, userId]) => [
      examId === "e0" ? undefined : examId,
      userId === "t1" ? "t1" : undefined,
      examId === "e1" ? ["r1", "r2"] : [],
    ]),
  );
});

it("what was committed before is seen, by every read", async () => {
  const db = opened();
  const { storage, exam, token } = readsOf(db);
  const read = async () => storage.together(() => allOf([token("t"), exam("e3")]));
  expect(await read()).toEqual([undefined, undefined]);
  await insertRows(db, revokedTokens, [{ tokenId: "t", expiresAt: null, createdAt: NOW }]);
  expect(await read()).toMatchObject([{ id: "t" }, undefined]);
  await insertRows(db, exams, [{ ...EXAM, id: "e3" }]);
  expect(await read()).toMatchObject([{ id: "t" }, { id: "e3" }]);
});

it.skipIf(isOnPostgres)("what is known is there without a promise", async () => {
  const { storage, exam, rooms: list } = readsOf(opened());
  const read = () => storage.together(() => allOf([exam("e1"), list("none"), exam("none")]));
  const found = await read();
  expect(found).toMatchObject([{ id: "e1" }, [], undefined]);
  expect(read()).toEqual(found);
});
