import { and, asc, eq, gt, isNotNull, lt, or } from "drizzle-orm";
import type { Reader, Transaction } from "../storage/port.js";
import { param, query, statement } from "../storage/statement.js";
import { auditEntries } from "../storage/tables.js";
import { ERASED } from "./audit.js";

// Replaces the people whom rows of the audit name as their target. The rows stay, and who made the calls stays.

const idsOf = (onlyRoom: boolean) =>
  statement(
    query
      .select({ id: auditEntries.id })
      .from(auditEntries)
      .where(
        and(
          eq(auditEntries.personId, param("userId")),
          eq(auditEntries.examId, param("examId")),
          onlyRoom
            ? or(eq(auditEntries.roomId, param("roomId")), eq(auditEntries.subject, param("roomId")))
            : undefined,
          lt(auditEntries.id, param("before")),
        ),
      )
      .limit(param("limit")),
  );
const idsInExam = idsOf(false);
const idsInRoom = idsOf(true);
const ofExam = statement(
  query
    .select({ id: auditEntries.id, personId: auditEntries.personId })
    .from(auditEntries)
    .where(and(eq(auditEntries.examId, param("examId")), gt(auditEntries.id, param("after"))))
    .orderBy(asc(auditEntries.id))
    .limit(param("limit")),
);
const erasePeople = statement((dialect) =>
  query
    .update(auditEntries)
    .set({ personId: ERASED })
    .where(and(dialect.isAnyOf(auditEntries.id, "ids"), isNotNull(auditEntries.personId))),
);

/** Returns the ids of some entries about a person of an exam or of one of its rooms, among those before an id. */
export const entriesAbout = async (
  reader: Reader,
  person: { readonly examId: string; readonly roomId: string | null; readonly userId: string },
  { before, limit }: { readonly before: string; readonly limit: number },
): Promise<string[]> =>
  (await reader.all(person.roomId === null ? idsInExam : idsInRoom, { ...person, before, limit })).map(
    ({ id }) => id,
  );

/** Returns entries about an exam, in the order of their ids. */
export const entriesOfExam = (
  reader: Reader,
  examId: string,
  { after, limit }: { readonly after: string; readonly limit: number },
) => reader.all(ofExam, { examId, after, limit });

/** Replaces the people of entries. */
export const eraseFromEntries = async (tx: Transaction, ids: readonly string[]): Promise<void> => {
  if (ids.length > 0) await tx.run(erasePeople, { ids });
};
