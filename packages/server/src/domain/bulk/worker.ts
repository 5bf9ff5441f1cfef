import { randomBytes } from "node:crypto";
import { and, asc, eq, isNull, lte, ne, or } from "drizzle-orm";
import type { FastifyBaseLogger } from "fastify";
import { createRepeatedWork } from "../../platform/repeated-work.js";
import type { Storage, Transaction } from "../../storage/port.js";
import { type Dialect, param, query, rawParam, statement } from "../../storage/statement.js";
import { bulkChanges } from "../../storage/tables.js";
import { encodedParam } from "../encoded-param.js";
import { lockExams, withRosterLock } from "../exam-transaction.js";
import type { PruningClock } from "../pruning-clock.js";
import { ERASES_EXAM, type Phases } from "./phases.js";
import type { BulkChange, ChangeKey, Phase } from "./types.js";

/** About how many rows one transaction of a change writes. This takes about five milliseconds. */
export const ROWS_PER_WRITE = 500;
/** How long a claim holds. Every transaction of a change extends it. */
const CLAIM_MS = 5_000;
/** How often a process looks for changes whose claim has ended. */
const POLL_MS = 2_000;
/** The most changes that one call takes over. */
const MAX_TAKEN_OVER = 10;

/** Another worker has taken the change over. */
export class TakenOver extends Error {
  constructor() {
    super("another process has taken the change over");
  }
}

const isChange = (dialect: Dialect) =>
  and(eq(bulkChanges.id, param("id")), dialect.inExam(bulkChanges.examId));
export const changeById = statement((dialect) => query.select().from(bulkChanges).where(isChange(dialect)));
// A deleted exam is claimed until its time of erasure. That time has come by the pruning clock, the end of another claim by the system's.
const isUnclaimed = and(
  lte(bulkChanges.claimedUntil, param("now")),
  or(
    isNull(bulkChanges.eraseAt),
    ne(bulkChanges.eraseAt, bulkChanges.claimedUntil),
    lte(bulkChanges.claimedUntil, param("prunedUntil")),
  ),
);
const unclaimedChanges = statement(
  query
    .select({ examId: bulkChanges.examId, id: bulkChanges.id })
    .from(bulkChanges)
    .where(isUnclaimed)
    .orderBy(asc(bulkChanges.claimedUntil))
    .limit(MAX_TAKEN_OVER),
);
const claimUnclaimed = statement((dialect) =>
  query
    .update(bulkChanges)
    .set({ worker: rawParam<string>("worker"), claimedUntil: rawParam<Date>("claimedUntil") })
    .where(and(isChange(dialect), isUnclaimed))
    .returning(),
);
const extendClaim = statement((dialect) =>
  query
    .update(bulkChanges)
    .set({ claimedUntil: rawParam<Date>("claimedUntil") })
    .where(and(isChange(dialect), eq(bulkChanges.worker, param("worker"))))
    .returning(),
);
const saveChange = statement((dialect) =>
  query
    .update(bulkChanges)
    .set({
      state: rawParam<BulkChange["state"]>("state"),
      progress: encodedParam(bulkChanges.progress, "progress"),
    })
    .where(isChange(dialect)),
);
const beginRest = statement((dialect) =>
  query
    .update(bulkChanges)
    .set({
      progress: encodedParam(bulkChanges.progress, "progress"),
      claimedUntil: rawParam<Date>("eraseAt"),
    })
    .where(isChange(dialect)),
);
const deleteChange = statement((dialect) => query.delete(bulkChanges).where(isChange(dialect)));

export type ChangeWorker = ReturnType<typeof createChangeWorker>;

