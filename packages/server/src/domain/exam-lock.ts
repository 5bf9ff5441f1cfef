import type { Transaction } from "../storage/port.js";
import { exams } from "../storage/tables.js";

/**
 * Locks exams until the commit. Every transaction that writes rows of an exam does so first. Therefore the
 * transactions of an exam run one after the other, and the ids of its rows grow in the order of the commits.
 */
export const lockExams = (tx: Transaction, ...examIds: readonly string[]): Promise<void> =>
  tx.lock(exams, examIds.length > 1 ? [...new Set(examIds)].toSorted() : examIds);
