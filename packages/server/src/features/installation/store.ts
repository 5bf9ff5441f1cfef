import { type AnyColumn, asc, count, gt, gte, sql } from "drizzle-orm";
import type { Queries } from "../../storage/port.js";
import { param, query, statement } from "../../storage/statement.js";
import { examMinutes, visibleExams } from "../../storage/tables.js";

/** The usage in a minute. */
export interface UnderWay {
  readonly rooms: number;
  readonly present: number;
  readonly publishing: number;
}

const examsOfAll = statement(
  query.select({ exams: count() }).from(visibleExams).where(gt(visibleExams.id, "")),
);
const sumOf = (column: AnyColumn) => sql`sum(${column})`.mapWith(Number);
const minutesSince = statement(
  query
    .select({
      rooms: sumOf(examMinutes.rooms),
      present: sumOf(examMinutes.present),
      publishing: sumOf(examMinutes.publishing),
    })
    .from(examMinutes)
    .where(gte(examMinutes.minute, param("since")))
    .groupBy(examMinutes.minute)
    .orderBy(asc(examMinutes.minute)),
);

const NOTHING: UnderWay = { rooms: 0, present: 0, publishing: 0 };

export type InstallationStore = ReturnType<typeof createInstallationStore>;

export const createInstallationStore = ({ storage }: { storage: Queries }) => ({
  /** The number of exams without deleted ones, and what was under way in the last minute that was counted from a time on. */
  async count(since: Date): Promise<UnderWay & { readonly exams: number }> {
    const [all, minutes] = await storage.together(() =>
      Promise.all([storage.get(examsOfAll), storage.all(minutesSince, { since })]),
    );
    return { exams: all?.exams ?? 0, ...(minutes.at(-1) ?? NOTHING) };
  },
});
