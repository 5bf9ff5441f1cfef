import { eq, getTableColumns, is, sql } from "drizzle-orm";
import { SQLiteTable } from "drizzle-orm/sqlite-core";
import { SignJWT } from "jose";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it as test } from "vitest";
import type { Database } from "../src/storage/database.js";
import type { DeclaredTable } from "../src/storage/declaration.js";
import {
  CommitUnknownError,
  DatabaseUnavailableError,
  ForeignKeyError,
  LastStatementsError,
  TransactionStalledError,
  UniqueError,
} from "../src/storage/errors.js";
import type { Transaction } from "../src/storage/port.js";
import { type OpenPostgresOptions, openPostgres } from "../src/storage/postgres/client.js";
import { connectionShares } from "../src/storage/postgres/settings.js";
import { isNumberedKey, param, query, rawParam, type Statement } from "../src/storage/statement.js";
import * as tables from "../src/storage/tables.js";
import {
  accounts,
  bulkChanges,
  cheatRecords,
  exams,
  messages,
  roomEvents,
  rooms,
  sessions,
  storedFileChunks,
  storedFiles,
} from "../src/storage/tables.js";
import { account, now } from "./support/account-row.js";
import { openAppFixture } from "./support/app-fixture.js";
import { trpc } from "./support/calls.js";
import { often } from "./support/effort.js";
import {
  isPostgresServerMissing,
  openSchemas,
  type Schemas,
  withSetting,
} from "./support/postgres-schemas.js";
import { type PostgresServer, startPostgresServer } from "./support/postgres-server.js";
import { insertRows, rowsOf } from "./support/tables.js";
import { startTcpProxy, type TcpProxy } from "./support/tcp-proxy.js";

const isSkipped = isPostgresServerMissing();
const it = test.skipIf(isSkipped);

// Made here, and not with `statement`, which lists the statements of the application.
const intoAccounts = { table: accounts, onConflict: "fail" } as const;
const intoSessions = { table: sessions, onConflict: "fail" } as const;
const allIds: Statement<{ userId: string }> = {
  build: () => query.select({ userId: accounts.userId }).from(accounts).orderBy(accounts.userId),
};
const rename: Statement<never, "installation"> = {
  build: () =>
    query
      .update(accounts)
      .set({ name: rawParam<string>("name") })
      .where(eq(accounts.userId, param("userId"))),
};
/** Selects the value of an expression. */
const selectValue = (text: string): Statement<{ value: unknown }> => ({
  build: () => query.select({ value: sql`${sql.raw(text)}` }).from(sql`(SELECT 1) AS one`),
});

const event = (id: number) =>
  ({ id, examId: "e", roomId: "r", type: "room_ended", data: {}, createdAt: now }) as const;

let server: PostgresServer;
let schemas: Schemas;
/** The URL of an empty schema for each test. */
let url: string;
const opened: Database[] = [];

beforeAll(async () => {
  if (isSkipped) return;
  // What a process has written outlives it: only a machine that fails needs fsync.
  server = await startPostgresServer(["deadlock_timeout=50ms", "fsync=off"]);
  schemas = await openSchemas(server.url);
});
afterAll(async () => {
  await schemas?.[Symbol.asyncDispose]();
  await server?.stop();
});
beforeEach(async () => {
  if (!isSkipped) ({ url } = await schemas.open());
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((db) => db.close()));
});

const open = async (options: Partial<OpenPostgresOptions> = {}): Promise<Database> => {
  const db = await openPostgres({ url, ...options });
  opened.push(db);
  return db;
};
/** Opens a database through a proxy. Migrations do not use it. */
const openThrough = (proxy: TcpProxy, options: Partial<OpenPostgresOptions> = {}): Promise<Database> => {
  const through = new URL(url);
  through.port = String(proxy.port);
  return open({ url: through.href, directUrl: url, ...options });
};

const add = (userId: string) => (tx: Transaction) => tx.insert(intoAccounts, [account(userId)]);
const idsOf = async ({ storage }: Pick<Database, "storage">): Promise<string[]> =>
  (await storage.all(allIds)).map(({ userId }) => userId);
const outcomeOf = async (written: Promise<unknown>): Promise<unknown> => {
  try {
    await written;
    return "written";
  } catch (error) {
    return error;
  }
};
/** A promise, and the function that resolves it. */
const signal = (): { readonly given: Promise<void>; readonly give: () => void } => {
  let give = (): void => undefined;
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give };
};
/** Calls a function in a transaction of another session that has locked an account. */
const whileLocked = async (userId: string, work: () => Promise<void>): Promise<void> => {
  const other = new Client({ connectionString: url });
  await other.connect();
  try {
    await other.query("BEGIN");
    await other.query("SELECT 1 FROM accounts WHERE user_id = $1 FOR UPDATE", [userId]);
    await work();
  } finally {
    await other.end();
  }
};

