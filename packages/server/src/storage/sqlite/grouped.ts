import type { Storage, Transaction } from "../port.js";

interface Waiting<Call, Outcome> {
  readonly call: Call;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

/** The maximum number of calls in a group. */
const MAX_GROUP = 200;

/**
 * Creates a function that collects calls and writes them in groups. A group contains the calls that wait when
 * its transaction begins. If a group fails, it is halved and repeated, until the failing call is alone.
 */
export const createGrouped =
  (write: Storage["write"]) =>
  <Call, Outcome>(
    writeAll: (tx: Transaction, calls: readonly Call[]) => Promise<readonly Outcome[]>,
  ): ((call: Call) => Promise<Outcome>) => {
    type Group = readonly Waiting<Call, Outcome>[];
    let waiting: Waiting<Call, Outcome>[] = [];

    const writeGroup = async (take: () => Group): Promise<void> => {
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
          { repeatable: true },
        );
        // Safe: there is one outcome for each call.
        for (const [index, { resolve }] of (group ?? []).entries()) resolve(outcomes[index] as Outcome);
      } catch (error) {
        // The transaction did not begin, so all waiting calls have failed.
        const failed = group ?? take();
        if (failed.length <= 1 || group === undefined) {
          for (const { reject } of failed) reject(error);
          return;
        }
        const half = Math.ceil(failed.length / 2);
        await Promise.all([writeGroup(() => failed.slice(0, half)), writeGroup(() => failed.slice(half))]);
      }
    };

    const takeWaiting = (): Group => {
      const group = waiting.slice(0, MAX_GROUP);
      waiting = waiting.slice(MAX_GROUP);
      if (waiting.length > 0) void writeGroup(takeWaiting);
      return group;
    };

    return (call) =>
      new Promise<Outcome>((resolve, reject) => {
        waiting.push({ call, resolve, reject });
        if (waiting.length === 1) void writeGroup(takeWaiting);
      });
  };
