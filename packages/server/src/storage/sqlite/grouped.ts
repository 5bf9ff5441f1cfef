import type { Storage, Transaction } from "../port.js";

interface Waiting<Call, Outcome> {
  readonly call: Call;
  resolve(outcome: Outcome): void;
  reject(error: unknown): void;
}

/** Calls that are written by one group of statements, at most. */
const GROUP = 200;

/**
 * Makes the function that hands calls over to be written together. Those that arrive in one turn of the event loop form a group, which is one
 * write. A group that fails is halved and repeated, until the call that fails is alone.
 */
export const createGrouped =
  (write: Storage["write"]) =>
  <Call, Outcome>(
    writeAll: (tx: Transaction, calls: readonly Call[]) => Promise<readonly Outcome[]>,
  ): ((call: Call) => Promise<Outcome>) => {
    let waiting: Waiting<Call, Outcome>[] = [];

    const writeGroup = async (group: readonly Waiting<Call, Outcome>[]): Promise<void> => {
      let outcomes: readonly Outcome[];
      try {
        outcomes = await write(
          (tx) =>
            writeAll(
              tx,
              group.map(({ call }) => call),
            ),
          { repeatable: true },
        );
      } catch (error) {
        const [first] = group;
        if (group.length <= 1) {
          first?.reject(error);
          return;
        }
        const half = Math.ceil(group.length / 2);
        await Promise.all([writeGroup(group.slice(0, half)), writeGroup(group.slice(half))]);
        return;
      }
      // Safe: there is one outcome for each call.
      for (const [index, { resolve }] of group.entries()) resolve(outcomes[index] as Outcome);
    };

    const handOver = (): void => {
      const group = waiting;
      waiting = [];
      for (let from = 0; from < group.length; from += GROUP) void writeGroup(group.slice(from, from + GROUP));
    };

    return (call) =>
      new Promise<Outcome>((resolve, reject) => {
        if (waiting.length === 0) setImmediate(handOver);
        waiting.push({ call, resolve, reject });
      });
  };
