import pg from "pg";
import { types } from "./values.js";

/** A statement that the driver sends. A named one is prepared once for each connection. */
export interface Query {
  readonly name?: string;
  readonly text: string;
  readonly values?: unknown[];
}

export interface Result {
  /** The rows, as lists of values. */
  readonly rows: readonly (readonly unknown[])[];
  /** The number of rows that the statement returned or wrote. */
  readonly count: number;
  /** What the server says that it did. */
  readonly command: string;
}

/** A statement of a batch, and who waits for it. */
export interface Started {
  readonly query: Query;
  readonly resolve: (result: Result) => void;
  /** @param mayHaveRun whether the server may have run the statement nevertheless */
  readonly reject: (error: unknown, mayHaveRun: boolean) => void;
}

/** A connection of the driver, with a part that its types leave out. */
interface DriverConnection extends pg.Connection {
  /** The texts of the statements that the server has prepared, by name. */
  readonly parsedStatements: Record<string, string>;
}

/** What the driver calls on the query that is under way. Its types leave this out. */
interface DriverQuery {
  /** Writes the messages of the query. Returns what is wrong with it. */
  submit(connection: pg.Connection): Error | null;
  handleRowDescription(message: unknown): void;
  handleDataRow(message: unknown): void;
  handleEmptyQuery(connection: pg.Connection): void;
  handleCommandComplete(message: unknown, connection: pg.Connection): void;
  handleReadyForQuery(connection: pg.Connection): void;
}

/** A query that the driver sends like its own. */
export interface Batch extends pg.Submittable, Omit<DriverQuery, "submit"> {
  /** The statement whose answer comes next. The driver notes under its name that it is prepared. */
  readonly name: string | undefined;
  readonly text: string | undefined;
  /** How long the answers may take, in milliseconds. Default: the limit of the connection. */
  readonly query_timeout: number | undefined;
  /** Called at the end. The driver replaces it. */
  callback: (error?: Error | null) => void;
  handleError(error: unknown, connection: pg.Connection): void;
}

const views = new WeakMap<pg.Connection, pg.Connection>();
/**
 * A view of a connection to which a statement writes its messages without a Sync. Each batch notes for itself which statements it prepares,
 * because the server skips those behind a failed one.
 */
const withoutSync = (connection: pg.Connection): pg.Connection => {
  // Safe: an object with this prototype is used like it.
  const view = views.get(connection) ?? (Object.create(connection) as pg.Connection);
  views.set(connection, view);
  return Object.assign(view, { sync: () => undefined, submittedNamedStatements: {} });
};

/**
 * Sends statements in one write, with one Sync. So the server answers all of them at once, and after one that fails, it skips the others.
 * Each statement is a query of the driver.
 * @param onEnd called with the error that ended the batch
 */
export const createBatch = (
  statements: readonly Started[],
  { limitMs, onEnd }: { readonly limitMs: number | undefined; readonly onEnd: (error?: unknown) => void },
): Batch => {
  /** The number of statements that have been answered. */
  let answered = 0;
  let isSent = false;
  let isOver = false;
  /** What is wrong with a statement that could not be sent. It ends the batch. */
  let refusal: Error | undefined;

  const queries = statements.map(({ query, resolve, reject }): DriverQuery => {
    const own = new pg.Query(
      // Safe: the driver takes this option, and its types leave it out.
      { ...query, types, rowMode: "array", queryMode: "extended" } as pg.QueryConfig,
      (error, result) => {
        // Safe: the rows are lists in this mode.
        if (!error)
          resolve({ rows: result.rows as unknown[][], count: result.rowCount ?? 0, command: result.command });
        else if (isSent) reject(error, true);
        else refusal = error;
      },
    );
    // Safe: see DriverQuery.
    return own as unknown as DriverQuery;
  });

  /** @param mayHaveRun how many of the statements without an answer the server may have run */
  const fail = (error: unknown, mayHaveRun: number): void => {
    if (isOver) return;
    isOver = true;
    for (const [index, { reject }] of statements.slice(answered).entries()) reject(error, index < mayHaveRun);
    onEnd(error);
  };
  /** Without an answer, the server may have run what was sent. */
  const lose = (error: unknown): void => fail(error, isSent ? Number.POSITIVE_INFINITY : 0);

  const batch: Batch = {
    get name() {
      return statements[answered]?.query.name;
    },
    get text() {
      return statements[answered]?.query.text;
    },
    query_timeout: limitMs,
    callback(error) {
      if (error) lose(error);
    },
    submit(connection) {
      const { stream } = connection;
      const view = withoutSync(connection);
      stream.cork();
      try {
        for (const query of queries) {
          refusal ??= query.submit(view) ?? undefined;
          if (refusal) break;
        }
        connection.sync();
      } finally {
        stream.uncork();
      }
      isSent = true;
    },
    handleRowDescription: (message) => queries[answered]?.handleRowDescription(message),
    handleDataRow: (message) => queries[answered]?.handleDataRow(message),
    handleEmptyQuery: (connection) => queries[answered]?.handleEmptyQuery(connection),
    handleCommandComplete(message, connection) {
      const query = queries[answered];
      answered += 1;
      query?.handleCommandComplete(message, connection);
      query?.handleReadyForQuery(connection);
    },
    handleReadyForQuery(connection) {
      if (refusal) {
        // The driver has closed the statement.
        const { name } = batch;
        // Safe: see DriverConnection.
        if (name !== undefined) delete (connection as DriverConnection).parsedStatements[name];
        fail(refusal, 0);
      } else if (!isOver) {
        isOver = true;
        onEnd();
      }
      batch.callback();
    },
    handleError(error) {
      // After an error of the server, it skips the statements that follow.
      if (error instanceof pg.DatabaseError) fail(error, 1);
      else lose(error);
      batch.callback(error instanceof Error ? error : new Error(String(error)));
    },
  };
  return batch;
};
