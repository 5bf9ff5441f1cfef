import type { Attempt, ExamTimes } from "@invigil/schema";
import { and, eq, inArray, isNull, or, type SQLWrapper, sql } from "drizzle-orm";
import { param, query, statement } from "../storage/statement.js";
import { attempts, visibleParticipants } from "../storage/tables.js";

// The attempts of people at exams, as they are read.

/** The columns of an attempt, for a statement that joins the table. */
export const attemptColumns = {
  status: attempts.status,
  since: attempts.since,
  givesBack: attempts.givesBack,
  pausedMs: attempts.pausedMs,
  extendedMinutes: attempts.extendedMinutes,
};
/** Whether a row of `attempts` is that of a person. */
export const isAttemptOf = (person: { readonly examId: SQLWrapper; readonly userId: SQLWrapper }) =>
  and(eq(attempts.examId, person.examId), eq(attempts.userId, person.userId));
/** Whether the attempt of an outer join is not over. Most people have none. */
export const isNotOver = or(isNull(attempts.status), inArray(attempts.status, ["running", "paused"]));
/** The largest extra minutes of a person's seats, for a statement that joins another table. */
export const plannedMinutes = (person: { readonly examId: SQLWrapper; readonly userId: SQLWrapper }) =>
  sql<number>`(SELECT coalesce(max(seat.extra_minutes), 0) FROM ${visibleParticipants} AS seat
    WHERE seat.exam_id = ${person.examId} AND seat.user_id = ${person.userId})`.mapWith(Number);

type AttemptRow = { readonly since: Date | null } & Omit<Attempt, "since">;
/** Returns the attempt of a row. Undefined without a row: nothing was decided. */
export const attemptOf = (row: AttemptRow | null): Attempt | undefined => {
  if (!row) return undefined;
  const { since, ...attempt } = row;
  return since ? { ...attempt, since } : attempt;
};

/** What the end of the exam for a person depends on, besides the exam. */
export interface PersonTimes extends Pick<ExamTimes, "extraMinutes"> {
  readonly attempt: Attempt;
}

/** Finds the attempt of a person. */
export const attemptOfPerson = statement(
  query
    .select(attemptColumns)
    .from(attempts)
    .where(and(eq(attempts.examId, param("examId")), eq(attempts.userId, param("userId")))),
);
