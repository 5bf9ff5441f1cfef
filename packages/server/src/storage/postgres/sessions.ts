import pg from "pg";
import { DatabaseUnavailableError } from "../errors.js";
import { asPortError, isLost } from "./errors.js";
import { types } from "./values.js";

/** A statement that the driver sends. A named one is prepared once for each connection. */
export interface Query {
  readonly name?: string;
  readonly text: string;
  readonly values?: unknown[];
}

/** The use of a connection. */
export interface Session {
  /** Runs a statement. Returns its rows as lists of values, and the number of rows that it wrote. */
  query(query: Query): Promise<{ readonly rows: readonly (readonly unknown[])[]; readonly count: number }>;
  /** Runs statements without parameters and results. */
  execute(text: string): Promise<void>;
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
  /** Calls a function with a connection, which returns to the pool unless it was lost. */
  use<Result>(work: (session: Session) => Promise<Result>): Promise<Result>;
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

  const sessionOf = (client: pg.PoolClient, discard: () => void): Session => ({
    async query({ name, text, values }) {
      onStatement?.(text);
      const result = await client.query({
        ...(name !== undefined && { name }),
        text,
        ...(values && { values }),
        rowMode: "array",
      });
      // Safe: this is the form of rows in this mode.
      return { rows: result.rows as unknown[][], count: result.rowCount ?? 0 };
    },
    async execute(text) {
      await client.query(text);
    },
    commit: async () => (await client.query("COMMIT")).command === "COMMIT",
    discard,
  });

  const connect = async (): Promise<pg.PoolClient> => {
    try {
      return await pool.connect();
    } catch (error) {
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

  return {
    async use(work) {
      const client = await connect();
      let lost: Error | undefined;
      const onError = (error: Error): void => {
        lost = error;
      };
      client.on("error", onError);
      try {
        const session = sessionOf(client, () => {
          lost ??= new Error("the state of the connection is unknown");
        });
        await prepare(client, session);
        return await work(session);
      } catch (error) {
        const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
        if (error instanceof Error && (isLost(error) || isLost(cause))) lost = error;
        throw error;
      } finally {
        client.off("error", onError);
        client.release(lost);
      }
    },
    close: async () => {
      if (!pool.ended) await pool.end();
    },
  };
};
