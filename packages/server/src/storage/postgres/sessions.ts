import pg from "pg";
import { DatabaseUnavailableError } from "../errors.js";
import { asPortError, isLost } from "./errors.js";
import { types } from "./values.js";
import { tookTooLong } from "./wait-limit.js";

/** A statement that the driver sends. A named one is prepared once for each connection. */
export interface Query {
  readonly name?: string;
  readonly text: string;
  readonly values?: unknown[];
}

/** The use of a connection. Once the connection is lost, every further use rejects at once. */
export interface Session {
  /** Runs a statement. Returns its rows as lists of values, and the number of rows that it wrote. */
  query(query: Query): Promise<{ readonly rows: readonly (readonly unknown[])[]; readonly count: number }>;
  /**
   * Runs statements without parameters and results.
   * @param limitMs how long they may take before the connection counts as lost. Default: a second more than the time limit for one statement
   */
  execute(text: string, limitMs?: number): Promise<void>;
  /** Commits. Returns false if a statement has failed: then the server has rolled back. */
  commit(): Promise<boolean>;
  /** Closes the connection after its use, because its state is unknown. */
  discard(): void;
}

/** Returns the first value of the first row. */
export const firstValue = async (session: Session, text: string, values?: unknown[]): Promise<unknown> =>
  (await session.query({ text, ...(values && { values }) })).rows[0]?.[0];

/** Rolls back. If the server does not answer, the connection may still be in the transaction, so it is closed. */
export const rollBack = async (session: Session): Promise<void> => {
  try {
    await session.execute("ROLLBACK");
  } catch {
    // The error that led here says more.
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
   * Calls a function with a connection on which a transaction has begun. The function ends the transaction.
   * @param begin the statements that begin it
   * @param until when it must have begun, by `performance.now()`
   * @throws DatabaseUnavailableError if it has not
   */
  useTransaction<Result>(
    begin: string,
    until: number,
    work: (session: Session) => Promise<Result>,
  ): Promise<Result>;
  close(): Promise<void>;
}

export interface SessionsOptions {
  readonly url: string;
  readonly connections: number;
  /** The time limit for one statement, in milliseconds. */
  readonly timeoutMs: number;
  readonly applicationName: string;
  readonly onStatement?: ((text: string) => void) | undefined;
  /** Called with each new connection before its first use. */
  readonly onConnect?: ((session: Session) => Promise<void>) | undefined;
}

/** How long a call waits for a connection, in milliseconds. */
const CONNECT_TIMEOUT_MS = 5_000;
const IDLE_TIMEOUT_MS = 60_000;
/** The driver gives a statement up later than the server does, which says why. */
const DRIVER_DELAY_MS = 1_000;

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
  onStatement,
  onConnect,
}: SessionsOptions): Sessions => {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    query_timeout: timeoutMs + DRIVER_DELAY_MS,
    keepAlive: true,
    types,
  });
  // A connection that is lost while it is idle leaves the pool. The next call opens another one.
  pool.on("error", () => undefined);

  /** @param loss the error with which the connection was lost, if it was */
  const sessionOf = (client: pg.PoolClient, loss: { error?: Error }): Session => {
    const use = async <Result>(work: () => Promise<Result>): Promise<Result> => {
      // A connection that does not answer lets everything that follows wait, even a rollback.
      if (loss.error) throw loss.error;
      try {
        return await work();
      } catch (error) {
        if (error instanceof Error && isLost(error)) loss.error ??= error;
        throw error;
      }
    };
    return {
      query: ({ name, text, values }) =>
        use(async () => {
          onStatement?.(text);
          const result = await client.query({
            ...(name !== undefined && { name }),
            text,
            ...(values && { values }),
            rowMode: "array",
          });
          // Safe: this is the form of rows in this mode.
          return { rows: result.rows as unknown[][], count: result.rowCount ?? 0 };
        }),
      execute: (text, limitMs) =>
        use(async () => {
          await client.query({ text, ...(limitMs !== undefined && { query_timeout: Math.max(limitMs, 1) }) });
        }),
      commit: () => use(async () => (await client.query("COMMIT")).command === "COMMIT"),
      discard() {
        loss.error ??= new Error("Client was closed: its state is unknown");
      },
    };
  };

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
  const prepare = async (client: pg.PoolClient, session: Session): Promise<void> => {
    if (!onConnect || known.has(client)) return;
    try {
      await onConnect(session);
    } catch (error) {
      throw asPortError(error);
    }
    known.add(client);
  };

  const use = async <Result>(until: number, work: (session: Session) => Promise<Result>): Promise<Result> => {
    const client = await connect(until);
    const loss: { error?: Error } = {};
    const onError = (error: Error): void => {
      loss.error ??= error;
    };
    client.on("error", onError);
    try {
      const session = sessionOf(client, loss);
      await prepare(client, session);
      return await work(session);
    } finally {
      client.off("error", onError);
      client.release(loss.error);
    }
  };

  return {
    connections,
    use: (work) => use(Number.POSITIVE_INFINITY, work),
    useTransaction: (begin, until, work) =>
      use(until, async (session) => {
        try {
          await session.execute(begin, until - performance.now());
        } catch (error) {
          throw asPortError(error);
        }
        return work(session);
      }),
    close: async () => {
      if (!pool.ended) await pool.end();
    },
  };
};
