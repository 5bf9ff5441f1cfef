import type { CountedCaller } from "../identity/usage-key.js";
import type { Reader, Storage, Transaction, WriteOptions } from "../storage/port.js";
import type { AuditLog, Target } from "./audit.js";
import { audited } from "./audited.js";
import type { RosterLock } from "./bulk/roster-lock.js";
import { type Author, shareOf } from "./calls.js";
import {
  type ExamTransaction,
  lockExams,
  type RosterTransaction,
  withExamLock,
  withRosterLock,
} from "./exam-transaction.js";

type Options = Pick<WriteOptions, "repeatable" | "continues">;
type TargetOfInstallation = Omit<Target, "examId" | "roomId">;
type TargetOfExam = Target & { readonly examId: string };

/**
 * Runs the writing transactions of stores. A change by a call takes the share of its author, and leaves a row in the audit: see `Audited`.
 * Without an author, it is work in the background.
 */
export interface Writes {
  /**
   * Writes what belongs to the installation.
   * @param target a function, if the work finds out what it changes. Undefined: nothing that the audit keeps
   */
  ofInstallation<Result>(
    target: TargetOfInstallation | (() => TargetOfInstallation | undefined),
    author: Author | undefined,
    work: (tx: Transaction<"installation">) => Promise<Result>,
    options?: Options,
  ): Promise<Result>;
  /** Writes rows of an exam. The lock of the exam and the first statements of the work are sent together. */
  ofExam<Result>(
    target: TargetOfExam,
    author: Author | undefined,
    work: (tx: ExamTransaction) => Promise<Result>,
    options?: Options,
  ): Promise<Result>;
  /**
   * Writes rooms or people of an exam. While a bulk change of the exam is running, the transaction is rolled back and tried again later.
   * @param read reads what the work depends on, together with the lock, and may throw to refuse without waiting. A deleted exam is not
   * locked out: it looks for the exam or the room
   * @throws what `read` and `work` throw, and the error of `busy` after half a minute
   */
  ofRoster<Found, Result>(
    target: TargetOfExam,
    author: Author | undefined,
    read: (reader: Reader) => Promise<Found>,
    work: (tx: RosterTransaction, found: Found) => Promise<Result>,
    options?: Options,
  ): Promise<Result>;
  /** Writes a new exam and its rows. No other call knows its id yet. */
  ofNewExam<Result>(
    target: TargetOfExam,
    author: Author | undefined,
    work: (tx: RosterTransaction) => Promise<Result>,
    options?: Options,
  ): Promise<Result>;
  /**
   * Writes what needs neither the lock of an exam nor the audit: work that is prepared, claimed or has grown old, and rows that are their own
   * record.
   */
  unordered<Result>(
    of: { readonly examId?: string; readonly caller?: CountedCaller | undefined },
    work: (tx: Transaction) => Promise<Result>,
    options?: Options,
  ): Promise<Result>;
}

/** Makes `Writes.unordered`, for what is made before the rest. */
export const createUnordered =
  (storage: Pick<Storage, "write">): Writes["unordered"] =>
  ({ examId, caller }, work, options) =>
    storage.write(work, { ...options, share: shareOf(caller, examId) });

export const createWrites = ({
  storage,
  audit,
  roster,
}: {
  storage: Pick<Storage, "write">;
  audit: AuditLog;
  roster: RosterLock;
}): Writes => {
  const write = <Result>(
    target: Target | (() => Target | undefined),
    author: Author | undefined,
    work: (tx: Transaction) => Promise<Result>,
    options?: Options,
  ): Promise<Result> =>
    storage.write((tx) => audited({ tx, audit, target, author }, work), {
      ...options,
      share: shareOf(author, typeof target === "function" ? undefined : target.examId),
    });
  return {
    ofInstallation: write,
    ofExam: (target, author, work, options) =>
      write(
        target,
        author,
        async (tx) => (await Promise.all([lockExams(tx, target.examId), work(withExamLock(tx))]))[1],
        options,
      ),
    ofRoster: (target, author, read, work, options) =>
      roster.whenUnlocked(() =>
        write(
          target,
          author,
          async (tx) => {
            const [locked, found] = await Promise.allSettled([roster.lock(tx, target.examId), read(tx)]);
            // First, so that a call that is refused does not wait for a bulk change.
            if (found.status === "rejected") throw found.reason;
            if (locked.status === "rejected") throw locked.reason;
            return work(withRosterLock(tx), found.value);
          },
          options,
        ),
      ),
    ofNewExam: (target, author, work, options) =>
      write(target, author, (tx) => work(withRosterLock(tx)), options),
    unordered: createUnordered(storage),
  };
};
