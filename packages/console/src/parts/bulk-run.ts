import { useCallback, useRef, useState } from "react";

/** Somebody or something that an action is done for. */
export interface Subject {
  readonly id: string;
  readonly name: string;
}

/** What became of the action for one subject. */
export type Outcome =
  | { readonly kind: "waiting" }
  | { readonly kind: "working" }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly error: unknown };

export interface BulkOptions {
  /** How many subjects one call is for. Default: 1. */
  readonly batchSize?: number;
  /** How many calls run at the same time. Default: 4. */
  readonly concurrency?: number;
  /** What the subjects of one call have in common, such as a room. Default: nothing. */
  readonly groupOf?: ((subject: Subject) => string) | undefined;
}

/** Does it for a batch. It rejects if it failed for all of the batch, or returns the errors of those for whom it failed, by their ids. */
export type RunBatch = (batch: readonly Subject[]) => Promise<ReadonlyMap<string, unknown> | undefined>;

export interface BulkRun {
  readonly outcomes: ReadonlyMap<string, Outcome>;
  readonly isRunning: boolean;
  /** Does it for subjects, each of them at most once: those who are done or in progress are left out. */
  readonly start: (subjects: readonly Subject[]) => Promise<void>;
}

const inBatches = (
  subjects: readonly Subject[],
  { batchSize, groupOf }: { batchSize: number; groupOf: (subject: Subject) => string },
): (readonly Subject[])[] => {
  const groups = new Map<string, Subject[]>();
  for (const subject of subjects) {
    const group = groups.get(groupOf(subject));
    if (group) group.push(subject);
    else groups.set(groupOf(subject), [subject]);
  }
  return [...groups.values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / batchSize) }, (_, n) =>
      group.slice(n * batchSize, (n + 1) * batchSize),
    ),
  );
};
const ungrouped = () => "";

/** Does something for many, with a result for each. */
export const useBulkRun = (
  run: RunBatch,
  { batchSize = 1, concurrency = 4, groupOf = ungrouped }: BulkOptions = {},
): BulkRun => {
  const [outcomes, setOutcomes] = useState<ReadonlyMap<string, Outcome>>(new Map());
  const [running, setRunning] = useState(0);
  // What was begun, at once: a second click comes before the next drawing.
  const begun = useRef(new Map<string, Outcome["kind"]>());
  const latest = useRef({ run, groupOf });
  latest.current = { run, groupOf };

  const start = useCallback(
    async (subjects: readonly Subject[]) => {
      const isNew = ({ id }: Subject) => [undefined, "failed"].includes(begun.current.get(id));
      const batches = inBatches(subjects.filter(isNew), { batchSize, groupOf: latest.current.groupOf });
      const set = (batch: readonly Subject[], outcomeOf: (subject: Subject) => Outcome) => {
        for (const subject of batch) begun.current.set(subject.id, outcomeOf(subject).kind);
        setOutcomes((before) => {
          const next = new Map(before);
          for (const subject of batch) next.set(subject.id, outcomeOf(subject));
          return next;
        });
      };
      set(batches.flat(), () => ({ kind: "waiting" }));
      setRunning((count) => count + 1);
      const work = async () => {
        for (let batch = batches.shift(); batch; batch = batches.shift()) {
          set(batch, () => ({ kind: "working" }));
          try {
            const errors = await latest.current.run(batch);
            set(batch, ({ id }) =>
              errors?.has(id) ? { kind: "failed", error: errors.get(id) } : { kind: "done" },
            );
          } catch (error) {
            set(batch, () => ({ kind: "failed", error }));
          }
        }
      };
      await Promise.all(Array.from({ length: concurrency }, work));
      setRunning((count) => count - 1);
    },
    [batchSize, concurrency],
  );
  return { outcomes, isRunning: running > 0, start };
};
