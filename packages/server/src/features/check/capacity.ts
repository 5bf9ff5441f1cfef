import type { ImServer } from "@invigil/schema";
import type { Config } from "../../config/config.js";
import type { CapacityStore, UpcomingExam } from "./capacity-store.js";

/** The time with the most streams: when it begins, and the exams that take place then. */
export interface Peak {
  readonly at: Date;
  readonly exams: readonly string[];
  readonly examinees: number;
  readonly streams: number;
}

/** The capacity of the vendors' services that upcoming exams require. */
export interface Demand {
  /** Undefined when there is no upcoming exam. */
  readonly peak: Peak | undefined;
  /** The number of rooms in progress. Each has a group at its message services. */
  readonly groups: Readonly<Record<ImServer, number>>;
}

/** The candidate's page publishes the cameras that the exam needs. The vendor's apps do not know this setting, and publish both. */
const camerasOf = ({ cameras }: UpcomingExam, service: Config["streamService"]): number =>
  service === "embedded" && cameras === "one" ? 1 : 2;
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** The number of streams is highest at the start of an exam, or now. */
export const peakOf = (
  exams: readonly UpcomingExam[],
  now: Date,
  service: Config["streamService"],
): Peak | undefined => {
  const moments = exams.map(({ startTime }) => (startTime > now ? startTime : now));
  return moments
    .map((at) => {
      const running = exams.filter(({ startTime, endTime }) => startTime <= at && at < endTime);
      return {
        at,
        exams: running.map(({ name }) => name),
        examinees: sum(running.map((exam) => exam.examinees)),
        streams: sum(running.map((exam) => exam.examinees * camerasOf(exam, service))),
      };
    })
    .toSorted((one, other) => other.streams - one.streams || one.at.getTime() - other.at.getTime())
    .at(0);
};

export type CapacityService = ReturnType<typeof createCapacityService>;

export const createCapacityService = ({
  store,
  service,
  clock,
}: {
  readonly store: CapacityStore;
  /** What carries the streams. */
  readonly service: Config["streamService"];
  readonly clock: () => Date;
}) => ({
  /** Checks no permissions: for the command. */
  async demand(): Promise<Demand> {
    const now = clock();
    const peak = peakOf(await store.upcomingExams(now), now, service);
    return { peak, groups: await store.openRooms() };
  },
  /** Returns the time with the most streams among the exams that overlap with one. Checks no permissions. */
  async peakDuring(exam: Pick<UpcomingExam, "startTime" | "endTime">): Promise<Peak | undefined> {
    const now = clock();
    return peakOf(await store.overlapping(exam, now), now, service);
  },
});
