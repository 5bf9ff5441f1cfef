import { InvigilError } from "../../platform/errors.js";
import type { Reader, Transaction } from "../../storage/port.js";

// Three counters limit failed logins.
//
// - Per account and address: the fast limit. It stops a guesser and nobody else.
// - Per address, over all accounts.
// - Per account, over all addresses: the slow limit, against guessing from many addresses. It does not apply to
//   an address with an earlier successful login to the account, so that strangers cannot lock the owner out.
//
// There are two implementations: `throttle-memory.ts` for one server process, `throttle-shared.ts` for several.

/**
 * Locks and reads the counters of a login in the transaction that decides it. Returns a function that starts to write the result, without
 * waiting for anything before.
 */
export type CountIn = (tx: Transaction) => Promise<(hasSucceeded: boolean) => Promise<void>>;

/** Reads what a login is about: from a transaction, if the login begins in one. */
export type Find<Found> = (reader?: Reader) => Promise<Found>;

/**
 * A running login. It counts as a failure until it has a result, so that parallel attempts get no more tries
 * than sequential ones.
 */
export interface Attempt {
  /** Ends the login with a transaction that decides whether it succeeds, and counts that. */
  decide<Result>(transact: (countIn: CountIn) => Promise<Result>): Promise<Result>;
  failed(): Promise<void>;
  /** The server could not decide: the login counts neither as a success nor as a failure. Never rejects. */
  abandoned(): Promise<void>;
}

export interface LoginThrottle {
  /**
   * Begins a login. Waits for running logins when their failures could exceed a limit.
   * @param find called once the login may begin
   * @throws TOO_MANY_REQUESTS
   */
  begin<Found>(
    who: { readonly account: string; readonly address: string },
    find: Find<Found>,
  ): Promise<{ readonly attempt: Attempt; readonly found: Found }>;
}

const MINUTE_MS = 60_000;

export interface Limit {
  readonly failures: number;
  /** The sliding window in which failures count, in milliseconds. */
  readonly windowMs: number;
}
export const PER_ACCOUNT_AND_ADDRESS: Limit = { failures: 5, windowMs: MINUTE_MS };
export const PER_ACCOUNT: Limit = { failures: 50, windowMs: 15 * MINUTE_MS };
/** @param failures the maximum number of failures from one address in a minute */
export const perAddress = (failures: number): Limit => ({ failures, windowMs: MINUTE_MS });

const FIRST_BLOCK_MS = MINUTE_MS;
/** The longest block. After this time without another block, the next one is as short as the first. */
export const LONGEST_BLOCK_MS = 15 * MINUTE_MS;
/** The duration of a block: each lasts twice as long as the one before, up to the longest. */
export const blockMs = (earlierBlocks: number): number =>
  Math.min(FIRST_BLOCK_MS * 2 ** earlierBlocks, LONGEST_BLOCK_MS);

/** The maximum number of logins of a process that wait for running ones, per account or address. */
export const MAX_WAITING = 256;

const refusal = (seconds: number, why: string): InvigilError =>
  new InvigilError("TOO_MANY_REQUESTS", `${why}: try again in ${seconds} seconds.`, {
    retryAfterSeconds: seconds,
  });
export const tooManyFailures = (waitMs: number): InvigilError =>
  refusal(Math.ceil(waitMs / 1000), "Too many failed logins");
export const tooManyWaiting = (): InvigilError => refusal(1, "Too many logins at once");