describe("a write", () => {
  it("commits all or nothing", async () => {
    const db = await open();
    const refusal = new Error("no");
    const failing = db.storage.write(async (tx) => {
      await add("a")(tx);
      throw refusal;
    });
    expect(await outcomeOf(failing)).toBe(refusal);
    expect(await idsOf(db)).toEqual([]);
    await db.storage.write(async (tx) => {
      await add("b")(tx);
      await add("c")(tx);
      expect(await db.storage.all(allIds)).toEqual([]);
    });
    expect(await idsOf(db)).toEqual(["b", "c"]);
  });

  it("rejects when its work ignores a statement that failed", async () => {
    const db = await open();
    await db.storage.write(add("a"));
    const written = db.storage.write(async (tx) => {
      await add("b")(tx);
      await add("a")(tx).catch(() => undefined);
    });
    expect(await outcomeOf(written)).toBeInstanceOf(UniqueError);
    expect(await idsOf(db)).toEqual(["a"]);
  });

  it("calls after its commit, and never where it failed", async () => {
    const db = await open();
    const seen: Promise<unknown>[] = [];
    await db.storage.write(async (tx) => {
      await add("a")(tx);
      tx.afterCommit(() => seen.push(idsOf(db)));
    });
    const failing = db.storage.write(async (tx) => {
      tx.afterCommit(() => seen.push(Promise.resolve("failed")));
      throw new Error("no");
    });
    await outcomeOf(failing);
    expect(await Promise.all(seen)).toEqual([["a"]]);
  });

  it("says what refused it", async () => {
    const db = await open();
    await db.storage.write(add("a"));
    expect(await outcomeOf(db.storage.write(add("a")))).toBeInstanceOf(UniqueError);
    const orphan = { id: "s", userId: "nobody", createdAt: now, expiresAt: now };
    const written = db.storage.write((tx) => tx.insert(intoSessions, [orphan]));
    expect(await outcomeOf(written)).toBeInstanceOf(ForeignKeyError);
  });

  it("ends its transaction's handle", async () => {
    const db = await open();
    let kept: Transaction | undefined;
    await db.storage.write(async (tx) => {
      kept = tx;
    });
    const uses: readonly ((tx: Transaction) => Promise<unknown>)[] = [
      (tx) => tx.get(allIds),
      (tx) => tx.all(allIds),
      (tx) => tx.run(rename, { userId: "a", name: "N" }),
      add("a"),
      (tx) => tx.lock(accounts, "a"),
      (tx) => tx.lockName("a"),
      async (tx) => tx.afterCommit(() => undefined),
      (tx) => tx.ids(roomEvents, 1),
      (tx) => tx.last(async () => undefined),
    ];
    for (const use of uses)
      expect(await outcomeOf(kept ? use(kept) : Promise.resolve())).toBeInstanceOf(TransactionStalledError);
    expect(await idsOf(db)).toEqual([]);
  });

  it("leaves no settings in its session", async () => {
    const db = await open({ connections: 1, timeoutMs: 4321 });
    const settings = ["lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"];
    const shown = async (reader: Pick<Transaction, "all">): Promise<unknown[]> => {
      const values: unknown[] = [];
      for (const name of settings)
        values.push((await reader.all(selectValue(`current_setting('${name}')`)))[0]?.value);
      return values;
    };
    const before = await shown(db.storage);
    let during: unknown[] = [];
    await db.storage.write(async (tx) => {
      during = await shown(tx);
    });
    expect(during).toEqual(["100ms", "4321ms", "2s"]);
    await outcomeOf(db.storage.write(() => Promise.reject(new Error("no"))));
    await db.storage.snapshot(async () => undefined);
    expect(await shown(db.storage)).toEqual(before);
    expect(before).not.toContain("4321ms");
  });

  it("waits for a connection when there are more writes than connections", async () => {
    const db = await open({ connections: 3 });
    const names = Array.from({ length: 60 }, (_, n) => `w${100 + n}`);
    await Promise.all(names.map((name) => db.storage.write(add(name))));
    expect(await idsOf(db)).toEqual(names);
  });

  it.each([true, false])("prepares its statements by name if wanted: %s", async (prepared) => {
    const db = await open({ connections: 1, prepared });
    await db.storage.write(async (tx) => {
      await add("a")(tx);
      await tx.run(rename, { userId: "a", name: "New" });
    });
    expect((await rowsOf(db, accounts))[0]).toEqual({ ...account("a"), name: "New" });
    const [row] = await db.storage.all(selectValue("(SELECT count(*) FROM pg_prepared_statements)"));
    expect(Number(row?.value) > 0).toBe(prepared);
  });
});

/** Writes to a locked account: the lock and a read, then an insertion, then the last statements. */
const writeInSteps = (db: Database, userId: string): Promise<number[]> =>
  db.storage.write(async (tx) => {
    const [, [id = 0]] = await Promise.all([
      tx.lock(accounts, "a"),
      tx.ids(roomEvents, 1),
      tx.lockName("n"),
      tx.all(allIds),
    ]);
    await add(userId)(tx);
    return tx.last(async () => {
      const [, renamed] = await Promise.all([
        tx.insert({ table: roomEvents, onConflict: "fail", ids: "given" }, [event(id)]),
        tx.run(rename, { userId, name: "New" }),
      ]);
      return [id, renamed];
    });
  });

