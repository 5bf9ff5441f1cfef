import { DatabaseUnavailableError } from "./errors.js";
import type { Grouping, Storage, Transaction } from "./port.js";

interface Waiting<Call, Outcome> {
  readonly call: Call;
  /** When the call began to wait, by `performance.now()`. */
  readonly since: number;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

/** The maximum number of calls in a group. */
const MAX_GROUP = 200;

/**
 * Removes the calls of the next group from those that wait: all of them if they fit, and otherwise some of each caller, in turn.
 * Both keep their order.
 */
const takeGroup = <Of extends { readonly call: unknown }>(
  waiting: Of[],
  callerOf: (call: Of["call"]) => string,
): readonly Of[] => {
  if (waiting.length <= MAX_GROUP) return waiting.splice(0);
  /** The number of calls of each caller so far. */
  const calls = new Map<string, number>();
  /** For each call, how many calls of its caller come before it. */
  const ranks = waiting.map(({ call }) => {
    const caller = callerOf(call);
    const rank = calls.get(caller) ?? 0;
    calls.set(caller, rank + 1);
    return rank;
  });
  const sizes: number[] = [];
  for (const rank of ranks) sizes[rank] = (sizes[rank] ?? 0) + 1;
  // All calls of a lower rank fit, and some of this one.
  let last = 0;
  let left = MAX_GROUP;
  for (let size = sizes[0] ?? 0; size <= left; size = sizes[last] ?? 0) {
    left -= size;
    last += 1;
  }
  const group: Of[] = [];
  let kept = 0;
  for (const [index, one] of waiting.entries()) {
    const rank = ranks[index] ?? 0;
    const isTaken = rank < last || (rank === last && left > 0);
    if (rank === last && isTaken) left -= 1;
    if (isTaken) group.push(one);
    else waiting[kept++] = one;
  }
  waiting.length = kept;
  return group;
};

export interface GroupedOptions {
  /**
   * Whether a group of an exam, or a half of one, begins after the one before it. By default, it begins with the
   * next transaction.
   */
  readonly oneAtATime?: boolean;
  /**
   * Whether calls of all exams share groups. On SQLite they do, because no call waits for the lock of an exam, and a group has few
   * statements.
   */
  readonly acrossExams?: boolean;
}

/** The key of groups of all exams. */
const ALL_EXAMS = "";

/**
 * Makes `Storage.grouped`. A group contains the calls of an exam, or of all, that wait when its transaction begins. If a group
 * fails, it is halved and repeated, until the failing call is alone.
 */
export const createGrouped =
  (
    write: Storage["write"],
    { oneAtATime = false, acrossExams = false }: GroupedOptions = {},
  ): Storage["grouped"] =>
  <Call, Outcome>(
    writeAll: (tx: Transaction, calls: readonly Call[]) => Promise<readonly Outcome[]>,
    { examOf, callerOf }: Grouping<Call>,
  ): ((call: Call) => Promise<Outcome>) => {
    type Calls = Waiting<Call, Outcome>[];
    type Group = Readonly<Calls>;
    /** The calls that wait, by exam. */
    const exams = new Map<string, Calls>();

    /**
     * @param since when the first of the calls began to wait
     * @param takeAll takes the calls that fail if the transaction does not begin
     */
    const writeGroup = async (
      examId: string,
      take: () => Group,
      since = performance.now(),
      takeAll = take,
    ): Promise<void> => {
      // Taken once, because the transaction may repeat its work.
      let group: Group | undefined;
      try {
        const outcomes = await write(
          (tx) => {
            group ??= take();
            return writeAll(
              tx,
              group.map(({ call }) => call),
            );
          },
          { repeatable: true, since, share: acrossExams ? {} : { examId } },
        );
        // Safe: there is one outcome for each call.
        for (const [index, { resolve }] of (group ?? []).entries()) resolve(outcomes[index] as Outcome);
      } catch (error) {
        // Without a group, the transaction did not begin.
        const failed = group ?? takeAll();
        const isAboutCalls = group !== undefined && !(error instanceof DatabaseUnavailableError);
        if (failed.length <= 1 || !isAboutCalls) {
          for (const { reject } of failed) reject(error);
          return;
        }
        const half = Math.ceil(failed.length / 2);
        const first = writeGroup(examId, () => failed.slice(0, half));
        if (oneAtATime) await first;
        await Promise.all([first, writeGroup(examId, () => failed.slice(half))]);
      }
    };

    const takeNext = (examId: string, calls: Calls): Group => {
      const group = takeGroup(calls, callerOf);
      if (oneAtATime) return group;
      if (calls.length > 0) void writeGroup(examId, () => takeNext(examId, calls));
      else exams.delete(examId);
      return group;
    };
    const writeExam = async (examId: string, calls: Calls): Promise<void> => {
      // If the database does not respond, all waiting calls fail: they have waited long enough.
      const takeAll = (): Group => calls.splice(0);
      while (calls.length > 0)
        await writeGroup(examId, () => takeNext(examId, calls), calls[0]?.since, takeAll);
      exams.delete(examId);
    };

    const add = (examId: string, waiting: Waiting<Call, Outcome>): void => {
      const calls = exams.get(examId);
      if (calls) {
        calls.push(waiting);
        return;
      }
      const first = [waiting];
      exams.set(examId, first);
      if (oneAtATime) void writeExam(examId, first);
      else void writeGroup(examId, () => takeNext(examId, first));
    };

    return (call) =>
      new Promise<Outcome>((resolve, reject) => {
        const waiting = { call, since: performance.now(), resolve, reject };
        const examId = acrossExams ? ALL_EXAMS : examOf(call);
        // Calls whose exam is known keep their order.
        if (typeof examId === "string") add(examId, waiting);
        else examId.then((found) => add(found, waiting), reject);
      });
  };
