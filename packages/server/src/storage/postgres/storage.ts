import type { StorageMeters } from "../../platform/meters.js";
import { failedAfterLast, LastStatementsError, TransactionStalledError } from "../errors.js";
import { createGrouped } from "../grouped.js";
import type { Storage, Transaction } from "../port.js";
import { createSnapshotReader } from "../snapshot-reader.js";
import { type Connection, createConnection } from "./connection.js";
import { asPortError } from "./errors.js";
import { createGatheredReader } from "./gathered-reads.js";
import { type Named, named, queryOf } from "./named.js";
import type { SchemaCheck } from "./schema-check.js";
import type { TransactionSession } from "./session.js";
import type { Sessions } from "./sessions.js";
import { createWriteQueue } from "./write-queue.js";

export interface PostgresStorageOptions {
  readonly reads: Sessions;
  readonly writes: Sessions;
  readonly schema: Pick<SchemaCheck, "assertFits">;
  /** Whether statements are prepared by name. */
  readonly prepared: boolean;
  /** The time limit for one statement, and for the wait of a write, in milliseconds. */
  readonly timeoutMs: number;
  readonly meters?: StorageMeters | undefined;
}

/** How long a write waits for a lock before it leaves its connection to others, in milliseconds. */
const LOCK_WAIT_MS = 100;
/** How many writes may wait for locks at a time, each with a connection. */
const MAX_LOCK_WAITS = 2;
/** How long a transaction may stand still while it holds locks, in milliseconds. The server ends those of a process that is paused. */
const MAX_IDLE_MS = 2_000;

/** Sets limits for one transaction. A pooler may give the next one to another session. */
const settingsOf = (settings: Readonly<Record<string, string | number>>): Named =>
  named(
    `SELECT ${Object.entries(settings)
      .map(([name, value]) => `set_config('${name}', '${value}', true)`)
      .join(", ")}`,
  );

/** The writes that wait for locks. */
interface LockWaits {
  number: number;
}

/** The transaction of one write. It cannot be used after the write. */
const handleOf = (
  session: TransactionSession,
  connection: Connection,
  { afterCommit, lockWaits }: { readonly afterCommit: (() => void)[]; readonly lockWaits: LockWaits },
) => {
  let isOver = false;
  /** Whether the last statements have begun. */
  let isLast = false;
  let isCommitted = false;
  let committing: Promise<void> | undefined;
  const use = (): Connection => {
    if (isOver) throw new TransactionStalledError();
    if (isLast) throw new LastStatementsError();
    return connection;
  };
  /** @param isWanted see `TransactionSession.commit` */
  const commit = async (isWanted?: () => boolean): Promise<void> => {
    try {
      isCommitted = await session.commit(isWanted);
    } catch (error) {
      throw asPortError(error);
    }
  };
  /** The locks for which this transaction waits. It takes them one after the other, on one connection. */
  let waits = 0;
  /** Takes a lock: waits for it, unless others wait already. */
  const takeLock = async (take: (waits: boolean) => Promise<void>): Promise<void> => {
    if (waits === 0) {
      if (lockWaits.number >= MAX_LOCK_WAITS) return take(false);
      lockWaits.number += 1;
    }
    waits += 1;
    try {
      await take(true);
    } finally {
      waits -= 1;
      if (waits === 0) lockWaits.number -= 1;
    }
  };
  const tx: Transaction = {
    get: async (statement, values) => use().get(statement, values),
    all: async (statement, values) => use().all(statement, values),
    run: async (statement, values) => use().run(statement, values),
    insert: async (insertion, rows) => use().insert(insertion, rows),
    ids: async (table, count) => use().ids(table, count),
    async last(start) {
      use();
      const started = start();
      isLast = true;
      let hasFailed = false;
      started.catch(() => {
        hasFailed = true;
      });
      // A failure that does not come from the database, like a missing value, is known when the statements are sent.
      committing = commit(() => !hasFailed);
      await committing;
      return started;
    },
    async lock(table, keys) {
      const wanted = typeof keys === "string" ? [keys] : keys;
      if (wanted.length > 0) await takeLock((waits) => use().lock(table, wanted, waits));
    },
    lockName: (name) => takeLock((waits) => use().lockName(name, waits)),
    afterCommit(call) {
      if (isOver) throw new TransactionStalledError();
      afterCommit.push(call);
    },
  };
  return {
    tx,
    /** Commits, unless the last statements have done so. */
    async commit() {
      committing ??= commit();
      await committing;
      if (!isCommitted) throw new Error("the transaction was not committed");
    },
    isCommitted: () => isCommitted,
    end: () => {
      isOver = true;
    },
  };
};

/** Implements the storage interface on PostgreSQL. A write is a transaction of its own. */
export const createPostgresStorage = ({
  reads,
  writes,
  schema,
  prepared,
  timeoutMs,
  meters,
}: PostgresStorageOptions): Storage => {
  const begin = [
    named("BEGIN"),
    settingsOf({
      lock_timeout: Math.min(LOCK_WAIT_MS, timeoutMs),
      statement_timeout: timeoutMs,
      idle_in_transaction_session_timeout: Math.min(MAX_IDLE_MS, timeoutMs),
      synchronous_commit: "on",
    }),
  ].map((one) => queryOf(one, [], { prepared }));
  const beginSnapshot = queryOf(named("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"), [], { prepared });
  const endSnapshot = queryOf(named("COMMIT"), [], { prepared });
  const lockWaits: LockWaits = { number: 0 };

  const transact = <Result>(work: (tx: Transaction) => Promise<Result>, beginBy: number): Promise<Result> => {
    const afterCommit: (() => void)[] = [];
    return writes
      .useTransaction(begin, beginBy, async (session) => {
        const connection = createConnection(session, { prepared });
        const handle = handleOf(session, connection, { afterCommit, lockWaits });
        try {
          const result = await work(handle.tx);
          handle.end();
          await handle.commit();
          return result;
        } catch (error) {
          handle.end();
          if (handle.isCommitted()) throw failedAfterLast(error);
          await session.rollBack();
          throw error;
        }
      })
      .then((result) => {
        for (const call of afterCommit) call();
        return result;
      });
  };

  const queue = createWriteQueue({ connections: writes.connections, timeoutMs, meters });
  const write: Storage["write"] = (work, options = {}) =>
    queue(async (until) => {
      await schema.assertFits(writes);
      return transact(work, until);
    }, options);

  const reader = createGatheredReader(reads, { prepared, timeoutMs, meters });

  let version = 0;
  return {
    ...reader,
    commitsInOrder: false,
    write,
    grouped: createGrouped(write, { oneAtATime: true }),
    snapshot: (start) =>
      reads.useTransaction([beginSnapshot], performance.now() + timeoutMs, async (session) => {
        const { reader: own, end } = createSnapshotReader(createConnection(session, { prepared }));
        const reading = (async () => start(own))();
        end();
        const [, ended] = await Promise.allSettled([reading, session.query(endSnapshot)]);
        if (ended.status === "rejected") await session.rollBack();
        return reading;
      }),
    // No cached result is used, because another process may have changed it.
    cached:
      (_options, read) =>
      (...args) =>
        read(reader, ...args),
    async othersVersion() {
      version += 1;
      return version;
    },
  };
};
