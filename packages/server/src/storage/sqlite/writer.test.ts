import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LastStatementsError, TransactionStalledError } from "../errors.js";
import { roomEvents } from "../tables.js";
import { createConnection } from "./connection.js";
import { createFileGuard } from "./file-guard.js";
import { createWriter, type Write } from "./writer.js";

let folder: string;
let file: string;
let sqlite: Sqlite.Database;
/** Another connection, which sees committed data only. */
let witness: Sqlite.Database;
let write: Write;
let statements: string[];

beforeEach(() => {
  // No transaction takes so long that it leaves jobs to the next one, however busy the machine is.
  vi.useFakeTimers({ toFake: ["performance"] });
  folder = mkdtempSync(join(tmpdir(), "invigil-writer-"));
  file = join(folder, "x.db");
  sqlite = new Sqlite(file, { verbose: (sql) => statements.push(String(sql)) });
  statements = [];
  sqlite.pragma("journal_mode = WAL");
  sqlite.exec("CREATE TABLE t (n INTEGER PRIMARY KEY)");
  witness = new Sqlite(file, { readonly: true });
  write = createWriter(sqlite, { connection: createConnection(sqlite) });
  statements = [];
});
afterEach(() => {
  vi.useRealTimers();
  witness.close();
  sqlite.close();
  rmSync(folder, { recursive: true, force: true });
});

const insert = (n: number) => sqlite.prepare("INSERT INTO t VALUES (?)").run(n).lastInsertRowid;
const rowsOf = (connection: Sqlite.Database) =>
  connection.prepare("SELECT n FROM t ORDER BY n").pluck().all();
const count = (what: RegExp) => statements.filter((sql) => what.test(sql)).length;
const transactions = () => ({
  begun: count(/^BEGIN/),
  committed: count(/^COMMIT/),
  undone: count(/^ROLLBACK$/),
});
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

it("ids are looked up once, and given once", async () => {
  sqlite.exec("CREATE TABLE room_events (id INTEGER PRIMARY KEY AUTOINCREMENT)");
  sqlite.exec("INSERT INTO room_events VALUES (7)");
  const take = () => write((tx) => tx.ids(roomEvents, 2));
  expect([await take(), await take()]).toEqual([
    [8, 9],
    [10, 11],
  ]);
  expect(count(/sqlite_sequence/)).toBe(1);
});

describe("the last statements", () => {
  it.each([true, false])(
    "are those of one write, not of those beside it (repeatable: %s)",
    async (repeatable) => {
      const outcomes = await Promise.all(
        [1, 2, 3].map((n) =>
          write(
            async (tx) => {
              insert(n);
              return tx.last(async () => n);
            },
            { repeatable },
          ),
        ),
      );
      expect(outcomes).toEqual([1, 2, 3]);
      expect(rowsOf(witness)).toEqual([1, 2, 3]);
    },
  );

  it("are not undone by the work: a failure after them is a mistake, whose write is undone here", async () => {
    const failing = write(async (tx) => {
      await tx.last(async () => insert(1));
      throw new Error("no");
    });
    await expect(failing).rejects.toBeInstanceOf(LastStatementsError);
    expect(rowsOf(witness)).toEqual([]);
  });
});

