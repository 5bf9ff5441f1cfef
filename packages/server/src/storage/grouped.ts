import { DatabaseUnavailableError } from "./errors.js";
import type { Storage, Transaction } from "./port.js";

interface Waiting<Call, Outcome> {
  readonly call: Call;
  /** When the call began to wait, by `performance.now()`. */
  readonly since: number;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

/** The maximum number of calls in a group. */
const MAX_GROUP = 200;

export interface GroupedOptions {
  /**
   * Whether a group, or a half of one, begins after the one before it. By default, it begins with the next
   * transaction.
   */
  readonly oneAtATime?: boolean;
  /** Whether each exam has groups of its own. */
  readonly dividesByExam?: boolean;
}

/**
 * Creates a function that collects calls and writes them in groups. A group contains the calls that wait when
 * its transaction begins. If a group fails, it is halved and repeated, until the failing call is alone.
 */
const createGroups =
  (write: Storage["write"], { oneAtATime = false }: GroupedOptions) =>
  <Call, Outcome>(
    writeAll: (tx: Transaction, calls: readonly Call[]) => Promise<readonly Outcome[]>,
  ): ((call: Call) => Promise<Outcome>) => {
    type Group = readonly Waiting<Call, Outcome>[];
    let waiting: Waiting<Call, Outcome>[] = [];
    let isWriting = false;

    /**
     * @param since when the first of the calls began to wait
     * @param takeAll takes the calls that fail if the transaction does not begin
     */
    const writeGroup = async (
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
          { repeatable: true, since },
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
        const first = writeGroup(() => failed.slice(0, half));
        if (oneAtATime) await first;
        await Promise.all([first, writeGroup(() => failed.slice(half))]);
      }
    };

    const takeWaiting = (): Group => {
      const group = waiting.slice(0, MAX_GROUP);
      waiting = waiting.slice(MAX_GROUP);
      if (waiting.length > 0 && !oneAtATime) void writeGroup(takeWaiting);
      return group;
    };
    const writeNext = async (): Promise<void> => {
      if (isWriting) return;
      isWriting = true;
      // The calls that wait behind a database which does not respond have waited long enough.
      const takeAll = (): Group => waiting.splice(0);
      while (waiting.length > 0) await writeGroup(takeWaiting, waiting[0]?.since, takeAll);
      isWriting = false;
    };

    return (call) =>
      new Promise<Outcome>((resolve, reject) => {
        waiting.push({ call, since: performance.now(), resolve, reject });
        if (oneAtATime) void writeNext();
        else if (waiting.length === 1) void writeGroup(takeWaiting);
      });
  };

/** Makes `Storage.grouped`. */
export const createGrouped = (write: Storage["write"], options: GroupedOptions = {}): Storage["grouped"] => {
  const makeGroups = createGroups(write, options);
  const makeGroupsOfExams = <Call, Outcome>(
    writeAll: (tx: Transaction, calls: readonly Call[]) => Promise<readonly Outcome[]>,
    examOf: (call: Call) => string | Promise<string>,
  ): ((call: Call) => Promise<Outcome>) => {
    /** The groups of the exams that have calls now. */
    const exams = new Map<string, { readonly add: (call: Call) => Promise<Outcome>; calls: number }>();
    const add = async (call: Call, examId: string): Promise<Outcome> => {
      const exam = exams.get(examId) ?? { add: makeGroups(writeAll), calls: 0 };
      exams.set(examId, exam);
      exam.calls += 1;
      try {
        return await exam.add(call);
      } finally {
        exam.calls -= 1;
        if (exam.calls === 0) exams.delete(examId);
      }
    };
    return (call: Call): Promise<Outcome> => {
      const examId = examOf(call);
      // Calls whose exam is known keep their order.
      return typeof examId === "string" ? add(call, examId) : examId.then((found) => add(call, found));
    };
  };
  return options.dividesByExam ? makeGroupsOfExams : (writeAll) => makeGroups(writeAll);
};
