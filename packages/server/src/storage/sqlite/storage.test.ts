import { eq, sql } from "drizzle-orm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { account, now } from "../../../test/support/account-row.js";
import type { Database } from "../database.js";
import {
  ForeignKeyError,
  LastStatementsError,
  TransactionStalledError,
  UniqueError,
  unlessDeleted,
} from "../errors.js";
import type { Storage, Transaction } from "../port.js";
import { insertion, param, query, rawParam, statement, statements } from "../statement.js";
import { accounts, exams, mutes, roomEvents, rooms, sessions } from "../tables.js";
import { openSqlite } from "./client.js";

const session = (id: string, userId: string) => ({ id, userId, createdAt: now, expiresAt: now });

const insertAccounts = insertion(accounts);
const insertAccountsUnlessThere = insertion(accounts, { onConflict: "ignore" });
const insertSessions = insertion(sessions);
const insertEvents = insertion(roomEvents);
const allEvents = statement(query.select().from(roomEvents).orderBy(roomEvents.id));
const byId = statement(
  query
    .select()
    .from(accounts)
    .where(eq(accounts.userId, param("userId"))),
);
const allIds = statement(query.select({ userId: accounts.userId }).from(accounts).orderBy(accounts.userId));
const rename = statement(
  query
    .update(accounts)
    .set({ name: rawParam<string>("name") })
    .where(eq(accounts.userId, param("userId"))),
);

let db: Database;
let storage: Storage;
beforeEach(() => {
  db = openSqlite({ file: ":memory:" });
  ({ storage } = db);
});
afterEach(() => db.close());

const ids = async () => (await storage.all(allIds)).map(({ userId }) => userId);
const add = (userId: string) => async (tx: Transaction) => {
  await tx.insert(insertAccounts, [account(userId)]);
  return userId;
};
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe("a statement", () => {
  it("gives rows as their columns read them", async () => {
    await storage.write(add("t1"));
    expect(await storage.get(byId, { userId: "t1" })).toEqual(account("t1"));
    expect(await storage.get(byId, { userId: "nobody" })).toBeUndefined();
  });

  it("refuses to run without one of its values", async () => {
    await expect(storage.get(byId, {})).rejects.toThrow("the parameter userId has no value");
  });

  it("reads a joined row that is not there as null, as a whole", async () => {
    const examWithRoom = statement(
      query
        .select({ exam: { id: exams.id }, room: { id: rooms.id, name: rooms.name } })
        .from(exams)
        .leftJoin(rooms, eq(rooms.examId, exams.id)),
    );
    await storage.write(async (tx) => {
      await tx.insert(insertion(exams), [
        { id: "e", name: "E", startTime: now, endTime: now, createdBy: "t", createdAt: now, updatedAt: now },
      ]);
    });
    expect(await storage.all(examWithRoom)).toEqual([{ exam: { id: "e" }, room: null }]);
  });

  it("of several shapes is made once for each", () => {
    let made = 0;
    const list = statements((descending: boolean, limit: number | undefined) => {
      made += 1;
      return statement(
        query
          .select({ userId: accounts.userId, made: accounts.name })
          .from(accounts)
          .limit(limit ?? (descending ? 1 : 2)),
      );
    });
    expect(list(true, undefined)).toBe(list(true, undefined));
    expect(list(true, 5)).not.toBe(list(true, undefined));
    expect(made).toBe(2);
  });

  it("reads values of each kind in rows that are handed over", async () => {
    const columns = { position: "integer", name: "text", at: "time", isLate: "flag" } as const;
    const { position: _, ...given } = columns;
    const handed = statement((dialect) =>
      query
        .select(
          Object.fromEntries(Object.keys(columns).map((name) => [name, sql`${sql.raw(`wanted."${name}"`)}`])),
        )
        .from(dialect.rows("wanted", given)),
    );
    const wanted = [
      { name: 'it\'s "a"\n', at: now, isLate: true },
      { name: null, at: now, isLate: false },
    ];
    expect(await storage.all(handed, { wanted })).toEqual([
      { position: 0, name: 'it\'s "a"\n', at: now.getTime(), isLate: 1 },
      { position: 1, name: null, at: now.getTime(), isLate: 0 },
    ]);
  });

  it("reads rows that are handed over, and values of a list", async () => {
    const handed = statement((dialect) =>
      query
        .select({ userId: accounts.userId })
        .from(dialect.rows("wanted", { userId: "text" }))
        .innerJoin(accounts, dialect.isAnyOf(accounts.userId, "ids")),
    );
    await storage.write(async (tx) => tx.insert(insertAccounts, ["a", "b", "c"].map(account)));
    const found = await storage.all(handed, { wanted: [{ userId: "x" }], ids: ["a", "c", "it's"] });
    expect(found).toEqual([{ userId: "a" }, { userId: "c" }]);
  });
});

