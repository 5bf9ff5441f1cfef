import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { gte } from "drizzle-orm";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it as test } from "vitest";
import { createTestApp } from "../src/app/testing.js";
import { type CopyControl, type CopyEnd, copyDatabase } from "../src/storage/copy/copy.js";
import type { Database } from "../src/storage/database.js";
import type { DeclaredTable } from "../src/storage/declaration.js";
import { openDatabase } from "../src/storage/open.js";
import { examineDatabase } from "../src/storage/sqlite/backup-file.js";
import { query } from "../src/storage/statement.js";
import * as tables from "../src/storage/tables.js";
import { runHere, runJson, runWell } from "./support/command.js";
import { fillTables } from "./support/filled.js";
import { tempFolder } from "./support/folders.js";
import { freePort } from "./support/ports.js";
import { isPostgresMissing, openSchemasForTests, type Schemas } from "./support/postgres-schemas.js";
import { testEnv } from "./support/process.js";
import { change, contentsOf, insertRows, rowsOf } from "./support/tables.js";
import { openTraces } from "./support/traces.js";

const isSkipped = isPostgresMissing();
const it = test.skipIf(isSkipped);

let schemas: Schemas;
/** The file of a rich installation, which no test changes. */
let source = "";
let installation: ReturnType<typeof tempFolder>;
let folder: ReturnType<typeof tempFolder>;

const sqlOf = async (text: string): Promise<unknown[]> => (await schemas.client.query(text)).rows;

const openEnd = (end: CopyEnd): Promise<Database> =>
  "file" in end
    ? openDatabase({ databaseFile: end.file, postgres: undefined })
    : openDatabase({ databaseFile: undefined, postgres: { url: end.url } });
const inDatabase = async <Result>(end: CopyEnd, work: (db: Database) => Promise<Result>): Promise<Result> => {
  const db = await openEnd(end);
  try {
    return await work(db);
  } finally {
    await db.close();
  }
};

/** What running servers have written, which a copy leaves out. */
const LEFT_OUT = ["duties", "instances", "page_claims", "presence", "server_notices"];
/** Returns the rows of all copied tables. */
const copiedContents = async (end: CopyEnd) => {
  const contents = await inDatabase(end, contentsOf);
  return Object.fromEntries(
    Object.entries(contents).filter(([name]) => ![...LEFT_OUT, "event_epochs"].includes(name)),
  );
};
/** The table whose ids go on in a new epoch. */
const EVENTS = "room_events";
/** The last ids that a database of SQLite has generated. */
const positionsOf = (file: string): { name: string; seq: number }[] => {
  const sqlite = new Sqlite(file);
  try {
    return sqlite
      .prepare<[], { name: string; seq: number }>("SELECT name, seq FROM sqlite_sequence ORDER BY name")
      .all();
  } finally {
    sqlite.close();
  }
};

const CONTROL: CopyControl = { show: () => undefined, throwIfStopped: () => undefined };
/** Stops a copy at the nth time that it asks. */
const stopAt = (n: number): CopyControl => {
  let asked = 0;
  return {
    show: () => undefined,
    throwIfStopped() {
      asked += 1;
      if (asked === n) throw new Error("stopped");
    },
  };
};

const ODD_TEXTS = [
  "",
  " ",
  "考试 🧑‍🎓",
  "a\\b\"c'd{e},f",
  "NULL",
  "\t\n\r\u0001\u007f\u2028",
  "é≠é",
  "x".repeat(20_000),
];
const TIME = new Date("2026-01-02T03:04:05.678Z");
const stamps = { createdAt: TIME, updatedAt: new Date(TIME.getTime() + 1) };

