import type { Transaction } from "../storage/port.js";
import { type AnyStatement, isWriting } from "../storage/statement.js";
import type { AuditLog, Target } from "./audit.js";
import type { Author } from "./calls.js";

/** Runs work in a transaction. If it has changed anything, adds the audit's rows, together with the last statements of the work. */
export const audited = async <Result>(
  {
    tx,
    audit,
    target,
    author,
  }: {
    tx: Transaction;
    audit: AuditLog;
    target: Target | (() => Target | undefined);
    author: Author | undefined;
  },
  work: (tx: Transaction) => Promise<Result>,
): Promise<Result> => {
  if (author?.audited !== "change") return work(tx);
  const addEntries = async (): Promise<void> => {
    const about = typeof target === "function" ? target() : target;
    if (hasChanged && about) await audit.add(tx, author, about);
  };
  let hasChanged = false;
  let isLast = false;
  const changing = async <Found>(statement: AnyStatement, run: Promise<Found>): Promise<Found> => {
    // The statement was compiled when it was started.
    const isChange = isWriting(statement);
    if (isLast) hasChanged ||= isChange;
    const found = await run;
    const isEmpty = found === undefined || found === 0 || (Array.isArray(found) && found.length === 0);
    hasChanged ||= isChange && !isEmpty;
    return found;
  };
  const watched: Transaction = {
    ...tx,
    get: (statement, values) => changing(statement, tx.get(statement, values)),
    all: (statement, values) => changing(statement, tx.all(statement, values)),
    run: (statement, values) => changing(statement, tx.run(statement, values)),
    insert(insertion, rows) {
      hasChanged ||= rows.length > 0;
      return tx.insert(insertion, rows);
    },
    last: (start) =>
      tx.last(async () => {
        isLast = true;
        const [result] = await Promise.all([start(), addEntries()]);
        return result;
      }),
  };
  const result = await work(watched);
  if (hasChanged && !isLast) await tx.last(addEntries);
  return result;
};
