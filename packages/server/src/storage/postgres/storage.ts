import {
  CommitUnknownError,
  LastStatementsError,
  TransactionLostError,
  TransactionStalledError,
} from "../errors.js";
import { createGrouped } from "../grouped.js";
import { quoted } from "../names.js";
import type { Storage, Transaction } from "../port.js";
import { type Connection, createConnection, lockText } from "./connection.js";
import { asPortError } from "./errors.js";
import { createGatheredReader } from "./gathered-reads.js";
import type { SchemaCheck } from "./schema-check.js";
import { firstValue, rollBack, type Session, type Sessions } from "./sessions.js";
import { createWriteQueue } from "./write-queue.js";

export interface PostgresStorageOptions {
  readonly reads: Sessions;
  readonly writes: Sessions;
  readonly schema: Pick<SchemaCheck, "assertFits">;
  /** Whether statements are prepared by name. */
  readonly prepared: boolean;
  /** Whether a statement may be about one exam only. Default: false. */
  readonly dividesByExam?: boolean;
  /** The time limit for one statement, and for the wait of a write, in milliseconds. */
  readonly timeoutMs: number;
}

/** How long a write waits for a lock before it leaves its connection to others, in milliseconds. */
const LOCK_WAIT_MS = 100;
/** How many writes may wait for locks at a time, each with a connection. */
const MAX_LOCK_WAITS = 2;
/** How long a transaction may stand still while it holds locks, in milliseconds. The server ends those of a process that is paused. */
const MAX_IDLE_MS = 2_000;

/** Sets limits for one transaction. A pooler may give the next one to another session. */
const settingsOf = ({ lockMs, statementMs, idleMs }: Readonly<Record<string, number>>): string =>
  [
    `SET LOCAL lock_timeout = ${lockMs}`,
    `SET LOCAL statement_timeout = ${statementMs}`,
    `SET LOCAL idle_in_transaction_session_timeout = ${idleMs}`,
  ].join("; ");

const isLocked = (): TransactionLostError => new TransactionLostError("another transaction has a lock", true);

const execute = async (session: Session, text: string): Promise<void> => {
  try {
    await session.execute(text);
  } catch (error) {
    throw asPortError(error);
  }
};

/** The writes that wait for locks. */
interface LockWaits {
  number: number;
}

/** The transaction of one write. It cannot be used after the write. */
const handleOf = (
  session: Session,
  connection: Connection,
  { afterCommit, lockWaits }: { readonly afterCommit: (() => void)[]; readonly lockWaits: LockWaits },
) => {
  let isOver = false;
  /** How far the last statements are. */
  let last: "begun" | "done" | undefined;
  let parts = 0;
  const use = (): Connection => {
    if (isOver) throw new TransactionStalledError();
    if (last !== undefined) throw new LastStatementsError();
    return connection;
  };
  const query = async (text: string, values: unknown[]): Promise<unknown> => {
    use();
    try {
      return await firstValue(session, text, values);
    } catch (error) {
      throw asPortError(error);
    }
  };
  /** Takes a lock: waits for it, unless others wait already. */
  const takeLock = async (wait: () => Promise<unknown>, tryOnce: () => Promise<void>): Promise<void> => {
    if (lockWaits.number >= MAX_LOCK_WAITS) return tryOnce();
    lockWaits.number += 1;
    try {
      await wait();
    } finally {
      lockWaits.number -= 1;
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
      last = "begun";
      const result = await started;
      last = "done";
      return result;
    },
    async lock(table, keys) {
      const wanted = typeof keys === "string" ? [keys] : keys;
      if (wanted.length === 0) return;
      const text = lockText(table);
      await takeLock(
        () => query(text, [wanted]),
        async () => void (await query(`${text} NOWAIT`, [wanted])),
      );
    },
    lockName: (name) =>
      takeLock(
        () => query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [name]),
        async () => {
          if (!(await query("SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))", [name])))
            throw isLocked();
        },
      ),
    async attempt(part) {
      parts += 1;
      const savepoint = quoted(`part_${parts}`);
      const kept = afterCommit.length;
      use();
      await execute(session, `SAVEPOINT ${savepoint}`);
      try {
        const result = await part();
        use();
        await execute(session, `RELEASE ${savepoint}`);
        return result;
      } catch (error) {
        if (!isOver) {
          await execute(session, `ROLLBACK TO ${savepoint}; RELEASE ${savepoint}`);
          afterCommit.length = kept;
        }
        throw error;
      }
    },
    afterCommit(call) {
      if (isOver) throw new TransactionStalledError();
      afterCommit.push(call);
    },
  };
  return {
    tx,
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
  dividesByExam = false,
  timeoutMs,
}: PostgresStorageOptions): Storage => {
  const settings = settingsOf({
    lockMs: Math.min(LOCK_WAIT_MS, timeoutMs),
    statementMs: timeoutMs,
    idleMs: Math.min(MAX_IDLE_MS, timeoutMs),
  });
  const begin = `BEGIN; ${settings}; SET LOCAL synchronous_commit = on`;
  const beginSnapshot = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${settingsOf({ lockMs: timeoutMs, statementMs: timeoutMs, idleMs: timeoutMs })}`;
  const lockWaits: LockWaits = { number: 0 };

  const transact = <Result>(work: (tx: Transaction) => Promise<Result>, beginBy: number): Promise<Result> => {
    const afterCommit: (() => void)[] = [];
    return writes
      .useTransaction(begin, beginBy, async (session) => {
        const { tx, end } = handleOf(session, createConnection(session, { prepared }), {
          afterCommit,
          lockWaits,
        });
        let result: Result;
        try {
          result = await work(tx);
        } catch (error) {
          await rollBack(session);
          throw error;
        } finally {
          end();
        }
        let isCommitted: boolean;
        try {
          isCommitted = await session.commit();
        } catch (error) {
          const failure = asPortError(error);
          // The server refused the commit, so nothing was written.
          if (failure === error || failure instanceof TransactionLostError) throw failure;
          throw new CommitUnknownError("the connection was lost during a commit", { cause: error });
        }
        if (!isCommitted) throw new Error("a statement has failed, so the transaction was rolled back");
        return result;
      })
      .then((result) => {
        for (const call of afterCommit) call();
        return result;
      });
  };

  const queue = createWriteQueue({ connections: writes.connections, timeoutMs });
  const write: Storage["write"] = (work, options = {}) =>
    queue(async (until) => {
      await schema.assertFits(writes);
      return transact(work, until);
    }, options);

  const reader = createGatheredReader(reads, { prepared, timeoutMs, dividesByExam });

  let version = 0;
  return {
    ...reader,
    commitsInOrder: false,
    dividesByExam,
    write,
    grouped: createGrouped(write, { oneAtATime: true }),
    snapshot: (work) =>
      reads.useTransaction(beginSnapshot, performance.now() + timeoutMs, async (session) => {
        try {
          return await work(createConnection(session, { prepared }));
        } finally {
          await rollBack(session);
        }
      }),
    // No cached result is used, because another process may have changed it.
    remember:
      (_options, work) =>
      (...args) =>
        work(reader, ...args),
    async othersVersion() {
      version += 1;
      return version;
    },
  };
};
