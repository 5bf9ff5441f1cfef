import type { Transaction } from "../storage/port.js";
import { exams } from "../storage/tables.js";

declare const locksExams: unique symbol;
declare const locksRoster: unique symbol;

/**
 * A transaction that has locked the exams whose rows it writes. The transactions of an exam run one after the other, and the ids of its rows
 * grow in the order of the commits. What writes events, records and other rows of exams takes nothing else.
 */
export interface ExamTransaction extends Transaction {
  readonly [locksExams]: true;
}

/** A transaction of one exam in which people and rooms may be added, changed and removed, because no bulk change of the exam is running. */
export interface RosterTransaction extends ExamTransaction {
  readonly [locksRoster]: true;
}

/** Locks exams until the commit. The lock and the statements that are started together with it are sent together. */
export const lockExams = async (
  tx: Transaction<"installation">,
  ...examIds: readonly string[]
): Promise<ExamTransaction> => {
  await tx.lock(exams, examIds.length > 1 ? [...new Set(examIds)].toSorted() : examIds);
  return withExamLock(tx);
};

// Safe: every transaction can write the same. The types only say what it has locked.
/** The caller has locked the exam, or is creating it. */
export const withExamLock = (tx: Transaction<"installation">): ExamTransaction => tx as ExamTransaction;
/** The caller has locked the exam, and has found that no bulk change of it is running. */
export const withRosterLock = (tx: Transaction<"installation">): RosterTransaction => tx as RosterTransaction;