describe("statements that are started together", () => {
  it.each([true, false])("are sent together, with BEGIN and with COMMIT (prepared: %s)", async (prepared) => {
    await using proxy = await startTcpProxy(server.port);
    const db = await openThrough(proxy, { connections: 2, prepared });
    await db.storage.write(add("a"));
    const warm = async (userId: string) => [
      await writeInSteps(db, userId),
      await db.storage.snapshot((reader) => Promise.all([reader.all(allIds), reader.all(allIds)])),
    ];
    await warm("b");
    let sent = 0;
    proxy.fateOf = () => {
      sent += 1;
      return "pass";
    };
    expect((await writeInSteps(db, "c"))[1]).toBe(1);
    expect(sent).toBe(3);
    sent = 0;
    await db.storage.snapshot((reader) => Promise.all([reader.all(allIds), reader.all(allIds)]));
    await db.storage.write(add("d"));
    // The snapshot, the insertion, the commit.
    expect(sent).toBe(3);
    expect(await idsOf(db)).toEqual(["a", "b", "c", "d"]);
  });

  it("reject with the first error, and those after it do nothing", async () => {
    const db = await open();
    await db.storage.write(add("a"));
    const outcomes: unknown[] = [];
    const written = db.storage.write(async (tx) => {
      const started = [add("b")(tx), add("a")(tx), tx.all(selectValue("1/0")), add("c")(tx)];
      outcomes.push(...(await Promise.all(started.map(outcomeOf))));
      // Nothing runs after it, either.
      outcomes.push(await outcomeOf(add("d")(tx)));
    });
    expect(await outcomeOf(written)).toBeInstanceOf(UniqueError);
    expect(outcomes[0]).toBe("written");
    for (const outcome of outcomes.slice(1)) expect(outcome).toBeInstanceOf(UniqueError);
    expect(await idsOf(db)).toEqual(["a"]);
  });

  it("do nothing if the transaction does not begin", async () => {
    await using proxy = await startTcpProxy(server.port);
    const db = await openThrough(proxy);
    proxy.fateOf = (data) => {
      const at = data.indexOf("BEGIN");
      if (at >= 0) data.write("BEGUN", at);
      return "pass";
    };
    const written = db.storage.write(add("a"));
    expect(await outcomeOf(written)).toMatchObject({ message: expect.stringContaining("BEGUN") });
    const goesOn = db.storage.write(async (tx) => {
      await outcomeOf(add("b")(tx));
      await outcomeOf(Promise.all([add("c")(tx), add("d")(tx)]));
      await outcomeOf(tx.last(() => add("e")(tx)));
    });
    expect(await outcomeOf(goesOn)).toBeInstanceOf(Error);
    proxy.fateOf = () => "pass";
    expect(await idsOf(db)).toEqual([]);
    await db.storage.write(add("f"));
    expect(await idsOf(db)).toEqual(["f"]);
  });

  it("can be used again if they were not prepared, because one before them failed", async () => {
    const db = await open({ connections: 1 });
    await db.storage.write(add("a"));
    const one = selectValue("1");
    const wrong = selectValue("no_such_column");
    for (let n = 0; n < 2; n += 1)
      for (const failing of [(tx: Transaction) => add("a")(tx), (tx: Transaction) => tx.all(wrong)]) {
        const written = db.storage.write((tx) =>
          Promise.all([failing(tx), tx.all(one), tx.run(rename, { userId: "a", name: "N" })]),
        );
        const { message } = await written.then(
          () => new Error("written"),
          (error: Error) => error,
        );
        expect(message).toMatch(/duplicate key|no_such_column/);
      }
    expect(await db.storage.write((tx) => tx.all(one))).toEqual([{ value: 1 }]);
    await db.storage.write((tx) => tx.run(rename, { userId: "a", name: "N" }));
    expect((await rowsOf(db, accounts))[0]?.name).toBe("N");
  });
});

describe("the last statements", () => {
  it("are committed, and no statement may follow", async () => {
    const db = await open();
    const calls: string[] = [];
    const written = db.storage.write(async (tx) => {
      tx.afterCommit(() => calls.push("called"));
      return tx.last(() => Promise.all([add("a")(tx), add("b")(tx), tx.all(allIds)]));
    });
    expect((await written)[2]).toEqual([{ userId: "a" }, { userId: "b" }]);
    expect(calls).toEqual(["called"]);
    for (const use of [
      add("c"),
      (tx: Transaction) => tx.all(allIds),
      (tx: Transaction) => tx.lockName("n"),
    ]) {
      const refused = db.storage.write(async (tx) => {
        await tx.last(async () => undefined);
        await use(tx);
      });
      expect(await outcomeOf(refused)).toBeInstanceOf(LastStatementsError);
    }
    expect(await idsOf(db)).toEqual(["a", "b"]);
  });

  it("that fail say why, and nothing is written", async () => {
    const db = await open();
    await db.storage.write(add("a"));
    const calls: string[] = [];
    const write = (last: (tx: Transaction) => Promise<unknown>) =>
      db.storage.write(async (tx) => {
        tx.afterCommit(() => calls.push("called"));
        await add("b")(tx);
        await tx.last(() => Promise.all([add("c")(tx), last(tx), add("d")(tx)]));
      });
    expect(await outcomeOf(write(add("a")))).toBeInstanceOf(UniqueError);
    expect(await outcomeOf(write((tx) => tx.run(rename, { userId: "a" })))).toMatchObject({
      message: expect.stringContaining("the parameter name has no value"),
    });
    const refusal = new Error("no");
    expect(await outcomeOf(write(() => Promise.reject(refusal)))).toBe(refusal);
    expect(calls).toEqual([]);
    expect(await idsOf(db)).toEqual(["a"]);
  });

  it("are not undone if the work fails after them", async () => {
    const db = await open();
    const written = db.storage.write(async (tx) => {
      await tx.last(() => add("a")(tx));
      throw new Error("no");
    });
    expect(await outcomeOf(written)).toBeInstanceOf(LastStatementsError);
    expect(await idsOf(db)).toEqual(["a"]);
  });
});

describe("ids", () => {
  const insertEvents = { table: roomEvents, onConflict: "fail", ids: "given" } as const;
  const greatest = selectValue("(SELECT coalesce(max(id), 0) FROM room_events)");

  it("that are taken behind a lock are greater than all that were committed before it", async () => {
    const db = await open();
    await db.storage.write(add("a"));
    const taken: number[] = [];
    const write = () =>
      db.storage.write(async (tx) => {
        const [, [before], ids] = await Promise.all([
          tx.lock(accounts, "a"),
          tx.all(greatest),
          tx.ids(roomEvents, 2),
        ]);
        expect(ids[0]).toBeGreaterThan(Number(before?.value));
        expect(ids[1]).toBeGreaterThan(ids[0] ?? 0);
        await tx.last(() => tx.insert(insertEvents, ids.map(event)));
        taken.push(...ids);
      });
    await Promise.all(Array.from({ length: 20 }, write));
    const stored = (await rowsOf(db, roomEvents)).map(({ id }) => id);
    expect(stored).toEqual(taken.toSorted((one, other) => one - other));
    expect(stored).toHaveLength(40);
  });

  it("of every table with numbered rows can be taken", async () => {
    const db = await open();
    for (const table of Object.values(tables))
      if (is(table, SQLiteTable) && Object.values(getTableColumns(table)).some(isNumberedKey))
        expect(await db.storage.write((tx) => tx.ids(table, 1))).toEqual([1]);
  });
});

