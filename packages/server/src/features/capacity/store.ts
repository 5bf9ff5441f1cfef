import type { ImServer } from "@invigil/schema";
import { and, count, eq, gt, sql } from "drizzle-orm";
import type { Database } from "../../storage/sqlite/client.js";
import {
  visibleExams as exams,
  visibleParticipants as participants,
  visibleRooms as rooms,
  visibleUnseated as unseated,
} from "../../storage/tables.js";

/** An exam that is not over, and how many examinees it has, with and without a room. */
export interface ComingExam {
  readonly id: string;
  readonly name: string;
  readonly startTime: Date;
  readonly endTime: Date;
  readonly examinees: number;
}

export interface CapacityStore {
  /** Exams that end after `now`. Reads every exam: it is asked by people, not by calls. */
  comingExams(now: Date): Promise<ComingExam[]>;
  /** How many rooms in progress use a message service. */
  openRooms(service: ImServer): Promise<number>;
}

export const createCapacityStore = ({ db: { queries } }: { db: Database }): CapacityStore => {
  const coming = (now: Date) =>
    queries
      .select({ id: exams.id, name: exams.name, startTime: exams.startTime, endTime: exams.endTime })
      .from(exams)
      .where(gt(exams.endTime, now))
      .all();
  const seated = (examId: string): number =>
    queries
      .select({ people: count() })
      .from(rooms)
      .innerJoin(participants, and(eq(participants.roomId, rooms.id), eq(participants.role, "examinee")))
      .where(and(eq(rooms.examId, examId), eq(rooms.status, "in_progress")))
      .get()?.people ?? 0;
  const waiting = (examId: string): number =>
    queries
      .select({ people: count() })
      .from(unseated)
      .where(and(eq(unseated.examId, examId), eq(unseated.role, "examinee")))
      .get()?.people ?? 0;

  return {
    comingExams: async (now) =>
      coming(now).map((exam) => ({ ...exam, examinees: seated(exam.id) + waiting(exam.id) })),
    openRooms: async (service) =>
      queries
        .select({ rooms: count() })
        .from(rooms)
        .where(
          and(
            eq(rooms.status, "in_progress"),
            sql`EXISTS (SELECT 1 FROM json_each(${rooms.imServer}) WHERE value = ${service})`,
          ),
        )
        .get()?.rooms ?? 0,
  };
};