/** Adds rows that calls make only at certain moments, and odd values. */
const addOddRows = async (file: string): Promise<void> =>
  inDatabase({ file }, async (db) => {
    const [room] = await rowsOf(db, tables.rooms);
    if (!room) throw new Error("There is no room");
    const { id: roomId, examId } = room;
    await insertRows(
      db,
      tables.cheatRecords,
      ODD_TEXTS.flatMap((extraInfo, index) => [
        {
          examId,
          roomId,
          userId: `odd${index}`,
          detectType: extraInfo,
          isMainMonitor: index % 2 === 0,
          detectTime: new Date(index - 4),
          extraInfo,
          extraInfoIsObject: index % 2 === 1,
          createdAt: TIME,
        },
      ]),
    );
    await insertRows(
      db,
      tables.recordedPeople,
      // Keys whose order differs between languages, and between bytes and UTF-16.
      ["", "A", "a", "B", "Ä", "\uff5e", "\u{1f600}", "z"].map((userId) => ({
        examId,
        roomId,
        userId,
        records: 1,
        bytes: 2,
      })),
    );
    await insertRows(db, tables.unseated, [
      {
        examId,
        userId: "waiting",
        role: "examinee",
        name: "",
        extraMinutes: 7,
        ...stamps,
        addedBy: 2 ** 53 - 1,
      },
    ]);
    await insertRows(db, tables.storedFiles, [
      { id: "f", place: "database", name: "a.wav", bytes: 300, changedAt: TIME },
      { id: "g", place: "bucket", name: null, bytes: 0, leaving: true, changedAt: TIME },
    ]);
    await insertRows(db, tables.storedFileChunks, [
      { fileId: "f", position: 0, content: Uint8Array.from({ length: 300 }, (_, n) => n % 256) },
      { fileId: "f", position: 1, content: new Uint8Array() },
    ]);
    await insertRows(db, tables.outboxTasks, [
      {
        id: "task",
        examId,
        queue: "rong_cloud",
        kind: "send",
        key: roomId,
        payload: { userIds: ["b", "a"], signal: { type: 1, data: '{"z":1,"a":[null,1.5e-7,"\\u0000"]}' } },
        dueAt: TIME,
        createdAt: TIME,
      },
    ]);
    await change(
      db,
      query.insert(tables.bulkChanges).values({
        id: 2 ** 52 + 1,
        kind: "plan",
        examId,
        state: "preparing",
        seatedBefore: 0,
        unseatedBefore: 0,
        progress: { phase: 1, after: "key" },
        worker: "w",
        claimedUntil: TIME,
        createdAt: TIME,
      }),
    );
    // A row in each other table.
    await fillTables(db, [{ examId, roomId, userId: "gone", n: 1 }], [tables.bulkChanges]);
    // Their ids must not be used again.
    for (const table of [tables.roomEvents, tables.messages, tables.cheatRecords]) {
      const ids = (await rowsOf(db, table)).map(({ id }) => id).sort((one, other) => one - other);
      await change(db, query.delete(table).where(gte(table.id, ids.at(-2) ?? 0)));
    }
  });

/** Creates an installation with rows in every table. */
const install = async (path: string): Promise<string> => {
  const { fixture: examsFixture, databaseFile } = await openTraces({ path });
  const { admin } = examsFixture;
  const password = "a long password";
  await admin.account.create({ userId: "t77", name: "名字", role: "teacher", password });
  const times = {
    startTime: new Date("2026-02-01T08:00:00.001Z"),
    endTime: new Date("2026-02-01T10:00:00.999Z"),
  };
  const { id: examId } = await admin.exam.create({ name: "Odd 🎓", ...times });
  const { id: clipId } = await admin.audio.create({ name: "Bell", url: "https://cdn.example/a.mp3" });
  await admin.audio.attach({ examId, clipId });
  await examsFixture.close();
  await addOddRows(databaseFile);
  return databaseFile;
};

beforeAll(async () => {
  if (isSkipped) return;
  installation = tempFolder();
  schemas = await openSchemasForTests();
  source = await install(installation.path);
});
afterAll(async () => {
  await schemas?.[Symbol.asyncDispose]();
  installation?.[Symbol.dispose]();
});
beforeEach(() => {
  folder = tempFolder();
});
afterEach(() => folder[Symbol.dispose]());

/** Copies the installation into a new file of the test. */
const copyToFile = async (name: string): Promise<string> => {
  const file = join(folder.path, name);
  await copyDatabase({ file: source }, { file }, CONTROL);
  return file;
};
const tablesIn = (schema: string): Promise<unknown[]> =>
  sqlOf(`SELECT tablename FROM pg_tables WHERE schemaname = '${schema}'`);

