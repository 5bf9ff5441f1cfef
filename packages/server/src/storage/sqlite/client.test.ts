import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { is, sql } from "drizzle-orm";
import { getTableConfig, SQLiteTable } from "drizzle-orm/sqlite-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { change, insertRows, readRows, rowsOf } from "../../../test/support/tables.js";
import { SetupError } from "../../platform/setup-error.js";
import { fromSqlite } from "../copy/sqlite.js";
import type { Database } from "../database.js";
import { ForeignKeyError } from "../errors.js";
import { insertion, query } from "../statement.js";
import * as tables from "../tables.js";
import { copyDatabase, examineDatabase } from "./backup-file.js";
import { openSqlite } from "./client.js";
import { beginEpochOf } from "./epoch.js";
import { inspectDatabase } from "./inspect.js";

// Also under another Node: SQLite is native code.

let folder: string;
let open: Database[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "invigil-db-"));
  open = [];
});
afterEach(async () => {
  for (const db of open) await db.close();
  rmSync(folder, { recursive: true, force: true });
});

const openAt = (file: string, onStatement?: (statement: string) => void): Database => {
  const db = openSqlite({ file, ...(onStatement && { onStatement }) });
  open.push(db);
  return db;
};
/** The value of a setting of the connection that writes. */
const pragma = async ({ storage }: Database, name: string): Promise<unknown> => {
  const select = query.select({ value: sql`*` }).from(sql.raw(`pragma_${name}`));
  return (await storage.write((tx) => tx.get<{ value: unknown }>({ build: () => select })))?.value;
};

