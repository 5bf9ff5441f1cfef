import { eq, sql } from "drizzle-orm";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it as test } from "vitest";
import type { Database } from "../src/storage/database.js";
import { type OpenPostgresOptions, openPostgres } from "../src/storage/postgres/client.js";
import { param, query, type Statement } from "../src/storage/statement.js";
import { accounts } from "../src/storage/tables.js";
import { account } from "./support/account-row.js";
import { isPostgresMissing, openSchemasForTests, type Schemas } from "./support/postgres-schemas.js";
import { countRoundTrips, type RoundTrips } from "./support/round-trips.js";

// How reads are sent: the reads of one call together, and those of calls that ask the same statements with one query for each statement.

const isSkipped = isPostgresMissing();
const it = test.skipIf(isSkipped);

// Made here, and not with `statement`, which lists the statements of the application.
const intoAccounts = { table: accounts, onConflict: "fail" } as const;
const nameOf: Statement<{ name: string }> = {
  build: () =>
    query
      .select({ name: accounts.name })
      .from(accounts)
      .where(eq(accounts.userId, param("userId"))),
};
const idsFrom: Statement<{ userId: string }> = {
  build: () =>
    query
      .select({ userId: accounts.userId })
      .from(accounts)
      .where(sql`${accounts.userId} >= ${param("userId")}`)
      .orderBy(accounts.userId),
};
const idsIn: Statement<{ userId: string }> = {
  build: (dialect) =>
    query
      .select({ userId: accounts.userId })
      .from(accounts)
      .where(dialect.isAnyOf(accounts.userId, "userIds"))
      .orderBy(accounts.userId),
};
const allIds: Statement<{ userId: string }> = {
  build: () => query.select({ userId: accounts.userId }).from(accounts).orderBy(accounts.userId),
};
/** Selects an expression of the parameter `value`. */
const selectValue = (expression: (value: unknown) => unknown): Statement<{ value: unknown }> => ({
  build: () => query.select({ value: sql`${expression(param("value"))}` }).from(sql`(SELECT 1) AS one`),
});
const asNumber = selectValue((value) => sql`(${value}::text)::bigint`);
const clock = selectValue((value) => sql`(${value}::text) || extract(epoch FROM clock_timestamp())::text`);
const LOCK = 7;
/** Waits for the lock `LOCK`. */
const waitForLock = selectValue(
  (value) => sql`(${value}::text) || pg_advisory_xact_lock_shared(${sql.raw(String(LOCK))})::text`,
);

/** A statement that costs enough for PostgreSQL to plan it for each number of reads. */
const numberIn: Statement<{ n: number }> = {
  build: () =>
    query
      .select({ n: sql<number>`n` })
      .from(sql`generate_series(1, 1000) AS n`)
      .where(sql`n = ${param("n")}::int`),
};
/** How often the gathered queries of a connection were planned for their values, and how often not. */
const plansOfGathered: Statement<{ ofEach: number; once: number }> = {
  build: () =>
    query
      .select({ ofEach: sql<number>`custom_plans`, once: sql<number>`generic_plans` })
      .from(sql`pg_prepared_statements`)
      .where(sql`statement LIKE '%unnest%' AND NOT statement LIKE '%pg_prepared_statements%'`),
};

let schemas: Schemas;
let url: string;
let trips: RoundTrips;
const opened: Database[] = [];

beforeAll(async () => {
  if (!isSkipped) schemas = await openSchemasForTests();
});
afterAll(async () => {
  await schemas?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  if (isSkipped) return;
  ({ url } = await schemas.open());
  trips = await countRoundTrips(url);
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((db) => db.close()));
  await trips?.[Symbol.asyncDispose]();
});

