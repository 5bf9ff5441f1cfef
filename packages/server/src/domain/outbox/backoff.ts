import type { Task } from "./kind.js";

/** A task that was refused this often will never be accepted. */
const MAX_REFUSALS = 10;
const MAX_DELAY_MS = 3_600_000;

export interface FailedAttempt {
  /** The task as it was claimed, with this attempt counted. */
  readonly task: Task;
  readonly firstDelayMs: number;
  readonly isRefusal: boolean;
  readonly now: Date;
  /** Returns a number from 0 up to, but not including, 1. */
  readonly random: () => number;
}

/**
 * Returns when to try a failed task again, or why it is given up. The delay doubles with each attempt, and is shortened by a random part of
 * up to a half.
 */
export const nextAttempt = ({
  task,
  firstDelayMs,
  isRefusal,
  now,
  random,
}: FailedAttempt): { dueAt: Date; refusals: number } | "expired" | "refused" => {
  const refusals = task.refusals + (isRefusal ? 1 : 0);
  if (refusals >= MAX_REFUSALS) return "refused";
  const delayMs = Math.min(firstDelayMs * 2 ** (task.attempts - 1), MAX_DELAY_MS);
  const dueAt = new Date(now.getTime() + Math.round(delayMs * (0.5 + random() / 2)));
  return task.expiresAt === null || dueAt < task.expiresAt ? { dueAt, refusals } : "expired";
};
