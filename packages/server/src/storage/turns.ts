import { TooManyWritesError } from "./errors.js";
import type { Share, Storage } from "./port.js";

/** How many writes of a caller, and of an exam, run at a time, and how many more may wait. */
export const MAX_RUNNING = 4;
export const MAX_WAITING = 64;

/** A difference in used time that does not matter, in milliseconds. */
const STEP_MS = 1;

/** The usage of the storage by a caller or an exam. */
interface Usage {
  /** The number of its jobs. */
  jobs: number;
  /** The number of its bounded jobs that have been taken and have not ended. */
  running: number;
  /** The number of its bounded jobs that wait. */
  waiting: number;
  usedMs: number;
}

/** A job, and its place in the order. */
export interface Turn<Job> {
  readonly job: Job;
  /** The line in which it waits. */
  readonly line: string;
  /** Of its caller and its exam. */
  readonly usages: readonly Usage[];
  readonly isBounded: boolean;
  /** Whether it has been taken, and has not ended. */
  isTaken: boolean;
}

/**
 * The order in which writes run, on every database. Each caller has a line, in which their writes keep their order. Writes without a caller
 * have a line for each exam, or a line for all of them. The lines take turns. A line whose caller or exam has used more time than others
 * waits until these have used as much.
 *
 * At most `MAX_RUNNING` writes of a caller, and of an exam, run, and `MAX_WAITING` wait. Writes without a caller, and those that continue
 * work, do not count.
 */
export interface Turns<Job> {
  /**
   * Adds a job at the end of its line.
   * @throws TooManyWritesError
   */
  add(
    job: Job,
    of?: { readonly share?: Share | undefined; readonly continues?: boolean | undefined },
  ): Turn<Job>;
  /** Takes the job whose turn it is. */
  next(mayRun?: (job: Job) => boolean): Turn<Job> | undefined;
  /** Ends a job that was taken. */
  end(turn: Turn<Job>, usedMs: number): void;
  /** Puts a job that was taken at the beginning of its line. It still counts as running. */
  putBack(turn: Turn<Job>, usedMs: number): void;
  /** Removes a job that waits. */
  remove(turn: Turn<Job>): void;
  /** Removes all jobs that wait. */
  clear(): Job[];
  /** The number of jobs that wait. */
  readonly size: number;
}

export const createTurns = <Job>(): Turns<Job> => {
  const lines = new Map<string, Turn<Job>[]>();
  const usageByOwner = new Map<string, Usage>();
  /** Lines whose caller and exam have used no more time than this have a turn. */
  let level = 0;
  let waiting = 0;
  let taken = 0;

  const usageOf = (owner: string): Usage => {
    const known = usageByOwner.get(owner);
    if (known) return known;
    const fresh: Usage = { jobs: 0, running: 0, waiting: 0, usedMs: 0 };
    usageByOwner.set(owner, fresh);
    return fresh;
  };
  const enter = (usage: Usage): void => {
    // An owner without jobs gains no advantage for the time in which it did not wait.
    if (usage.jobs === 0) usage.usedMs = Math.max(usage.usedMs, level);
    usage.jobs += 1;
  };
  const exit = ({ usages }: Turn<Job>): void => {
    for (const usage of usages) usage.jobs -= 1;
    if (waiting > 0 || taken > 0) return;
    usageByOwner.clear();
    level = 0;
  };

  const count = ({ isBounded, usages }: Turn<Job>, what: "running" | "waiting", difference: 1 | -1): void => {
    if (isBounded) for (const usage of usages) usage[what] += difference;
  };
  const charge = ({ usages }: Turn<Job>, usedMs: number): void => {
    for (const usage of usages) usage.usedMs += usedMs;
  };

  const lineUp = (turn: Turn<Job>, at: "push" | "unshift"): void => {
    const line = lines.get(turn.line);
    if (line) line[at](turn);
    else lines.set(turn.line, [turn]);
    waiting += 1;
  };
  const take = (turn: Turn<Job>): Turn<Job> => {
    waiting -= 1;
    taken += 1;
    if (turn.isTaken) return turn;
    turn.isTaken = true;
    count(turn, "waiting", -1);
    count(turn, "running", 1);
    return turn;
  };

  const canRun = ({ isBounded, isTaken, usages }: Turn<Job>): boolean =>
    !isBounded || isTaken || usages.every(({ running }) => running < MAX_RUNNING);
  const usedBy = ({ usages }: Turn<Job>): number => Math.max(...usages.map(({ usedMs }) => usedMs));

  /** Removes a job that waits from the counts. */
  const forget = (turn: Turn<Job>): void => {
    waiting -= 1;
    count(turn, turn.isTaken ? "running" : "waiting", -1);
    exit(turn);
  };

  return {
    add(job, { share: { caller, examId } = {}, continues = false } = {}) {
      const owners = [
        ...(caller === undefined ? [] : [`caller ${caller}`]),
        ...(examId === undefined ? [] : [`exam ${examId}`]),
      ];
      const line = owners[0] ?? "";
      const usages = (owners.length === 0 ? [line] : owners).map(usageOf);
      const isBounded = caller !== undefined && !continues;
      if (isBounded && usages.some((usage) => usage.running + usage.waiting >= MAX_RUNNING + MAX_WAITING))
        throw new TooManyWritesError();
      usages.forEach(enter);
      const turn = { job, line, usages, isBounded, isTaken: false };
      count(turn, "waiting", 1);
      lineUp(turn, "push");
      return turn;
    },

    next(mayRun = () => true) {
      for (;;) {
        let least = Number.POSITIVE_INFINITY;
        for (let left = lines.size; left > 0; left -= 1) {
          const [key, line] = lines.entries().next().value ?? [];
          const head = line?.[0];
          if (key === undefined || !line || !head) break;
          // It is the last line from now on.
          lines.delete(key);
          lines.set(key, line);
          if (!canRun(head) || !mayRun(head.job)) continue;
          const used = usedBy(head);
          if (used <= level) {
            line.shift();
            if (line.length === 0) lines.delete(key);
            return take(head);
          }
          least = Math.min(least, used);
        }
        if (least === Number.POSITIVE_INFINITY) return undefined;
        level = least + STEP_MS;
      }
    },

    end(turn, usedMs) {
      taken -= 1;
      turn.isTaken = false;
      count(turn, "running", -1);
      charge(turn, usedMs);
      exit(turn);
    },
    putBack(turn, usedMs) {
      taken -= 1;
      charge(turn, usedMs);
      lineUp(turn, "unshift");
    },
    remove(turn) {
      const line = lines.get(turn.line)?.filter((other) => other !== turn) ?? [];
      if (line.length > 0) lines.set(turn.line, line);
      else lines.delete(turn.line);
      forget(turn);
    },
    clear() {
      const turns = [...lines.values()].flat();
      lines.clear();
      for (const turn of turns) forget(turn);
      return turns.map(({ job }) => job);
    },
    get size() {
      return waiting;
    },
  };
};

/** A storage whose writes belong to no caller and no exam, so that none is refused. For commands. */
export const withoutShares = (storage: Storage): Storage => ({
  ...storage,
  write: (work, options) => storage.write(work, { ...options, share: undefined }),
});