describe("locks", () => {
  /** Two writes that lock two accounts in opposite order. The second lock waits until the other has its first. */
  const crossing = async (db: Database) => {
    await db.storage.write((tx) => tx.insert(intoAccounts, [account("a"), account("b")]));
    const begun = { a: signal(), b: signal() };
    let works = 0;
    const write = (first: "a" | "b", second: "a" | "b") =>
      db.storage.write(async (tx) => {
        works += 1;
        await tx.run(rename, { userId: first, name: `first ${first}` });
        begun[first].give();
        await begun[second].given;
        await tx.run(rename, { userId: second, name: `second ${second}` });
      });
    const outcomes = await Promise.all([outcomeOf(write("a", "b")), outcomeOf(write("b", "a"))]);
    return { outcomes, works };
  };

  it("that deadlock are taken again, and both writes commit", async () => {
    const { outcomes, works } = await crossing(await open());
    expect(outcomes).toEqual(["written", "written"]);
    // One of them runs again, and on a busy machine a wait for a lock may be given up and repeated, too.
    expect(works).toBeGreaterThanOrEqual(3);
  });

  it("that another session holds for too long make the write unavailable", async () => {
    const db = await open({ timeoutMs: 60_000 });
    const impatient = await open({ timeoutMs: 500 });
    await db.storage.write(add("a"));
    let tries = 0;
    let patient: Promise<void> | undefined;
    await whileLocked("a", async () => {
      for (const wait of [
        (tx: Transaction) => tx.lock(accounts, "a"),
        (tx: Transaction) => tx.run(rename, { userId: "a", name: "New" }),
      ]) {
        const written = impatient.storage.write(async (tx) => {
          await add("b")(tx);
          await wait(tx);
        });
        expect(await outcomeOf(written)).toBeInstanceOf(DatabaseUnavailableError);
      }
      // A write that may wait for longer tries again and again.
      patient = db.storage.write(async (tx) => {
        tries += 1;
        await tx.lock(accounts, "a");
        await add("c")(tx);
      });
      await expect.poll(() => tries).toBeGreaterThan(2);
    });
    await patient;
    expect(await idsOf(db)).toEqual(["a", "c"]);
  });

  it.each([
    [
      "rows",
      (tx: Transaction) => tx.lock(accounts, "a"),
      "SELECT 1 FROM accounts WHERE user_id = 'a' FOR UPDATE",
    ],
    [
      "names",
      (tx: Transaction) => tx.lockName("n"),
      "SELECT pg_advisory_xact_lock(hashtextextended('n', 0))",
    ],
  ] as const)(
    "of %s are waited for by two writes at most, whose connections serve others meanwhile",
    async (_, lock, held) => {
      const db = await open({ timeoutMs: 60_000 });
      await db.storage.write((tx) => tx.insert(intoAccounts, [account("a"), account("b")]));
      const other = new Client({ connectionString: url });
      await other.connect();
      await other.query(`BEGIN; ${held}`);
      const names = Array.from({ length: 12 }, (_, n) => `w${100 + n}`);
      const written = names.map((name) =>
        db.storage.write(async (tx) => {
          await lock(tx);
          await add(name)(tx);
        }),
      );
      const waiting = async (): Promise<number> => {
        const { rows } = await schemas.client.query(
          "SELECT count(*)::int AS n FROM pg_locks WHERE NOT granted AND pid IN (SELECT pid FROM pg_stat_activity WHERE application_name = 'invigil')",
        );
        return rows[0].n;
      };
      await expect.poll(waiting).toBeGreaterThan(0);
      let most = 0;
      for (let n = 0; n < 20; n += 1) {
        await db.storage.write((tx) => tx.run(rename, { userId: "b", name: `N${n}` }));
        most = Math.max(most, await waiting());
      }
      expect(most).toBeLessThanOrEqual(2);
      expect(await idsOf(db)).toEqual(["a", "b"]);
      await other.end();
      await Promise.all(written);
      expect(await idsOf(db)).toEqual(["a", "b", ...names]);
    },
  );

  it("are held until the commit, by rows and by names", async () => {
    const db = await open();
    await db.storage.write(add("a"));
    for (const lock of [
      (tx: Transaction) => tx.lock(accounts, ["a"]),
      (tx: Transaction) => tx.lockName("a name"),
    ]) {
      const order: string[] = [];
      const held = signal();
      const first = db.storage.write(async (tx) => {
        await lock(tx);
        held.give();
        // The other write has its connection and waits, or it has no lock to wait for and is faster.
        await db.storage.all(allIds);
        for (let waits = false; !waits; ) {
          const { rows } = await schemas.client.query("SELECT 1 FROM pg_locks WHERE NOT granted");
          waits = rows.length > 0 || order.length > 0;
        }
        order.push("first");
      });
      await held.given;
      const second = db.storage.write(async (tx) => {
        await lock(tx);
        order.push("second");
      });
      await Promise.all([first, second]);
      expect(order).toEqual(["first", "second"]);
    }
  });
});

describe("connections", () => {
  it("of writes, of reads and of what must not wait are kept apart", async () => {
    const db = await open({ connections: 3 });
    await db.storage.write(add("a"));
    const over = signal();
    const begun = [signal(), signal()] as const;
    const hanging = [
      db.storage.write(async () => {
        begun[0].give();
        await over.given;
      }),
      db.storage.snapshot(async () => {
        begun[1].give();
        await over.given;
      }),
    ];
    await Promise.all(begun.map(({ given }) => given));
    const waiting = [db.storage.write(add("b")), db.storage.all(allIds)];
    expect(await db.migrationsAreCurrent()).toBe(true);
    expect(await db.control.all(allIds)).toEqual([{ userId: "a" }]);
    await db.control.write(add("c"));
    over.give();
    await Promise.all([...hanging, ...waiting]);
    expect(await idsOf(db)).toEqual(["a", "b", "c"]);
  });

  it("are as many as the setting says, and three at least", () => {
    expect(connectionShares()).toEqual({ all: 10, writes: 5, reads: 4, control: 1 });
    for (const few of [1, 2, 3])
      expect(connectionShares(few)).toEqual({ all: 3, writes: 1, reads: 1, control: 1 });
    expect(connectionShares(100)).toEqual({ all: 100, writes: 50, reads: 49, control: 1 });
  });

  it("are not kept from /ready by many that ask", async () => {
    const texts: string[] = [];
    const db = await open({ onStatement: (text) => texts.push(text) });
    const before = texts.length;
    await Promise.all(Array.from({ length: 50 }, () => db.migrationsAreCurrent()));
    expect(texts.length - before).toBeLessThan(5);
  });
});