describe("an open database", () => {
  it("numbers rows after those of another process", async () => {
    const event = { examId: "e", roomId: "r", type: "room_ended", data: {}, createdAt: new Date(0) } as const;
    const file = join(folder, "x.db");
    const processes = [openAt(file), openAt(file)];
    const insert = insertion(tables.roomEvents, { ids: "given" });
    const given: number[] = [];
    for (const { storage } of [...processes, ...processes])
      await storage.write(async (tx) => {
        const ids = await tx.ids(tables.roomEvents, 2);
        given.push(...ids);
        await tx.insert(
          insert,
          ids.map((id) => ({ ...event, id })),
        );
      });
    expect(given).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it("loses nothing that was acknowledged, and waits for its turn", async () => {
    const db = openAt(join(folder, "x.db"));
    expect(await pragma(db, "journal_mode")).toBe("wal");
    expect(await pragma(db, "synchronous")).toBe(2);
    expect(await pragma(db, "foreign_keys")).toBe(1);
    expect(await pragma(db, "busy_timeout")).toBe(0);
  });

  it("refuses rows that point nowhere", async () => {
    const db = openAt(":memory:");
    const orphan = { examId: "none", data: "{}", createdAt: new Date(0), updatedAt: new Date(0) };
    const insert = insertion(tables.cheatConfigs);
    await expect(db.storage.write((tx) => tx.insert(insert, [orphan]))).rejects.toBeInstanceOf(
      ForeignKeyError,
    );
  });

  it("makes the folders on the way to its file, closed to strangers", () => {
    openAt(join(folder, "a", "b", "x.db"));
    expect(existsSync(join(folder, "a", "b", "x.db"))).toBe(true);
    expect(statSync(join(folder, "a", "b")).mode & 0o007).toBe(0);
  });

  it("keeps what was written when it is opened again", async () => {
    const exam = { id: "e", name: "n", createdBy: "t", startTime: new Date(1), endTime: new Date(2) };
    const first = openSqlite({ file: join(folder, "x.db") });
    await first.storage.write((tx) =>
      tx.insert(insertion(tables.exams), [{ ...exam, createdAt: new Date(3), updatedAt: new Date(4) }]),
    );
    await first.close();
    expect(await rowsOf(openAt(join(folder, "x.db")), tables.exams)).toMatchObject([exam]);
  });

  it("tells of every statement, values filled in", async () => {
    const seen: string[] = [];
    const db = openAt(":memory:", (statement) => seen.push(statement));
    await db.storage.all({ build: () => sql`SELECT ${"a value"} AS seen` });
    expect(seen.at(-1)).toBe("SELECT 'a value' AS seen");
  });

  it("answers nothing once it is closed", async () => {
    const db = openSqlite({ file: ":memory:" });
    expect(await db.migrationsAreCurrent()).toBe(true);
    await db.close();
    await expect(db.migrationsAreCurrent()).rejects.toThrow(/not open/);
  });

  it("is refused with one line that names the file, when that is no database", () => {
    const file = join(folder, "x.db");
    writeFileSync(file, "not a database ".repeat(100));
    expect(() => openSqlite({ file })).toThrow(SetupError);
    expect(() => openSqlite({ file })).toThrow(/^The database [^\n]*x\.db cannot be opened: [^\n]+$/);
    const below = join(file, "y.db");
    expect(() => openSqlite({ file: below })).toThrow(SetupError);
  });
});

describe("the migrations make what tables.ts declares", () => {
  const declared = Object.values(tables).filter((table) => is(table, SQLiteTable));

  it("in these tables", async () => {
    const db = openAt(":memory:");
    const isTable = sql`type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '\\_\\_%' ESCAPE '\\'`;
    const select = query.select({ name: sql<string>`name` }).from(sql`sqlite_master`).where(isTable);
    const made = await readRows(db, select);
    expect(made.map(({ name }) => name).toSorted()).toEqual(
      declared.map((table) => getTableConfig(table).name).toSorted(),
    );
  });

  it.each(declared.map((table) => [getTableConfig(table).name, getTableConfig(table)] as const))(
    "in %s",
    (name, { columns, indexes, foreignKeys }) => {
      const sqlite = new Sqlite(join(folder, "x.db"));
      openAt(join(folder, "x.db"));
      const rows = (query: string) => sqlite.prepare<[string], Record<string, unknown>>(query).all(name);
      const made = {
        columns: rows('SELECT name, type, "notnull" FROM pragma_table_info(?) ORDER BY name'),
        indexes: rows("SELECT name, \"unique\" FROM pragma_index_list(?) WHERE origin = 'c' ORDER BY name"),
        foreignKeys: rows(
          'SELECT "from", "table", on_delete FROM pragma_foreign_key_list(?) ORDER BY "from"',
        ),
      };
      sqlite.close();
      const by = (key: string) => (one: Record<string, unknown>, other: Record<string, unknown>) =>
        String(one[key]) < String(other[key]) ? -1 : 1;
      expect(made).toEqual({
        columns: columns
          .map((column) => ({
            name: column.name,
            type: column.getSQLType().toUpperCase(),
            notnull: Number(column.notNull),
          }))
          .toSorted(by("name")),
        indexes: indexes
          .map(({ config }) => ({ name: config.name, unique: Number(config.unique) }))
          .toSorted(by("name")),
        foreignKeys: foreignKeys
          .flatMap((key) => {
            const { columns: own, foreignTable } = key.reference();
            const table = getTableConfig(foreignTable).name;
            const on_delete = (key.onDelete ?? "no action").toUpperCase();
            return own.map(({ name: from }) => ({ from, table, on_delete }));
          })
          .toSorted(by("from")),
      });
    },
  );
});

describe("a file with a second name", () => {
  it("is used through neither, until a name has a file of its own", async () => {
    const [file, link] = [join(folder, "x.db"), join(folder, "snapshot.db")];
    const db = openAt(file);
    await insertRows(db, tables.duties, [{ name: "series", instance: "a", until: new Date(0) }]);
    linkSync(file, link);
    // A server that runs goes on. What it has written is in its log, which the other name does not have.
    await change(db, query.update(tables.duties).set({ instance: "b" }));
    const uses = [
      (name: string) => openSqlite({ file: name }),
      (name: string) => copyDatabase(name, join(folder, "backup.db"), () => true),
      (name: string) => fromSqlite(name, async () => undefined),
      (name: string) => beginEpochOf(name, new Date(0)),
    ];
    for (const name of [file, link]) {
      const refusal = expect.stringMatching(new RegExp(`${name} has 2 names .*cp -p '${name}'`));
      for (const use of uses) {
        const outcome = await Promise.resolve(name)
          .then(use)
          .catch((error: unknown) => error);
        expect(outcome).toBeInstanceOf(SetupError);
        expect(outcome).toHaveProperty("message", refusal);
      }
      expect(inspectDatabase(name)).toEqual({ state: "unreadable", reason: refusal });
    }
    expect(existsSync(`${link}-wal`)).toBe(false);

    // As a server leaves its files when it is killed.
    copyFileSync(`${file}-wal`, join(folder, "kept.db-wal"));
    copyFileSync(file, join(folder, "kept.db"));
    linkSync(join(folder, "kept.db"), join(folder, "other.db"));
    const kept = join(folder, "kept.db");
    expect(() => openSqlite({ file: kept })).toThrow(SetupError);
    copyFileSync(kept, `${kept}.copy`);
    renameSync(`${kept}.copy`, kept);
    expect(await rowsOf(openAt(kept), tables.duties)).toMatchObject([{ instance: "b" }]);
  });

  it("is verified all the same: backups may share files", async () => {
    const [file, backup] = [join(folder, "x.db"), join(folder, "backup.db")];
    openAt(file);
    await copyDatabase(file, backup, () => true);
    linkSync(backup, join(folder, "yesterday.db"));
    expect(examineDatabase(backup).faults).toEqual([]);
  });
});
