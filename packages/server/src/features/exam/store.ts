import type { Exam, VideoProfile } from "@invigil/schema";
import { eq, sql } from "drizzle-orm";
import type { Database } from "../../db/client.js";
import { insertExam, type NewExam } from "../../db/inserts.js";
import { exams } from "../../db/tables.js";

/** An exam without its audio. */
export type StoredExam = Omit<Exam, "videoProfile" | "scheduledAudio" | "manualAudio"> & {
  videoProfile: VideoProfile | null;
};
type Changes = Pick<StoredExam, "name" | "startTime" | "endTime" | "videoProfile" | "updatedAt">;

export interface ExamStore {
  create(exam: NewExam): Promise<void>;
  get(examId: string): Promise<StoredExam | undefined>;
  /** Changes an exam by what it is at that moment; false when there is none. */
  update(examId: string, change: (current: StoredExam) => Changes): Promise<boolean>;
}

export const createExamStore = ({ db }: { db: Database }): ExamStore => {
  const { queries, write } = db;
  const get = queries
    .select()
    .from(exams)
    .where(eq(exams.id, sql.placeholder("examId")))
    .prepare();

  return {
    create: (exam) => write(() => insertExam(queries, exam)),
    get: async (examId) => get.get({ examId }),
    update: (examId, change) =>
      write(() => {
        const current = get.get({ examId });
        if (current) queries.update(exams).set(change(current)).where(eq(exams.id, examId)).run();
        return current !== undefined;
      }),
  };
};