describe("while another process writes", () => {
  let other: Sqlite.Database;
  beforeEach(() => {
    other = new Sqlite(join(folder, "x.db"));
    // Like an opened database: the writer waits, not SQLite.
    sqlite.pragma("busy_timeout = 0");
    other.exec("BEGIN IMMEDIATE");
    other.exec("INSERT INTO t VALUES (100)");
  });
  afterEach(() => other.close());

  it("calls wait their turn, in their order, and the loop goes on meanwhile", async () => {
    const order: number[] = [];
    const call = (n: number) =>
      write(() => {
        order.push(n);
        return insert(n);
      });
    const first = call(1);
    for (let turn = 0; turn < 200; turn += 1) await nextTurn();
    const second = call(2);
    for (let turn = 0; turn < 200; turn += 1) await nextTurn();
    expect({ order, rows: rowsOf(witness) }).toEqual({ order: [], rows: [] });
    other.exec("COMMIT");
    await Promise.all([first, second]);
    expect({ order, rows: rowsOf(witness) }).toEqual({ order: [1, 2], rows: [1, 2, 100] });
  });

  it("calls are given up when that takes too long, and later ones are not", async () => {
    const impatient = createWriter(sqlite, { connection: createConnection(sqlite), patienceMs: 0 });
    await expect(impatient(() => insert(1))).rejects.toMatchObject({ code: "SQLITE_BUSY" });
    other.exec("ROLLBACK");
    await impatient(() => insert(2));
    expect(rowsOf(witness)).toEqual([2]);
  });
});

describe("group commit", () => {
  it("gives every call its own answer", async () => {
    expect(await Promise.all([write(() => 1), write(() => "two"), write(() => undefined)])).toEqual([
      1,
      "two",
      undefined,
    ]);
  });

  it("lets the calls of one loop turn share a transaction, in their order", async () => {
    const order: number[] = [];
    const calls = Array.from({ length: 50 }, (_, n) =>
      write(() => {
        order.push(n);
        return insert(n);
      }),
    );
    await Promise.all(calls);
    expect(transactions()).toEqual({ begun: 1, committed: 1, undone: 0 });
    expect(order).toEqual(Array.from({ length: 50 }, (_, n) => n));
    expect(rowsOf(witness)).toHaveLength(50);
  });

  it("puts calls that arrive while others are written into the next transaction, together", async () => {
    const late: Promise<unknown>[] = [];
    await write(() => {
      late.push(
        write(() => insert(2)),
        write(() => insert(3)),
      );
      return insert(1);
    });
    expect(rowsOf(witness)).toEqual([1]);
    await Promise.all(late);
    expect(transactions()).toEqual({ begun: 2, committed: 2, undone: 0 });
    expect(rowsOf(witness)).toEqual([1, 2, 3]);
  });

  it("runs nothing before the turn is over, and begins nothing when there is nothing to do", async () => {
    let ran = false;
    const call = write(() => {
      ran = true;
    });
    expect(ran).toBe(false);
    await call;
    const before = statements.length;
    await nextTurn();
    expect(statements).toHaveLength(before);
  });

  it("takes the right to write at once, so that no reading goes stale before it writes", async () => {
    await write(() => insert(1));
    expect(count(/^BEGIN IMMEDIATE/)).toBe(1);
  });
});

