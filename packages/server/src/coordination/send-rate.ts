import { LRUCache } from "lru-cache";
import type { RoomKey } from "../domain/room-exams.js";
import { waitBefore, wholeAfter } from "../limits/allowance.js";
import { InvigilError } from "../platform/errors.js";
import { atMost } from "../platform/lru.js";
import type { Transaction } from "../storage/port.js";

/** How many messages one login may send in one room at once. */
const BURST = 30;
/** How many messages per second one login may send in one room on average. */
const PER_SECOND = 10;
const EACH_MS = 1000 / PER_SECOND;
/** How long it takes until an exhausted allowance is full again, in milliseconds. */
export const FULL_MS = BURST * EACH_MS;
/** The number of senders in memory. A sender that is no longer in memory has its full allowance again. */
const MAX_SENDERS = 100_000;

/** A login that sends a message in a room. */
export interface Sender {
  readonly roomId: string;
  readonly login: string;
}

export type SenderKey = RoomKey & Sender;

/** Counts the messages of a transaction. */
export interface RateCounter {
  /** Counts a message. @throws TOO_MANY_REQUESTS */
  take(sender: SenderKey, now: Date): void;
  /** Whether a message was counted. */
  hasCounted(): boolean;
  /** Stores the counts. */
  save(): Promise<void>;
}

/**
 * Limits the messages of each login in each room. An implementation has one of the two functions: the only server refuses a message before
 * its transaction, which then costs nothing. Several servers count within the transaction, which locks the exam anyway, so that
 * counting takes no round trip more.
 */
export interface SendRate {
  /** Counts a message before its transaction. @throws TOO_MANY_REQUESTS */
  readonly take?: (sender: Sender) => void;
  /** Begins to count messages of some senders in their transaction, which locks their exams. */
  readonly countIn?: (tx: Transaction, senders: readonly SenderKey[]) => Promise<RateCounter>;
}

/**
 * Counts a message.
 * @param wholeAt when the allowance of the sender is (or was) full again, in milliseconds
 * @returns when it is full again after the message
 * @throws TOO_MANY_REQUESTS
 */
export const countMessage = ({ roomId, login }: Sender, wholeAt: number, now: number): number => {
  const use = { wholeAt, costMs: EACH_MS, now };
  const waitMs = waitBefore(use, FULL_MS);
  if (waitMs > 0) {
    const seconds = Math.ceil(waitMs / 1000);
    throw new InvigilError(
      "TOO_MANY_REQUESTS",
      `Too many messages from ${login} in the room ${roomId}: try again in ${seconds} seconds.`,
      { retryAfterSeconds: seconds, limit: "messages of a page" },
    );
  }
  return wholeAfter(use);
};

export const keyOfSender = ({ roomId, login }: Sender): string => JSON.stringify([roomId, login]);

/** Holds the counts of the only server. */
export const createMemoryRate = ({ monotonic }: { monotonic: () => number }): SendRate => {
  const wholeAt = new LRUCache<string, number>(atMost(MAX_SENDERS));
  return {
    take(sender) {
      const key = keyOfSender(sender);
      wholeAt.set(key, countMessage(sender, wholeAt.get(key) ?? 0, monotonic()));
    },
  };
};
