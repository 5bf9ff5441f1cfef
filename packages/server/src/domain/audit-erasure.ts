import { and, eq, inArray, lt, or, type SQL } from "drizzle-orm";
import { param, query, statement } from "../storage/statement.js";
import { auditEntries, ERASED_PERSON, namesSomebody } from "../storage/tables.js";

// Replaces the people whom entries of the audit name as their target. The entries stay, and so does who made the calls.

/** Makes a statement that replaces the people of at most `limit` entries of an exam, under a condition. */
const erasureOf = (condition?: SQL) =>
  statement(
    query
      .update(auditEntries)
      .set({ personId: ERASED_PERSON })
      .where(
        inArray(
          auditEntries.id,
          query
            .select({ id: auditEntries.id })
            .from(auditEntries)
            .where(and(eq(auditEntries.examId, param("examId")), namesSomebody, condition))
            .limit(param("limit")),
        ),
      ),
  );

const isAbout = and(eq(auditEntries.personId, param("userId")), lt(auditEntries.id, param("before")));
/** Erases a person of an exam from entries with ids before this one. */
export const erasePersonFromAudit = erasureOf(isAbout);
/** The same for one room. A move names the room that the person left as its subject. */
export const erasePersonOfRoomFromAudit = erasureOf(
  and(isAbout, or(eq(auditEntries.roomId, param("roomId")), eq(auditEntries.subject, param("roomId")))),
);
/** Erases everybody of an exam from the audit. */
export const erasePeopleFromAudit = erasureOf();
