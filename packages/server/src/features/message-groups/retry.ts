import type { VendorTask } from "../../domain/vendor-tasks.js";

/** Whoever refused a task this often refuses it for good. */
const REFUSALS = 10;
/** The first pause, in milliseconds. What is announced is soon stale; the rest has time. */
const FIRST_MS = { send: 1000, leave: 10_000, delete_group: 10_000 } as const;
const LONGEST_MS = 3_600_000;

export interface Failed {
  /** As it was begun. */
  readonly task: VendorTask;
  readonly refused: boolean;
  readonly now: Date;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** When a task that failed is done again: twice as long after every try, less up to a half. Undefined: never. */
export const nextTry = ({
  task,
  refused,
  now,
  random,
}: Failed): { dueAt: Date; refusals: number } | undefined => {
  const refusals = task.refusals + (refused ? 1 : 0);
  if (refusals >= REFUSALS) return undefined;
  const pause = Math.min(FIRST_MS[task.kind] * 2 ** (task.attempts - 1), LONGEST_MS);
  const dueAt = new Date(now.getTime() + Math.round(pause * (0.5 + random() / 2)));
  return task.expiresAt === null || dueAt < task.expiresAt ? { dueAt, refusals } : undefined;
};