describe("a promise", () => {
  it("resolves only after the commit", async () => {
    const seen = await Promise.all([1, 2, 3].map((n) => write(() => insert(n)).then(() => rowsOf(witness))));
    expect(seen).toEqual([
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  it("shows nothing to others while it is pending", async () => {
    const during: unknown[][] = [];
    await Promise.all([write(() => insert(1)), write(() => during.push(rowsOf(witness)))]);
    expect(during).toEqual([[]]);
  });
});

describe("a call that fails", () => {
  class Refusal extends Error {}

  it("is undone and rejected alone", async () => {
    const refusal = new Refusal("no");
    const results = await Promise.allSettled([
      write(() => insert(1)),
      write(() => {
        insert(2);
        insert(3);
        throw refusal;
      }),
      write(() => insert(4)),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(results[1]).toMatchObject({ reason: refusal });
    expect(rowsOf(witness)).toEqual([1, 4]);
    expect(transactions()).toEqual({ begun: 1, committed: 1, undone: 0 });
  });

  it("rejects with the same error that it threw", async () => {
    const refusal = new Refusal("no");
    await expect(
      write(() => {
        throw refusal;
      }),
    ).rejects.toBe(refusal);
    await write(() => insert(1));
    await expect(write(() => insert(1))).rejects.toBeInstanceOf(Sqlite.SqliteError);
  });

  it("is not seen by the calls after it", async () => {
    let seen: unknown[] = [];
    await Promise.allSettled([
      write(() => {
        insert(1);
        throw new Refusal("no");
      }),
      write(() => {
        seen = rowsOf(sqlite);
      }),
    ]);
    expect(seen).toEqual([]);
  });

  it("is any call that would go on after its transaction", async () => {
    await expect(
      write(async () => {
        insert(1);
        await nextTurn();
      }),
    ).rejects.toBeInstanceOf(TransactionStalledError);
    expect(rowsOf(witness)).toEqual([]);
  });

  it("does not stop the next turn's calls", async () => {
    await Promise.allSettled([write(() => insert(1)), write(() => insert(1))]);
    await write(() => insert(2));
    expect(rowsOf(witness)).toEqual([1, 2]);
  });
});

describe("a failure that undoes the whole transaction", () => {
  const breakAll = (n: number) => sqlite.prepare("INSERT OR ROLLBACK INTO t VALUES (?)").run(n);

  it("rejects all jobs, because all of their work is undone", async () => {
    await write(() => insert(1));
    let later = false;
    const results = await Promise.allSettled([
      write(() => insert(2)),
      write(() => breakAll(1)),
      write(() => {
        later = true;
        return insert(3);
      }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    for (const result of results)
      expect(result).toMatchObject({ reason: { code: "SQLITE_CONSTRAINT_PRIMARYKEY" } });
    expect(later).toBe(false);
    expect(rowsOf(witness)).toEqual([1]);
  });

  it("leaves the writer working", async () => {
    await write(() => insert(1));
    await Promise.allSettled([write(() => breakAll(1))]);
    expect(sqlite.inTransaction).toBe(false);
    await write(() => insert(2));
    expect(rowsOf(witness)).toEqual([1, 2]);
  });

  it("rejects everybody when the commit itself is refused", async () => {
    sqlite.pragma("foreign_keys = ON");
    sqlite.exec("CREATE TABLE child (n INTEGER REFERENCES t (n) DEFERRABLE INITIALLY DEFERRED)");
    const results = await Promise.allSettled([
      write(() => insert(1)),
      write(() => sqlite.prepare("INSERT INTO child VALUES (99)").run()),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(rowsOf(witness)).toEqual([]);
    await write(() => insert(2));
    expect(rowsOf(witness)).toEqual([2]);
  });

  it("is a database that was closed meanwhile", async () => {
    const calls = [write(() => insert(1)), write(() => insert(2))];
    sqlite.close();
    const results = await Promise.allSettled(calls);
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });
});

describe("writes of bulk changes", () => {
  it("are one in each transaction, and those of calls do not wait for them all", async () => {
    const order: string[] = [];
    const bulk = [1, 2, 3].map((n) =>
      write(() => insert(n), { bulk: true, share: { examId: "e" } }).then(() => order.push(`bulk ${n}`)),
    );
    const call = write(() => insert(10)).then(() => order.push("call"));
    await Promise.all([...bulk, call]);
    expect(order).toEqual(["bulk 1", "call", "bulk 2", "bulk 3"]);
    expect(transactions()).toEqual({ begun: 3, committed: 3, undone: 0 });
    expect(rowsOf(witness)).toEqual([1, 2, 3, 10]);
  });
});

it("the first commit of a log gives it its number, whatever failed before it", async () => {
  const guard = createFileGuard(sqlite, file);
  const guarded = createWriter(sqlite, { connection: createConnection(sqlite), guard });
  const logNumber = () => sqlite.pragma("user_version", { simple: true });
  const fail = () => Promise.reject(new Error("refused"));
  try {
    await expect(guarded(fail)).rejects.toThrow("refused");
    expect(logNumber()).toBe(0);
    await guarded(() => insert(1));
    expect(logNumber()).toBeGreaterThan(0);
    expect(guard.fault()).toBeUndefined();
  } finally {
    guard.close();
  }
});
