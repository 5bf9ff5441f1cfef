import { and, eq } from "drizzle-orm";
import { expect, it } from "vitest";
import { madeStatements, query } from "../../src/storage/statement.js";
import { accounts, exams, rooms } from "../../src/storage/tables.js";
import { account, now } from "./account-row.js";
import { openTestDatabase } from "./database.js";
import {
  change,
  contentsOf,
  countRows,
  dropTable,
  failWrites,
  hideTable,
  insertRows,
  readRows,
  rowsOf,
} from "./tables.js";

const open = async () => {
  const db = await openTestDatabase();
  await insertRows(db, accounts, [{ ...account("b"), disabled: true }, account("a")]);
  return db;
};

it("rows are as their columns read them, by primary key", async () => {
  await using db = await open();
  expect(await rowsOf(db, accounts)).toEqual([account("a"), { ...account("b"), disabled: true }]);
  expect(await countRows(db, accounts, eq(accounts.userId, "a"))).toBe(1);
  expect((await contentsOf(db)).accounts).toEqual(await rowsOf(db, accounts));
});

it("a query contains times, flags and JSON", async () => {
  await using db = await open();
  const exam = {
    id: "e",
    name: "E",
    startTime: now,
    endTime: new Date(1),
    createdBy: "t",
    createdAt: now,
    updatedAt: now,
  };
  const videoProfile = { name: "P", data: { width: 640, height: 480, frameRate: 15, maxBitrate: 500 } };
  await change(db, query.insert(exams).values(exam));
  await change(db, query.update(exams).set({ videoProfile, removedBy: null }));
  const wanted = and(eq(exams.startTime, now), eq(exams.endTime, new Date(1)));
  expect(await readRows(db, query.select().from(exams).where(wanted))).toEqual([
    {
      ...exam,
      videoProfile,
      controller: "rooms",
      maxRoomMinutes: null,
      cameras: "one",
      questionsUrl: null,
      detectors: null,
      removedBy: null,
    },
  ]);
  const disabled = query.select({ id: accounts.userId }).from(accounts).where(eq(accounts.disabled, true));
  expect(await readRows(db, disabled)).toEqual([{ id: "b" }]);
  const enable = query.update(accounts).set({ disabled: false }).where(eq(accounts.disabled, true));
  expect([await change(db, enable), await change(db, enable)]).toEqual([1, 0]);
});

it("tables are hidden or deleted, and writes of them fail", async () => {
  await using db = await open();
  const show = await hideTable(db, accounts);
  await expect(rowsOf(db, accounts)).rejects.toThrow("accounts");
  await show();
  const allow = await failWrites(db, accounts, "delete");
  await expect(change(db, query.delete(accounts))).rejects.toThrow("no");
  await change(db, query.update(accounts).set({ name: "N" }));
  await allow();
  expect(await change(db, query.delete(accounts))).toBe(2);
  await dropTable(db, rooms);
  await expect(rowsOf(db, rooms)).rejects.toThrow("rooms");
});

it("the statements are none of the application's", async () => {
  const before = madeStatements().length;
  await using db = await open();
  await rowsOf(db, accounts);
  await change(db, query.delete(accounts));
  expect(madeStatements()).toHaveLength(before);
});
