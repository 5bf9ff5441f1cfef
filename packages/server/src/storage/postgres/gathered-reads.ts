import type { Reader } from "../port.js";
import type { Statement, Values } from "../statement.js";
import { type Compiled, compileOnce, type Named, queryOf } from "./connection.js";
import { fewRows } from "./dialect.js";
import { asPortError } from "./errors.js";
import { rollBack, type Session, type Sessions } from "./sessions.js";
import { createWaitLimit } from "./wait-limit.js";

/** A read that waits for its turn. */
interface WaitingRead {
  readonly values: unknown[];
  readonly resolve: (rows: readonly (readonly unknown[])[]) => void;
  readonly reject: (error: unknown) => void;
}

/** How many reads run at once, if there are as many connections. The others wait, and those of the same statement are gathered. */
const MAX_RUNNING = 4;
/** The maximum number of reads that one query answers. */
const MAX_GATHERED = 100;

/** How a statement answers several reads at once. */
interface GatheredForm extends Named {
  readonly parameters: number;
}

/**
 * Makes the query that answers many reads of a statement: each parameter becomes a list, with one value for each
 * read. Each row begins with the number of its read. Returns undefined for a statement with lists of its own.
 */
const gatheredForm = async (
  session: Session,
  { name, text, columns }: Compiled,
): Promise<GatheredForm | undefined> => {
  // In a transaction, because a pooler may give the next statement to another session.
  await session.execute("BEGIN");
  try {
    await session.execute(`PREPARE gathered AS ${text}`);
    const { rows } = await session.query({
      text: "SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = 'gathered'",
    });
    await session.execute("DEALLOCATE gathered");
    // The driver leaves a list of texts as PostgreSQL writes it.
    const types = String(rows[0]?.[0])
      .slice(1, -1)
      .split(",")
      .filter((type) => type !== "");
    const plain = types.map((type) => type.replaceAll('"', ""));
    if (plain.length === 0 || plain.some((type) => type.endsWith("[]") || type.startsWith("json")))
      return undefined;
    const lists = plain.map((type, index) => `$${index + 1}::${type}[]`).join(", ");
    const names = plain.map((_, index) => `p${index + 1}`).join(", ");
    const inner = text.replaceAll(/\$(\d+)/g, (_, number: string) => `read.p${number}`);
    const outer = Array.from({ length: columns }, (_, index) => `c${index}`).join(", ");
    return {
      name: `${name}g`,
      text: `SELECT read.number, found.* FROM unnest(${lists}) WITH ORDINALITY AS read (${names}, number) CROSS JOIN LATERAL (${inner}) AS found (${outer}) WHERE ${fewRows("read.number")}`,
      parameters: plain.length,
    };
  } finally {
    await rollBack(session);
  }
};

/**
 * Creates a reader that answers the reads of one statement that wait at the same time with one query. Each read
 * sees everything that was committed before it was called, and ends within `timeoutMs`.
 */
export const createGatheredReader = (
  sessions: Sessions,
  {
    prepared,
    timeoutMs,
    dividesByExam,
  }: {
    readonly prepared: boolean;
    readonly timeoutMs: number;
    /** Whether only reads of the same exam are gathered: those with the same value of the parameter `examId`. */
    readonly dividesByExam: boolean;
  },
): Reader => {
  const limit = createWaitLimit<WaitingRead>(timeoutMs);
  const mostRunning = Math.min(MAX_RUNNING, sessions.connections);
  /** The reads that are gathered, by statement, and by exam if they are divided. */
  const waiting = new Map<string, { readonly compiled: Compiled; readonly reads: WaitingRead[] }>();
  const forms = new WeakMap<Compiled, Promise<GatheredForm | undefined>>();
  let running = 0;
  let isScheduled = false;

  const formOf = (session: Session, compiled: Compiled): Promise<GatheredForm | undefined> => {
    const known = forms.get(compiled);
    if (known) return known;
    const made = gatheredForm(session, compiled);
    forms.set(compiled, made);
    made.catch(() => forms.delete(compiled));
    return made;
  };
  const send = (session: Session, named: Named, values: unknown[]) =>
    session.query(queryOf(named, values, { prepared }));

  const readEach = async (
    session: Session,
    compiled: Compiled,
    reads: readonly WaitingRead[],
  ): Promise<void> => {
    for (const { values, resolve, reject } of reads)
      try {
        resolve((await send(session, compiled, values)).rows);
      } catch (error) {
        reject(asPortError(error));
      }
  };
  /** Returns the rows of each read. Undefined if the statement, or one of the values, does not allow it. */
  const rowsTogether = async (
    session: Session,
    compiled: Compiled,
    reads: readonly WaitingRead[],
  ): Promise<unknown[][][] | undefined> => {
    const form = await formOf(session, compiled);
    if (!form) return undefined;
    const lists = Array.from({ length: form.parameters }, (_, index) =>
      reads.map(({ values }) => values[index]),
    );
    try {
      const found: unknown[][][] = reads.map(() => []);
      const { rows } = await send(session, form, lists);
      for (const [number, ...row] of rows) found[Number(number) - 1]?.push(row);
      return found;
    } catch (error) {
      if (asPortError(error) !== error) throw error;
      // One of the reads has a value that its statement refuses. It fails alone.
      return undefined;
    }
  };
  const readTogether = async (
    session: Session,
    compiled: Compiled,
    reads: readonly WaitingRead[],
  ): Promise<void> => {
    const found = await rowsTogether(session, compiled, reads);
    if (!found) return readEach(session, compiled, reads);
    for (const [index, { resolve }] of reads.entries()) resolve(found[index] ?? []);
  };

  const readAll = async (compiled: Compiled, reads: readonly WaitingRead[]): Promise<void> => {
    try {
      await sessions.use((session) =>
        reads.length === 1 ? readEach(session, compiled, reads) : readTogether(session, compiled, reads),
      );
    } catch (error) {
      for (const { reject } of reads) reject(asPortError(error));
    } finally {
      running -= 1;
      readNext();
    }
  };
  function readNext(): void {
    for (const [key, { compiled, reads: all }] of waiting) {
      if (running >= mostRunning) return;
      waiting.delete(key);
      const reads = all.filter(limit.has);
      if (reads.length === 0) continue;
      if (reads.length > MAX_GATHERED) waiting.set(key, { compiled, reads: reads.splice(MAX_GATHERED) });
      running += 1;
      void readAll(compiled, reads);
    }
  }

  const all = async <Row>(statement: Statement<Row>, values: Values = {}): Promise<Row[]> => {
    const compiled = compileOnce(statement);
    const bound = compiled.bind(values);
    const key = dividesByExam ? `${compiled.name} ${String(values.examId)}` : compiled.name;
    let read: WaitingRead | undefined;
    const found = new Promise<readonly (readonly unknown[])[]>((resolve, reject) => {
      read = { values: bound, resolve, reject };
      const gathered = waiting.get(key) ?? { compiled, reads: [] };
      waiting.set(key, gathered);
      gathered.reads.push(read);
      limit.add(read);
      if (isScheduled) return;
      isScheduled = true;
      // One turn later, all calls whose requests have been read by then are waiting.
      setImmediate(() => {
        isScheduled = false;
        readNext();
      });
    });
    let rows: readonly (readonly unknown[])[];
    try {
      rows = await found;
    } finally {
      if (read) limit.end(read);
    }
    // Safe: the fields of the statement make a Row.
    return rows.map((row) => compiled.read(row) as Row);
  };
  return { all, get: async (statement, values) => (await all(statement, values))[0] };
};
