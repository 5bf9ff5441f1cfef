import { statSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect, it } from "vitest";
import { tempFolder } from "../../../test/support/folders.js";
import { createDisk } from "../../limits/disk.js";
import { openSqlite } from "./client.js";

const MIB = 1024 * 1024;
const silent = { error: () => undefined, info: () => undefined } as never;

/** Adds pages that hold nothing, as erased rows leave them. */
const leaveFree = (file: string, mib: number): void => {
  const sqlite = new Sqlite(file);
  sqlite.exec(`CREATE TABLE filled AS SELECT zeroblob(${mib * MIB}) AS content; DROP TABLE filled`);
  sqlite.close();
};

it("a new file returns what erased rows leave in it to the file system, in small steps", async () => {
  using folder = tempFolder();
  const file = join(folder.path, "invigil.db");
  const db = openSqlite({ file });
  leaveFree(file, 8);
  expect(db.file?.freeBytes()).toBeGreaterThan(7 * MIB);
  const before = statSync(file).size;
  // A step returns at most 1 MiB.
  expect(await db.file?.shrink()).toBe(true);
  expect(db.file?.freeBytes()).toBeGreaterThan(6 * MIB);
  const disk = createDisk({ folders: [folder.path], file: db.file, reserveBytes: 0, log: silent });
  disk.start();
  await expect.poll(() => statSync(file).size).toBeLessThan(before - 7 * MIB);
  await disk.stop();
  await db.close();
  const sqlite = new Sqlite(file);
  expect(sqlite.pragma("integrity_check", { simple: true })).toBe("ok");
  sqlite.close();
});

it("a file that was created without it stays as large as it is", async () => {
  using folder = tempFolder();
  const file = join(folder.path, "invigil.db");
  const old = new Sqlite(file);
  old.exec("CREATE TABLE old (id INTEGER)");
  old.close();
  const db = openSqlite({ file });
  leaveFree(file, 8);
  expect([await db.file?.shrink(), (db.file?.freeBytes() ?? 0) > MIB]).toEqual([false, true]);
  await db.close();
});