describe("a connection that is lost", () => {
  it.each([
    ["cut", false],
    ["cut at response", false],
    ["cut", true],
    ["cut at response", true],
  ] as const)(
    "during a commit (%s, with the last statements: %s) leaves it unknown whether it was written, and it is not repeated",
    async (fate, isLast) => {
      await using proxy = await startTcpProxy(server.port);
      const db = await openThrough(proxy);
      let works = 0;
      let calls = 0;
      proxy.fateOf = (data) => (data.includes("COMMIT") ? fate : "pass");
      const written = db.storage.write(async (tx) => {
        works += 1;
        tx.afterCommit(() => {
          calls += 1;
        });
        await (isLast ? tx.last(() => add("a")(tx)) : add("a")(tx));
      });
      expect(await outcomeOf(written)).toBeInstanceOf(CommitUnknownError);
      proxy.fateOf = () => "pass";
      expect([works, calls]).toEqual([1, 0]);
      expect(await idsOf(db)).toEqual(fate === "cut" ? [] : ["a"]);
      await db.storage.write(add("b"));
      expect(await idsOf(db)).toContain("b");
    },
  );

  it.each([
    ["when it begins", "BEGIN"],
    ["at a statement", "INSERT INTO"],
    ["when it takes a lock", "FOR NO KEY UPDATE"],
  ])("before a commit (%s) leaves nothing", async (_, text) => {
    await using proxy = await startTcpProxy(server.port);
    const db = await openThrough(proxy);
    let works = 0;
    proxy.fateOf = (data) => (data.includes(text) ? "cut" : "pass");
    const written = db.storage.write(async (tx) => {
      works += 1;
      await tx.lock(accounts, "a");
      await add("a")(tx);
      await add("b")(tx);
      await add("c")(tx);
    });
    const error = await outcomeOf(written);
    proxy.fateOf = () => "pass";
    expect(error).toBeInstanceOf(DatabaseUnavailableError);
    expect(error).not.toBeInstanceOf(CommitUnknownError);
    expect(works).toBeLessThan(2);
    expect(await idsOf(db)).toEqual([]);
  });

  it("while it is idle is replaced", async () => {
    await using proxy = await startTcpProxy(server.port);
    const db = await openThrough(proxy, { connections: 2 });
    await Promise.all([db.storage.all(allIds), db.storage.all(allIds)]);
    proxy.cut();
    await db.storage.write(add("a")).catch(() => undefined);
    await db.storage.write(add("b"));
    expect(await idsOf(db)).toContain("b");
  });

  it("and does not answer a rollback, is not used again", async () => {
    await using proxy = await startTcpProxy(server.port);
    const db = await openThrough(proxy, { connections: 1, timeoutMs: 3_000 });
    proxy.fateOf = (data) => (data.includes("ROLLBACK") ? "hold" : "pass");
    const refusal = new Error("no");
    const written = db.storage.write(async (tx) => {
      await add("a")(tx);
      throw refusal;
    });
    expect(await outcomeOf(written)).toBe(refusal);
    await db.storage.write(add("b"));
    expect(await idsOf(db)).toEqual(["b"]);
  });

  it.each(["a statement", "the commit"])(
    "because the transaction stood still for too long is repeated, if that ends it before %s",
    async (end) => {
      const db = await open({ timeoutMs: 60_000 });
      let works = 0;
      await db.storage.write(
        async (tx) => {
          works += 1;
          await add(`a${works}`)(tx);
          const [{ value } = { value: 0 }] = await tx.all(selectValue("pg_backend_pid()"));
          const isThere = async () =>
            (await schemas.client.query("SELECT 1 FROM pg_stat_activity WHERE pid = $1", [value])).rows
              .length > 0;
          if (works === 1) while (await isThere());
          if (end === "a statement") await add("b")(tx);
        },
        // As a process does that was paused for longer than a write may wait.
        { since: performance.now() - 60_000 },
      );
      expect(works).toBe(2);
      expect(await idsOf(db)).toEqual(end === "a statement" ? ["a2", "b"] : ["a2"]);
    },
  );

  it("by the server's order makes the write unavailable", async () => {
    const db = await open();
    const written = db.storage.write(async (tx) => {
      await add("a")(tx);
      const [{ value } = { value: 0 }] = await tx.all(selectValue("pg_backend_pid()"));
      await schemas.client.query("SELECT pg_terminate_backend($1, 5000)", [value]);
      await add("b")(tx);
    });
    expect(await outcomeOf(written)).toBeInstanceOf(DatabaseUnavailableError);
    expect(await idsOf(db)).toEqual([]);
  });
});

