import { setTimeout as wait } from "node:timers/promises";
import { eq } from "drizzle-orm";
import type { Transaction } from "../../storage/port.js";
import { param, query, statement } from "../../storage/statement.js";
import { bulkChanges } from "../../storage/tables.js";
import { lockExams } from "../exam-transaction.js";
import type { ChangeWorker } from "./worker.js";

const RETRY_MS = 20;
const MAX_WAIT_MS = 30_000;

/** Another change of the exam is running. */
class ExamBusy extends Error {
  constructor(readonly examId: string) {
    super(`a change of the exam ${examId} is running`);
  }
}

const changeOfExam = statement(
  query
    .select({ kind: bulkChanges.kind, state: bulkChanges.state })
    .from(bulkChanges)
    .where(eq(bulkChanges.examId, param("examId")))
    .limit(1),
);

export type RosterLock = ReturnType<typeof createRosterLock>;

/** Keeps other changes of people and rooms out while a bulk change of their exam is running. */
export const createRosterLock = ({
  worker,
  busy,
}: {
  worker: Pick<ChangeWorker, "takeOver" | "isStopped">;
  busy: (examId: string) => Error;
}) => ({
  /** Locks an exam. Returns whether the exam is deleted. @throws ExamBusy */
  async lock(tx: Transaction<"installation">, examId: string): Promise<boolean> {
    // A bulk change holds the same lock while it begins.
    const [, running] = await Promise.all([lockExams(tx, examId), tx.get(changeOfExam, { examId })]);
    const isDeleted = running?.kind === "delete_exam" && running.state === "announced";
    if (running && !isDeleted) throw new ExamBusy(examId);
    return isDeleted;
  },
  /** Tries work again while the exam is busy. @throws the error of `busy` after half a minute */
  async whenUnlocked<Result>(work: () => Promise<Result>): Promise<Result> {
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
  },
});
