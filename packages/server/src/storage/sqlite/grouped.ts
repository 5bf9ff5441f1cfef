import type { Storage, Transaction } from "../port.js";

interface Waiting<Call, Outcome> {
  readonly call: Call;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

/** Calls that one group holds, at most. */
const GROUP = 200;

/**
 * Makes the function that hands calls over to be written together. A group holds the calls that wait when its transaction begins. A group that
 * fails is halved and repeated, until the call that fails is alone.
 */
export const createGrouped =
  (write: Storage["write"]) =>
  <Call, Outcome>(
    writeAll: (tx: Transaction, calls: readonly Call[]) => Promise<readonly Outcome[]>,
  ): ((call: Call) => Promise<Outcome>) => {
    type Group = readonly Waiting<Call, Outcome>[];
    let waiting: Waiting<Call, Outcome>[] = [];

    const writeGroup = async (take: () => Group): Promise<void> => {
      // Taken once: the transaction may run the work again.
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
        // The transaction did not even begin: everybody who waits has failed.
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
      const group = waiting.slice(0, GROUP);
      waiting = waiting.slice(GROUP);
      if (waiting.length > 0) void writeGroup(takeWaiting);
      return group;
    };

    return (call) =>
      new Promise<Outcome>((resolve, reject) => {
        waiting.push({ call, resolve, reject });
        if (waiting.length === 1) void writeGroup(takeWaiting);
      });
  };
