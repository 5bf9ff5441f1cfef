import { createHmac, hkdfSync } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { asc, inArray, lte, sql } from "drizzle-orm";
import pLimit from "p-limit";
import type { PruningClock } from "../domain/pruning-clock.js";
import type { Reader, Storage, Transaction } from "../storage/port.js";
import { param, query, statement } from "../storage/statement.js";
import { loginCounters } from "../storage/tables.js";
import {
  type Counter,
  type Counters,
  eachOf,
  expiryOf,
  type Login,
  type LoginSubject,
  mapped,
  newCounter,
  type Tally,
} from "./login-counter.js";
import type { LoginCounters } from "./login-throttle.js";

/** How often a waiting login asks whether logins of other servers have ended. */
const ASK_AGAIN_MS = 100;
/**
 * The maximum number of concurrent transactions. Logins from one address wait for each other's locks, and must
 * not occupy all connections to the database.
 */
const MAX_TRANSACTIONS = 4;

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
  return query.delete(loginCounters).where(inArray(loginCounters.key, dialect.unlocked(expired)));
});

type Row = typeof loginCounters.$inferSelect;

// Safe: only `write` writes these texts.
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

const readCounters = async (reader: Reader, login: Login): Promise<Counters> => {
  const rows = await reader.all(countersOfKeys, { keys: eachOf(login).map(({ key }) => key) });
  return mapped(login, (subject: LoginSubject): Counter => {
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
  });
};

/** Locks the counters of a login in the order of their keys, and reads them. */
const lock = async (tx: Transaction<"installation">, login: Login): Promise<Counters> => {
  const keys = eachOf(login).map(({ key }) => key);
  const locks = keys.toSorted().map((key) => tx.lockName(`login:${key}`));
  // Read after the locks, so that it sees what their last holders have committed.
  const [counters] = await Promise.all([readCounters(tx, login), ...locks]);
  return counters;
};

/** Starts to write locked counters, and to delete some that have expired. The transaction starts nothing after that. */
const write = async (tx: Transaction<"installation">, counters: Counters, expired: Date): Promise<void> => {
  await Promise.all([
    tx.run(writeCounters, { written: eachOf(counters).map(rowOf) }),
    tx.run(deleteExpired, { now: expired }),
  ]);
};

/**
 * Holds the counters of all servers, which survive a restart.
 * @param secret the same at all servers. Accounts and addresses are stored as HMACs with a key derived from it.
 * @throws Error if the secret is empty
 */
export const createStoredCounters = ({
  storage,
  secret,
  pruning,
  wait = (ms) => setTimeout(ms, undefined, { ref: false }),
}: {
  readonly storage: Storage;
  readonly secret: string;
  readonly pruning: Pick<PruningClock, "last">;
  /** Waits so many milliseconds. Default: with a timer. */
  readonly wait?: (ms: number) => Promise<unknown>;
}): LoginCounters => {
  if (secret === "") throw new Error("The secret of the login counters is empty.");
  const hmacKey = Buffer.from(hkdfSync("sha256", secret, "", "invigil login counters", 32));
  const inTransaction = pLimit(MAX_TRANSACTIONS);
  return {
    keyOf: (...parts) => createHmac("sha256", hmacKey).update(JSON.stringify(parts)).digest("base64url"),
    read: (login) => readCounters(storage, login),
    change: (login, find, change) =>
      inTransaction(() =>
        storage.write(
          async (tx) => {
            const [counters, found] = await Promise.all([lock(tx, login), find(tx)]);
            const { written, result } = change(counters, found);
            await tx.last(() => write(tx, written, pruning.last()));
            return result;
          },
          { repeatable: true, share: { caller: login.pair.key }, continues: true },
        ),
      ),
    changeIn: (login, transact) =>
      inTransaction(() =>
        transact(async (tx) => {
          const counters = await lock(tx, login);
          return (change) => write(tx, change(counters), pruning.last());
        }),
      ),
    pause: () => wait(ASK_AGAIN_MS),
  };
};
