import { useCallback, useRef, useState } from "react";
import { NotThereError } from "../components/error-note.js";

/** A person or a thing that an action is done for. */
export interface Target {
  readonly id: string;
  readonly name: string;
  /** What tells a person from others of their name. Absent: the name. */
  readonly label?: string;
}
export const labelOf = ({ name, label = name }: Target): string => label;

/** The outcome of the action for one target. */
export type Outcome =
  | { readonly kind: "waiting" }
  | { readonly kind: "working" }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly error: unknown };

/** How many calls run at the same time. */
const CONCURRENCY = 4;

export interface BulkOptions<S extends Target> {
  /** How many targets one call is for. Default: 1. */
  readonly batchSize?: number;
  /** The property that the targets of one call have in common when it is made, such as their room. Default: none. */
  readonly groupOf?: ((target: S) => string) | undefined;
}

/** The targets of one call. */
export type Batch<S extends Target> = readonly [S, ...S[]];
/**
 * Does it for a batch. It rejects if it failed for all of the batch, or returns the errors of those for whom it failed, by their ids. After a
 * `NotThereError`, it is called for each half of the batch, until those who are not there have been found.
 *
 * @param group - what the batch has in common
 */
export type RunBatch<S extends Target> = (
  batch: Batch<S>,
  group: string,
) => Promise<ReadonlyMap<string, unknown> | undefined>;

interface BulkRun<S extends Target> {
  readonly outcomes: ReadonlyMap<string, Outcome>;
  readonly isRunning: boolean;
  /**
   * Does it for targets, each of them at most once: those who are done or in progress are left out. Resolves to the outcomes of all for
   * whom it was begun.
   */
  readonly start: (targets: readonly S[]) => Promise<ReadonlyMap<string, Outcome>>;
}

interface Call<S extends Target> {
  readonly group: string;
  readonly batch: Batch<S>;
}

const inBatches = <S extends Target>(
  targets: readonly S[],
  { batchSize = 1, groupOf = () => "" }: BulkOptions<S>,
): Call<S>[] => {
  const calls: { group: string; batch: [S, ...S[]] }[] = [];
  const open = new Map<string, S[]>();
  for (const target of targets) {
    const group = groupOf(target);
    const batch = open.get(group);
    if (batch && batch.length < batchSize) batch.push(target);
    else {
      const next: [S, ...S[]] = [target];
      calls.push({ group, batch: next });
      open.set(group, next);
    }
  }
  return calls;
};
const halvesOf = <S extends Target>({ group, batch }: Call<S>): Call<S>[] => {
  const middle = Math.ceil(batch.length / 2);
  return [batch.slice(0, middle), batch.slice(middle)].flatMap(([first, ...others]) =>
    first ? [{ group, batch: [first, ...others] }] : [],
  );
};

/** Does something for many, with a result for each. */
export const useBulkRun = <S extends Target>(run: RunBatch<S>, options: BulkOptions<S>): BulkRun<S> => {
  const [outcomes, setOutcomes] = useState<ReadonlyMap<string, Outcome>>(new Map());
  const [running, setRunning] = useState(0);
  // The run begins at once: a second click comes before the next drawing.
  const begun = useRef(new Map<string, Outcome>());
  const latest = useRef({ run, options });
  latest.current = { run, options };

  const start = useCallback(async (targets: readonly S[]) => {
    const isNew = ({ id }: S) => [undefined, "failed"].includes(begun.current.get(id)?.kind);
    const calls = inBatches(targets.filter(isNew), latest.current.options);
    const set = (batch: readonly S[], outcomeOf: (target: S) => Outcome) => {
      for (const target of batch) begun.current.set(target.id, outcomeOf(target));
      setOutcomes(new Map(begun.current));
    };
    set(
      calls.flatMap(({ batch }) => batch),
      () => ({ kind: "waiting" }),
    );
    setRunning((count) => count + 1);
    const work = async () => {
      for (let call = calls.shift(); call; call = calls.shift()) {
        const { batch, group } = call;
        set(batch, () => ({ kind: "working" }));
        try {
          const errors = await latest.current.run(batch, group);
          set(batch, ({ id }) =>
            errors?.has(id) ? { kind: "failed", error: errors.get(id) } : { kind: "done" },
          );
        } catch (error) {
          if (error instanceof NotThereError && batch.length > 1) calls.unshift(...halvesOf(call));
          else set(batch, () => ({ kind: "failed", error }));
        }
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
    setRunning((count) => count - 1);
    return begun.current;
  }, []);
  return { outcomes, isRunning: running > 0, start };
};
