import { randomBytes } from "node:crypto";
import type { FastifyBaseLogger } from "fastify";
import { DatabaseUnavailableError } from "../../storage/errors.js";
import type { Storage, Transaction } from "../../storage/port.js";
import { param, query, statement } from "../../storage/statement.js";
import { bulkChanges } from "../../storage/tables.js";
import type { AuditLog, Target } from "../audit.js";
import { audited } from "../audited.js";
import { type Author, shareOf } from "../calls.js";
import type { EventLog } from "../events.js";
import type { PruningClock } from "../pruning-clock.js";
import type { TaskLog } from "../vendor-tasks.js";
import { readLastSeat, readLastUnseated } from "./marked-rows.js";
import { createPhases } from "./phases.js";
import { beginPreparation, type Prepare } from "./preparation.js";
import { createRosterLock } from "./roster-lock.js";
import { endRest, type RestEnd } from "./soft-deleted.js";
import type { BulkChange } from "./types.js";
import { changeById, createChangeWorker, ROWS_PER_WRITE, TakenOver } from "./worker.js";

export type { Prepare };

/** The properties of a change that the caller gives. */
export type NewBulkChange = Pick<BulkChange, "kind" | "examId"> & {
  readonly person?: Exclude<BulkChange["person"], null>;
  /** When a deleted exam is erased. Until then it can be restored. Default: at once. */
  readonly eraseAt?: Date | undefined;
  /** What the audit says that the change is about, with an entry for each. Default: the exam, and the person with their room. */
  readonly targets?: readonly Target[] | undefined;
  readonly now: Date;
  readonly author: Author;
};

export interface BulkChangesDeps {
  readonly storage: Storage;
  readonly audit: AuditLog;
  readonly tasks: TaskLog;
  readonly events: EventLog;
  readonly clock: () => Date;
  readonly pruning: Pick<PruningClock, "last">;
  readonly log: FastifyBaseLogger;
  /** Makes the error of a call that waited too long. */
  readonly busy: (examId: string) => Error;
  /** Makes the error of a call that finds the exam deleted. */
  readonly gone: (examId: string) => Error;
}

/** How many times a change is prepared. */
const MAX_TRIES = 3;

/** A transaction of a preparation was lost. The preparation cannot continue, so it is undone and starts over. */
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
export type BulkChanges = ReturnType<typeof createBulkChanges>;

/**
 * Changes many rows. A change is atomic and does not delay other writes (see docs/decisions/0032). A small change is one transaction. A
 * large change is prepared in small transactions whose rows readers do not see, announced in one transaction, and finished in small
 * transactions.
 */
export const createBulkChanges = ({
  storage,
  audit,
  tasks,
  events,
  clock,
  pruning,
  log,
  busy,
  gone,
}: BulkChangesDeps) => {
  const worker = createChangeWorker({
    storage,
    phases: createPhases({ tasks, events }),
    clock,
    pruning,
    log,
  });
  /** Keeps other changes of people and rooms out while a bulk change of their exam is running. */
  const roster = createRosterLock({ worker, busy });
  const newChange = async (
    tx: Transaction,
    { kind, examId, person, eraseAt, now }: NewBulkChange,
    state: BulkChange["state"],
  ): Promise<BulkChange> => {
    const [seatedBefore, unseatedBefore] = await Promise.all([
      readLastSeat(tx, examId),
      readLastUnseated(tx, examId),
    ]);
    return {
      // Random, as the table requires.
      id: randomBytes(6).readUIntBE(0, 6),
      kind,
      examId,
      person: person ?? null,
      state,
      seatedBefore,
      unseatedBefore,
      progress: { phase: 0, after: "" },
      ...worker.claim(),
      createdAt: now,
      eraseAt: eraseAt ?? null,
    };
  };

  const runOnce = async <Result>(
    about: NewBulkChange,
    prepare: Prepare<Result>,
    state: BulkChange["state"],
  ): Promise<Result> => {
    /** Begins the change in its first transaction, which may be the only one. */
    const begin = async (tx: Transaction) => {
      const [isDeleted, change] = await Promise.all([
        roster.lock(tx, about.examId),
        newChange(tx, about, state),
      ]);
      if (!isDeleted) await tx.run(insertChange, change);
      const prepareNext = beginPreparation(change, prepare);

      /** Runs the steps that fit into one transaction. Announces the change when all steps are done. */
      const advance = async (next: Transaction) => {
        const { done, rowsLeft } = await prepareNext(next, ROWS_PER_WRITE);
        // Most preparations have found this themselves, and have thrown an error of their own.
        if (isDeleted) throw gone(about.examId);
        if (!done) return undefined;
        // The preparation may have changed the row.
        const { examId, person } = change;
        const {
          author,
          targets = [{ examId, roomId: person?.roomId, people: person ? [person.userId] : [] }],
        } = about;
        const [prepared] = await Promise.all([
          next.get(changeById, change),
          ...targets.map((target) => audit.add(next, author, target)),
        ]);
        if (!prepared) throw new TakenOver();
        return { result: done.result, isDone: await worker.announce(next, prepared, rowsLeft) };
      };
      return { begun: change, advance, announced: await advance(tx) };
    };
    const share = shareOf(about.author, about.examId);
    const { begun, advance, ...first } = await roster.whenUnlocked(() =>
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

  const run = async <Result>(
    about: NewBulkChange,
    prepare: Prepare<Result>,
    state: BulkChange["state"] = "preparing",
  ): Promise<Result> => {
    for (let tries = 1; ; tries += 1)
      try {
        return await runOnce(about, prepare, state);
      } catch (error) {
        if (!(error instanceof PreparationLost) || tries >= MAX_TRIES) throw error;
      }
  };

  return {
    /**
     * Makes a change. Resolves when the change is announced, which makes it visible to readers. Waits while another change of the exam is
     * running.
     * @throws what `prepare` throws, and the error of `busy` after half a minute
     */
    run: <Result>(about: NewBulkChange, prepare: Prepare<Result>): Promise<Result> => run(about, prepare),
    /**
     * Makes a new exam with rooms and people. Until all of it is written, the exam counts as one that is deleted and about to be erased. So
     * it is hidden, and the rest that a crash or an error leaves behind is erased, by a server of an earlier version, too. It appears as a deleted exam
     * does that is restored. The preparation writes the exam first, and marks it and its rooms as removed by the change.
     * @throws what `prepare` throws
     */
    create: <Result>(
      about: Pick<NewBulkChange, "examId" | "targets" | "now" | "author">,
      prepare: Prepare<Result>,
    ): Promise<Result> => run({ ...about, kind: "delete_exam" }, prepare, "announced"),
    roster,
    /** Restores a deleted exam, or erases it at once. Returns whether it was soft-deleted. The remaining work goes on in the background. */
    async endRest(examId: string, end: RestEnd, author: Author): Promise<boolean> {
      const change = await storage.write(
        (tx) =>
          audited({ tx, audit, target: { examId }, author }, (own) =>
            endRest(own, { examId, end }, worker.claim()),
          ),
        { bulk: true, share: shareOf(author, examId) },
      );
      if (change) void worker.resume(change);
      return change !== undefined;
    },
    /** Starts to resume changes that other processes left unfinished. */
    start: worker.start,
    /** Begins no more transactions. Another process or the next start does the remaining work. */
    stop: worker.stop,
    /** Resolves when this process has finished its changes. */
    drain: worker.drain,
  };
};
