import type pg from "pg";
import { CommitUnknownError, TransactionLostError } from "../errors.js";
import { createBatch, type Query, type Result, type Started } from "./batch.js";
import { asPortError, isLost } from "./errors.js";
import { named, queryOf } from "./named.js";
import type { Waiter, WaitLimit } from "./wait-limit.js";

/**
 * The use of a connection. Statements that are started before the caller waits for one of them are sent together, and so are those that are
 * started while others are under way. They run in this order, and each fails alone. Once the connection is lost, every further use rejects
 * at once.
 */
export interface Session {
  /** Runs a statement. Outside of a transaction, one that writes must not be started together with others. */
  query(query: Query): Promise<Result>;
  /** Runs statements without parameters and results. They are sent alone. */
  execute(text: string): Promise<void>;
  /** Closes the connection after its use, because its state is unknown. */
  discard(): void;
}

/** The use of a connection in a transaction. After a statement that failed, further ones reject with its error. */
export interface TransactionSession extends Session {
  /**
   * Commits.
   * @param isWanted asked when the statement is sent. If it is not wanted, nothing is sent
   * @returns whether the transaction was committed
   * @throws CommitUnknownError
   */
  commit(isWanted?: () => boolean): Promise<boolean>;
  /** Rolls back. If the server does not answer, the connection may still be in the transaction, so it is closed. */
  rollBack(): Promise<void>;
}

/** A session whose caller ends its use. */
interface OpenSession extends TransactionSession {
  /** Sends what waits, so that the connection can serve others. */
  end(): Promise<void>;
}

export interface SessionOptions {
  /** The error with which the connection was lost, if it was. */
  readonly loss: { error?: Error };
  readonly transaction?:
    | {
        /** The statements that begin it. They are sent with the first ones that follow. */
        readonly begin: readonly Query[];
        /** When the first ones must have been answered, by `performance.now()`. */
        readonly until: number;
      }
    | undefined;
  /** Limits the wait for the answers of what was sent together. */
  readonly limit: WaitLimit<Waiter>;
  /** Whether the statements that end the transaction are prepared by name. */
  readonly prepared: boolean;
  readonly onStatement?: ((text: string) => void) | undefined;
}

interface Waiting extends Started {
  readonly isWanted?: (() => boolean) | undefined;
}

const COMMIT = named("COMMIT");
const ROLLBACK = named("ROLLBACK");

/** The result of a statement that was not wanted. */
const NOTHING: Result = { rows: [], count: 0, command: "" };

/** From which part of the common limit a sooner one counts. */
const MUCH_SOONER = 0.8;

const noAnswer = (): Error => new Error("Connection terminated: the server did not answer in time");

/** Converts the error of a commit that the server may have received. */
const failureOfCommit = (error: unknown): unknown => {
  const failure = asPortError(error);
  // The server refused the commit, so nothing was written.
  if (failure === error || failure instanceof TransactionLostError) return failure;
  return new CommitUnknownError("the connection was lost during a commit", { cause: error });
};

export const createSession = (
  client: pg.ClientBase,
  { loss, transaction, limit, prepared, onStatement }: SessionOptions,
): OpenSession => {
  const waiting: Waiting[] = [];
  let underWay: Promise<void> | undefined;
  let isScheduled = false;
  let until = transaction?.until;
  /** Why the transaction does nothing any more. */
  let failure: { readonly error: unknown } | undefined;

  const rejectWaiting = (error: unknown): void => {
    for (const { reject } of waiting.splice(0)) reject(error, false);
  };

  /** Takes the statements that are sent next. A script is sent alone. */
  const takeStatements = (): Waiting[] => {
    const next = waiting.findIndex(({ query }) => query.isScript);
    const taken = waiting.splice(0, next < 0 ? waiting.length : Math.max(next, 1));
    return taken.filter(({ isWanted, resolve }) => {
      const isTaken = isWanted?.() ?? true;
      if (!isTaken) resolve(NOTHING);
      return isTaken;
    });
  };
  /** Sends what waits, one batch after the other. */
  const send = (): void => {
    isScheduled = false;
    if (underWay) return;
    if (loss.error) rejectWaiting(loss.error);
    const statements = takeStatements();
    if (statements.length === 0) return;
    underWay = new Promise((resolve) => {
      const batch = createBatch(statements, (error, skipped) => {
        limit.end(waiter);
        clearTimeout(timer);
        underWay = undefined;
        waiting.unshift(...skipped);
        if (error !== undefined) {
          if (error instanceof Error && isLost(error)) loss.error ??= error;
          if (transaction) failure = { error };
          if (failure) rejectWaiting(error);
        }
        if (waiting.length > 0) schedule();
        resolve();
      });
      const waiter = { reject: () => batch.abandon(noAnswer()) };
      limit.add(waiter);
      // A timer for each batch would cost more than the batch. Few have waited so long for a connection that they need one.
      const leftMs = until === undefined ? Number.POSITIVE_INFINITY : Math.max(until - performance.now(), 1);
      const timer = leftMs < limit.ms * MUCH_SOONER ? setTimeout(waiter.reject, leftMs) : undefined;
      until = undefined;
      client.query(batch);
    });
  };
  function schedule(): void {
    if (isScheduled || underWay) return;
    isScheduled = true;
    // The work runs until it waits for something. By then, it has started all statements that can be sent together.
    process.nextTick(send);
  }

  const waitFor = (
    query: Query,
    {
      isWanted,
      failureOf = (error) => error,
    }: { isWanted?: (() => boolean) | undefined; failureOf?: (error: unknown) => unknown } = {},
  ): Promise<Result> =>
    new Promise((resolve, reject) => {
      waiting.push({
        query,
        isWanted,
        resolve,
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- The error of the driver is passed on.
        reject: (error, mayHaveRun) => reject(mayHaveRun ? failureOf(error) : error),
      });
    });
  const start: typeof waitFor = (query, options) => {
    const error = loss.error ?? failure?.error;
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- As above.
    if (error !== undefined) return Promise.reject(error);
    const result = waitFor(query, options);
    schedule();
    return result;
  };
  // If one of them fails, the next statement rejects with its error.
  for (const query of transaction?.begin ?? []) waitFor(query).catch(() => undefined);

  const discard = (): void => {
    loss.error ??= new Error("Client was closed: its state is unknown");
  };
  return {
    query(query) {
      onStatement?.(query.text);
      return start(query);
    },
    async execute(text) {
      await start({ text, isScript: true });
    },
    discard,
    commit: async (isWanted) =>
      (await start(queryOf(COMMIT, [], { prepared }), { isWanted, failureOf: failureOfCommit })).command ===
      "COMMIT",
    async rollBack() {
      failure = undefined;
      try {
        await start(queryOf(ROLLBACK, [], { prepared }));
      } catch {
        // The original error has more details.
        discard();
      }
    },
    async end() {
      for (send(); underWay && waiting.length > 0; send()) await underWay;
    },
  };
};
