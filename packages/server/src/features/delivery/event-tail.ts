import type { DeliveryStore, EventRow } from "./store.js";

/** What a read of the log returned. */
export interface TailPage {
  /** The events in the order in which they are delivered. */
  readonly rows: readonly EventRow[];
  /** Whether there may be more events. */
  readonly hasMore: boolean;
  /** The exams of which events were deleted before they were read. */
  readonly lost: "all" | ReadonlySet<string>;
}

/** Follows the end of the event log for a set of exams. */
export interface EventTail {
  /**
   * Follows an exam. Resolves when every later event of it will be read. If it rejects, it counts for nothing.
   * @param readNewestId reads the id of the exam's newest event. Called if the tail needs it and does not know it yet
   */
  follow(examId: string, readNewestId: () => Promise<number>): Promise<void>;
  /** Ends one call of `follow`. */
  unfollow(examId: string): void;
  /** Reads the next events. */
  read(): Promise<TailPage>;
}

/** The events that one read returns. */
const PAGE_SIZE = 500;
const NOTHING: TailPage = { rows: [], hasMore: false, lost: new Set() };

/** Follows the log as a whole, for a database in which the ids of all events grow in the order in which events appear. */
const createLogTail = (store: DeliveryStore): EventTail => {
  let followers = 0;
  /** The id of the last event that was read. */
  let lastId: number | undefined;
  let starting: Promise<void> | undefined;

  const start = async (): Promise<void> => {
    try {
      lastId = await store.newestId();
    } finally {
      starting = undefined;
    }
  };

  const unfollow = (): void => {
    followers -= 1;
    if (followers === 0) lastId = undefined;
  };

  return {
    async follow() {
      followers += 1;
      if (lastId !== undefined) return;
      starting ??= start();
      try {
        await starting;
      } catch (error) {
        unfollow();
        throw error;
      }
    },
    unfollow,
    async read() {
      const from = lastId;
      if (from === undefined) return NOTHING;
      const rows = await store.allEventsAfter(from, PAGE_SIZE);
      // The last follower may have left during the read, and another one begun at a later position.
      if (lastId !== from) return { ...NOTHING, hasMore: true };
      if (!rows) {
        lastId = await store.newestId();
        return { rows: [], hasMore: true, lost: "all" };
      }
      lastId = rows.at(-1)?.id ?? from;
      return { ...NOTHING, rows, hasMore: rows.length === PAGE_SIZE };
    },
  };
};

/** Follows the log exam by exam, for a database in which ids grow only within an exam. */
const createExamTail = (store: DeliveryStore): EventTail => {
  interface FollowedExam {
    followers: number;
    /** The last event that was read. */
    after?: number;
    starting?: Promise<void> | undefined;
  }
  const followed = new Map<string, FollowedExam>();

  const start = async (exam: FollowedExam, readNewestId: () => Promise<number>): Promise<void> => {
    try {
      exam.after = await readNewestId();
    } finally {
      exam.starting = undefined;
    }
  };

  const unfollow = (examId: string): void => {
    const exam = followed.get(examId);
    if (!exam) return;
    exam.followers -= 1;
    if (exam.followers === 0) followed.delete(examId);
  };

  return {
    async follow(examId, readNewestId) {
      const exam = followed.get(examId) ?? { followers: 0 };
      followed.set(examId, exam);
      exam.followers += 1;
      if (exam.after !== undefined) return;
      exam.starting ??= start(exam, readNewestId);
      try {
        await exam.starting;
      } catch (error) {
        unfollow(examId);
        throw error;
      }
    },
    unfollow,
    async read() {
      const positions = [...followed].flatMap(([examId, { after }]) =>
        after === undefined ? [] : { examId, after },
      );
      if (positions.length === 0) return NOTHING;
      const { rows, lost } = await store.eventsOfExams(positions, PAGE_SIZE);
      const newest = await Promise.all(
        lost.map(async (examId) => ({ examId, id: await store.newestIdOf(examId) })),
      );
      // Only now, because the events are read again if one of the reads fails.
      for (const { examId, id } of [...rows, ...newest]) {
        const exam = followed.get(examId);
        if (exam?.after !== undefined) exam.after = Math.max(exam.after, id);
      }
      return { rows, hasMore: rows.length >= PAGE_SIZE, lost: new Set(lost) };
    },
  };
};

export const createEventTail = (store: DeliveryStore): EventTail =>
  store.hasOneOrder ? createLogTail(store) : createExamTail(store);
