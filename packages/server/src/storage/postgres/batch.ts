import pg from "pg";
import { once } from "../../platform/once.js";
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
  /** The command that the server reports. */
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
  readonly parsedStatements: Readonly<Record<string, string>>;
}

type Parser = (text: string) => unknown;

/** The methods that the driver calls on the current query. Its types leave them out. */
interface DriverQuery {
  handleRowDescription(message: { readonly fields: readonly { readonly dataTypeID: number }[] }): void;
  handleDataRow(message: { readonly fields: readonly (string | null)[] }): void;
  handleEmptyQuery(connection: pg.Connection): void;
  /** @param message its text is like `INSERT 0 2` */
  handleCommandComplete(message: { readonly text: string }, connection: pg.Connection): void;
  handleReadyForQuery(connection: pg.Connection): void;
}

/** A query that the driver sends like its own. */
export interface Batch extends pg.Submittable, DriverQuery {
  /** The name and the text of the statement whose answer comes next. The driver notes which are prepared. */
  name: string | undefined;
  text: string | undefined;
  handleError(error: unknown, connection: pg.Connection): void;
  /** Gives up waiting for the answers. */
  abandon(error: Error): void;
}

/** The state of a connection. */
interface Known {
  /** A view of the connection that collects its messages in `chunks`. */
  readonly view: DriverConnection;
  readonly chunks: Uint8Array[];
  /** The parsers of the columns of prepared statements, by name. The server describes each of them once. */
  readonly parsers: Map<string, readonly Parser[]>;
}

const knownOf = once((connection: pg.Connection): Known => {
  const chunks: Uint8Array[] = [];
  const stream = { writable: true, write: (chunk: Uint8Array) => chunks.push(chunk) };
  // Safe: an object with this prototype is used like it, and the driver's types leave a part out.
  const view = Object.assign(Object.create(connection) as DriverConnection, { stream });
  return { view, chunks, parsers: new Map<string, readonly Parser[]>() };
});

// Safe: the driver exports this, and its types leave it out.
const { prepareValue } = (pg as unknown as { utils: { prepareValue: (value: unknown) => string } }).utils;

const NO_COLUMNS: readonly Parser[] = [];
const PORTAL = { type: "P" };
/** The driver's types require this parameter, which the driver itself ignores. */
const MORE = true;

const resultOf = (rows: Result["rows"], text: string): Result => {
  const end = text.indexOf(" ");
  return {
    rows,
    count: Number(text.slice(text.lastIndexOf(" ") + 1)) || 0,
    command: end < 0 ? text : text.slice(0, end),
  };
};

/**
 * Sends statements in one write, with one Sync. So the server answers all of them at once, and after one that fails, it skips the others.
 * Outside of a transaction, a failure also undoes what those before it wrote.
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
  /** The parsers of the connection's statements, from when the batch is sent. */
  let current: Known["parsers"] | undefined;
  /** The error of a statement that could not be sent. It ends the batch. */
  let refusal: Error | undefined;

  const isScript = statements[0]?.query.isScript ?? false;
  /** The columns of the statement whose answer comes next, and its rows so far. */
  let parsers: readonly Parser[] | undefined;
  let rows: unknown[][] = [];
  /** Why a row could not be read. The statement has run. */
  let unreadable: { readonly error: unknown } | undefined;

  /** Adds the messages of a statement to those of the connection. */
  const write = ({ view, parsers: described }: Known, prepared: Set<string>, query: Query): void => {
    const { name, text, values } = query;
    if (name === undefined || (view.parsedStatements[name] === undefined && !prepared.has(name))) {
      view.parse({ name: name ?? "", text, types: [] }, MORE);
      if (name !== undefined) prepared.add(name);
    }
    // Safe: the mapper makes texts of the values.
    view.bind({ statement: name, values: values as string[] | undefined, valueMapper: prepareValue }, MORE);
    if (name === undefined || !described.has(name)) view.describe(PORTAL, MORE);
    view.execute(null, MORE);
  };
  /** Returns the messages of all statements, up to one whose values cannot be sent. */
  const messages = (connection: pg.Connection): Uint8Array => {
    const known = knownOf(connection);
    const { view, chunks } = known;
    const prepared = new Set<string>();
    let written = 0;
    try {
      for (const { query } of statements) {
        write(known, prepared, query);
        written = chunks.length;
      }
    } catch (error) {
      refusal = error instanceof Error ? error : new Error(String(error));
      chunks.length = written;
    }
    view.sync();
    return Buffer.concat(chunks.splice(0));
  };

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
  const beginNext = (): void => {
    answered += 1;
    ({ name: batch.name, text: batch.text } = nextQuery());
    parsers = undefined;
    rows = [];
    unreadable = undefined;
  };
  const finish = (text: string): void => {
    const statement = statements[answered];
    const [result, problem] = [resultOf(rows, text), unreadable];
    beginNext();
    if (problem) statement?.reject(problem.error, true);
    else statement?.resolve(result);
  };

  const batch: Batch = {
    // No getters: V8 makes a shape of its own for each object that has some.
    name: nextQuery().name,
    text: nextQuery().text,
    submit(connection) {
      const { stream } = connection;
      if (isScript) connection.query(nextQuery().text ?? "");
      else {
        const bytes = messages(connection);
        // As the driver does. The end of the connection is reported otherwise.
        if (stream.writable) stream.write(bytes);
        current = knownOf(connection).parsers;
      }
      isSent = true;
    },
    handleRowDescription({ fields }) {
      if (isScript) return;
      // Safe: all values are texts, and so these are the parsers of texts.
      parsers = fields.map(({ dataTypeID }) => types.getTypeParser(dataTypeID) as Parser);
    },
    handleDataRow({ fields }) {
      if (isScript) return;
      parsers ??= current?.get(batch.name ?? "") ?? NO_COLUMNS;
      const columns = parsers;
      try {
        rows.push(fields.map((text, index) => (text === null ? null : columns[index]?.(text))));
      } catch (error) {
        unreadable ??= { error };
      }
    },
    handleEmptyQuery: () => undefined,
    handleCommandComplete({ text }) {
      if (isScript) return;
      const { name } = batch;
      if (name !== undefined && !current?.has(name)) current?.set(name, parsers ?? NO_COLUMNS);
      finish(text);
    },
    handleReadyForQuery() {
      if (isScript) finish("");
      if (refusal) fail(refusal, { mayHaveRun: false, skipped: true });
      else if (!isOver) {
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
