import { and, desc, eq, lt, type SQL } from "drizzle-orm";
import { type Page, pageOf } from "../../platform/paging.js";
import type { Reader, Transaction } from "../../storage/port.js";
import { param, query, rawParam, type Statement, statement } from "../../storage/statement.js";
import { bulkChanges, exams } from "../../storage/tables.js";
import { encodedParam } from "../encoded-param.js";
import { lockExams } from "../exam-transaction.js";
import { ERASES_EXAM } from "./phases.js";
import type { BulkChange, ChangeKey } from "./types.js";

// A deleted exam is soft-deleted before it is erased (docs/decisions/0032). Its change is announced and claimed until the time of erasure, so that no
// server erases it earlier, not even one of an earlier version. The server that then takes over the change erases the exam: its claim is
// another one from then on, and the exam is no longer soft-deleted. It stays soft-deleted after its time until a server does so: the clock may be wrong.

/** A deleted exam that can be restored. */
export type SoftDeletedExam = typeof softDeletedExams extends Statement<infer Row> ? Row : never;

// Only the change of a deleted exam has a time of erasure, and only a soft-deleted exam is claimed until then.
const isSoftDeleted = eq(bulkChanges.claimedUntil, bulkChanges.eraseAt);
/** Selects soft-deleted exams, without a column `eraseAt` that may be null: it is equal to the claim. */
const selectSoftDeleted = (...conditions: readonly SQL[]) =>
  query
    .select({
      id: exams.id,
      name: exams.name,
      startTime: exams.startTime,
      endTime: exams.endTime,
      createdBy: exams.createdBy,
      deletedAt: bulkChanges.createdAt,
      eraseAt: bulkChanges.claimedUntil,
    })
    .from(bulkChanges)
    .innerJoin(exams, eq(exams.id, bulkChanges.examId))
    .where(and(isSoftDeleted, ...conditions));
const softDeletedExam = statement(selectSoftDeleted(eq(bulkChanges.examId, param("examId"))));
const softDeletedExams = statement(
  selectSoftDeleted(lt(bulkChanges.examId, param("before")))
    .orderBy(desc(bulkChanges.examId))
    .limit(param("limit")),
);
const softDeletedChange = statement(
  query
    .select()
    .from(bulkChanges)
    .where(and(eq(bulkChanges.examId, param("examId")), isSoftDeleted)),
);
const endRestOf = statement(
  query
    .update(bulkChanges)
    .set({
      state: rawParam<BulkChange["state"]>("state"),
      progress: encodedParam(bulkChanges.progress, "progress"),
      worker: rawParam<string>("worker"),
      claimedUntil: rawParam<Date>("claimedUntil"),
      eraseAt: null,
    })
    .where(and(eq(bulkChanges.examId, param("examId")), isSoftDeleted))
    .returning({ examId: bulkChanges.examId, id: bulkChanges.id }),
);

/** Returns a deleted exam. Undefined if the exam is not deleted, or is being erased. */
export const readSoftDeletedExam = (reader: Reader, examId: string): Promise<SoftDeletedExam | undefined> =>
  reader.get(softDeletedExam, { examId });

/** Locks a deleted exam, and returns its change. Undefined if the exam is not soft-deleted. */
export const lockSoftDeletedExam = async (
  tx: Transaction,
  examId: string,
): Promise<BulkChange | undefined> => {
  await lockExams(tx, examId);
  return tx.get(softDeletedChange, { examId });
};

/** The cursor of the first page sorts after every id: ids consist of digits and lowercase letters. */
const FIRST = "~";

/** Lists deleted exams, in the descending order of their ids. */
export const listSoftDeletedExams = async (
  reader: Reader,
  { limit, before = FIRST }: { readonly limit: number; readonly before: string | undefined },
): Promise<Page<SoftDeletedExam, string>> =>
  pageOf(await reader.all(softDeletedExams, { before, limit: limit + 1 }), limit, ({ id }) => id);

/** What becomes of a deleted exam at its time of erasure. */
export type RestEnd = "restored" | "erased";

/**
 * Ends the rest of a deleted exam, and claims its change for the worker that goes on with it. A restored exam is visible at once, because
 * the change counts as one that was never announced, which is undone. Returns undefined if the exam is not soft-deleted.
 */
export const endRest = async (
  tx: Transaction,
  { examId, end }: { readonly examId: string; readonly end: RestEnd },
  claim: Pick<BulkChange, "worker" | "claimedUntil">,
): Promise<ChangeKey | undefined> => {
  await lockExams(tx, examId);
  return tx.get(endRestOf, {
    examId,
    ...claim,
    ...(end === "restored"
      ? { state: "preparing", progress: { phase: 0, after: "" } }
      : { state: "announced", progress: { phase: ERASES_EXAM, after: "" } }),
  });
};
