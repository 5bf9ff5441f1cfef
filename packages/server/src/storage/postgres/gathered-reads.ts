import type { StorageMeters } from "../../platform/meters.js";
import type { Reader, Storage } from "../port.js";
import type { Statement, Values } from "../statement.js";
import { type Compiled, compileOnce } from "./connection.js";
import { fewRows } from "./dialect.js";
import { asPortError } from "./errors.js";
import { type Named, queryOf } from "./named.js";
import type { Session, Sessions } from "./sessions.js";
import { createWaitLimit } from "./wait-limit.js";

type Rows = readonly (readonly unknown[])[];

/** A read that waits for its turn. */
interface WaitingRead {
  readonly compiled: Compiled;
  readonly values: unknown[];
  readonly resolve: (rows: Rows) => void;
  readonly reject: (error: unknown) => void;
}

/** The reads of one call that are sent together. Most calls have one. */
interface Batch {
  readonly reads: readonly WaitingRead[];
  /** When it began to wait, by `performance.now()`. */
  readonly since: number;
  readonly reject: (error: unknown) => void;
}
/** Batches of several calls that ask the same. */
type SameBatches = readonly [Batch, ...Batch[]];

/** How many batches run at once, if there are as many connections. The others wait, and those of the same statements are gathered. */
const MAX_RUNNING = 4;
/** The maximum number of batches that are gathered. */
const MAX_GATHERED = 100;

/** How a statement answers several reads at once. */
interface GatheredForm extends Named {
  readonly parameters: number;
}

/**
 * Makes the query that answers many reads of a statement: each parameter becomes a list, with one value for each
 * read. Each row ends with the number of its read. Returns undefined for a statement with lists of its own.
 */
const gatheredForm = async (
  session: Session,
  { name, text, columns }: Compiled,
): Promise<GatheredForm | undefined> => {
  const run = (statement: string) => session.query({ text: statement });
  const [, , { rows }] = await Promise.all([
    // In a transaction, because a pooler may give the next statement to another session.
    run("BEGIN"),
    run(`PREPARE gathered AS ${text}`),
    run("SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = 'gathered'"),
    run("DEALLOCATE gathered"),
    run("ROLLBACK"),
  ]);
  // The driver leaves a list of texts as PostgreSQL writes it.
  const types = String(rows[0]?.[0])
    .slice(1, -1)
    .split(",")
    .filter((type) => type !== "");
  const plain = types.map((type) => type.replaceAll('"', ""));
  if (plain.length === 0 || plain.some((type) => type.endsWith("[]") || type.startsWith("json")))
    return undefined;
  // As subqueries, because PostgreSQL would otherwise plan the query again for each number of reads below ten.
  const lists = plain.map((type, index) => `(SELECT $${index + 1}::${type}[])`).join(", ");
  const names = plain.map((_, index) => `p${index + 1}`).join(", ");
  const inner = text.replaceAll(/\$(\d+)/g, (_, number: string) => `read.p${number}`);
  const outer = Array.from({ length: columns }, (_, index) => `c${index}`).join(", ");
  return {
    name: `${name}g`,
    text: `SELECT found.*, read.number FROM unnest(${lists}) WITH ORDINALITY AS read (${names}, number) CROSS JOIN LATERAL (${inner}) AS found (${outer}) WHERE ${fewRows("read.number")}`,
    parameters: plain.length,
  };
};

/** Puts batches that ask the same together. */
const sameBatches = (batches: readonly Batch[]): SameBatches[] => {
  const [only, second] = batches;
  // Most are alone when there is little to do.
  if (only && !second) return [[only]];
  const found = new Map<string, [Batch, ...Batch[]]>();
  for (const batch of batches) {
    const asked = JSON.stringify(batch.reads.map(({ values }) => values));
    const same = found.get(asked);
    if (same) same.push(batch);
    else found.set(asked, [batch]);
  }
  return [...found.values()];
};

/**
 * Creates a reader that sends the reads of a call together, and that gathers calls: those that wait at the same time with the same
 * statements are answered with one query for each statement. Each read sees everything that was committed before it was called, and ends
 * within `timeoutMs`. Calls with different statements never wait for each other's queries, except for a connection.
 */