describe("a database that accepts connections and does not answer", () => {
  /** Selects a number. Each of these statements is read on its own. */
  const numbers: readonly Statement<{ value: unknown }>[] = Array.from({ length: 40 }, (_, n) =>
    selectValue(`${n}`),
  );

  it.each([
    ["reads", (db: Database) => numbers.map((statement) => db.storage.all(statement))],
    ["reads of one statement", (db: Database) => Array.from({ length: 1_000 }, () => db.storage.all(allIds))],
    ["writes", (db: Database) => Array.from({ length: 40 }, (_, n) => db.storage.write(add(`a${n}`)))],
    [
      "snapshots",
      (db: Database) => Array.from({ length: 40 }, () => db.storage.snapshot((reader) => reader.all(allIds))),
    ],
    [
      "grouped writes",
      (db: Database) => {
        const write = db.storage.grouped<string, void>(
          async (tx, ids) => {
            for (const id of ids) await add(id)(tx);
            return ids.map(() => undefined);
          },
          { examOf: () => "e1", callerOf: () => "" },
        );
        return Array.from({ length: 1_000 }, (_, n) => write(`a${n}`));
      },
    ],
  ] as const)("lets no %s wait for one another", async (_, start) => {
    await using proxy = await startTcpProxy(server.port);
    await using other = await startTcpProxy(server.port);
    const timeoutMs = 1_000;
    const db = await openThrough(proxy, { connections: 2, timeoutMs });
    // Its only read waits for as long as a statement may take, and for nothing else.
    const control = await openThrough(other, { connections: 1, timeoutMs });
    // Every connection of the pool has been used.
    const warmUp = () =>
      Promise.all([db.storage.all(allIds), db.storage.snapshot((reader) => reader.all(allIds))]);
    await Promise.all([warmUp(), control.storage.write(add("warm"))]);
    proxy.fateOf = () => "hold";
    other.fateOf = () => "hold";

    let settled = 0;
    const outcomes = start(db).map((work) =>
      outcomeOf(work).finally(() => {
        settled += 1;
      }),
    );
    // Later than all of them, and one after the other.
    await outcomeOf(control.storage.write(add("a")));
    await outcomeOf(control.storage.write(add("a")));
    expect(settled).toBe(outcomes.length);
    for (const outcome of await Promise.all(outcomes)) {
      expect(outcome).toBeInstanceOf(DatabaseUnavailableError);
      expect(outcome).not.toBeInstanceOf(CommitUnknownError);
    }
    // Once it answers again, it is used again.
    proxy.fateOf = () => "pass";
    proxy.cut();
    await db.storage.write(add("b")).catch(() => undefined);
    await db.storage.write(add("c"));
    expect(await idsOf(db)).toContain("c");
  });
});

describe("a crash of PostgreSQL", () => {
  it("loses no acknowledged row, and the pool recovers by itself", async () => {
    const db = await open({ connections: 5 });
    const acknowledged = new Set<string>();
    const attempted = new Set<string>();
    for (let round = 0; round < often(1, 5); round++) {
      const restarted = signal();
      const underWay = signal();
      let written = 0;
      const errors: unknown[] = [];
      /** Writes one row after the other, until the server is gone, and some more when it is back. */
      const write = async (writer: number): Promise<void> => {
        let left = Number.POSITIVE_INFINITY;
        for (let n = 0; left > 0; n++, left--) {
          const id = `r${round}-${writer}-${n}`;
          attempted.add(id);
          try {
            await db.storage.write(add(id));
            acknowledged.add(id);
            written += 1;
            if (written > 50) underWay.give();
          } catch (error) {
            errors.push(error);
            await restarted.given;
            left = Math.min(left, 6);
          }
        }
      };
      const writers = Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)));
      await underWay.given;
      await server.crash();
      expect(await outcomeOf(db.storage.all(allIds))).toBeInstanceOf(DatabaseUnavailableError);
      expect(await outcomeOf(db.migrationsAreCurrent())).toBeInstanceOf(DatabaseUnavailableError);
      await server.start();
      restarted.give();
      await writers;
      expect(errors.length).toBeGreaterThanOrEqual(8);
      for (const error of errors) expect(error).toBeInstanceOf(DatabaseUnavailableError);
    }
    const stored = await idsOf(db);
    expect(stored).toEqual(expect.arrayContaining([...acknowledged]));
    expect(stored.filter((id) => !attempted.has(id))).toEqual([]);
    expect(await db.migrationsAreCurrent()).toBe(true);
    // A server that crashed takes seconds to recover, and more of them on a busy machine.
  });

  afterAll(async () => {
    if (isSkipped) return;
    // The crash has ended the session of the other tests.
    schemas = await openSchemas(server.url);
  });
});

describe("grouped calls", () => {
  const groupedIn = ({ storage }: Database, examOf: (name: string) => string = () => "") => {
    const groups: string[][] = [];
    let running = 0;
    let mostRunning = 0;
    const call = storage.grouped<string, string>(
      async (tx, names) => {
        groups.push([...names]);
        running += 1;
        mostRunning = Math.max(mostRunning, running);
        try {
          await tx.insert(intoAccounts, names.map(account));
          return names.map((name) => `wrote ${name}`);
        } finally {
          running -= 1;
        }
      },
      { examOf, callerOf: () => "" },
    );
    return { call, groups, mostRunning: () => mostRunning };
  };

  it("are one transaction at a time, and each gets its own outcome", async () => {
    const db = await open();
    const { call, groups, mostRunning } = groupedIn(db);
    const names = Array.from({ length: 450 }, (_, n) => `n${100 + n}`);
    // The first call begins a transaction, the others wait for it.
    const outcomes = await Promise.all(names.map(call));
    expect(outcomes).toEqual(names.map((name) => `wrote ${name}`));
    expect(groups.flat()).toEqual(names);
    expect(groups.length).toBeLessThan(10);
    expect(mostRunning()).toBe(1);
  });

  it("are of one exam each, and keep their order", async () => {
    const db = await open();
    const examOf = (name: string): string => name.slice(0, 1);
    const { call, groups } = groupedIn(db, examOf);
    const names = Array.from({ length: 60 }, (_, n) => `${"abc"[n % 3]}${100 + n}`);
    await Promise.all(names.map(call));
    for (const group of groups) expect(new Set(group.map(examOf)).size).toBe(1);
    for (const exam of "abc") {
      const ofExam = (name: string): boolean => examOf(name) === exam;
      expect(groups.flat().filter(ofExam)).toEqual(names.filter(ofExam));
    }
    expect(groups.length).toBeLessThan(names.length / 2);
  });

  it("that fail are split, one transaction at a time, until the one that fails is alone", async () => {
    const db = await open();
    const { call, mostRunning } = groupedIn(db);
    await call("taken");
    const outcomes = await Promise.allSettled(["a", "b", "taken", "c", "d"].map(call));
    expect(outcomes.map((outcome) => ("value" in outcome ? outcome.value : "rejected"))).toEqual([
      "wrote a",
      "wrote b",
      "rejected",
      "wrote c",
      "wrote d",
    ]);
    expect(outcomes[2]).toMatchObject({ reason: expect.any(UniqueError) });
    expect(await idsOf(db)).toEqual(["a", "b", "c", "d", "taken"]);
    expect(mostRunning()).toBe(1);
  });

  it.each(["INSERT INTO", "COMMIT"])(
    "are all rejected, and not split, when the database is lost at %s",
    async (text) => {
      await using proxy = await startTcpProxy(server.port);
      const db = await openThrough(proxy);
      const { call, groups } = groupedIn(db);
      proxy.fateOf = (data) => (data.includes(text) ? "cut" : "pass");
      const outcomes = await Promise.all(["a", "b", "c", "d"].map((name) => outcomeOf(call(name))));
      for (const outcome of outcomes) expect(outcome).toBeInstanceOf(DatabaseUnavailableError);
      expect(groups).toEqual([["a", "b", "c", "d"]]);
      proxy.fateOf = () => "pass";
      expect(await call("e")).toBe("wrote e");
      expect(await idsOf(db)).toEqual(["e"]);
    },
  );
});

