import type { Member } from "@invigil/schema";
import { and, eq, type SQLWrapper } from "drizzle-orm";
import { param, query, statement } from "../storage/statement.js";
import { examPeople } from "../storage/tables.js";

// What staff and the checks before an exam have found about people at exams.

/** The columns of the findings, for a statement that joins the table. */
export const findingColumns = {
  identity: examPeople.identity,
  identityAt: examPeople.identityAt,
  readiness: examPeople.readiness,
  readinessAt: examPeople.readinessAt,
  wavedThroughBy: examPeople.wavedThroughBy,
  detectorsOff: examPeople.detectorsOff,
};
/** Whether a row of `exam_people` is that of a person. */
export const isExamPerson = (person: { readonly examId: SQLWrapper; readonly userId: SQLWrapper }) =>
  and(eq(examPeople.examId, person.examId), eq(examPeople.userId, person.userId));

/** Absent fields: it was not checked, or is as usual. */
export type Findings = Pick<Member, "identity" | "readiness" | "detectorsOff">;
export type FindingsRow = Pick<typeof examPeople.$inferSelect, keyof typeof findingColumns>;

/** Returns the findings of a row. */
export const findingsOf = (row: FindingsRow | null | undefined): Findings => {
  if (!row) return {};
  const { identity, identityAt, readiness, readinessAt, wavedThroughBy, detectorsOff } = row;
  return {
    ...(identity && identityAt && { identity: { status: identity, since: identityAt } }),
    ...((readiness || wavedThroughBy !== null) && {
      readiness: {
        checks: readiness ?? {},
        wavedThrough: wavedThroughBy !== null,
        ...(readinessAt && { since: readinessAt }),
      },
    }),
    ...(detectorsOff && { detectorsOff }),
  };
};

/** Finds what was found about a person. */
export const findingsOfPerson = statement(
  query
    .select(findingColumns)
    .from(examPeople)
    .where(and(eq(examPeople.examId, param("examId")), eq(examPeople.userId, param("userId")))),
);