describe("a copy", () => {
  it("from SQLite to PostgreSQL and back has the same values and positions", async () => {
    const emptyIn = async (end: CopyEnd) =>
      Object.entries(await inDatabase(end, contentsOf))
        .filter(([, rows]) => rows.length === 0)
        .map(([name]) => name)
        .toSorted();
    expect(await emptyIn({ file: source })).toEqual([]);
    const original = await copiedContents({ file: source });
    const counts = Object.fromEntries(Object.entries(original).map(([name, rows]) => [name, rows.length]));

    const { url } = await schemas.open();
    const result = { rows: counts, leftOut: LEFT_OUT, sourceWasInUse: false };
    expect(await copyDatabase({ file: source }, { url }, CONTROL)).toEqual(result);
    expect(await copiedContents({ url })).toEqual(original);
    expect(await emptyIn({ url })).toEqual(LEFT_OUT);

    const file = join(folder.path, "deep/er/back.db");
    expect(await copyDatabase({ url }, { file }, CONTROL)).toEqual(result);
    expect(await copiedContents({ file })).toEqual(original);
    const kept = ({ name }: { name: string }) => ![EVENTS, ...LEFT_OUT].includes(name);
    expect(positionsOf(file).filter(kept)).toEqual(positionsOf(source).filter(kept));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(examineDatabase(file).faults).toEqual([]);
  });

  it("from file to file, and from PostgreSQL to PostgreSQL, has them too", async () => {
    const original = await copiedContents({ file: source });
    const file = await copyToFile("copy.db");
    expect(await copiedContents({ file })).toEqual(original);
    const [one, other] = [await schemas.open(), await schemas.open()];
    await copyDatabase({ file }, { url: one.url }, CONTROL);
    await copyDatabase({ url: one.url }, { url: other.url }, CONTROL);
    expect(await copiedContents({ url: other.url })).toEqual(original);
  });

  it("never generates an id again, not even of deleted rows", async () => {
    const last = new Map(positionsOf(source).map(({ name, seq }) => [name, seq]));
    const { url } = await schemas.open();
    await copyDatabase({ file: source }, { url }, CONTROL);
    const file = join(folder.path, "back.db");
    await copyDatabase({ url }, { file }, CONTROL);
    for (const end of [{ url }, { file }])
      await inDatabase(end, async (db) => {
        const [event] = await rowsOf(db, tables.roomEvents);
        const [person] = await rowsOf(db, tables.participants);
        if (!event || !person) throw new Error("There are no rows");
        const add = <Of extends DeclaredTable>(table: Of, row: Of["$inferInsert"]) =>
          db.storage.write((tx) => tx.insert({ table, onConflict: "fail" }, [row]));
        const [epoch] = (await rowsOf(db, tables.eventEpochs)).toReversed();
        expect(epoch?.begin).toBeGreaterThan(last.get(EVENTS) ?? 0);
        expect(await add(tables.roomEvents, event)).toEqual([(epoch?.begin ?? 0) + 1]);
        const other = { ...person, userId: "other" };
        expect(await add(tables.participants, other)).toEqual([(last.get("participants") ?? 0) + 1]);
      });
    expect(last.get("room_events")).toBeGreaterThan(
      Math.max(
        ...(await inDatabase({ file: source }, (db) => rowsOf(db, tables.roomEvents))).map(({ id }) => id),
      ),
    );
  });

  it("goes on where the original was left, in both databases", async () => {
    const { url } = await schemas.open();
    await copyDatabase({ file: source }, { url }, CONTROL);
    const options = { cwd: folder.path, env: { ...testEnv, INVIGIL_DATABASE_URL: url } };
    expect(await runWell(["exam", "show", "Odd 🎓"], options)).toContain("Bell");
    await runWell(["room", "create", "--name", "New hall", "--by", "t77"], options);
    const file = join(folder.path, "back.db");
    await copyDatabase({ url }, { file }, CONTROL);

    await using app = await createTestApp({ config: { databaseFile: file } });
    const { rooms: fixtures } = await app.as({ sub: "t77", role: "teacher" }).room.list({});
    expect(fixtures.map(({ name }) => name)).toEqual(["New hall"]);
    const [fixture] = fixtures;
    if (!fixture) throw new Error("There is no hall");
    const teacher = app.as({ sub: "t77", role: "teacher" });
    const sent = await teacher.im.send({ roomId: fixture.id, type: 30_001, data: "Welcome back" });
    const last = new Map(positionsOf(source).map(({ name, seq }) => [name, seq]));
    expect(sent.id).toBe((last.get("messages") ?? 0) + 1);
  });

  it("reads every row of many pages once, whatever their size", async () => {
    const file = await copyToFile("many.db");
    await inDatabase({ file }, async (db) => {
      const [record] = await rowsOf(db, tables.cheatRecords);
      const [room] = await rowsOf(db, tables.rooms);
      if (!record || !room) throw new Error("There are no rows");
      const rows = Array.from({ length: 7_000 }, (_, n) => ({
        ...record,
        extraInfo: n % 1_000 < 990 ? String(n) : "large ".repeat(100_000),
      }));
      await insertRows(db, tables.cheatRecords, rows);
      await insertRows(
        db,
        tables.messageReaders,
        rows.map((_, n) => ({
          examId: room.examId,
          roomId: room.id,
          login: `login${n % 70}`,
          messageId: n,
          type: 1,
        })),
      );
    });
    const { url } = await schemas.open();
    const { rows } = await copyDatabase({ file }, { url }, CONTROL);
    expect(rows.cheat_records).toBeGreaterThan(7_000);
    expect(rows.message_readers).toBeGreaterThan(7_000);
  });

  it("reads every table page by page, also by keys that contain times", async () => {
    // The first page has 50 rows, and the second one 200.
    const rowsOfThreePages = 260;
    const file = await copyToFile("pages.db");
    await inDatabase({ file }, (db) =>
      fillTables(
        db,
        // The installation has rows of the first number.
        Array.from({ length: rowsOfThreePages }, (_, index) => index + 2).map((n) => ({
          examId: `exams-${n}`,
          roomId: `rooms-${n}`,
          userId: `person-${n}`,
          n,
        })),
      ),
    );
    const original = await copiedContents({ file });
    const short = Object.entries(original).filter(([, rows]) => rows.length < rowsOfThreePages);
    expect(short.map(([name]) => name)).toEqual(["pruning_clock"]);

    const { url } = await schemas.open();
    await copyDatabase({ file }, { url }, CONTROL);
    expect(await copiedContents({ url })).toEqual(original);
    const back = join(folder.path, "back.db");
    await copyDatabase({ url }, { file: back }, CONTROL);
    expect(await copiedContents({ file: back })).toEqual(original);
  });

  it("of a database in use is what it was at one moment, and says so", async () => {
    const file = await copyToFile("used.db");
    await inDatabase({ file }, async (db) => {
      const before = await contentsOf(db);
      const target = join(folder.path, "copy.db");
      let isAdded = false;
      const { sourceWasInUse } = await copyDatabase(
        { file },
        { file: target },
        {
          ...CONTROL,
          show() {
            if (isAdded) return;
            isAdded = true;
            const other = new Sqlite(file);
            other.exec("DELETE FROM stream_events; UPDATE exams SET name = 'changed'");
            other.close();
          },
        },
      );
      expect({ isAdded, sourceWasInUse }).toEqual({ isAdded: true, sourceWasInUse: true });
      expect((await copiedContents({ file: target })).exams).toEqual(before.exams);
    });

    const { schema, url } = await schemas.open();
    await copyDatabase({ file: source }, { url }, CONTROL);
    await sqlOf(`INSERT INTO ${schema}.instances VALUES ('s', now() + interval '1 minute')`);
    const before = await copiedContents({ url });
    const second = { file: join(folder.path, "second.db") };
    let change: Promise<unknown> | undefined;
    const { sourceWasInUse } = await copyDatabase({ url }, second, {
      ...CONTROL,
      show() {
        change ??= sqlOf(
          `INSERT INTO ${schema}.room_events (room_id, type, data, created_at) VALUES ('r', 't', '{}', now())`,
        );
      },
    });
    await change;
    expect(sourceWasInUse).toBe(true);
    expect(await copiedContents(second)).toEqual(before);
  });
});