/** Opens a database with one connection for reads, which is counted, and with the accounts `a` and `b`. */
const open = async (options: Partial<OpenPostgresOptions> = {}): Promise<Database["storage"]> => {
  const db = await openPostgres({ url: trips.url, directUrl: url, connections: 3, ...options });
  opened.push(db);
  await db.storage.write((tx) => tx.insert(intoAccounts, ["a", "b"].map(account)));
  return db.storage;
};
/** Holds a lock while a function runs. */
const whileLocked = async (work: (release: () => Promise<unknown>) => Promise<void>): Promise<void> => {
  const other = new Client({ connectionString: url });
  await other.connect();
  try {
    await other.query("SELECT pg_advisory_lock($1)", [LOCK]);
    await work(() => other.query("SELECT pg_advisory_unlock($1)", [LOCK]));
  } finally {
    await other.end();
  }
};
/** Resolves when this number of statements wait for a lock. */
const untilWaiting = async (): Promise<void> => {
  const waiting = "SELECT count(*)::int AS number FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
  while ((await schemas.client.query<{ number: number }>(waiting)).rows[0]?.number !== 1);
};

describe("reads of one call that are started together", () => {
  it("are one round trip, also cached ones and those of calls within", async () => {
    const storage = await open();
    const cached = storage.cached(
      { tables: [accounts] },
      async (reader, userId: string) => (await reader.get(nameOf, { userId }))?.name,
    );
    const read = () =>
      storage.together(() =>
        Promise.all([
          cached("a"),
          storage.all(idsIn, { userIds: ["a", "c"] }),
          storage.together(() => Promise.all([storage.all(allIds), cached("c")])),
        ]),
      );
    const found = ["Name of a", [{ userId: "a" }], [[{ userId: "a" }, { userId: "b" }], undefined]];
    expect(await read()).toEqual(found);
    expect(await trips.count(async () => expect(await read()).toEqual(found))).toBe(1);
  });

  it("run in their order", async () => {
    const storage = await open();
    const read = () =>
      storage.together(() =>
        Promise.all(Array.from({ length: 20 }, () => storage.get(clock, { value: "" }))),
      );
    const times = (await read()).map((row) => Number(row?.value));
    expect(times).toEqual(times.toSorted((one, other) => one - other));
  });

  it("fail alone", async () => {
    const storage = await open();
    const outcomes = await storage.together(() =>
      Promise.allSettled([
        storage.get(nameOf, { userId: "a" }),
        storage.get(asNumber, { value: "none" }),
        storage.get(asNumber, { value: "1" }),
        storage.get(nameOf, {}),
        storage.get(nameOf, { userId: "b" }),
      ]),
    );
    expect(outcomes).toMatchObject([
      { value: { name: "Name of a" } },
      { reason: { message: expect.stringContaining("bigint") } },
      { value: { value: 1 } },
      { reason: { message: expect.stringContaining("has no value") } },
      { value: { name: "Name of b" } },
    ]);
  });

  it("do not wait for those of a call with other statements", async () => {
    const storage = await open({ connections: 5 });
    await whileLocked(async (release) => {
      const slow = storage.together(() =>
        Promise.all([storage.all(allIds), storage.get(waitForLock, { value: "" })]),
      );
      const fast = storage.together(() =>
        Promise.all([storage.all(allIds), storage.get(nameOf, { userId: "a" })]),
      );
      await untilWaiting();
      expect((await fast)[1]).toEqual({ name: "Name of a" });
      await release();
      expect((await slow)[0]).toHaveLength(2);
    });
  });

  it("see what was written before", async () => {
    const storage = await open();
    let isOver = false;
    const reading = (async () => {
      while (!isOver)
        await storage.together(() =>
          Promise.all([storage.all(allIds), storage.all(idsFrom, { userId: "b" })]),
        );
    })();
    for (let n = 0; n < 50; n += 1) {
      const userId = `c${n}`;
      await storage.write((tx) => tx.insert(intoAccounts, [account(userId)]));
      const found = await storage.together(() =>
        Promise.all([storage.all(allIds), storage.all(idsFrom, { userId: "b" })]),
      );
      for (const ids of found) expect(ids).toContainEqual({ userId });
    }
    isOver = true;
    await reading;
  });
});

