import { asc, inArray, lte, sql } from "drizzle-orm";
import type { Reader, Storage, Transaction } from "../../storage/port.js";
import { param, query, statement } from "../../storage/statement.js";
import { loginCounters } from "../../storage/tables.js";
import type { Find } from "./throttle.js";
import { type Counter, expiryOf, newCounter, type Subject, type Tally } from "./throttle-counter.js";

/** What a login counts for. */
export interface Login<Of = Subject> {
  /** The account and the address together. */
  readonly pair: Of;
  readonly address: Of;
  readonly account: Of;
}

export interface ThrottleStore {
  counters(login: Login): Promise<Login<Counter>>;
  /** Reads the counters of a login in a transaction. No other process changes them until it ends. */
  lock(tx: Transaction, login: Login): Promise<Login<Counter>>;
  /**
   * Starts to write the counters of a login that the transaction has locked, and to delete some that have expired. The transaction starts
   * nothing after that.
   */
  write(tx: Transaction, counters: Login<Counter>, now: number): Promise<void>;
  /**
   * Changes the counters of a login.
   * @param find reads something in the same transaction
   * @param change a pure function, because the transaction may be repeated. It returns the counters to write.
   */
  change<Result, Found>(
    login: Login,
    now: number,
    find: Find<Found>,
    change: (counters: Login<Counter>, found: Found) => { written: Login<Counter>; result: Result },
  ): Promise<Result>;
}

/** The maximum number of expired counters that a change deletes. A login creates three counters at most. */
const DELETED_AT_ONCE = 20;

const countersOfKeys = statement((dialect) =>
  query.select().from(loginCounters).where(dialect.isAnyOf(loginCounters.key, "keys")),
);
const writeCounters = statement((dialect) => {
  const rows = dialect.rows("written", {
    key: "text",
    failures: "text",
    running: "text",
    blocks: "integer",
    blockedUntil: "time",
    trustedUntil: "time",
    expiresAt: "time",
  });
  return query
    .insert(loginCounters)
    .select(
      sql`SELECT written."key", written."failures", written."running", written."blocks", written."blockedUntil", written."trustedUntil", written."expiresAt" FROM ${rows} WHERE true`,
    )
    .onConflictDoUpdate({
      target: loginCounters.key,
      set: {
        failures: sql`excluded.failures`,
        running: sql`excluded.running`,
        blocks: sql`excluded.blocks`,
        blockedUntil: sql`excluded.blocked_until`,
        trustedUntil: sql`excluded.trusted_until`,
        expiresAt: sql`excluded.expires_at`,
      },
    });
});
/**
 * Deletes without the locks of the counters' names. So it must wait for no other transaction, and takes no row that
 * another one has locked. The transaction waits for nothing after it.
 */
const deleteExpired = statement((dialect) => {
  const expired = query
    .select({ key: loginCounters.key })
    .from(loginCounters)
    .where(lte(loginCounters.expiresAt, param("now")))
    .orderBy(asc(loginCounters.expiresAt))
    .limit(DELETED_AT_ONCE);
  const keys = dialect.name === "postgres" ? sql`(${expired.getSQL()} FOR UPDATE SKIP LOCKED)` : expired;
  return query.delete(loginCounters).where(inArray(loginCounters.key, keys));
});

type Row = typeof loginCounters.$inferSelect;

// Safe: only `change` writes these texts.
const tallyOf = (text: string): Tally => JSON.parse(text) as Tally;

const rowOf = (counter: Counter): Row => ({
  key: counter.key,
  failures: JSON.stringify(counter.failures),
  running: JSON.stringify(counter.running),
  blocks: counter.blocks,
  blockedUntil: new Date(counter.blockedUntil),
  trustedUntil: new Date(counter.trustedUntil),
  expiresAt: new Date(expiryOf(counter)),
});

const readCounters = async (reader: Reader, login: Login): Promise<Login<Counter>> => {
  const rows = await reader.all(countersOfKeys, { keys: keysOf(login) });
  const counterOf = (subject: Subject): Counter => {
    const row = rows.find(({ key }) => key === subject.key);
    if (!row) return newCounter(subject);
    return {
      ...subject,
      failures: tallyOf(row.failures),
      running: tallyOf(row.running),
      blocks: row.blocks,
      blockedUntil: row.blockedUntil.getTime(),
      trustedUntil: row.trustedUntil.getTime(),
    };
  };
  const { pair, address, account } = login;
  return { pair: counterOf(pair), address: counterOf(address), account: counterOf(account) };
};

/** Returns the keys in the order in which they are locked. */
const keysOf = ({ pair, address, account }: Login): string[] =>
  [pair.key, address.key, account.key].toSorted();

const lock: ThrottleStore["lock"] = async (tx, login) => {
  const locks = keysOf(login).map((key) => tx.lockName(`login:${key}`));
  // Read after the locks, so that it sees what their last holders have committed.
  const [counters] = await Promise.all([readCounters(tx, login), ...locks]);
  return counters;
};

const write: ThrottleStore["write"] = async (tx, { pair, address, account }, now) => {
  await Promise.all([
    tx.run(writeCounters, { written: [pair, address, account].map(rowOf) }),
    tx.run(deleteExpired, { now: new Date(now) }),
  ]);
};

export const createThrottleStore = ({ storage }: { storage: Storage }): ThrottleStore => ({
  counters: (login) => readCounters(storage, login),
  lock,
  write,

  change: (login, now, find, change) =>
    storage.write(
      async (tx) => {
        const [counters, found] = await Promise.all([lock(tx, login), find(tx)]);
        const { written, result } = change(counters, found);
        await tx.last(() => write(tx, written, now));
        return result;
      },
      { repeatable: true, share: { caller: login.pair.key }, continues: true },
    ),
});
