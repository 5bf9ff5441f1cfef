import type { VendorTask } from "../../domain/vendor-tasks.js";

/** A service that has refused a task this often will never accept it. */
const MAX_REFUSALS = 10;
/** The first delay, in milliseconds. Signals become outdated quickly. Other tasks are not urgent. */
const FIRST_DELAY_MS = { send: 1000, leave: 10_000, delete_group: 10_000 } as const;
const MAX_DELAY_MS = 3_600_000;

export interface FailedAttempt {
  /** The task as it was claimed, with this attempt counted. */
  readonly task: VendorTask;
  readonly isRefusal: boolean;
  readonly now: Date;
  /** Returns a number from 0 up to, but not including, 1. */
  readonly random: () => number;
}

/**
 * Returns when to try a failed task again. Returns undefined if it is given up. The delay doubles with each attempt, and is shortened by
 * a random part of up to a half.
 */
export const nextAttempt = ({
  task,
  isRefusal,
  now,
  random,
}: FailedAttempt): { dueAt: Date; refusals: number } | undefined => {
  const refusals = task.refusals + (isRefusal ? 1 : 0);
  if (refusals >= MAX_REFUSALS) return undefined;
  const delayMs = Math.min(FIRST_DELAY_MS[task.kind] * 2 ** (task.attempts - 1), MAX_DELAY_MS);
  const dueAt = new Date(now.getTime() + Math.round(delayMs * (0.5 + random() / 2)));
  return task.expiresAt === null || dueAt < task.expiresAt ? { dueAt, refusals } : undefined;
};
