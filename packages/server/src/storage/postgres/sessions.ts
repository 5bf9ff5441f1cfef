import pg from "pg";
import { DatabaseUnavailableError } from "../errors.js";
import type { Query } from "./batch.js";
import { asPortError } from "./errors.js";
import { createSession, type Session, type SessionOptions, type TransactionSession } from "./session.js";
import { types } from "./values.js";
import { createWaitLimit, tookTooLong } from "./wait-limit.js";

export type { Query } from "./batch.js";
export type { Session, TransactionSession } from "./session.js";

/** Returns the first value of the first row. */
export const firstValue = async (session: Session, text: string, values?: unknown[]): Promise<unknown> =>
  (await session.query({ text, ...(values && { values }) })).rows[0]?.[0];

/** Rolls back. If the server does not answer, the connection may still be in the transaction, so it is closed. */
export const rollBack = async (session: Session): Promise<void> => {
  try {
    await session.execute("ROLLBACK");
  } catch {
    // The original error has more details.
    session.discard();
  }
};

/** Runs work in a transaction. Rolls back if it fails. */
export const inTransaction = async <Result>(
  session: Session,
  work: () => Promise<Result>,
  begin = "BEGIN",
): Promise<Result> => {
  await session.execute(begin);
  try {
    const result = await work();
    await session.execute("COMMIT");
    return result;
  } catch (error) {
    await rollBack(session);
    throw error;
  }
};

export interface Sessions {
  /** The maximum number of connections. */
  readonly connections: number;
  /** Calls a function with a connection, which returns to the pool unless it was lost. */
  use<Result>(work: (session: Session) => Promise<Result>): Promise<Result>;
  /**
   * Calls a function with a connection on which a transaction begins. The function ends the transaction.
   * @param begin the statements that begin it. They are sent with the first ones of the function
   * @param until when there must be a connection, and when the first statements must have been answered, by `performance.now()`
   * @throws DatabaseUnavailableError if there is none by then
   */
  useTransaction<Result>(
    begin: readonly Query[],
    until: number,
    work: (session: TransactionSession) => Promise<Result>,
  ): Promise<Result>;
  close(): Promise<void>;
}

export interface SessionsOptions {
  readonly url: string;
  readonly connections: number;
  /** The time limit for one statement, in milliseconds. */
  readonly timeoutMs: number;
  readonly applicationName: string;
  /** Whether the statements that end transactions are prepared by name. Default: false. */
  readonly prepared?: boolean;
  readonly onStatement?: ((text: string) => void) | undefined;
  /** Called with each new connection before its first use. */
  readonly onConnect?: ((session: Session) => Promise<void>) | undefined;
}

/** How long a call waits for a connection, in milliseconds. */
const CONNECT_TIMEOUT_MS = 5_000;
const IDLE_TIMEOUT_MS = 60_000;
/** The client's time limit is longer than the server's, whose error has the reason. */
const DELAY_MS = 1_000;

/** Resolves with a connection. @throws DatabaseUnavailableError after `until`, by `performance.now()` */
const connectedBy = async (until: number, connecting: Promise<pg.PoolClient>): Promise<pg.PoolClient> => {
  // The pool's own limit comes first.
  if (until - performance.now() >= CONNECT_TIMEOUT_MS) return connecting;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(tookTooLong()), Math.max(until - performance.now(), 0));
  });
  try {
    return await Promise.race([connecting, late]);
  } finally {
    clearTimeout(timer);
  }
};

/** A pool of connections to PostgreSQL. A lost connection is replaced at the next use. */
export const createSessions = ({
  url,
  connections,
  timeoutMs,
  applicationName,
  prepared = false,
  onStatement,
  onConnect,
}: SessionsOptions): Sessions => {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    keepAlive: true,
    types,
  });
  // A connection that is lost while it is idle leaves the pool. The next call opens another one.
  pool.on("error", () => undefined);

  const limit = createWaitLimit(timeoutMs + DELAY_MS);
  /** @param until when to give up, by `performance.now()` */
  const connect = async (until: number): Promise<pg.PoolClient> => {
    const connecting = pool.connect();
    try {
      return await connectedBy(until, connecting);
    } catch (error) {
      // If it is connected later, it serves others.
      connecting.then((client) => client.release()).catch(() => undefined);
      const failure = asPortError(error);
      if (failure !== error) throw failure;
      // The password is wrong, or there is no such database.
      throw new DatabaseUnavailableError("the database did not accept the connection", { cause: error });
    }
  };

  const known = new WeakSet<pg.PoolClient>();
  const prepare = async (client: pg.PoolClient, loss: SessionOptions["loss"]): Promise<void> => {
    if (!onConnect || known.has(client)) return;
    try {
      await onConnect(createSession(client, { loss, limit, prepared, onStatement }));
    } catch (error) {
      throw asPortError(error);
    }
    known.add(client);
  };

  const use = async <Result>(
    until: number,
    transaction: SessionOptions["transaction"],
    work: (session: TransactionSession) => Promise<Result>,
  ): Promise<Result> => {
    const client = await connect(until);
    const loss: { error?: Error } = {};
    const onError = (error: Error): void => {
      loss.error ??= error;
    };
    client.on("error", onError);
    try {
      await prepare(client, loss);
      const session = createSession(client, { loss, transaction, limit, prepared, onStatement });
      try {
        return await work(session);
      } finally {
        await session.end();
      }
    } finally {
      client.off("error", onError);
      client.release(loss.error);
    }
  };

  return {
    connections,
    use: (work) => use(Number.POSITIVE_INFINITY, undefined, work),
    useTransaction: (begin, until, work) => use(until, { begin, until }, work),
    close: async () => {
      if (!pool.ended) await pool.end();
    },
  };
};