export const createGatheredReader = (
  sessions: Sessions,
  {
    prepared,
    timeoutMs,
    meters,
  }: {
    readonly prepared: boolean;
    readonly timeoutMs: number;
    readonly meters?: StorageMeters | undefined;
  },
): Reader & Pick<Storage, "together"> => {
  const limit = createWaitLimit<Batch>(timeoutMs);
  const mostRunning = Math.min(MAX_RUNNING, sessions.connections);
  /** The batches that are gathered, by the keys of their reads. */
  const waiting = new Map<string, Batch[]>();
  const forms = new WeakMap<Compiled, Promise<GatheredForm | undefined>>();
  let running = 0;
  let isScheduled = false;
  /** The reads that the running call of `together` has started. */
  let starting: WaitingRead[] | undefined;

  const formOf = (session: Session, compiled: Compiled): Promise<GatheredForm | undefined> => {
    const known = forms.get(compiled);
    if (known) return known;
    const made = gatheredForm(session, compiled);
    forms.set(compiled, made);
    made.catch(() => forms.delete(compiled));
    return made;
  };
  const rowsOf = async (session: Session, named: Named, values: unknown[]): Promise<Rows> =>
    (await session.query(queryOf(named, values, { prepared }))).rows;

  /** Sends each read alone: all of them at once, in the order of the calls. */
  const readEach = async (session: Session, batches: readonly SameBatches[]): Promise<void> => {
    const ends = batches.flatMap((same) =>
      same[0].reads.map(async ({ compiled, values }, index) => {
        try {
          const rows = await rowsOf(session, compiled, values);
          for (const { reads } of same) reads[index]?.resolve(rows);
        } catch (error) {
          for (const { reads } of same) reads[index]?.reject(asPortError(error));
        }
      }),
    );
    await Promise.all(ends);
  };
  /** Returns the rows of a read of each batch. */
  const rowsOfEach = async (
    session: Session,
    form: GatheredForm,
    reads: readonly (WaitingRead | undefined)[],
  ): Promise<Rows[]> => {
    const lists = Array.from({ length: form.parameters }, (_, index) =>
      reads.map((read) => read?.values[index]),
    );
    const found = reads.map((): (readonly unknown[])[] => []);
    for (const row of await rowsOf(session, form, lists)) found[Number(row.at(-1)) - 1]?.push(row);
    return found;
  };
  /** Sends one query for each statement. Returns false, without a result, if a statement or a value does not allow it. */
  const readTogether = async (session: Session, batches: readonly SameBatches[]): Promise<boolean> => {
    const gathered: GatheredForm[] = [];
    for (const { compiled } of batches[0]?.[0].reads ?? []) {
      const form = await formOf(session, compiled);
      if (!form) return false;
      gathered.push(form);
    }
    let found: Rows[][];
    try {
      found = await Promise.all(
        gathered.map((form, index) =>
          rowsOfEach(
            session,
            form,
            batches.map(([{ reads }]) => reads[index]),
          ),
        ),
      );
    } catch (error) {
      if (asPortError(error) !== error) throw error;
      // One of the reads has a value that its statement refuses. It fails alone.
      return false;
    }
    for (const [index, rows] of found.entries())
      for (const [number, same] of batches.entries())
        for (const { reads } of same) reads[index]?.resolve(rows[number] ?? []);
    return true;
  };

  const readAll = async (batches: readonly Batch[]): Promise<void> => {
    try {
      await sessions.use(async (session) => {
        if (meters) for (const { since } of batches) meters.readWaits.observe(performance.now() - since);
        const different = sameBatches(batches);
        const isAnswered = different.length > 1 && (await readTogether(session, different));
        if (!isAnswered) await readEach(session, different);
      });
    } catch (error) {
      for (const { reject } of batches) reject(asPortError(error));
    } finally {
      for (const batch of batches) limit.end(batch);
      running -= 1;
      readNext();
    }
  };
  function readNext(): void {
    for (const [key, all] of waiting) {
      if (running >= mostRunning) return;
      waiting.delete(key);
      const batches = all.filter(limit.has);
      if (batches.length === 0) continue;
      if (batches.length > MAX_GATHERED) waiting.set(key, batches.splice(MAX_GATHERED));
      running += 1;
      void readAll(batches);
    }
  }

  const enqueue = (reads: readonly WaitingRead[]): void => {
    const batch: Batch = {
      reads,
      since: meters ? performance.now() : 0,
      reject: (error) => {
        for (const { reject } of reads) reject(error);
      },
    };
    const key = reads.map(({ compiled }) => compiled.name).join(" ");
    const gathered = waiting.get(key);
    if (gathered) gathered.push(batch);
    else waiting.set(key, [batch]);
    limit.add(batch);
    if (isScheduled) return;
    isScheduled = true;
    // One turn later, all calls whose requests have been read by then are waiting.
    setImmediate(() => {
      isScheduled = false;
      readNext();
    });
  };

  const rows = (compiled: Compiled, values: unknown[]): Promise<Rows> =>
    new Promise((resolve, reject) => {
      const read = { compiled, values, resolve, reject };
      if (starting) starting.push(read);
      else enqueue([read]);
    });
  const all = async <Row>(statement: Statement<Row>, values: Values = {}): Promise<Row[]> => {
    const compiled = compileOnce(statement);
    const found = await rows(compiled, compiled.bind(values));
    // Safe: the fields of the statement make a Row.
    return found.map((row) => compiled.read(row) as Row);
  };
  return {
    all,
    get: async (statement, values) => (await all(statement, values))[0],
    together(start) {
      // A call of `together` within another one adds to its reads.
      if (starting) return start();
      const reads: WaitingRead[] = [];
      starting = reads;
      try {
        return start();
      } finally {
        starting = undefined;
        if (reads.length > 0) enqueue(reads);
      }
    },
  };
};
