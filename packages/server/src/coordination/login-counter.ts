// The rule of failed logins: pure functions of counters. Three counters limit them.
//
// - Per account and address: the fast limit. It stops only the guesser.
// - Per address, over all accounts.
// - Per account, over all addresses: the slow limit, against guessing from many addresses. It does not apply to
//   an address with an earlier successful login to the account, so that strangers cannot lock the owner out.
//
// All times are milliseconds of one clock. If that clock is set back, a time that lies too far ahead does not count, or is moved.

const MINUTE_MS = 60_000;

interface Limit {
  readonly failures: number;
  /** The sliding window in which failures count, in milliseconds. */
  readonly windowMs: number;
}
const PER_ACCOUNT_AND_ADDRESS: Limit = { failures: 5, windowMs: MINUTE_MS };
const PER_ACCOUNT: Limit = { failures: 50, windowMs: 15 * MINUTE_MS };

const FIRST_BLOCK_MS = MINUTE_MS;
/** The longest block. After this time without another block, the next one is as short as the first. */
const LONGEST_BLOCK_MS = 15 * MINUTE_MS;
/** How long a login counts as running. A server that dies leaves its logins without a result. */
const RUNNING_MS = MINUTE_MS;
/** How long a success is remembered. */
const TRUSTED_MS = 90 * 86_400_000;
/** The number of different times in a tally, at most. So a failure counts for up to a sixtieth of its window longer. */
const TIMES = 60;

/** How often something happened, by time. Times are rounded, so that a tally stays small at high limits. */
export type Tally = readonly (readonly [time: number, count: number])[];

/** A key under which logins are counted, and its limit. */
export interface LoginSubject {
  readonly key: string;
  readonly limit: Limit;
}

export interface Counter extends LoginSubject {
  readonly failures: Tally;
  /** The running logins, by their start. They count as failures until they have a result, so that parallel ones get no more tries. */
  readonly running: Tally;
  /** How many times in a row the limit was reached. */
  readonly blocks: number;
  /** The end of the last block. 0: none. */
  readonly blockedUntil: number;
  /** Until when an earlier success is remembered. 0: none. */
  readonly trustedUntil: number;
}

/** What a login counts for. */
export interface Login<Of = LoginSubject> {
  /** The account and the address together. */
  readonly pair: Of;
  readonly address: Of;
  readonly account: Of;
}
export type Counters = Login<Counter>;

/** Why a login does not begin now. */
export type Delay =
  | { readonly kind: "refuse"; readonly waitMs: number }
  /** The failures of running logins could reach the limit of this key. */
  | { readonly kind: "wait"; readonly key: string };

/** @param keyOf names what a login counts for */
export const subjectsOf = (
  { account, network, failuresPerAddress }: { account: string; network: string; failuresPerAddress: number },
  keyOf: (...parts: readonly string[]) => string,
): Login => ({
  pair: { key: keyOf("pair", account, network), limit: PER_ACCOUNT_AND_ADDRESS },
  address: { key: keyOf("address", network), limit: { failures: failuresPerAddress, windowMs: MINUTE_MS } },
  account: { key: keyOf("account", account), limit: PER_ACCOUNT },
});

export const eachOf = <Of>({ pair, address, account }: Login<Of>): Of[] => [pair, address, account];

export const mapped = <From, To>(
  { pair, address, account }: Login<From>,
  change: (of: From) => To,
): Login<To> => ({ pair: change(pair), address: change(address), account: change(account) });

export const newCounter = (subject: LoginSubject): Counter => ({
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

/** The duration of a block: each lasts twice as long as the one before, up to the longest. */
const blockMs = (earlierBlocks: number): number =>
  Math.min(FIRST_BLOCK_MS * 2 ** earlierBlocks, LONGEST_BLOCK_MS);

/** Whether a block would last longer than it was meant to, because the clock was set back. */
export const isExtended = (counters: Counters, now: number): boolean =>
  eachOf(counters).some(({ blocks, blockedUntil }) => blockedUntil > now + blockMs(blocks - 1));

/** Leaves out what no longer counts, and shortens what is extended. */
const settled = (counter: Counter, now: number): Counter => {
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

const failed = (counter: Counter, now: number): Counter => {
  const { limit, blocks } = counter;
  const unit = limit.windowMs / TIMES;
  // Rounded up, so that it does not count for shorter than it must.
  const failures = added(counter.failures, Math.ceil(now / unit) * unit, 1);
  if (sum(failures) < limit.failures) return { ...counter, failures };
  return { ...counter, failures: [], blocks: blocks + 1, blockedUntil: now + blockMs(blocks) };
};

/** Resets the failures after a success, which is remembered. */
const cleared = (counter: Counter, now: number): Counter => ({
  ...counter,
  failures: [],
  blocks: 0,
  blockedUntil: 0,
  trustedUntil: now + TRUSTED_MS,
});

/** Why a login does not begin now, if it does not. */
export const delayOf = (counters: Counters, now: number): Delay | undefined => {
  const { pair, address, account } = mapped(counters, (counter) => settled(counter, now));
  const applying = pair.trustedUntil > now ? [pair, address] : [pair, address, account];
  const waitMs = Math.max(...applying.map(({ blockedUntil }) => blockedUntil - now));
  if (waitMs > 0) return { kind: "refuse", waitMs };
  // Whether the limit would be reached if all running logins failed.
  const full = applying.find(
    ({ failures, running, limit }) => sum(failures) + sum(running) >= limit.failures,
  );
  return full && { kind: "wait", key: full.key };
};

/** The start of a login that begins now. Rounded down, so that it does not count for longer than it may. */
export const startOf = (now: number): number => {
  const unit = RUNNING_MS / TIMES;
  return Math.floor(now / unit) * unit;
};

/** Begins a login, unless it is delayed. */
export const afterBegin = (counters: Counters, now: number, delay: Delay | undefined): Counters =>
  mapped(counters, (counter) => {
    const { running, ...others } = settled(counter, now);
    return { ...others, running: delay ? running : added(running, startOf(now), 1) };
  });

/** Ends a login. It counts neither as a success nor as a failure if the server could not decide. */
export type LoginResult = "succeeded" | "failed" | "undecided";

/** @param start by which the counters know the login. It may no longer count as running. */
export const afterEnd = (
  read: Counters,
  result: LoginResult,
  at: { start: number; now: number },
): Counters => {
  const { start, now } = at;
  const counters = mapped(read, (counter) => {
    const { running, ...others } = settled(counter, now);
    return { ...others, running: added(running, start, -1) };
  });
  if (result === "failed") return mapped(counters, (counter) => failed(counter, now));
  // Someone else may be guessing this account's password, or other passwords from this address: those failures still count.
  return result === "succeeded" ? { ...counters, pair: cleared(counters.pair, now) } : counters;
};

/** When nothing in the counter counts any more. */
export const expiryOf = ({ failures, running, blocks, blockedUntil, trustedUntil, limit }: Counter): number =>
  Math.max(
    ...failures.map(([time]) => time + limit.windowMs),
    ...running.map(([start]) => start + RUNNING_MS),
    blocks > 0 ? blockedUntil + LONGEST_BLOCK_MS : 0,
    trustedUntil,
  );
