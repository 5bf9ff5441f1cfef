import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { eq } from "drizzle-orm";
import type { FastifyBaseLogger } from "fastify";
import { DatabaseUnavailableError } from "../../storage/errors.js";
import type { Share, Storage, Transaction, WriteOptions } from "../../storage/port.js";
import { param, query, statement } from "../../storage/statement.js";
import { bulkChanges, exams } from "../../storage/tables.js";
import type { EventLog } from "../events.js";
import type { TaskLog } from "../vendor-tasks.js";
import { readLastSeat, readLastWaiting } from "./marked-rows.js";
import { createPhases } from "./phases.js";
import { beginPreparation, type Prepare } from "./preparation.js";
import { endRest, type RestEnd } from "./resting.js";
import type { BulkChange } from "./types.js";
import { changeById, createChangeWorker, ROWS_PER_WRITE, TakenOver } from "./worker.js";

export type { Prepare };

/** The properties of a change that the caller gives. */
export type NewBulkChange = Pick<BulkChange, "kind" | "examId"> & {
  readonly person?: Exclude<BulkChange["person"], null>;
  /** When a deleted exam is erased. Until then it can be restored. Default: at once. */
  readonly eraseAt?: Date | undefined;
  readonly now: Date;
  /** Whose share of the storage the change takes. */
  readonly share: Share;
};

/**
 * Changes many rows. A change is atomic and does not delay other writes (see docs/decisions/0032). A small change is one transaction. A
 * large change is prepared in small transactions whose rows readers do not see, announced in one transaction, and finished in small
 * transactions.
 */
export interface BulkChanges {
  /**
   * Makes a change. Resolves when the change is announced, which makes it visible to readers. Waits while another change of the exam is
   * running.
   * @throws what `prepare` throws, and the error of `busy` after half a minute
   */
  run<Result>(about: NewBulkChange, prepare: Prepare<Result>): Promise<Result>;
  /**
   * Runs a transaction that writes the rooms or people of one exam. The work must call `assertUnlocked` first. While a bulk change of the
   * exam is running, the transaction is rolled back and tried again later.
   * @throws what `work` throws, and the error of `busy` after half a minute
   */
  transact<Result>(
    work: (tx: Transaction) => Promise<Result>,
    options?: Pick<WriteOptions, "repeatable" | "share">,
  ): Promise<Result>;
  /**
   * Locks the exam, and throws if a bulk change of it is running. Call it within `transact` before the first write. A deletion that was
   * announced is not running: look for the exam or the room afterwards.
   */
  assertUnlocked(tx: Transaction, examId: string): Promise<void>;
  /** Restores a deleted exam, or erases it at once. Returns whether it was resting. The remaining work goes on in the background. */
  endRest(examId: string, end: RestEnd, share: Share): Promise<boolean>;
  /** Starts to resume changes that other processes left unfinished. */
  start(): void;
  /** Begins no more transactions. Another process or the next start does the remaining work. */
  stop(): Promise<void>;
  /** Resolves when this process has finished its changes. */
  drain(): Promise<void>;
}

export interface BulkChangesDeps {
  readonly storage: Storage;
  readonly tasks: TaskLog;
  readonly events: EventLog;
  readonly clock: () => Date;
  readonly log: FastifyBaseLogger;
  /** Makes the error of a call that waited too long. */
  readonly busy: (examId: string) => Error;
  /** Makes the error of a call that finds the exam deleted. */
  readonly gone: (examId: string) => Error;
}

const RETRY_MS = 20;
/** How many times a change is prepared. */
const MAX_TRIES = 3;
const MAX_WAIT_MS = 30_000;

/** Another change of the exam is running. */
class ExamBusy extends Error {
  constructor(readonly examId: string) {
    super(`a change of the exam ${examId} is running`);
  }
}

/** A transaction of a preparation was lost. The preparation cannot go back to where it began, so it is undone and begins anew. */
class PreparationLost extends DatabaseUnavailableError {
  constructor() {
    super("a transaction of a bulk change was lost");
  }
}

// Not an `insertion`, because the database would assign the id.
const insertChange = statement(
  query.insert(bulkChanges).values({
    id: param("id"),
    kind: param("kind"),
    examId: param("examId"),
    person: param("person"),
    state: param("state"),
    seatedBefore: param("seatedBefore"),
    unseatedBefore: param("unseatedBefore"),
    progress: param("progress"),
    worker: param("worker"),
    claimedUntil: param("claimedUntil"),
    createdAt: param("createdAt"),
    eraseAt: param("eraseAt"),
  }),
);
const changeOfExam = statement(
  query
    .select({ kind: bulkChanges.kind, state: bulkChanges.state })
    .from(bulkChanges)
    .where(eq(bulkChanges.examId, param("examId")))
    .limit(1),
);

