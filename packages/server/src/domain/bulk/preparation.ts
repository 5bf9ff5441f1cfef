import type { Transaction } from "../../storage/port.js";
import type { BulkChange } from "./types.js";

/**
 * Prepares a change in steps: writes rows that nobody sees yet, and yields after each step how many rows it was about. It returns when the
 * change may be announced, and throws to cancel the change. Several transactions are needed for many steps: `tx` is always the one that
 * is open. A step must wait for nothing but the statements of `tx`.
 */
export type Prepare<Result> = (change: BulkChange, tx: Transaction) => AsyncGenerator<number, Result, void>;

/** How far one transaction has brought a preparation. */
export interface Prepared<Result> {
  /** The result of the preparation; absent as long as it has steps left. */
  readonly done?: { readonly result: Result };
  /** How many of the rows that the transaction may touch are left. */
  readonly rowsLeft: number;
}

/** A transaction that stands for several: its methods are those of the one that is open. */
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
    lock: (table, key) => current().lock(table, key),
    attempt: (part) => current().attempt(part),
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

/** Begins a preparation. Returns the function that runs its next steps in a transaction, about `rows` rows of them. */
export const beginPreparation = <Result>(change: BulkChange, prepare: Prepare<Result>) => {
  const transactions = createTransactions();
  const steps = prepare(change, transactions.tx);
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