describe("a write", () => {
  it("is seen by others once it is committed, and by itself at once", async () => {
    let inside: unknown;
    let outside: unknown;
    await storage.write(async (tx) => {
      await tx.insert(insertAccounts, [account("t1")]);
      inside = await tx.get(byId, { userId: "t1" });
      outside = await storage.get(byId, { userId: "t1" });
    });
    expect([inside, outside]).toEqual([account("t1"), undefined]);
    expect(await ids()).toEqual(["t1"]);
  });

  it("inserts many rows in their order, and returns their ids", async () => {
    const rows = Array.from({ length: 150 }, (_, index) => ({
      examId: index % 2 === 0 ? "even" : "odd",
      roomId: `room ${index}`,
      type: "room_created" as const,
      data: {},
      createdAt: new Date(now.getTime() + index),
    }));
    const [first, ids] = await storage.write(async (tx) => [
      await tx.insert(insertEvents, rows.slice(0, 3)),
      await tx.insert(insertEvents, rows.slice(3)),
    ]);
    const added = [...first, ...ids].map((id, index) => ({ id, ...rows[index] }));
    expect(await storage.all(allEvents)).toEqual(added);
    expect(added).toHaveLength(150);
  });

  it("that fails leaves nothing, and takes none of its group with it", async () => {
    const refusal = new Error("no");
    const outcomes = await Promise.allSettled([
      storage.write(add("a")),
      storage.write(async (tx) => {
        await add("b")(tx);
        throw refusal;
      }),
      storage.write(add("c")),
    ]);
    expect(outcomes).toEqual([
      { status: "fulfilled", value: "a" },
      { status: "rejected", reason: refusal },
      { status: "fulfilled", value: "c" },
    ]);
    expect(await ids()).toEqual(["a", "c"]);
  });

  it("that waits for something else is rejected, and those beside it are kept", async () => {
    const outcomes = await Promise.allSettled([
      storage.write(add("a")),
      storage.write(async (tx) => {
        await add("b")(tx);
        await nextTurn();
        await add("late")(tx);
      }),
      storage.write(add("c")),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(outcomes[1]).toMatchObject({ reason: expect.any(TransactionStalledError) });
    await nextTurn();
    expect(await ids()).toEqual(["a", "c"]);
  });

  it("calls after its commit, and never where it failed", async () => {
    const seen: Promise<unknown>[] = [];
    const notify = (name: string) => () =>
      void seen.push(storage.all(allIds).then(({ length }) => [name, length]));
    await Promise.allSettled([
      storage.write(async (tx) => {
        await add("a")(tx);
        tx.afterCommit(notify("kept"));
      }),
      storage.write(async (tx) => {
        tx.afterCommit(notify("failed"));
        throw new Error("no");
      }),
    ]);
    expect(await Promise.all(seen)).toEqual([["kept", 1]]);
  });

  it("says what refused it", async () => {
    await storage.write(add("a"));
    await expect(storage.write(add("a"))).rejects.toBeInstanceOf(UniqueError);
    const orphan = (tx: Transaction) => tx.insert(insertSessions, [session("s", "nobody")]);
    await expect(storage.write(orphan)).rejects.toBeInstanceOf(ForeignKeyError);
    expect(await unlessDeleted(storage.write(orphan))).toBe(false);
    await storage.write(async (tx) => tx.insert(insertAccountsUnlessThere, [account("a"), account("b")]));
    expect(await ids()).toEqual(["a", "b"]);
  });
});

describe("rows with ids", () => {
  const event = { examId: "e", roomId: "r", type: "room_ended", data: {}, createdAt: now } as const;
  const withIds = insertion(roomEvents, { ids: "given" });
  const withoutIds = insertion(roomEvents);
  const eventIds = statement(query.select({ id: roomEvents.id }).from(roomEvents).orderBy(roomEvents.id));
  const stored = async () => (await storage.all(eventIds)).map(({ id }) => id);

  it("that the transaction took come between those that the database numbers", async () => {
    await storage.write(async (tx) => {
      const [first, second] = await tx.ids(roomEvents, 2);
      expect(await tx.insert(withoutIds, [event])).toEqual([3]);
      await tx.insert(
        withIds,
        [first, second].map((id) => ({ ...event, id })),
      );
    });
    expect(await stored()).toEqual([1, 2, 3]);
    expect(await storage.write((tx) => tx.insert(withoutIds, [event, event]))).toEqual([4, 5]);
  });

  it("that were not used, are undone or deleted are not given again", async () => {
    const taken: number[] = [];
    const take = async (tx: Transaction) => {
      const ids = await tx.ids(roomEvents, 1);
      taken.push(...ids);
      await tx.insert(
        withIds,
        ids.map((id) => ({ ...event, id })),
      );
    };
    await storage.write(take);
    await storage.write((tx) => tx.run(statement(query.delete(roomEvents))));
    const failing = async (tx: Transaction) => {
      await take(tx);
      throw new Error("no");
    };
    await Promise.allSettled([storage.write(failing), storage.write(take)]);
    expect(new Set(taken).size).toBe(3);
    expect(await stored()).toEqual([taken[2]]);
  });

  it("that a statement inserts are counted", async () => {
    const insertOne = statement(query.insert(roomEvents).values(event));
    await storage.write(async (tx) => {
      expect(await tx.ids(roomEvents, 1)).toEqual([1]);
      await tx.run(insertOne);
    });
    expect(await storage.write((tx) => tx.insert(withoutIds, [event]))).toEqual([2]);
  });

  it("are refused without them", async () => {
    await expect(storage.write((tx) => tx.insert(withIds, [event]))).rejects.toThrow("a row carries no id");
  });
});

describe("the last statements", () => {
  it("are written, and no statement may follow", async () => {
    const added = storage.write(async (tx) => {
      const [first] = await tx.last(() => Promise.all([add("a")(tx), add("b")(tx)]));
      return first;
    });
    expect(await added).toBe("a");
    const uses: readonly ((tx: Transaction) => Promise<unknown>)[] = [
      add("c"),
      (tx) => tx.all(allIds),
      (tx) => tx.ids(roomEvents, 1),
      (tx) => tx.lock(accounts, "a"),
      (tx) => tx.last(async () => undefined),
    ];
    for (const use of uses) {
      const written = storage.write(async (tx) => {
        await tx.last(() => add("c")(tx));
        await use(tx);
      });
      await expect(written).rejects.toBeInstanceOf(LastStatementsError);
    }
    expect(await ids()).toEqual(["a", "b"]);
  });

  it("that fail say why, and nothing is written", async () => {
    await storage.write(add("a"));
    const written = storage.write((tx) => tx.last(() => Promise.all([add("b")(tx), add("a")(tx)])));
    await expect(written).rejects.toBeInstanceOf(UniqueError);
    expect(await ids()).toEqual(["a"]);
  });
});

describe("grouped calls", () => {
  const grouped = () => {
    const groups: string[][] = [];
    const call = storage.grouped<string, string>(
      async (tx, names) => {
        groups.push([...names]);
        await tx.insert(insertAccounts, names.map(account));
        return names.map((name) => `wrote ${name}`);
      },
      { examOf: (name) => name.split(" ")[1] ?? "", callerOf: (name) => name.slice(0, 1) },
    );
    return { call, groups };
  };

  it("are written together, and each gets its own outcome", async () => {
    const { call, groups } = grouped();
    expect(await Promise.all([call("a"), call("b"), call("c")])).toEqual(["wrote a", "wrote b", "wrote c"]);
    expect(groups).toEqual([["a", "b", "c"]]);
    expect(await call("d")).toBe("wrote d");
  });

  it("that fail are split until the one that fails is alone", async () => {
    const { call } = grouped();
    await call("taken");
    const outcomes = await Promise.allSettled(["a", "b", "taken", "c", "d"].map(call));
    expect(outcomes.map(({ status }) => status)).toEqual([
      "fulfilled",
      "fulfilled",
      "rejected",
      "fulfilled",
      "fulfilled",
    ]);
    expect(await ids()).toEqual(["a", "b", "c", "d", "taken"]);
  });

  it("of each caller are in a group in turn, if not all of them fit, and those of one caller keep their order", async () => {
    const { call, groups } = grouped();
    const ofMany = Array.from({ length: 900 }, (_, n) => `m${n}`);
    const ofFew = ["s1", "s2", "s3"];
    await Promise.all([...ofMany, ...ofFew].map(call));
    expect(ofFew.filter((name) => groups[0]?.includes(name))).toEqual(ofFew);
    const written = groups.flat();
    expect(written.filter((name) => name.startsWith("m"))).toEqual(ofMany);
    expect(written.filter((name) => name.startsWith("s"))).toEqual(ofFew);
  });

  it("are bounded: further calls go into the next group", async () => {
    const { call, groups } = grouped();
    await Promise.all(Array.from({ length: 450 }, (_, n) => call(`n${n}`)));
    expect(groups.flat()).toHaveLength(450);
    expect(Math.max(...groups.map(({ length }) => length))).toBeLessThan(450);
  });
});

describe("a cached read", () => {
  const nameOf = () => {
    let reads = 0;
    const read = storage.cached({ tables: [accounts] }, async (reader, userId: string) => {
      reads += 1;
      return (await reader.get(byId, { userId }))?.name;
    });
    return { read, reads: () => reads };
  };

  it("is read once, until a write to its table commits", async () => {
    await storage.write(add("a"));
    const { read, reads } = nameOf();
    expect([await read("a"), await read("a"), reads()]).toEqual(["Name of a", "Name of a", 1]);
    await storage.write((tx) => tx.run(rename, { userId: "a", name: "New" }));
    expect([await read("a"), reads()]).toEqual(["New", 2]);
  });

  it("is not forgotten for a write to another table", async () => {
    const { read, reads } = nameOf();
    await read("a");
    await storage.write(async (tx) => {
      await tx.run(statement(query.delete(mutes).where(eq(mutes.login, "x"))));
    });
    expect([await read("a"), reads()]).toEqual([undefined, 1]);
  });

  it("does not see what is not committed", async () => {
    const { read } = nameOf();
    let during: unknown = "unread";
    await storage.write(async (tx) => {
      await add("a")(tx);
      during = await read("a");
    });
    expect([during, await read("a")]).toEqual([undefined, "Name of a"]);
  });

  it("is frozen, so that callers cannot change shared results", async () => {
    await storage.write(add("a"));
    const everybody = storage.cached({ tables: [accounts] }, (reader) => reader.all(allIds));
    expect(Object.isFrozen((await everybody())[0])).toBe(true);
  });
});

describe("reads that are started together", () => {
  it("are each answered, and fail alone", async () => {
    await storage.write(add("a"));
    const outcomes = await storage.together(() =>
      Promise.allSettled([storage.get(byId, { userId: "a" }), storage.get(byId, {}), storage.all(allIds)]),
    );
    expect(outcomes).toMatchObject([
      { status: "fulfilled", value: { name: "Name of a" } },
      { status: "rejected" },
      { status: "fulfilled", value: [{ userId: "a" }] },
    ]);
  });
});

describe("a snapshot", () => {
  it("is of one moment, and refuses reads that start later", async () => {
    await storage.write(add("a"));
    let late: Promise<unknown> | undefined;
    const reading = storage.snapshot(async (reader) => {
      const found = await Promise.all([reader.all(allIds), reader.get(byId, { userId: "b" })]);
      late = reader.all(allIds);
      late.catch(() => undefined);
      return found;
    });
    await storage.write(add("b"));
    expect(await reading).toEqual([[{ userId: "a" }], undefined]);
    await expect(late).rejects.toThrow("the snapshot is over");
    expect(await ids()).toEqual(["a", "b"]);
  });

  it("that fails does not hold up the next", async () => {
    await expect(storage.snapshot(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await storage.snapshot((reader) => reader.all(allIds))).toEqual([]);
  });
});
