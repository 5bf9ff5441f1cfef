import type { ImServer } from "@invigil/schema";
import type { CapacityStore, ComingExam } from "./store.js";

/** The fullest moment to come: when it begins, and the exams that are held then. */
export interface Peak {
  readonly at: Date;
  readonly exams: readonly string[];
  readonly examinees: number;
  /** Each examinee publishes two cameras. */
  readonly streams: number;
}

/** What the exams to come need of the vendors' services. */
export interface Demand {
  /** Undefined when no exam is to come. */
  readonly peak: Peak | undefined;
  /** Rooms in progress, each with a group at its message services. */
  readonly groups: Readonly<Record<ImServer, number>>;
}

export interface CapacityService {
  /** Asks nobody's permission: for the command. */
  demand(): Promise<Demand>;
}

const CAMERAS = 2;

/** The moment at which most examinees sit an exam: one at which an exam begins, or now. */
export const peakOf = (exams: readonly ComingExam[], now: Date): Peak | undefined => {
  const moments = exams.map(({ startTime }) => (startTime > now ? startTime : now));
  return moments
    .map((at) => {
      const held = exams.filter(({ startTime, endTime }) => startTime <= at && at < endTime);
      const examinees = held.reduce((sum, exam) => sum + exam.examinees, 0);
      return { at, exams: held.map(({ name }) => name), examinees, streams: examinees * CAMERAS };
    })
    .toSorted((one, other) => other.examinees - one.examinees || one.at.getTime() - other.at.getTime())
    .at(0);
};

export const createCapacityService = ({
  store,
  clock,
}: {
  readonly store: CapacityStore;
  readonly clock: () => Date;
}): CapacityService => ({
  async demand() {
    const now = clock();
    const peak = peakOf(await store.comingExams(now), now);
    return { peak, groups: await store.openRooms() };
  },
});