describe("calls that ask the same statements at the same time", () => {
  const CALLS = 50;

  it("are answered together, each with its own rows", async () => {
    const storage = await open();
    const call = (number: number) =>
      storage.together(() =>
        Promise.all([
          storage.get(asNumber, { value: String(number) }),
          storage.all(idsFrom, { userId: number % 2 === 0 ? "a" : "b" }),
          storage.get(nameOf, { userId: number % 3 === 0 ? "a" : "nobody" }),
        ]),
      );
    const all = async () => {
      const found = await Promise.all(Array.from({ length: CALLS }, (_, number) => call(number)));
      for (const [number, [value, ids, name]] of found.entries()) {
        expect(value).toEqual({ value: number });
        expect(ids.map(({ userId }) => userId)).toEqual(number % 2 === 0 ? ["a", "b"] : ["b"]);
        expect(name).toEqual(number % 3 === 0 ? { name: "Name of a" } : undefined);
      }
    };
    await all();
    expect(await trips.count(all)).toBe(1);
  });

  it("are planned once, and not for each number of calls", async () => {
    const storage = await open();
    for (let n = 0; n < 40; n += 1)
      await Promise.all(
        Array.from({ length: 2 + (n % 8) }, (_, number) => storage.get(numberIn, { n: number })),
      );
    const [plans] = await storage.all(plansOfGathered);
    expect(plans?.ofEach).toBeLessThan(10);
    expect(plans?.once).toBeGreaterThan(30);
  });

  it("with the same values are answered together, too", async () => {
    const storage = await open();
    const all = async () => {
      const found = await Promise.all(
        Array.from({ length: CALLS }, () => storage.all(idsFrom, { userId: "b" })),
      );
      expect(found).toEqual(Array.from({ length: CALLS }, () => [{ userId: "b" }]));
    };
    await all();
    expect(await trips.count(all)).toBe(1);
  });

  it("with lists of their own are sent together", async () => {
    const storage = await open();
    const all = async () => {
      const wanted = [["a"], ["b"], ["a", "b"], []];
      const found = await Promise.all(wanted.map((userIds) => storage.all(idsIn, { userIds })));
      expect(found.map((rows) => rows.map(({ userId }) => userId))).toEqual(wanted);
    };
    await all();
    expect(await trips.count(all)).toBe(1);
  });

  it("fail alone", async () => {
    const storage = await open();
    const outcomes = await Promise.all(
      Array.from({ length: CALLS }, (_, number) =>
        storage.together(() =>
          Promise.allSettled([
            storage.get(asNumber, { value: number === 3 ? "none" : String(number) }),
            storage.get(nameOf, { userId: number === 4 ? "\0" : "a" }),
          ]),
        ),
      ),
    );
    for (const [number, [value, name]] of outcomes.entries()) {
      expect([number, value.status]).toEqual([number, number === 3 ? "rejected" : "fulfilled"]);
      expect([number, name.status]).toEqual([number, number === 4 ? "rejected" : "fulfilled"]);
    }
  });
});

describe("a snapshot", () => {
  it("is one round trip", async () => {
    const storage = await open();
    const read = () =>
      storage.snapshot((reader) => Promise.all([reader.all(allIds), reader.get(nameOf, { userId: "a" })]));
    await read();
    expect(await trips.count(read)).toBe(1);
  });

  it("is of one moment, while others write", async () => {
    const storage = await open();
    await whileLocked(async (release) => {
      const reading = storage.snapshot((reader) =>
        Promise.all([reader.get(waitForLock, { value: "" }), reader.all(allIds)]),
      );
      await untilWaiting();
      await storage.write((tx) => tx.insert(intoAccounts, [account("c")]));
      await release();
      expect((await reading)[1]).toHaveLength(2);
      expect(await storage.all(allIds)).toHaveLength(3);
    });
  });

  it("refuses reads that start later", async () => {
    const storage = await open();
    const reading = storage.snapshot(async (reader) => {
      await reader.all(allIds);
      return reader.all(allIds);
    });
    await expect(reading).rejects.toThrow("the snapshot is over");
  });

  it("that fails says why, and does not hold up the next", async () => {
    const storage = await open();
    const failing = storage.snapshot((reader) =>
      Promise.all([reader.get(asNumber, { value: "none" }), reader.all(allIds)]),
    );
    await expect(failing).rejects.toThrow("bigint");
    const refusal = new Error("no");
    await expect(storage.snapshot(() => Promise.reject(refusal))).rejects.toBe(refusal);
    expect(await storage.snapshot((reader) => reader.all(allIds))).toHaveLength(2);
    // The connection is in no transaction.
    await storage.write((tx) => tx.insert(intoAccounts, [account("c")]));
    expect(await storage.all(allIds)).toHaveLength(3);
  });
});
