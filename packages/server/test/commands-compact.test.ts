import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect, it } from "vitest";
import { compactFile } from "../src/storage/sqlite/compact.js";
import { lockForServer } from "../src/storage/sqlite/server-lock.js";
import { runHere, runJson } from "./support/command.js";
import { tempFolder } from "./support/folders.js";

const MIB = 1024 * 1024;
const control = {
  throwIfStopped: () => undefined,
  show: () => undefined,
  freeBytes: () => Number.POSITIVE_INFINITY,
};

/** A file that was created before files could shrink, with empty pages and a row. */
const openOld = (mib = 8) => {
  const folder = tempFolder();
  const file = join(folder.path, "invigil.db");
  const sqlite = new Sqlite(file);
  sqlite.pragma("journal_mode = WAL");
  sqlite.exec(
    `CREATE TABLE filled AS SELECT zeroblob(${mib * MIB}) AS content; CREATE TABLE kept AS SELECT 'row' AS content; DROP TABLE filled`,
  );
  sqlite.close();
  return {
    file,
    path: folder.path,
    /** What the file is and holds. */
    found() {
      const opened = new Sqlite(file);
      try {
        return {
          rows: opened.prepare("SELECT content FROM kept").pluck().all(),
          check: opened.pragma("integrity_check", { simple: true }),
          autoVacuum: opened.pragma("auto_vacuum", { simple: true }),
        };
      } finally {
        opened.close();
      }
    },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
};
const OLD = { rows: ["row"], check: "ok", autoVacuum: 0 };

it("an old file becomes as small as what it holds, and can shrink from then on", async () => {
  using old = openOld();
  const found = await runJson(["database", "compact"], {
    cwd: old.path,
    env: { INVIGIL_DATABASE_URL: `file:${old.file}` },
  });
  expect(found).toMatchObject({ database: old.file, beforeBytes: expect.any(Number) });
  expect(found.freedBytes).toBeGreaterThan(8 * MIB - 1);
  expect(old.found()).toEqual({ rows: ["row"], check: "ok", autoVacuum: 2 });
  expect([statSync(old.file).size, statSync(old.file).mode & 0o777]).toEqual([found.afterBytes, 0o600]);
  expect(readdirSync(old.path).toSorted()).toEqual(["invigil.db", "invigil.db-server"]);
});

it("says how much space it needs, and changes nothing without it", async () => {
  using old = openOld();
  await expect(compactFile(old.file, { ...control, freeBytes: () => MIB })).rejects.toThrow(
    /needs 2 MiB of free space in .* for the new file, and there are 1 MiB\./,
  );
  expect(old.found()).toEqual(OLD);
});

it("refuses a file that a server or a command uses", async () => {
  using old = openOld();
  const release = lockForServer(old.file);
  await expect(compactFile(old.file, control)).rejects.toThrow("is served by another process: stop it first");
  release();
  const user = new Sqlite(old.file);
  user.prepare("SELECT * FROM kept").get();
  await expect(compactFile(old.file, control)).rejects.toThrow("is in use: stop every server and command");
  user.close();
  expect(old.found()).toEqual(OLD);
});

it("leaves the file as it was when it is stopped", async () => {
  using old = openOld();
  const throwIfStopped = () => {
    throw new Error("stopped");
  };
  await expect(compactFile(old.file, { ...control, throwIfStopped })).rejects.toThrow("stopped");
  expect(old.found()).toEqual(OLD);
  expect(readdirSync(old.path).toSorted()).toEqual(["invigil.db", "invigil.db-server"]);
});

it("has nothing to do on PostgreSQL", async () => {
  using folder = tempFolder();
  const ended = await runHere(["database", "compact"], {
    cwd: folder.path,
    env: { INVIGIL_DATABASE_URL: "postgres://db.example/invigil", INVIGIL_AUTH_SECRET: "s".repeat(32) },
  });
  expect([ended.code, ended.stderr, ended.stdout]).toEqual([
    0,
    "",
    expect.stringMatching(/^Nothing to do: .* is on PostgreSQL/),
  ]);
});