/** Runs the remaining work of bulk changes in this process. Each change belongs to the one worker that has claimed it. */
export const createChangeWorker = ({
  storage,
  phases,
  clock,
  pruning,
  log,
}: {
  storage: Storage;
  phases: Phases;
  clock: () => Date;
  pruning: Pick<PruningClock, "last">;
  log: FastifyBaseLogger;
}) => {
  const worker = randomBytes(12).toString("hex");
  const running = new Set<Promise<void>>();
  let isStopped = false;

  const write = <Result>(
    { examId }: ChangeKey,
    work: (tx: Transaction) => Promise<Result>,
  ): Promise<Result> => storage.write(work, { bulk: true, share: { examId } });
  /** Returns the columns with which a new change is claimed. */
  const claim = (): Pick<BulkChange, "worker" | "claimedUntil"> => ({
    worker,
    claimedUntil: new Date(clock().getTime() + CLAIM_MS),
  });
  const extend = async (tx: Transaction, change: ChangeKey, claimedUntil: Date): Promise<BulkChange> => {
    const extended = await tx.get(extendClaim, { ...change, worker, claimedUntil });
    if (!extended) throw new TakenOver();
    return extended;
  };
  /** Extends this worker's claim, and returns the change as it is. @throws TakenOver */
  const hold = (tx: Transaction, change: ChangeKey): Promise<BulkChange> =>
    extend(tx, change, claim().claimedUntil);
  /** Saves the progress of a change. */
  const save = async (tx: Transaction, change: BulkChange): Promise<void> => {
    await tx.run(saveChange, change);
  };

  const phasesOf = ({ state, kind }: BulkChange): readonly Phase[] =>
    state === "announced" ? phases.finish[kind] : phases.undo;
  /**
   * Processes about `rows` of the remaining rows. Deletes the change if no rows are left. Returns whether that is so, or the change is about
   * a soft-deleted exam now.
   */
  const advance = async (tx: Transaction, change: BulkChange, rows: number): Promise<boolean> => {
    const locked = await lockExams(tx, change.examId);
    const list = phasesOf(change);
    let { phase, after } = change.progress;
    let used = 0;
    while (used < rows) {
      const run = list[phase];
      if (!run) {
        await tx.run(deleteChange, change);
        return true;
      }
      const result = await run(withRosterLock(locked), change, { after, rows: rows - used });
      used += result.used;
      if (result.next === undefined) {
        phase += 1;
        after = "";
        if (phase === ERASES_EXAM && change.eraseAt) {
          await tx.run(beginRest, { ...change, eraseAt: change.eraseAt, progress: { phase, after } });
          return true;
        }
      } else after = result.next;
    }
    await save(tx, { ...change, progress: { phase, after } });
    return false;
  };

  const advanceToEnd = async (change: ChangeKey): Promise<void> => {
    let isDone = false;
    while (!isDone && !isStopped)
      isDone = await write(change, async (tx) => advance(tx, await hold(tx, change), ROWS_PER_WRITE));
    // Ends the claim, so that other processes need not wait.
    if (!isDone) await write(change, (tx) => extend(tx, change, new Date(0)));
  };
  /** Finishes a change that is announced, and undoes one that is not. Never rejects. */
  const resume = (change: ChangeKey): Promise<void> => {
    const work = advanceToEnd(change)
      .catch((error: unknown) => {
        // A worker, here or elsewhere, takes the change over when its claim has ended.
        if (!(error instanceof TakenOver))
          log.error({ err: error, changeId: change.id }, "a bulk change failed; it will be resumed later");
      })
      .finally(() => running.delete(work));
    running.add(work);
    return work;
  };

  /** Claims and resumes changes whose claim has ended. */
  const takeOver = async (): Promise<void> => {
    if (isStopped) return;
    const times = () => ({ now: clock(), prunedUntil: pruning.last() });
    for (const change of await storage.all(unclaimedChanges, times())) {
      const taken = await write(change, (tx) =>
        tx.get(claimUnclaimed, { ...change, ...claim(), ...times() }),
      );
      // Another process may have claimed it.
      if (!taken) continue;
      const { id, kind, examId, state, eraseAt, progress } = taken;
      const hasRested = eraseAt !== null && progress.phase === ERASES_EXAM;
      log.info(
        { changeId: id, kind, examId, state },
        hasRested ? "a deleted exam is erased" : "an interrupted bulk change is resumed",
      );
      void resume({ examId, id });
    }
  };
  const poller = createRepeatedWork({
    intervalMs: POLL_MS,
    run: takeOver,
    onFailure: (error) => log.error({ err: error }, "bulk changes cannot be read"),
  });

  return {
    claim,
    hold,
    save,
    /**
     * Announces a change, and finishes about `rows` rows of it. A change that began as announced, to hide a new exam, counts as prepared from
     * then on, and is undone. Returns whether nothing is left to do now.
     */
    async announce(tx: Transaction, change: BulkChange, rows: number): Promise<boolean> {
      const state = change.state === "preparing" ? "announced" : "preparing";
      const turned: BulkChange = { ...change, state, progress: { phase: 0, after: "" } };
      await save(tx, turned);
      return rows > 0 && (await advance(tx, turned, rows));
    },
    resume,
    takeOver,
    start: (): void => {
      isStopped = false;
      poller.start();
    },
    stop: async (): Promise<void> => {
      isStopped = true;
      await poller.stop();
      await Promise.all(running);
    },
    drain: async (): Promise<void> => {
      while (running.size > 0) await Promise.all(running);
    },
    get isStopped(): boolean {
      return isStopped;
    },
  };
};
