import { afterEach, beforeEach, expect, it } from "vitest";
import { openTestDatabase, type TestDatabase } from "../../../test/support/database.js";
import { addSmallRoom } from "../../../test/support/small-room.js";
import { insertRows } from "../../../test/support/tables.js";
import { withWrites, writeRows } from "../../../test/support/writes.js";
import { createEventLog } from "../../domain/events.js";
import { insertRoom } from "../../domain/people.js";
import { cheatRecords, recordedPeople } from "../../storage/tables.js";
import { type CheatStore, createCheatStore, type RecordFilter, type RecordScope } from "./store.js";

const NOW = new Date("2026-01-02T03:04:05Z");

let db: TestDatabase;
let store: CheatStore;
beforeEach(async () => {
  db = await openTestDatabase();
  store = createCheatStore({ ...withWrites(db), events: createEventLog({ added: () => undefined }) });
  await addSmallRoom(db.storage, { userIds: ["u0"], now: NOW });
});
afterEach(() => db.close());

const addRecords = (
  count: number,
  more: (n: number) => Partial<typeof cheatRecords.$inferInsert> = () => ({}),
) =>
  insertRows(
    db,
    cheatRecords,
    Array.from({ length: count }, (_, n) => ({
      examId: "exam",
      roomId: "room",
      userId: "u0",
      detectType: "watch",
      isMainMonitor: true,
      detectTime: NOW,
      extraInfo: "{}",
      extraInfoIsObject: true,
      createdAt: NOW,
      ...more(n),
    })),
  );

/** Reads all pages. */
const readAll = async (scope: RecordScope, limit: number, filter?: RecordFilter) => {
  const pages: number[][] = [];
  for (let before: number | undefined; ; ) {
    const page = { limit, before };
    const { records, nextCursor } = filter
      ? await store.find(scope, filter, page)
      : await store.list(scope, page);
    pages.push(records.map(({ id }) => id));
    if (nextCursor === undefined) return pages;
    before = nextCursor;
  }
};

it("finds what fulfils all conditions in pages without repeats or gaps, in windows and pieces of any size", async () => {
  await writeRows(db, async (tx) => {
    for (const id of ["second", "third"])
      await insertRoom(tx, { id, examId: "exam", name: id, createTeacher: "t1", now: NOW, imServer: [] });
  });
  const roomOf = (n: number) => ["room", "second", "third"][n % 3] ?? "";
  const typeOf = (n: number) => ["watch", "cellPhone", "earPhone", "manyPeople"][n % 4] ?? "";
  const userOf = (n: number) => `u${n % 5}`;
  const at = (n: number) => new Date(NOW.getTime() + n * 1000);
  const isMain = (n: number) => n % 7 !== 0;
  const COUNT = 7_500;
  await addRecords(COUNT, (n) => ({
    roomId: roomOf(n),
    detectType: typeOf(n),
    userId: userOf(n),
    isMainMonitor: isMain(n),
    createdAt: at(n),
  }));
  await insertRows(
    db,
    recordedPeople,
    ["room", "second", "third"].flatMap((roomId) =>
      [0, 1, 2, 3, 4].map((n) => ({ examId: "exam", roomId, userId: userOf(n), records: 1, bytes: 1 })),
    ),
  );
  const scopes = ["all", ["second"], ["room", "third"]] as const;
  const filters: readonly (readonly [RecordFilter, (n: number) => boolean])[] = [
    [{ detectTypes: ["watch", "earPhone"] }, (n) => n % 2 === 0],
    [{ userIds: ["u3"] }, (n) => n % 5 === 3],
    [{ userIds: ["u1", "u2"], isMainMonitor: false }, (n) => [1, 2].includes(n % 5) && !isMain(n)],
    [{ receivedFrom: at(100), receivedTo: at(130) }, (n) => n >= 100 && n < 130],
    [{ detectTypes: ["watch"], receivedFrom: at(7_000) }, (n) => n % 4 === 0 && n >= 7_000],
    [{ userIds: ["nobody"] }, () => false],
    [{ detectTypes: ["%", "watc_"] }, () => false],
  ];
  const numbers = Array.from({ length: COUNT }, (_, n) => n);
  for (const rooms of scopes)
    for (const [filter, isWanted] of filters) {
      const wanted = numbers.filter(
        (n) => (rooms === "all" || rooms.some((id) => id === roomOf(n))) && isWanted(n),
      );
      for (const limit of [100, 1000]) {
        const pages = await readAll({ examId: "exam", rooms }, limit, filter);
        expect({ rooms, filter, limit, found: pages.flat() }).toEqual({
          rooms,
          filter,
          limit,
          found: wanted.map((n) => n + 1).toReversed(),
        });
        expect(Math.max(...pages.map(({ length }) => length))).toBeLessThanOrEqual(limit);
      }
    }
});

it("looks at so many records in one call, and says where to go on", async () => {
  await addRecords(21_500, (n) => (n === 0 ? { detectType: "rare" } : {}));
  const find = (before?: number) =>
    store.find({ examId: "exam", rooms: ["room"] }, { detectTypes: ["rare"] }, { limit: 1, before });
  const { nextCursor, ...first } = await find();
  expect(first).toEqual({ records: [], examined: 21_000 });
  expect(await find(nextCursor)).toMatchObject({ records: [{ id: 1 }], examined: 500 });
});

it("ends a page whose details are large, and only that", async () => {
  const details = { extraInfo: "x".repeat(50_000), extraInfoIsObject: false };
  await addRecords(250, () => details);
  const scope = { examId: "exam", rooms: "all" } as const;
  expect((await readAll(scope, 1000)).map(({ length }) => length)).toEqual([101, 101, 48]);
  expect((await readAll(scope, 1000, { isMainMonitor: true })).map(({ length }) => length)).toEqual([
    101, 101, 48,
  ]);
  expect((await readAll(scope, 100)).map(({ length }) => length)).toEqual([100, 100, 50]);
});