describe("a copy that fails changes nothing", () => {
  it("when the target is not empty", async () => {
    const file = await copyToFile("full.db");
    const before = readFileSync(file);
    await expect(copyDatabase({ file: source }, { file }, CONTROL)).rejects.toThrow(
      /full\.db is not empty: its table \w+ has rows/,
    );
    expect(readFileSync(file).equals(before)).toBe(true);

    const { url } = await schemas.open();
    await copyDatabase({ file: source }, { url }, CONTROL);
    const contents = await copiedContents({ url });
    await expect(copyDatabase({ file: source }, { url }, CONTROL)).rejects.toThrow(/is not empty: its table/);
    expect(await copiedContents({ url })).toEqual(contents);
  });

  it("when somebody else's table in the target file has rows", async () => {
    const file = join(folder.path, "foreign.db");
    const foreign = new Sqlite(file);
    foreign.exec("CREATE TABLE theirs (n); INSERT INTO theirs VALUES (1)");
    foreign.close();
    await expect(copyDatabase({ file: source }, { file }, CONTROL)).rejects.toThrow(
      /its table theirs has rows/,
    );
  });

  it("when a server uses the target", async () => {
    const file = join(folder.path, "used.db");
    await inDatabase({ file }, async () => {
      await expect(copyDatabase({ file: source }, { file }, CONTROL)).rejects.toThrow(
        /is in use: stop every/,
      );
    });
    const { schema, url } = await schemas.open();
    await inDatabase({ url }, async () => undefined);
    await sqlOf(`INSERT INTO ${schema}.instances VALUES ('s', now() + interval '1 minute')`);
    await expect(copyDatabase({ file: source }, { url }, CONTROL)).rejects.toThrow(/is in use: stop every/);
    await sqlOf(`UPDATE ${schema}.instances SET lease_until = now() - interval '1 minute'`);
    // Servers write to this table at their start, so its rows do not say that the database is used.
    await sqlOf(`INSERT INTO ${schema}.pruning_clock VALUES ('pruning', now(), 0)`);
    await inDatabase({ file }, (db) =>
      insertRows(db, tables.pruningClock, [{ name: "pruning", time: new Date(0), waitedMs: 0 }]),
    );
    for (const end of [{ url }, { file }]) {
      await copyDatabase({ file: source }, end, CONTROL);
      expect(await copiedContents(end)).toEqual(await copiedContents({ file: source }));
    }
  });

  it("when the source has the tables of another version", async () => {
    const file = await copyToFile("other.db");
    const { schema, url } = await schemas.open();
    await copyDatabase({ file }, { url }, CONTROL);
    const to = { file: join(folder.path, "to.db") };
    const setVersion = (change: string): void => {
      const sqlite = new Sqlite(file);
      sqlite.exec(`UPDATE __drizzle_migrations SET created_at = created_at ${change}`);
      sqlite.close();
    };
    setVersion("- 1000");
    await expect(copyDatabase({ file }, to, CONTROL)).rejects.toThrow(
      /older version.* start this version on it/,
    );
    setVersion("+ 2000");
    await expect(copyDatabase({ file }, to, CONTROL)).rejects.toThrow(/newer version.* copy it with that/);
    await sqlOf(`INSERT INTO ${schema}.invigil_migrations VALUES (9e15, 'h', false)`);
    await expect(copyDatabase({ url }, to, CONTROL)).rejects.toThrow(/newer version.* copy it with that/);
    await sqlOf(`DELETE FROM ${schema}.invigil_migrations`);
    await expect(copyDatabase({ url }, to, CONTROL)).rejects.toThrow(
      /older version.* start this version on it/,
    );
    const fresh = await schemas.open();
    await expect(copyDatabase({ url: fresh.url }, to, CONTROL)).rejects.toThrow(/none of its tables/);
    expect(readdirSync(folder.path)).toEqual(["other.db"]);
  });

  it.each(["first", "middle", "last"])("when it is stopped at the %s step", async (which) => {
    let steps = 0;
    const count = (): void => {
      steps += 1;
    };
    const counted = { ...CONTROL, throwIfStopped: count };
    const whole = join(folder.path, "whole.db");
    await copyDatabase({ file: source }, { file: whole }, counted);
    rmSync(whole);
    const step = which === "first" ? 1 : which === "last" ? steps : Math.floor(steps / 2);

    const none = await schemas.open();
    const stopped = (to: CopyEnd) =>
      expect(copyDatabase({ file: source }, to, stopAt(step))).rejects.toThrow("stopped");
    await stopped({ url: none.url });
    expect(await tablesIn(none.schema)).toEqual([]);

    const { url } = await schemas.open();
    const before = await inDatabase({ url }, contentsOf);
    await stopped({ url });
    expect(await inDatabase({ url }, contentsOf)).toEqual(before);
    // The target takes a copy as if nothing had happened.
    await copyDatabase({ file: source }, { url }, CONTROL);

    await stopped({ file: join(folder.path, "deep/er/new.db") });
    expect(readdirSync(folder.path)).toEqual([]);
    const file = join(folder.path, "empty.db");
    await inDatabase({ file }, async () => undefined);
    const bytes = readFileSync(file);
    await stopped({ file });
    expect(readdirSync(folder.path)).toEqual(["empty.db"]);
    expect(readFileSync(file).equals(bytes)).toBe(true);
  });

  it("when the server cannot be reached, without a word of the password", async () => {
    const url = `postgres://somebody:geheim@127.0.0.1:${await freePort()}/invigil`;
    for (const [from, to] of [
      [{ file: source }, { url }],
      [{ url }, { file: join(folder.path, "to.db") }],
    ] as const) {
      const error: unknown = await copyDatabase(from, to, CONTROL).catch((reason: unknown) => reason);
      expect(String(error)).toMatch(
        /SetupError: The database postgres:\/\/127\S+\/invigil cannot be reached/,
      );
      expect(String(error)).not.toContain("geheim");
    }
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it("when a value cannot be stored", async () => {
    const file = await copyToFile("nul.db");
    const sqlite = new Sqlite(file);
    sqlite.prepare("UPDATE cheat_records SET extra_info = ? WHERE id = 1").run("a\u0000b");
    sqlite.close();
    const { schema, url } = await schemas.open();
    await expect(copyDatabase({ file }, { url }, CONTROL)).rejects.toThrow(
      /^The table cheat_records cannot be copied: invalid byte sequence/,
    );
    expect(await tablesIn(schema)).toEqual([]);
  });

  it("when rows refer to missing rows", async () => {
    const { schema, url } = await schemas.open();
    await copyDatabase({ file: source }, { url }, CONTROL);
    await sqlOf(
      `INSERT INTO ${schema}.recorded_people (exam_id, room_id, user_id) VALUES ('e', 'none', 'u')`,
    );
    await expect(copyDatabase({ url }, { file: join(folder.path, "to.db") }, CONTROL)).rejects.toThrow(
      /^The table recorded_people cannot be copied: 1 row/,
    );
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it.each([
    ["a value differs", "NEW.extra_info = NEW.extra_info || ' '; RETURN NEW;"],
    ["it has 0 rows instead of", "RETURN NULL;"],
  ])("when %s in the target", async (complaint, body) => {
    const { schema, url } = await schemas.open();
    await inDatabase({ url }, async () => undefined);
    await sqlOf(
      `CREATE FUNCTION ${schema}.falsify() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} END $$`,
    );
    await sqlOf(
      `CREATE TRIGGER falsify BEFORE INSERT ON ${schema}.cheat_records FOR EACH ROW EXECUTE FUNCTION ${schema}.falsify()`,
    );
    await expect(copyDatabase({ file: source }, { url }, CONTROL)).rejects.toThrow(
      `The copy of the table cheat_records is wrong: ${complaint}`,
    );
    expect(await inDatabase({ url }, (db) => rowsOf(db, tables.exams))).toEqual([]);
  });
});

describe("`invigil database copy`", () => {
  const options = () => ({ cwd: folder.path, env: { INVIGIL_LOG_LEVEL: "info" } });

  it("says what it copied and what remains to be done", async () => {
    const { url } = await schemas.open();
    mkdirSync(join(folder.path, "audio"));
    await copyToFile("invigil.db");
    const said = await runWell(["database", "copy", "--from", "file:invigil.db", "--to", url], options());
    expect(said).toMatch(/^TABLE +ROWS\naccounts +2\n/);
    expect(said).toMatch(/\nCopied \d+ rows of \d+ tables in [\d.]+ s to postgres:\/\/[^?\s]+\. Every row/);
    expect(said).toContain("INVIGIL_AUTH_SECRET");
    expect(said).toContain(join(folder.path, "audio"));
    expect(said).not.toContain("WARNING");

    const back = await runJson(["database", "copy", "--from", url, "--to", "file:b/c.db"], options());
    expect(back).toMatchObject({
      to: join(folder.path, "b/c.db"),
      rows: { accounts: 2 },
      leftOut: LEFT_OUT,
      warnings: [],
      todo: expect.arrayContaining([expect.stringContaining("auth-secret")]),
    });
  });

  it("fails with one line, without the password", async () => {
    const url = `postgres://somebody:geheim@127.0.0.1:${await freePort()}/invigil`;
    const fails = async (from: string, to: string, complaint: RegExp) => {
      const ended = await runHere(["database", "copy", "--from", from, "--to", to], options());
      expect(ended).toMatchObject({
        code: expect.toBeOneOf([1, 2]),
        stdout: "",
        stderr: expect.stringMatching(complaint),
      });
      expect(ended.stderr).not.toContain("geheim");
    };
    await fails(`file:${source}`, url, /^invigil: The database postgres:[^\n]+ cannot be reached: [^\n]+\n$/);
    await fails("file:none.db", url, /^invigil: The database [^\n]+none\.db does not exist\n$/);
    await fails("mysql://a:geheim@b/c", url, /^invigil: --from must be file:<path> or postgres:[^\n]+\n$/);
    await fails(`file:${source}`, ":memory:", /^invigil: --to must be file:<path> or postgres:[^\n]+\n$/);
  });
});
