import pg from "pg";
import { types } from "./values.js";

/** A statement that the driver sends. A named one is prepared once for each connection. */
export interface Query {
  readonly name?: string;
  readonly text: string;
  readonly values?: unknown[];
  /** Whether the text may contain several statements. It is then sent alone, and has no parameters and no result. */
  readonly isScript?: boolean;
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
  /** The name and the text of the statement whose answer comes next. The driver notes which are prepared. */
  name: string | undefined;
  text: string | undefined;
  handleError(error: unknown, connection: pg.Connection): void;
  /** Gives up waiting for the answers. */
  abandon(error: Error): void;
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
 * Each statement is a query of the driver. Outside of a transaction, a failure also undoes what those before it wrote.
 * @param onEnd called with the error that ended the batch, and the statements that the server has skipped because of it
 */
export const createBatch = <One extends Started>(
  statements: readonly One[],
  onEnd: (error: unknown, skipped: readonly One[]) => void,
): Batch => {
  /** The number of statements that have been answered. */
  let answered = 0;
  let isSent = false;
  let isOver = false;
  /** What is wrong with a statement that could not be sent. It ends the batch. */
  let refusal: Error | undefined;

  const isScript = statements[0]?.query.isScript ?? false;
  const queries = statements.map(({ query: { name, text, values }, resolve, reject }): DriverQuery => {
    const own = new pg.Query(
      // Safe: the driver takes this option, and its types leave it out.
      {
        name,
        text,
        values,
        types,
        rowMode: "array",
        ...(!isScript && { queryMode: "extended" }),
      } as pg.QueryConfig,
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

  /** @param skipped whether the server has run none of the statements behind the failed one */
  const fail = (error: unknown, { mayHaveRun, skipped }: { mayHaveRun: boolean; skipped: boolean }): void => {
    if (isOver) return;
    isOver = true;
    const [failed, ...others] = statements.slice(answered);
    failed?.reject(error, mayHaveRun);
    if (!skipped) for (const { reject } of others) reject(error, mayHaveRun);
    onEnd(error, skipped ? others : []);
  };
  /** Without an answer, the server may have run what was sent. */
  const lose = (error: unknown): void => fail(error, { mayHaveRun: isSent, skipped: !isSent });

  const nextQuery = (): Partial<Query> => statements[answered]?.query ?? {};
  const finish = (connection: pg.Connection): void => {
    const query = queries[answered];
    answered += 1;
    ({ name: batch.name, text: batch.text } = nextQuery());
    query?.handleReadyForQuery(connection);
  };

  const batch: Batch = {
    // No getters: V8 makes a shape of its own for each object that has some.
    name: nextQuery().name,
    text: nextQuery().text,
    submit(connection) {
      const { stream } = connection;
      const view = withoutSync(connection);
      stream.cork();
      try {
        for (const query of queries) {
          const problem = query.submit(isScript ? connection : view);
          if (problem) refusal = problem;
          if (refusal) break;
        }
        if (!isScript) connection.sync();
      } finally {
        stream.uncork();
      }
      isSent = true;
    },
    handleRowDescription: (message) => queries[answered]?.handleRowDescription(message),
    handleDataRow: (message) => queries[answered]?.handleDataRow(message),
    handleEmptyQuery: (connection) => queries[answered]?.handleEmptyQuery(connection),
    handleCommandComplete(message, connection) {
      queries[answered]?.handleCommandComplete(message, connection);
      if (!isScript) finish(connection);
    },
    handleReadyForQuery(connection) {
      if (isScript) finish(connection);
      if (refusal) {
        // The driver has closed the statement.
        const { name } = batch;
        // Safe: see DriverConnection.
        if (name !== undefined) delete (connection as DriverConnection).parsedStatements[name];
        fail(refusal, { mayHaveRun: false, skipped: true });
      } else if (!isOver) {
        isOver = true;
        onEnd(undefined, []);
      }
    },
    handleError(error) {
      // After an error of the server, it skips the statements that follow.
      if (error instanceof pg.DatabaseError) fail(error, { mayHaveRun: true, skipped: true });
      else lose(error);
    },
    abandon: lose,
  };
  return batch;
};
