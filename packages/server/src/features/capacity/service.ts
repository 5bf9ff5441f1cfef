import type { ImServer } from "@invigil/schema";
import type { CapacityStore, UpcomingExam } from "./store.js";

/** The time with the most examinees: when it begins, and the exams that take place then. */
export interface Peak {
  readonly at: Date;
  readonly exams: readonly string[];
  readonly examinees: number;
  /** Each examinee publishes two cameras. */
  readonly streams: number;
}

/** The capacity of the vendors' services that upcoming exams require. */
export interface Demand {
  /** Undefined when there is no upcoming exam. */
  readonly peak: Peak | undefined;
  /** The number of rooms in progress. Each has a group at its message services. */
  readonly groups: Readonly<Record<ImServer, number>>;
}

const CAMERAS = 2;

/** The number of examinees is highest at the start of an exam, or now. */
export const peakOf = (exams: readonly UpcomingExam[], now: Date): Peak | undefined => {
  const moments = exams.map(({ startTime }) => (startTime > now ? startTime : now));
  return moments
    .map((at) => {
      const running = exams.filter(({ startTime, endTime }) => startTime <= at && at < endTime);
      const examinees = running.reduce((sum, exam) => sum + exam.examinees, 0);
      return { at, exams: running.map(({ name }) => name), examinees, streams: examinees * CAMERAS };
    })
    .toSorted((one, other) => other.examinees - one.examinees || one.at.getTime() - other.at.getTime())
    .at(0);
};

export type CapacityService = ReturnType<typeof createCapacityService>;

export const createCapacityService = ({
  store,
  clock,
}: {
  readonly store: CapacityStore;
  readonly clock: () => Date;
}) => ({
  /** Checks no permissions: for the command. */
  async demand(): Promise<Demand> {
    const now = clock();
    const peak = peakOf(await store.upcomingExams(now), now);
    return { peak, groups: await store.openRooms() };
  },
  /** Returns the time with the most examinees among the exams that overlap with one. Checks no permissions. */
  async peakDuring(exam: Pick<UpcomingExam, "startTime" | "endTime">): Promise<Peak | undefined> {
    const now = clock();
    return peakOf(await store.overlapping(exam, now), now);
  },
});
