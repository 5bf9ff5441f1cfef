// The attempts of people at an exam, and when the exam ends for them. In a file of its own, because the client uses it without schemas.

/** The states of an attempt. Who came, left or is late is the roster's state. */
export const attemptStatuses = ["running", "paused", "finished", "terminated"] as const;
export type AttemptStatus = (typeof attemptStatuses)[number];

/** One person's sitting in one exam. */
export interface Attempt {
  readonly status: AttemptStatus;
  /** Since when it has this status. Absent: since the beginning. */
  readonly since?: Date | undefined;
  /** Whether the time of the current pause is given back. */
  readonly givesBack: boolean;
  /** The time that was given back: of earlier pauses, and between an end and its reopening. In milliseconds. */
  readonly pausedMs: number;
  /** The minutes that were given, or taken away, because of incidents. */
  readonly extendedMinutes: number;
}

/** An attempt about which nothing was decided. */
export const RUNNING: Attempt = { status: "running", givesBack: false, pausedMs: 0, extendedMinutes: 0 };

export type AttemptAction =
  | { readonly kind: "pause"; readonly givesBack: boolean }
  | { readonly kind: "resume" | "terminate" | "finish" | "reopen" }
  | { readonly kind: "extend"; readonly minutes: number };

/** What the end of an attempt depends on, besides the attempt. */
export interface ExamTimes {
  readonly startTime: Date;
  /** The end of the exam for everybody. */
  readonly endTime: Date;
  /** The largest `extraMinutes` of the person's seats in the exam. */
  readonly extraMinutes: number;
}

/** The most minutes that an attempt may be extended or shortened by, in total. */
export const MAX_EXTENDED_MINUTES = 600;

const MINUTE_MS = 60_000;

/** Whether an attempt is over: for its person, the rooms of the exam have ended. */
export const isOver = ({ status }: Pick<Attempt, "status">): boolean =>
  status === "finished" || status === "terminated";

/** The part of the exam's time since an attempt has its status, in milliseconds. */
const lostMs = ({ since }: Attempt, { startTime }: Pick<ExamTimes, "startTime">, now: Date): number =>
  since ? Math.max(0, now.getTime() - Math.max(since.getTime(), startTime.getTime())) : 0;

/**
 * Returns when the exam ends for a person. During a pause whose time is given back, it moves with `now`. However the clock was set, the time left
 * is never more than the exam's length and the minutes given: no more is given back than has passed since the start.
 */
export const endsAtOf = (exam: ExamTimes, attempt: Attempt, now: Date): Date => {
  const open = attempt.status === "paused" && attempt.givesBack ? lostMs(attempt, exam, now) : 0;
  const passed = Math.max(0, now.getTime() - exam.startTime.getTime());
  const minutes = exam.extraMinutes + attempt.extendedMinutes;
  return new Date(exam.endTime.getTime() + minutes * MINUTE_MS + Math.min(attempt.pausedMs + open, passed));
};

/** When something was to be before a change, and after it. */
export interface ChangedTime {
  readonly from: Date;
  readonly to: Date;
}

/**
 * Returns when the exam ends for a person before and after a change of its times. Undefined: the change does not concern them, because the exam
 * has not begun, is over for them before and after it, or stays as it is for them.
 */
export const changedEndOf = (
  { attempt, extraMinutes }: { readonly attempt: Attempt; readonly extraMinutes: number },
  before: Omit<ExamTimes, "extraMinutes">,
  after: Omit<ExamTimes, "extraMinutes">,
  now: Date,
): ChangedTime | undefined => {
  const from = endsAtOf({ ...before, extraMinutes }, attempt, now);
  const to = endsAtOf({ ...after, extraMinutes }, attempt, now);
  const hasBegun = before.startTime <= now;
  const isOpen = !isOver(attempt) && (from > now || to > now);
  const changes = from.getTime() !== to.getTime() || after.startTime > now;
  return hasBegun && isOpen && changes ? { from, to } : undefined;
};

/**
 * Why an action is not possible:
 * - `over`: the attempt was finished or terminated.
 * - `pastEnd`: the exam has ended for the person.
 * - `endsInPast`: the exam would have ended already.
 * - `tooManyMinutes`: the minutes in total would be more than allowed.
 */
export type AttemptRefusal = "over" | "pastEnd" | "endsInPast" | "tooManyMinutes";

/**
 * Returns an attempt after an action: the same object if the action changes nothing, or why it is not possible.
 * @param maxMinutes the most minutes in total that the actor may give
 */
export const attemptAfter = (
  attempt: Attempt,
  action: AttemptAction,
  { exam, now, maxMinutes = MAX_EXTENDED_MINUTES }: { exam: ExamTimes; now: Date; maxMinutes?: number },
): Attempt | AttemptRefusal => {
  const { status, pausedMs, extendedMinutes } = attempt;
  const endsInPast = (after: Attempt): boolean => endsAtOf(exam, after, now) <= now;
  /** The attempt with another status. What counted as given back until now stays. */
  const changedTo = (next: AttemptStatus, givesBack: boolean): Attempt => {
    const gives = isOver(attempt) || (status === "paused" && attempt.givesBack);
    return {
      status: next,
      // After the clock was put back, time counts from what was stored. Otherwise a pause would give the same minutes back again.
      since: attempt.since && attempt.since > now ? attempt.since : now,
      givesBack,
      pausedMs: pausedMs + (gives ? lostMs(attempt, exam, now) : 0),
      extendedMinutes,
    };
  };
  switch (action.kind) {
    case "pause":
      if (isOver(attempt)) return "over";
      if (status === "paused") return attempt;
      return endsInPast(attempt) ? "pastEnd" : changedTo("paused", action.givesBack);
    case "resume":
      if (isOver(attempt)) return "over";
      return status === "paused" ? changedTo("running", false) : attempt;
    case "terminate":
      if (status === "finished") return "over";
      return status === "terminated" ? attempt : changedTo("terminated", false);
    case "finish":
      return isOver(attempt) ? attempt : changedTo("finished", false);
    case "reopen": {
      if (!isOver(attempt)) return attempt;
      const after = changedTo("running", false);
      return endsInPast(after) ? "endsInPast" : after;
    }
    case "extend": {
      if (isOver(attempt)) return "over";
      if (action.minutes === 0) return attempt;
      const minutes = extendedMinutes + action.minutes;
      if (minutes > maxMinutes || minutes < -MAX_EXTENDED_MINUTES) return "tooManyMinutes";
      const after = { ...attempt, extendedMinutes: minutes };
      return endsInPast(after) ? "endsInPast" : after;
    }
  }
};

/** The reasons of decisions. Apps have a text for each. */
export const reasonCodes = [
  "technical",
  "connection",
  "identity",
  "misconduct",
  "health",
  "disturbance",
  "accommodation",
  "mistake",
  "other",
] as const;
export type ReasonCode = (typeof reasonCodes)[number];
