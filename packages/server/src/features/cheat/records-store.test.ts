import { afterEach, beforeEach, expect, it } from "vitest";
import { openTestDatabase, type TestDatabase } from "../../../test/support/database.js";
import { addSmallRoom } from "../../../test/support/small-room.js";
import { insertRows, rowsOf } from "../../../test/support/tables.js";
import { createEventLog } from "../../domain/events.js";
import { cheatRecords, recordedPeople, roomEvents } from "../../storage/tables.js";
import { createRecordWriter, type RecordBatch, type UsageIncrease } from "./records-store.js";

const NOW = new Date("2026-01-02T03:04:05Z");

let db: TestDatabase;
beforeEach(async () => {
  db = await openTestDatabase();
  await addSmallRoom(db.storage, { userIds: ["e1", "e2"], now: NOW });
});
afterEach(() => db.close());

const openWriter = () =>
  createRecordWriter({ storage: db.storage, events: createEventLog({ added: () => undefined }) });

/** A call with a record about each of these people, each of one byte. */
const call = (
  detectType: string,
  userIds: readonly string[],
  limits: Omit<UsageIncrease, "people"> = {},
  roomId = "room",
): RecordBatch => ({
  caller: "t1",
  records: userIds.map((userId) => ({
    examId: "exam",
    roomId,
    userId,
    detectType,
    isMainMonitor: true,
    detectTime: NOW,
    extraInfo: "",
    extraInfoIsObject: false,
    createdAt: NOW,
  })),
  increase: { people: userIds.map((userId) => ({ userId, records: 1, bytes: 1 })), ...limits },
});

it("decides the outcome of calls that arrive together as if they came one after the other", async () => {
  await insertRows(db, recordedPeople, [
    { examId: "exam", roomId: "room", userId: "old", records: 1, bytes: 1 },
  ]);
  const add = openWriter();
  const limit = { records: 2, bytes: 100 };
  const own = { limit, inRoom: true };
  const staff = { limit, maxPeople: 4 };
  const outcomes = await Promise.all(
    [
      call("first", ["e1"], own),
      call("nowhere", ["e1"], own, "gone"),
      call("second", ["e1", "e2"], staff),
      call("one too many", ["e2", "e1"], staff),
      call("not here", ["old"], own),
      call("fits", ["e2", "new"], staff),
      call("a fifth person", ["old", "newer"], staff),
      call("known", ["old"], staff),
    ].map(add),
  );
  expect(outcomes).toEqual([
    true,
    false,
    true,
    { usage: { userId: "e1", records: 2, bytes: 2 }, exceeded: "records" },
    "not_in_room",
    true,
    { people: 4 },
    true,
  ]);
  const stored = await rowsOf(db, cheatRecords);
  expect(stored.map(({ detectType, userId }) => [detectType, userId])).toEqual([
    ["first", "e1"],
    ["second", "e1"],
    ["second", "e2"],
    ["fits", "e2"],
    ["fits", "new"],
    ["known", "old"],
  ]);
  const idsOf = (type: string) => stored.filter(({ detectType }) => detectType === type).map(({ id }) => id);
  const events = await rowsOf(db, roomEvents);
  expect(events.map(({ data }) => data)).toEqual(
    ["first", "second", "fits", "known"].map((type) => ({ from: idsOf(type).at(0), to: idsOf(type).at(-1) })),
  );
  const sums = await rowsOf(db, recordedPeople);
  expect(Object.fromEntries(sums.map(({ userId, records, bytes }) => [userId, [records, bytes]]))).toEqual({
    e1: [2, 2],
    e2: [2, 2],
    new: [1, 1],
    old: [2, 2],
  });
});

it("writes nothing for a group in which every call is refused", async () => {
  const add = openWriter();
  const full = { limit: { records: 0, bytes: 0 } };
  const outcomes = await Promise.all([call("a", ["e1"], full), call("b", ["e2"], full)].map(add));
  expect(outcomes).toMatchObject([{ exceeded: "records" }, { exceeded: "records" }]);
  for (const table of [cheatRecords, recordedPeople, roomEvents]) expect(await rowsOf(db, table)).toEqual([]);
});
