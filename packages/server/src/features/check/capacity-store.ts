import { type Exam, type ImServer, imServerSchema } from "@invigil/schema";
import { and, count, desc, eq, gt, lt } from "drizzle-orm";
import { isRoomOf } from "../../storage/conditions.js";
import type { Queries } from "../../storage/port.js";
import { param, query, statement } from "../../storage/statement.js";
import { visibleExams, visibleParticipants, visibleRooms, visibleUnseated } from "../../storage/tables.js";

/** An exam that has not ended, and its number of examinees, seated or not. */
export interface UpcomingExam {
  readonly id: string;
  readonly name: string;
  readonly startTime: Date;
  readonly endTime: Date;
  readonly cameras: Exam["cameras"];
  readonly examinees: number;
}

const examsEndingAfter = statement(
  query
    .select({
      id: visibleExams.id,
      name: visibleExams.name,
      startTime: visibleExams.startTime,
      endTime: visibleExams.endTime,
      cameras: visibleExams.cameras,
    })
    .from(visibleExams)
    .where(gt(visibleExams.endTime, param("now"))),
);
/** Planned exams are recent. Times have no index, so only this many of the newest exams are read. */
const NEWEST = 1000;
/** Sorts after every id: ids consist of digits and lowercase letters. */
const FIRST = "~";
const newestExams = statement(
  query
    .select({
      id: visibleExams.id,
      name: visibleExams.name,
      startTime: visibleExams.startTime,
      endTime: visibleExams.endTime,
      cameras: visibleExams.cameras,
    })
    .from(visibleExams)
    .where(lt(visibleExams.id, param("before")))
    .orderBy(desc(visibleExams.id))
    .limit(NEWEST),
);
const seatedExaminees = statement((dialect) =>
  query
    .select({ examId: visibleRooms.examId, people: count() })
    .from(visibleRooms)
    .innerJoin(
      visibleParticipants,
      and(isRoomOf(visibleRooms, visibleParticipants), eq(visibleParticipants.role, "examinee")),
    )
    .where(and(dialect.isAnyOf(visibleRooms.examId, "examIds"), eq(visibleRooms.status, "in_progress")))
    .groupBy(visibleRooms.examId),
);
const unseatedExaminees = statement((dialect) =>
  query
    .select({ examId: visibleUnseated.examId, people: count() })
    .from(visibleUnseated)
    .where(and(dialect.isAnyOf(visibleUnseated.examId, "examIds"), eq(visibleUnseated.role, "examinee")))
    .groupBy(visibleUnseated.examId),
);
const openRoomsByServices = statement(
  query
    .select({ services: visibleRooms.imServer, rooms: count() })
    .from(visibleRooms)
    .where(eq(visibleRooms.status, "in_progress"))
    .groupBy(visibleRooms.imServer),
);

export type CapacityStore = ReturnType<typeof createCapacityStore>;

export const createCapacityStore = ({ storage }: { storage: Queries }) => {
  const counted = async (found: readonly Omit<UpcomingExam, "examinees">[]): Promise<UpcomingExam[]> => {
    if (found.length === 0) return [];
    const examIds = found.map(({ id }) => id);
    // One moment: a plan that becomes visible moves people from one to the other.
    const counts = await storage.snapshot((reader) =>
      Promise.all([reader.all(seatedExaminees, { examIds }), reader.all(unseatedExaminees, { examIds })]),
    );
    const examinees = new Map<string, number>();
    for (const { examId, people } of counts.flat())
      examinees.set(examId, (examinees.get(examId) ?? 0) + people);
    return found.map((exam) => ({ ...exam, examinees: examinees.get(exam.id) ?? 0 }));
  };
  return {
    /** Returns the exams that end after `now`. Reads every exam, so it must not be used by API calls. */
    upcomingExams: async (now: Date): Promise<UpcomingExam[]> =>
      counted(await storage.all(examsEndingAfter, { now })),
    /** Returns those of the newest exams that end after `now` and overlap with an exam. */
    async overlapping(
      { startTime, endTime }: Pick<UpcomingExam, "startTime" | "endTime">,
      now: Date,
    ): Promise<UpcomingExam[]> {
      const newest = await storage.all(newestExams, { before: FIRST });
      return counted(
        newest.filter((exam) => exam.endTime > now && exam.startTime < endTime && exam.endTime > startTime),
      );
    },

    /** Returns the number of rooms in progress by message service. */
    async openRooms(): Promise<Readonly<Record<ImServer, number>>> {
      const counts = await storage.all(openRoomsByServices);
      const openRoomsOf = (service: ImServer): number =>
        counts.reduce((sum, { services, rooms }) => sum + (services.includes(service) ? rooms : 0), 0);
      const byService = imServerSchema.options.map((service) => [service, openRoomsOf(service)] as const);
      // Safe: there is an entry for every service.
      return Object.fromEntries(byService) as Record<ImServer, number>;
    },
  };
};
