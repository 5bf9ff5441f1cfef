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

/** How many calls run at the same time. */
const CONCURRENCY = 4;

export interface BulkOptions<S extends Subject> {
  /** How many subjects one call is for. Default: 1. */
  readonly batchSize?: number;
  /** What the subjects of one call have in common, such as a room. Default: nothing. */
  readonly groupOf?: ((subject: S) => string) | undefined;
}

/** The subjects of one call. */
export type Batch<S extends Subject> = readonly [S, ...S[]];
/** Does it for a batch. It rejects if it failed for all of the batch, or returns the errors of those for whom it failed, by their ids. */
export type RunBatch<S extends Subject> = (
  batch: Batch<S>,
) => Promise<ReadonlyMap<string, unknown> | undefined>;

interface BulkRun<S extends Subject> {
  readonly outcomes: ReadonlyMap<string, Outcome>;
  readonly isRunning: boolean;
  /**
   * Does it for subjects, each of them at most once: those who are done or in progress are left out. Resolves to whether it is done for
   * all of these.
   */
  readonly start: (subjects: readonly S[]) => Promise<boolean>;
}

const inBatches = <S extends Subject>(
  subjects: readonly S[],
  { batchSize = 1, groupOf = () => "" }: BulkOptions<S>,
): Batch<S>[] => {
  const batches: [S, ...S[]][] = [];
  const open = new Map<string, S[]>();
  for (const subject of subjects) {
    const group = groupOf(subject);
    const batch = open.get(group);
    if (batch && batch.length < batchSize) batch.push(subject);
    else {
      const next: [S, ...S[]] = [subject];
      batches.push(next);
      open.set(group, next);
    }
  }
  return batches;
};

/** Does something for many, with a result for each. */
export const useBulkRun = <S extends Subject>(run: RunBatch<S>, options: BulkOptions<S>): BulkRun<S> => {
  const [outcomes, setOutcomes] = useState<ReadonlyMap<string, Outcome>>(new Map());
  const [running, setRunning] = useState(0);
  // What was begun, at once: a second click comes before the next drawing.
  const begun = useRef(new Map<string, Outcome["kind"]>());
  const latest = useRef({ run, options });
  latest.current = { run, options };

  const start = useCallback(async (subjects: readonly S[]) => {
    const isNew = ({ id }: S) => [undefined, "failed"].includes(begun.current.get(id));
    const batches = inBatches(subjects.filter(isNew), latest.current.options);
    const set = (batch: readonly S[], outcomeOf: (subject: S) => Outcome) => {
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
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
    setRunning((count) => count - 1);
    return subjects.every(({ id }) => begun.current.get(id) === "done");
  }, []);
  return { outcomes, isRunning: running > 0, start };
};