const TEXTS = [
  "",
  " ",
  "NULL",
  "null",
  "{}",
  "{a,b}",
  '"',
  "'",
  "\\",
  "\\\\x41",
  "\\N",
  'it\'s a "quote" and a \\ slash, a , and a { }',
  "line\r\nbreak\ttab\u0001\u007f",
  "\u{1f600} 考试 \u0301 \ufeff \u2028 \uffff",
  "$1 %s ?",
];

describe("values", () => {
  const cheatRecord = (extraInfo: string, n: number) => ({
    examId: "e",
    roomId: "r",
    userId: `u${n}`,
    detectType: extraInfo,
    isMainMonitor: n % 2 === 0,
    detectTime: new Date(n * 86_400_001),
    extraInfo,
    extraInfoIsObject: n % 3 === 0,
    createdAt: new Date(253_402_300_799_999 - n),
  });
  /** Writes rows, and expects to read the same. */
  const expectKept = async <Of extends DeclaredTable>(
    db: Database,
    table: Of,
    given: readonly Of["$inferInsert"][],
  ): Promise<void> => {
    await insertRows(db, table, given);
    const stored = await rowsOf(db, table);
    expect(stored).toHaveLength(given.length);
    for (const [index, row] of given.entries()) expect(stored[index]).toMatchObject(row);
  };

  it.each(["UTC", "Asia/Shanghai", "America/St_Johns"])(
    "come back exactly, if the sessions are in the time zone %s",
    async (zone) => {
      const db = await open({
        url: withSetting(
          url,
          `search_path=${new URL(url).searchParams.get("options")?.split("=")[1]}`,
          `TimeZone=${zone}`,
        ),
      });
      await expectKept(db, cheatRecords, TEXTS.map(cheatRecord));
    },
  );

  it("of JSON come back exactly, and those that are null", async () => {
    const db = await open();
    const sender = { senderId: "s", senderRole: "teacher", senderCamera: "main" } as const;
    const message = { examId: "e", roomId: "r", ...sender };
    await expectKept(db, messages, [
      { ...message, type: 1, data: "1", recipients: null, key: null, createdAt: now },
      { ...message, type: 2, data: "[]", recipients: [], key: "", createdAt: now },
      { ...message, type: 3, data: "{}", recipients: TEXTS, key: '"\\', createdAt: now },
    ]);
    const times = { startTime: now, endTime: new Date(0), createdAt: now, updatedAt: now };
    const exam = { id: "e", name: "\\", createdBy: "'", removedBy: null, ...times };
    await expectKept(db, exams, [{ ...exam, videoProfile: null }]);
    await expectKept(db, rooms, [
      {
        id: "r",
        examId: "e",
        name: "",
        status: "ended",
        audioStatus: "silent",
        imServer: ["aliyun_new", "rong_cloud"],
        createTeacher: "t",
        endedAt: null,
        createdAt: now,
        updatedAt: now,
      },
    ]);
  });

  it("that are numbers come back exactly, up to 2^53", async () => {
    const db = await open();
    const change = { kind: "plan", examId: "e", state: "preparing", worker: "w" } as const;
    for (const [index, id] of [0, 1, -1, 2 ** 31, 2 ** 48 - 1, Number.MAX_SAFE_INTEGER, 2 ** 53].entries()) {
      const row = {
        ...change,
        examId: `e${index}`,
        id,
        person: null,
        seatedBefore: id,
        unseatedBefore: 0 - id,
        progress: { phase: 1, after: id },
        claimedUntil: now,
        eraseAt: null,
        createdAt: now,
      };
      await db.storage.write((tx) => tx.run({ build: () => query.insert(bulkChanges).values(row) }));
      const read: Statement<typeof bulkChanges.$inferSelect> = {
        build: () =>
          query
            .select()
            .from(bulkChanges)
            .where(eq(bulkChanges.id, param("id"))),
      };
      expect(await db.storage.get(read, { id })).toEqual(row);
    }
  });

  it("that are binary come back exactly", async () => {
    const db = await open();
    await insertRows(db, storedFiles, [{ id: "f", place: "database", name: null, bytes: 0, changedAt: now }]);
    const contents = [
      new Uint8Array(),
      Uint8Array.from({ length: 256 }, (_, n) => n),
      new TextEncoder().encode("\\x00NULL"),
      // A part of a larger buffer.
      new Uint8Array(Uint8Array.from([1, 2, 3, 4]).buffer, 1, 2),
    ];
    await insertRows(
      db,
      storedFileChunks,
      contents.map((content, position) => ({ fileId: "f", position, content })),
    );
    const stored = await rowsOf(db, storedFileChunks);
    expect(stored.map(({ content }) => [...content])).toEqual(contents.map((content) => [...content]));
  });

  it("of many rows get ids in the order of the rows", async () => {
    const db = await open();
    const rowsToAdd = Array.from({ length: 4_500 }, (_, n) => cheatRecord("x", n));
    const ids = await db.storage.write((tx) =>
      tx.insert({ table: cheatRecords, onConflict: "fail" }, rowsToAdd),
    );
    expect(ids).toHaveLength(rowsToAdd.length);
    expect(ids).toEqual(ids.toSorted((one, other) => one - other));
    const stored = await rowsOf(db, cheatRecords);
    expect(stored.map(({ id, userId }) => [id, userId])).toEqual(
      ids.map((id, index) => [id, rowsToAdd[index]?.userId]),
    );
  });

  it("passed as rows or lists are read exactly", async () => {
    const db = await open();
    type Handed = { position: number; a: string; n: number; at: Date; f: boolean };
    const handed: Statement<Handed> = {
      build: (dialect) =>
        query
          .select({
            position: sql<number>`"position"`.mapWith(Number),
            a: sql<string>`given."a"`,
            n: sql<number>`given."n"`,
            at: sql<Date>`given."at"`.mapWith(accounts.createdAt),
            f: sql<boolean>`given."f"`,
          })
          .from(dialect.rows("given", { a: "text", n: "integer", at: "time", f: "flag" }))
          .orderBy(sql`"position"`),
    };
    const given = TEXTS.map((a, n) => ({ a, n: 2 ** 53 - n, at: new Date(n), f: n % 2 === 0 }));
    const read = await db.storage.all(handed, { given });
    expect(read).toEqual(given.map((row, position) => ({ position, ...row })));
    await db.storage.write((tx) => tx.insert(intoAccounts, TEXTS.map(account)));
    const listed: Statement<{ userId: string }> = {
      build: (dialect) =>
        query
          .select({ userId: accounts.userId })
          .from(accounts)
          .where(dialect.isAnyOf(accounts.userId, "ids")),
    };
    const found = (await db.storage.all(listed, { ids: TEXTS })).map(({ userId }) => userId);
    expect(found.toSorted()).toEqual(TEXTS.toSorted());
  });
});

