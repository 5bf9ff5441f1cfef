import type { Caller } from "@invigil/schema";
import { LRUCache } from "lru-cache";
import type { Config } from "../config/config.js";
import { type CountedCaller, identityKey } from "../identity/usage-key.js";
import { InvigilError } from "../platform/errors.js";
import { atMost } from "../platform/lru.js";
import { waitBefore, wholeAfter } from "./allowance.js";

/** The limited quantities, in the order in which the state of each owner stores them. */
export const RATES = [
  "reads",
  "writes",
  "calls",
  "records",
  "recordBytes",
  "messages",
  "messageBytes",
  "rooms",
  "people",
  "audioBytes",
  "imports",
  "messageLogins",
] as const;
export type Rate = (typeof RATES)[number];

/** The owners of limits: a token holder, an administrator, a network without a token, a room, an exam. */
export type RateScope = "person" | "admin" | "network" | "room" | "exam";

/** Amounts per minute. An absent amount is unlimited. */
export type RateSettings = Readonly<Record<Rate, Readonly<Partial<Record<RateScope, number>>>>>;

/** The owners that an amount is charged to. Each of them has a limit of its own. */
export interface LimitOwners {
  /** A user id has a separate limit for each room or exam that one of their tokens is restricted to. */
  readonly caller?: (CountedCaller & Pick<Caller, "role">) | undefined;
  readonly network?: string | undefined;
  readonly roomId?: string | undefined;
  readonly examId?: string | undefined;
}

/**
 * Rate limits. `take` is synchronous because a process counts only for itself. An implementation for several
 * processes can use the same interface if it reserves allowances in advance.
 */
export interface RateLimits {
  /**
   * Charges the amounts to all owners, or to none of them.
   * @throws TOO_MANY_REQUESTS with the limit that was reached
   */
  readonly take: (from: LimitOwners, amounts: Readonly<Partial<Record<Rate, number>>>) => void;
}

/** For callers without limits: commands on the server's own machine. */
export const UNLIMITED: RateLimits = { take: () => undefined };

/** A limit is an amount per minute, which may be used all at once. */
const WINDOW_MS = 60_000;
/** The number of owners of each kind that are kept. A forgotten owner has its full allowance again. */
const MAX_OWNERS = 100_000;

const MIB = 1024 * 1024;
const NAMES: Readonly<Record<Rate, string>> = {
  reads: "reading calls",
  writes: "writing calls",
  calls: "calls",
  records: "cheat records",
  recordBytes: "MiB of cheat records",
  messages: "messages",
  messageBytes: "MiB of messages",
  rooms: "new rooms and exams",
  people: "new participants",
  audioBytes: "MiB of audio",
  imports: "imports",
  messageLogins: "message logins",
};
const isBytes = (rate: Rate): boolean => rate.endsWith("Bytes");

const OWNERS: Readonly<Record<RateScope, (id: string) => string>> = {
  person: (id) => `from ${id}`,
  admin: (id) => `from the administrator ${id}`,
  network: (id) => `without a token from ${id}`,
  room: (id) => `in the room ${id}`,
  exam: (id) => `in the exam ${id}`,
};

interface Limit {
  readonly rate: Rate;
  /** The index of the rate in the state of an owner. */
  readonly index: number;
  readonly perMinute: number;
  /** How long it takes until one more is allowed, in milliseconds. */
  readonly eachMs: number;
}

const limitsOf = (settings: RateSettings, scope: RateScope): readonly (Limit | undefined)[] =>
  RATES.map((rate, index) => {
    const perMinute = settings[rate][scope];
    return perMinute === undefined ? undefined : { rate, index, perMinute, eachMs: WINDOW_MS / perMinute };
  });

/** For each rate of an owner, when its allowance is full again, in milliseconds of the monotonic clock. */
type FullAt = number[];

export const createRateLimits = ({
  settings,
  monotonic,
}: {
  readonly settings: Config["limits"];
  /** A clock in milliseconds that system clock changes do not affect. */
  readonly monotonic: () => number;
}): RateLimits => {
  const scopeOf = (scope: RateScope) => ({
    scope,
    limits: limitsOf(settings, scope),
    // By size instead of number, because the cache allocates memory for the maximum number at once.
    owners: new LRUCache<string, FullAt>(atMost(MAX_OWNERS)),
  });
  const scopes = {
    person: scopeOf("person"),
    admin: scopeOf("admin"),
    network: scopeOf("network"),
    room: scopeOf("room"),
    exam: scopeOf("exam"),
  };
  type Scope = (typeof scopes)[RateScope];
  const indexes = new Map<string, number>(RATES.map((rate, index) => [rate, index]));

  const stateOf = ({ owners }: Scope, key: string): FullAt => {
    const known = owners.get(key);
    if (known) return known;
    const fresh: FullAt = RATES.map(() => 0);
    owners.set(key, fresh);
    return fresh;
  };

  const refuse = ({ scope }: Scope, id: string, { rate, perMinute }: Limit, waitMs: number): never => {
    const seconds = Math.max(1, Math.ceil(waitMs / 1000));
    const most = isBytes(rate) ? perMinute / MIB : perMinute;
    throw new InvigilError(
      "TOO_MANY_REQUESTS",
      `Too many ${NAMES[rate]} ${OWNERS[scope](id)}, at most ${most} per minute: try again in ${seconds} ${seconds === 1 ? "second" : "seconds"}.`,
      { retryAfterSeconds: seconds },
    );
  };

  return {
    take({ caller, network, roomId, examId }, amounts) {
      const now = monotonic();
      const charges: { state: FullAt; index: number; wholeAt: number }[] = [];

      const charge = (within: Scope, key: string, name = key): void => {
        let state: FullAt | undefined;
        for (const rate in amounts) {
          const index = indexes.get(rate) ?? -1;
          const limit = within.limits[index];
          // Safe: `rate` is a key of `amounts`.
          const amount = amounts[rate as Rate];
          if (!limit || !amount) continue;
          state ??= stateOf(within, key);
          const use = { wholeAt: state[index] ?? 0, costMs: amount * limit.eachMs, now };
          const waitMs = waitBefore(use, WINDOW_MS);
          if (waitMs > 0) refuse(within, name, limit, waitMs);
          charges.push({ state, index, wholeAt: wholeAfter(use) });
        }
      };

      if (caller)
        charge(caller.role === "admin" ? scopes.admin : scopes.person, identityKey(caller), caller.userId);
      if (network !== undefined) charge(scopes.network, network);
      if (roomId !== undefined) charge(scopes.room, roomId);
      if (examId !== undefined) charge(scopes.exam, examId);
      for (const { state, index, wholeAt } of charges) state[index] = wholeAt;
    },
  };
};