export const createBulkChanges = ({
  storage,
  tasks,
  events,
  clock,
  log,
  busy,
  gone,
}: BulkChangesDeps): BulkChanges => {
  const worker = createChangeWorker({ storage, phases: createPhases({ tasks, events }), clock, log });

  /** Locks an exam. Returns whether it is deleted. @throws ExamBusy */
  const lockUnlessBusy = async (tx: Transaction, examId: string): Promise<boolean> => {
    // A bulk change holds the same lock while it begins.
    const [, running] = await Promise.all([tx.lock(exams, examId), tx.get(changeOfExam, { examId })]);
    const isDeleted = running?.kind === "delete_exam" && running.state === "announced";
    if (running && !isDeleted) throw new ExamBusy(examId);
    return isDeleted;
  };
  /** Tries work again while the exam is busy. */
  const whenUnlocked = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    const since = performance.now();
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof ExamBusy)) throw error;
        if (performance.now() - since > MAX_WAIT_MS || worker.isStopped) throw busy(error.examId);
        // The running change may be one that a process left unfinished.
        await worker.takeOver();
        await wait(RETRY_MS);
      }
    }
  };

  const newChange = async (
    tx: Transaction,
    { kind, examId, person, eraseAt, now }: NewBulkChange,
  ): Promise<BulkChange> => {
    const [seatedBefore, unseatedBefore] = await Promise.all([
      readLastSeat(tx, examId),
      readLastWaiting(tx, examId),
    ]);
    return {
      // Random, as the table requires.
      id: randomBytes(6).readUIntBE(0, 6),
      kind,
      examId,
      person: person ?? null,
      state: "preparing",
      seatedBefore,
      unseatedBefore,
      progress: { phase: 0, after: "" },
      ...worker.claim(),
      createdAt: now,
      eraseAt: eraseAt ?? null,
    };
  };

  const runOnce = async <Result>(about: NewBulkChange, prepare: Prepare<Result>): Promise<Result> => {
    /** Begins the change in its first transaction, which may be the only one. */
    const begin = async (tx: Transaction) => {
      const [isDeleted, change] = await Promise.all([lockUnlessBusy(tx, about.examId), newChange(tx, about)]);
      if (!isDeleted) await tx.run(insertChange, change);
      const prepareNext = beginPreparation(change, prepare);

      /** Runs the steps that fit into one transaction. Announces the change when all steps are done. */
      const advance = async (next: Transaction) => {
        const { done, rowsLeft } = await prepareNext(next, ROWS_PER_WRITE);
        // Most preparations have found this themselves, and have thrown an error of their own.
        if (isDeleted) throw gone(about.examId);
        if (!done) return undefined;
        // The preparation may have changed the row.
        const prepared = await next.get(changeById, change);
        if (!prepared) throw new TakenOver();
        return { result: done.result, isDone: await worker.announce(next, prepared, rowsLeft) };
      };
      return { begun: change, advance, announced: await advance(tx) };
    };
    const { share } = about;
    const { begun, advance, ...first } = await whenUnlocked(() =>
      storage.write(begin, { bulk: true, share }),
    );
    let { announced } = first;
    try {
      while (!announced) {
        let hasAdvanced = false;
        announced = await storage.write(
          async (tx) => {
            if (hasAdvanced) throw new PreparationLost();
            await worker.hold(tx, begun);
            hasAdvanced = true;
            return advance(tx);
          },
          { bulk: true, share, continues: true },
        );
      }
    } catch (error) {
      await worker.resume(begun);
      throw error instanceof TakenOver ? busy(about.examId) : error;
    }
    if (!announced.isDone) void worker.resume(begun);
    return announced.result;
  };

  const run: BulkChanges["run"] = async (about, prepare) => {
    for (let tries = 1; ; tries += 1)
      try {
        return await runOnce(about, prepare);
      } catch (error) {
        if (!(error instanceof PreparationLost) || tries >= MAX_TRIES) throw error;
      }
  };

  return {
    run,
    transact: (work, options) => whenUnlocked(() => storage.write(work, options)),
    async assertUnlocked(tx, examId) {
      await lockUnlessBusy(tx, examId);
    },
    async endRest(examId, end, share) {
      const change = await storage.write((tx) => endRest(tx, { examId, end, now: clock() }, worker.claim()), {
        bulk: true,
        share,
      });
      if (change) void worker.resume(change);
      return change !== undefined;
    },
    start: worker.start,
    stop: worker.stop,
    drain: worker.drain,
  };
};
