import { and, desc, eq, lt, type SQL } from "drizzle-orm";
import { type Page, pageOf } from "../../platform/paging.js";
import type { Reader, Transaction } from "../../storage/port.js";
import { param, query, rawParam, type Statement, statement } from "../../storage/statement.js";
import { bulkChanges, exams } from "../../storage/tables.js";
import { encodedParam } from "../encoded-param.js";
import { lockExams } from "../exam-transaction.js";
import { ERASES_EXAM } from "./phases.js";
import type { BulkChange, ChangeKey } from "./types.js";

// A deleted exam rests before it is erased (docs/decisions/0032). Its change is announced and claimed until the time of erasure, so that no
// server erases it earlier, not even one of an earlier version. The server that then takes over the change erases the exam: its claim is
// another one from then on, and the exam no longer rests. It rests after its time, too, until a server does so: the clock may be wrong.

/** A deleted exam that can be restored. */
export type RestingExam = typeof restingExams extends Statement<infer Row> ? Row : never;

// Only the change of a deleted exam has a time of erasure, and only during the rest is it claimed until then.
const rests = eq(bulkChanges.claimedUntil, bulkChanges.eraseAt);
/** Selects resting exams, without a column `eraseAt` that may be null: it is equal to the claim. */
const selectResting = (...conditions: readonly SQL[]) =>
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
    .where(and(rests, ...conditions));
const restingExam = statement(selectResting(eq(bulkChanges.examId, param("examId"))));
const restingExams = statement(
  selectResting(lt(bulkChanges.examId, param("before")))
    .orderBy(desc(bulkChanges.examId))
    .limit(param("limit")),
);
const restingChange = statement(
  query
    .select()
    .from(bulkChanges)
    .where(and(eq(bulkChanges.examId, param("examId")), rests)),
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
    .where(and(eq(bulkChanges.examId, param("examId")), rests))
    .returning({ examId: bulkChanges.examId, id: bulkChanges.id }),
);

/** Returns a deleted exam. Undefined if the exam is not deleted, or is being erased. */
export const readRestingExam = (reader: Reader, examId: string): Promise<RestingExam | undefined> =>
  reader.get(restingExam, { examId });

/** Locks a deleted exam, and returns its change. Undefined if the exam does not rest. */
export const lockRestingExam = async (tx: Transaction, examId: string): Promise<BulkChange | undefined> => {
  await lockExams(tx, examId);
  return tx.get(restingChange, { examId });
};

/** The cursor of the first page sorts after every id: ids consist of digits and lowercase letters. */
const FIRST = "~";

/** Lists deleted exams, in the descending order of their ids. */
export const listRestingExams = async (
  reader: Reader,
  { limit, before = FIRST }: { readonly limit: number; readonly before: string | undefined },
): Promise<Page<RestingExam, string>> =>
  pageOf(await reader.all(restingExams, { before, limit: limit + 1 }), limit, ({ id }) => id);

/** What becomes of a deleted exam at the end of its rest. */
export type RestEnd = "restored" | "erased";

/**
 * Ends the rest of a deleted exam, and claims its change for the worker that goes on with it. A restored exam is visible at once, because
 * the change counts as one that was never announced, which is undone. Returns undefined if the exam does not rest.
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
