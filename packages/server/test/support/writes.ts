import type { AuditLog, AuditQuota } from "../../src/domain/audit.js";
import type { ActingCaller, Author } from "../../src/domain/calls.js";
import { type RosterTransaction, withRosterLock } from "../../src/domain/exam-transaction.js";
import { createWrites, type Writes } from "../../src/domain/writes.js";
import type { Principal } from "../../src/identity/tokens.js";
import type { Storage, WriteOptions } from "../../src/storage/port.js";

// Writes of tests that use stores without an app.

const ORIGIN = { reqId: "test", address: "in-process", entryPoint: "in-process", procedure: "test" } as const;
export const NO_AUDIT: AuditLog = { add: () => Promise.resolve() };
export const NO_QUOTA: AuditQuota = {
  assertActor: () => undefined,
  assertExam: () => undefined,
  charge: () => undefined,
};
export const AUTHOR: Author = { userId: "author", role: "admin", origin: ORIGIN, audited: "none" };
export const acting = (caller: Principal): ActingCaller => ({ ...caller, origin: ORIGIN, audited: "none" });

/** The writes of a store, without an audit and without bulk changes. */
const testWrites = (storage: Pick<Storage, "write">): Writes =>
  createWrites({
    storage,
    audit: NO_AUDIT,
    roster: { lock: () => Promise.resolve(false), whenUnlocked: (work) => work() },
  });

/** What a store needs of a database. */
export const withWrites = ({ storage }: { readonly storage: Storage }) => ({
  storage,
  writes: testWrites(storage),
});

/** Writes rows of exams that no other transaction writes. */
export const writeRows = <Result>(
  { storage }: { readonly storage: Pick<Storage, "write"> },
  work: (tx: RosterTransaction) => Promise<Result>,
  options?: WriteOptions,
): Promise<Result> => storage.write((tx) => work(withRosterLock(tx)), options);
