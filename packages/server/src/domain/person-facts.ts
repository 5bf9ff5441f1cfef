import type { ParticipantRole, PersonFacts, Readiness } from "@invigil/schema";
import { and, eq, type SQLWrapper } from "drizzle-orm";
import type { SQLiteSelect } from "drizzle-orm/sqlite-core";
import type { Reader } from "../storage/port.js";
import { param, query, statement } from "../storage/statement.js";
import { attempts, examPeople } from "../storage/tables.js";
import { attemptColumns, attemptOf, attemptOfPerson, isAttemptOf } from "./attempts.js";
import { type NewEvent, newEvent } from "./events.js";
import type { RoomKey } from "./room-exams.js";

// What is known about people at exams: their attempts, and what staff and the checks before an exam have found.

interface ExamPerson<Id> {
  readonly examId: Id;
  readonly userId: Id;
}

/** The columns of the findings, for a statement that joins the table. */
export const findingColumns = {
  identity: examPeople.identity,
  identityAt: examPeople.identityAt,
  readiness: examPeople.readiness,
  readinessAt: examPeople.readinessAt,
  wavedThroughBy: examPeople.wavedThroughBy,
  detectorsOff: examPeople.detectorsOff,
};
export type FindingsRow = Pick<typeof examPeople.$inferSelect, keyof typeof findingColumns>;
/** A row of a person about whom nothing was found. */
export const NOTHING_FOUND: FindingsRow = {
  identity: null,
  identityAt: null,
  readiness: null,
  readinessAt: null,
  wavedThroughBy: null,
  detectorsOff: false,
};
/** Whether a row of `exam_people` is that of a person. */
export const isExamPerson = (person: ExamPerson<SQLWrapper>) =>
  and(eq(examPeople.examId, person.examId), eq(examPeople.userId, person.userId));
/** Finds what was found about a person. */
export const findingsOfPerson = statement(
  query
    .select(findingColumns)
    .from(examPeople)
    .where(and(eq(examPeople.examId, param("examId")), eq(examPeople.userId, param("userId")))),
);

/** The columns of the facts, for a statement that `joinFacts` joins with their tables. */
export const factColumns = { attempt: attemptColumns, findings: findingColumns };
/** Joins people with what is known about them. */
export const joinFacts = <People extends SQLiteSelect>(
  people: { $dynamic(): People },
  person: ExamPerson<SQLWrapper>,
) => people.$dynamic().leftJoin(attempts, isAttemptOf(person)).leftJoin(examPeople, isExamPerson(person));

/** Returns what the checks before an exam have found. */
export const readinessOf = ({
  readiness,
  readinessAt,
  wavedThroughBy,
}: Pick<FindingsRow, "readiness" | "readinessAt" | "wavedThroughBy">): Readiness => ({
  checks: readiness ?? {},
  wavedThrough: wavedThroughBy !== null,
  ...(readinessAt && { since: readinessAt }),
});

interface FactsRow {
  readonly attempt: Parameters<typeof attemptOf>[0];
  readonly findings: FindingsRow | null;
}
/** Returns the facts of a row. Absent fields: nothing was decided or checked, or it is as usual. */
export const factsOf = ({ attempt, findings }: FactsRow): PersonFacts => {
  // Assignments take half the time of spread objects, and large rooms have many people.
  const facts: PersonFacts = {};
  if (attempt) facts.attempt = attemptOf(attempt);
  if (!findings) return facts;
  const { identity, identityAt, readiness, wavedThroughBy, detectorsOff } = findings;
  if (identity && identityAt) facts.identity = { status: identity, since: identityAt };
  if (readiness || wavedThroughBy !== null) facts.readiness = readinessOf(findings);
  if (detectorsOff) facts.detectorsOff = true;
  return facts;
};

/** Reads what is known about a person. */
export const readFacts = async (reader: Reader, person: ExamPerson<string>): Promise<PersonFacts> => {
  const [attempt = null, findings = null] = await Promise.all([
    reader.get(attemptOfPerson, { ...person }),
    reader.get(findingsOfPerson, { ...person }),
  ]);
  return factsOf({ attempt, findings });
};

/** Returns the events that say what is known about a person. */
export const factEvents = (
  room: RoomKey,
  person: { readonly userId: string; readonly role: ParticipantRole },
  { attempt, identity, readiness, detectorsOff }: PersonFacts,
  now: Date,
): NewEvent[] => [
  ...(attempt ? [newEvent(room, "attempt_changed", { ...person, ...attempt }, now)] : []),
  ...(identity ? [newEvent(room, "identity_checked", { ...person, ...identity }, now)] : []),
  ...(readiness ? [newEvent(room, "readiness_changed", { ...person, ...readiness }, now)] : []),
  ...(detectorsOff ? [newEvent(room, "detectors_changed", { ...person, off: true }, now)] : []),
];
