import type { Member } from "@invigil/schema";
import { and, eq, type SQLWrapper } from "drizzle-orm";
import { param, query, statement } from "../storage/statement.js";
import { examPeople } from "../storage/tables.js";

// Findings of staff about people at exams.

/** The columns of an identity, for a statement that joins the table. */
export const identityColumns = { status: examPeople.identity, since: examPeople.identityAt };
/** Whether a row of `exam_people` is that of a person. */
export const isExamPerson = (person: { readonly examId: SQLWrapper; readonly userId: SQLWrapper }) =>
  and(eq(examPeople.examId, person.examId), eq(examPeople.userId, person.userId));

export type Identity = NonNullable<Member["identity"]>;
/** Returns the identity of a row. Undefined if it was not checked. */
export const identityOf = (
  row: { readonly status: Identity["status"] | null; readonly since: Date | null } | null | undefined,
): Identity | undefined => (row?.status && row.since ? { status: row.status, since: row.since } : undefined);

/** Finds the identity of a person. */
export const identityOfPerson = statement(
  query
    .select(identityColumns)
    .from(examPeople)
    .where(and(eq(examPeople.examId, param("examId")), eq(examPeople.userId, param("userId")))),
);
