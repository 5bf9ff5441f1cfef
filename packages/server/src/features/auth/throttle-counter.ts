import { blockMs, type Limit, LONGEST_BLOCK_MS } from "./throttle.js";

// A counter of the shared throttle. All times are milliseconds of the database's clock. If that clock is set
// back, a time that lies too far ahead does not count, or is moved.

/** How often something happened, by time. Times are rounded, so that a tally stays small at high limits. */
export type Tally = readonly (readonly [time: number, count: number])[];

/** What is counted under one key, and its limit. */
export interface Subject {
  readonly key: string;
  readonly limit: Limit;
}

export interface Counter extends Subject {
  readonly failures: Tally;
  /** The running logins, by their start. */
  readonly running: Tally;
  /** How many times in a row the limit was reached. */
  readonly blocks: number;
  /** The end of the last block. 0: none. */
  readonly blockedUntil: number;
  /** Until when an earlier success is remembered. 0: none. */
  readonly trustedUntil: number;
}

/** How long a login counts as running. A process that dies leaves its logins without a result. */
const RUNNING_MS = 60_000;
/** How long a success is remembered. */
const TRUSTED_MS = 90 * 86_400_000;
/** The number of different times in a tally, at most. */
const TIMES = 60;

export const newCounter = (subject: Subject): Counter => ({
  ...subject,
  failures: [],
  running: [],
  blocks: 0,
  blockedUntil: 0,
  trustedUntil: 0,
});

const current = (tally: Tally, now: number, periodMs: number): Tally =>
  tally.filter(([time]) => Math.abs(now - time) < periodMs);

const sum = (tally: Tally): number => tally.reduce((total, [, count]) => total + count, 0);

const added = (tally: Tally, time: number, count: number): Tally => {
  const before = tally.find(([known]) => known === time)?.[1] ?? 0;
  const others = tally.filter(([known]) => known !== time);
  return before + count > 0 ? [...others, [time, before + count]] : others;
};

/** Whether the block would last longer than it was meant to, because the clock was set back. */
export const isExtended = ({ blocks, blockedUntil }: Counter, now: number): boolean =>
  blockedUntil > now + blockMs(blocks - 1);

/** Leaves out what no longer counts, and shortens what is extended. */
export const settled = (counter: Counter, now: number): Counter => {
  const { blocks, blockedUntil, trustedUntil, limit } = counter;
  const matters = blockedUntil + LONGEST_BLOCK_MS > now;
  return {
    ...counter,
    failures: current(counter.failures, now, limit.windowMs),
    running: current(counter.running, now, RUNNING_MS),
    blocks: matters ? blocks : 0,
    blockedUntil: matters ? Math.min(blockedUntil, now + blockMs(blocks - 1)) : 0,
    trustedUntil: Math.min(trustedUntil, now + TRUSTED_MS),
  };
};

/** The remaining time of the block, in milliseconds. */
export const blockedFor = ({ blockedUntil }: Counter, now: number): number => Math.max(0, blockedUntil - now);

/** Whether the limit would be reached if all running logins failed. */
export const couldReachLimit = ({ failures, running, limit }: Counter): boolean =>
  sum(failures) + sum(running) >= limit.failures;

export const isTrusted = ({ trustedUntil }: Counter, now: number): boolean => trustedUntil > now;

/** The start of a login that begins now. Rounded down, so that it does not count for longer than it may. */
export const startOf = (now: number): number => {
  const unit = RUNNING_MS / TIMES;
  return Math.floor(now / unit) * unit;
};

export const begun = (counter: Counter, start: number): Counter => ({
  ...counter,
  running: added(counter.running, start, 1),
});

/** Ends a login. Changes nothing if the login no longer counts as running. */
export const ended = (counter: Counter, start: number): Counter => ({
  ...counter,
  running: added(counter.running, start, -1),
});

export const failed = (counter: Counter, now: number): Counter => {
  const { limit, blocks } = counter;
  const unit = limit.windowMs / TIMES;
  // Rounded up, so that it does not count for shorter than it must.
  const failures = added(counter.failures, Math.ceil(now / unit) * unit, 1);
  if (sum(failures) < limit.failures) return { ...counter, failures };
  return { ...counter, failures: [], blocks: blocks + 1, blockedUntil: now + blockMs(blocks) };
};

/** Resets the failures after a success, which is remembered. */
export const cleared = (counter: Counter, now: number): Counter => ({
  ...counter,
  failures: [],
  blocks: 0,
  blockedUntil: 0,
  trustedUntil: now + TRUSTED_MS,
});

/** When nothing in the counter counts any more. */
export const expiryOf = ({ failures, running, blocks, blockedUntil, trustedUntil, limit }: Counter): number =>
  Math.max(
    ...failures.map(([time]) => time + limit.windowMs),
    ...running.map(([start]) => start + RUNNING_MS),
    blocks > 0 ? blockedUntil + LONGEST_BLOCK_MS : 0,
    trustedUntil,
  );
