import { CommitUnknownError, TransactionStalledError } from "../errors.js";
import { createGrouped } from "../grouped.js";
import { quoted } from "../names.js";
import type { Storage, Transaction, WriteOptions } from "../port.js";
import { type Connection, createConnection, lockText } from "./connection.js";
import { asPortError, isConflict } from "./errors.js";
import { createGatheredReader } from "./gathered-reads.js";
import type { SchemaCheck } from "./schema-check.js";
import { rollBack, type Session, type Sessions } from "./sessions.js";

export interface PostgresStorageOptions {
  readonly sessions: Sessions;
  readonly schema: Pick<SchemaCheck, "assertFits">;
  /** Whether statements are prepared by name. */
  readonly prepared: boolean;
  /** Whether a statement may be about one exam only. Default: false. */
  readonly dividesByExam?: boolean;
  /** The time limit for one statement and for the wait for a lock, in milliseconds. */
  readonly timeoutMs: number;
}

/** How many times a transaction is tried that fails because of others at the same time. */
const MAX_TRIES = 5;

/** The least time that a transaction gets to begin, as a part of the time limit. */
const MIN_WAIT = 0.1;

/** Sets limits for one transaction. A pooler may give the next one to another session. */
const settingsOf = (timeoutMs: number): string =>
  [
    `SET LOCAL lock_timeout = ${timeoutMs}`,
    `SET LOCAL statement_timeout = ${timeoutMs}`,
    `SET LOCAL idle_in_transaction_session_timeout = ${timeoutMs}`,
  ].join("; ");

const execute = async (session: Session, text: string): Promise<void> => {
  try {
    await session.execute(text);
  } catch (error) {
    throw asPortError(error);
  }
};

/** The transaction of one write. It cannot be used after the write. */
const handleOf = (session: Session, connection: Connection, afterCommit: (() => void)[]) => {
  let isOver = false;
  let parts = 0;
  const use = (): Connection => {
    if (isOver) throw new TransactionStalledError();
    return connection;
  };
  const query = async (text: string, values: unknown[]): Promise<void> => {
    use();
    try {
      await session.query({ text, values });
    } catch (error) {
      throw asPortError(error);
    }
  };
  const tx: Transaction = {
    get: async (statement, values) => use().get(statement, values),
    all: async (statement, values) => use().all(statement, values),
    run: async (statement, values) => use().run(statement, values),
    insert: async (insertion, rows) => use().insert(insertion, rows),
    async lock(table, keys) {
      const wanted = typeof keys === "string" ? [keys] : keys;
      if (wanted.length > 0) await query(lockText(table), [wanted]);
    },
    lockName: (name) => query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [name]),
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
      use();
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
  sessions,
  schema,
  prepared,
  dividesByExam = false,
  timeoutMs,
}: PostgresStorageOptions): Storage => {
  const settings = settingsOf(timeoutMs);
  const begin = `BEGIN; ${settings}; SET LOCAL synchronous_commit = on`;
  const beginSnapshot = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${settings}`;

  const transact = <Result>(work: (tx: Transaction) => Promise<Result>, beginBy: number): Promise<Result> => {
    const afterCommit: (() => void)[] = [];
    return sessions
      .useTransaction(begin, beginBy, async (session) => {
        const { tx, end } = handleOf(session, createConnection(session, { prepared }), afterCommit);
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
          if (failure === error) throw error;
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

  const write = async <Result>(
    work: (tx: Transaction) => Promise<Result>,
    { bulk = false, since = performance.now() }: WriteOptions = {},
  ): Promise<Result> => {
    await schema.assertFits(sessions);
    for (let tries = 1; ; tries++)
      try {
        const now = performance.now();
        const beginBy =
          tries === 1 ? Math.max(since + timeoutMs, now + timeoutMs * MIN_WAIT) : now + timeoutMs;
        return await transact(work, beginBy);
      } catch (error) {
        // A part of a bulk change continues where the last one ended, so it cannot be repeated.
        if (bulk || tries >= MAX_TRIES || !isConflict(error)) throw error;
      }
  };

  const reader = createGatheredReader(sessions, { prepared, timeoutMs, dividesByExam });

  let reads = 0;
  return {
    ...reader,
    commitsInOrder: false,
    dividesByExam,
    write,
    grouped: createGrouped(write, { oneAtATime: true, dividesByExam }),
    snapshot: (work) =>
      sessions.useTransaction(beginSnapshot, performance.now() + timeoutMs, async (session) => {
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
      reads += 1;
      return reads;
    },
  };
};
