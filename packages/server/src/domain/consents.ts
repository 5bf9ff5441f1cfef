import { desc, eq } from "drizzle-orm";
import { insertion, param, query, statement } from "../storage/statement.js";
import { examConsents } from "../storage/tables.js";
import type { ExamTransaction } from "./exam-transaction.js";

// The consent texts of exams, as far as several features read and write them.

type ConsentRow = typeof examConsents.$inferSelect;
export type ConsentText = Pick<ConsentRow, "version" | "zh" | "en">;

/** Finds the newest consent text of an exam. */
export const newestConsent = statement(
  query
    .select({ version: examConsents.version, zh: examConsents.zh, en: examConsents.en })
    .from(examConsents)
    .where(eq(examConsents.examId, param("examId")))
    .orderBy(desc(examConsents.version))
    .limit(1),
);
const insertConsents = insertion(examConsents);
export const insertConsent = (tx: ExamTransaction, row: ConsentRow) => tx.insert(insertConsents, [row]);
