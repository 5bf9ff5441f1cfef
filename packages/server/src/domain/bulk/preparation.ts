import type { Transaction } from "../../storage/port.js";
import { type RosterTransaction, withRosterLock } from "../exam-transaction.js";
import type { BulkChange } from "./types.js";

/**
 * Prepares a change in steps. Each step writes rows that readers do not see yet, and yields about how many. The generator returns when the
 * change can be announced, and throws to cancel the change. Steps may run in several transactions, and `tx` always stands for the open one.
 * A step must wait for nothing but the statements of `tx`. If a transaction is lost, the change is prepared once more from its beginning.
 */
export type Prepare<Result> = (
  change: BulkChange,
  tx: RosterTransaction,
) => AsyncGenerator<number, Result, void>;

/** The progress of a preparation after a transaction. */
export interface Prepared<Result> {
  /** The result of the preparation. Absent if there are more steps. */
  readonly done?: { readonly result: Result };
  /** How many more rows the transaction may write. */
  readonly rowsLeft: number;
}

/** Makes a transaction whose methods call those of the open transaction. */
const createTransactions = () => {
  let open: Transaction | undefined;
  const current = (): Transaction => {
    if (!open) throw new Error("a bulk change was prepared outside of its transactions");
    return open;
  };
  const tx: Transaction = {
    get: (statement, values) => current().get(statement, values),
    all: (statement, values) => current().all(statement, values),
    run: (statement, values) => current().run(statement, values),
    insert: (insertion, rows) => current().insert(insertion, rows),
    ids: (table, count) => current().ids(table, count),
    last: (start) => current().last(start),
    lock: (table, keys) => current().lock(table, keys),
    lockName: (name) => current().lockName(name),
    afterCommit: (call) => current().afterCommit(call),
  };
  return {
    tx,
    async during<Result>(next: Transaction, work: () => Promise<Result>): Promise<Result> {
      open = next;
      try {
        return await work();
      } finally {
        open = undefined;
      }
    },
  };
};

/** Begins a preparation. Returns a function that runs the next steps, about `rows` rows of them, in a transaction. */
export const beginPreparation = <Result>(change: BulkChange, prepare: Prepare<Result>) => {
  const transactions = createTransactions();
  const steps = prepare(change, withRosterLock(transactions.tx));
  return (next: Transaction, rows: number): Promise<Prepared<Result>> =>
    transactions.during(next, async () => {
      let rowsLeft = rows;
      while (rowsLeft > 0) {
        const step = await steps.next();
        if (step.done) return { done: { result: step.value }, rowsLeft };
        rowsLeft -= step.value;
      }
      return { rowsLeft };
    });
};