describe("texts that PostgreSQL cannot store", () => {
  it("are refused, and the error names the field", async () => {
    const location = { databaseFile: undefined, postgres: { url: server.url } };
    await using fixture = await openAppFixture({ config: location, queue: false });
    const admin = trpc(fixture, await fixture.token({ sub: "boss", role: "admin" }));
    const times = {
      startTime: new Date("2026-02-01T08:00:00Z"),
      endTime: new Date("2026-02-01T10:00:00Z"),
    };
    const participants = [{ userId: "e1", name: "E", role: "examinee" }];
    const { data: room } = await admin.mutate("room.create", { name: "R", participants });
    const { id: roomId, examId } = room;
    for (const bad of ["a\u0000b", "a\ud800b"]) {
      const detection = { userId: "e1", isMainMonitor: true, detectType: "watch", detectTime: now };
      const calls: readonly (readonly [field: string, path: string, input: object])[] = [
        ["name", "room.create", { name: bad }],
        ["name", "exam.create", { name: bad, ...times }],
        [
          "participants[0].userId",
          "room.create",
          { name: "R", participants: [{ ...participants[0], userId: bad }] },
        ],
        [
          "participants[0].name",
          "participant.add",
          { roomId, participants: [{ ...participants[0], name: bad }] },
        ],
        ["roomId", "participant.add", { roomId: bad, participants }],
        ["tokenId", "auth.revokeToken", { tokenId: bad }],
        ["username", "auth.login", { username: bad, password: "a password" }],
        [
          "records[0].detectType",
          "cheat.addRecords",
          { roomId, records: [{ ...detection, detectType: bad }] },
        ],
        ["records[0].extraInfo", "cheat.addRecords", { roomId, records: [{ ...detection, extraInfo: bad }] }],
        ["data", "cheat.setConfig", { examId, data: bad }],
        ["text", "im.send", { roomId, type: 30_001, text: JSON.stringify("x") + bad }],
        ["key", "im.send", { roomId, type: 30_001, data: 1, key: bad }],
        ["to[0]", "im.send", { roomId, type: 30_001, data: 1, to: [bad] }],
        ["name", "audio.create", { name: bad, url: "https://cdn.example/a.wav" }],
      ];
      for (const [field, path, input] of calls) {
        const response = await admin.mutate(path, input);
        expect({ path, ...response.error?.data }).toMatchObject({
          path,
          reason: "INVALID_INPUT",
          fieldErrors: { [field]: expect.anything() },
        });
      }
      const { data: sent } = await admin.mutate("im.send", { roomId, type: 30_001, data: { [bad]: bad } });
      expect(sent).toMatchObject({ id: expect.any(Number) });
      const records = [{ ...detection, extraInfo: { [bad]: bad } }];
      expect(await admin.mutate("cheat.addRecords", { roomId, records })).toMatchObject({ status: 200 });
      for (const claim of ["room", "exam", "jti", "sid", "name", "sub"]) {
        const claims = {
          sub: "t",
          role: "teacher",
          exp: fixture.clock().getTime() / 1000 + 60,
          [claim]: bad,
        };
        const token = await new SignJWT(claims)
          .setProtectedHeader({ alg: "HS256" })
          .sign(new TextEncoder().encode(fixture.secret));
        const response = await trpc(fixture, token).query("room.list", {});
        expect({ claim, ...response.error?.data }).toMatchObject({ reason: "UNAUTHENTICATED" });
        expect(response.error?.message).toContain(`claim ${claim} `);
      }
    }
    expect(fixture.lines.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  });
});
