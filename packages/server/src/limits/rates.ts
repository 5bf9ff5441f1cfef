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
  "readRows",
  "readBytes",
  "writes",
  "writeRows",
  "events",
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

type Amounts = Readonly<Partial<Record<Rate, number>>>;

/**
 * Rate limits. `take` is synchronous because a process counts only for itself. An implementation for several
 * processes can use the same interface if it reserves allowances in advance.
 */
export interface RateLimits {
  /**
   * Charges the amounts to all owners, or to none of them. An amount of 0 is refused while the owner has a debt: see `charge`.
   * @throws TOO_MANY_REQUESTS with the limit that was reached
   */
  readonly take: (from: LimitOwners, amounts: Amounts) => void;
  /**
   * The same for a call that adds events: the caller is charged one, however many the call adds. The room and the exam must have one left;
   * they are charged where events are written (`event-budgets.ts`).
   */
  readonly takeChange: (from: LimitOwners, amounts?: Amounts) => void;
  /** Charges what a call turned out to cost. The owner may have a debt then, until which is paid off `take` refuses. */
  readonly charge: (from: LimitOwners, amounts: Amounts) => void;
  /**
   * Charges an event of a person's presence, unless only a quarter of an owner's allowance is left. Presence can wait, and calls cannot.
   * @returns 0, or how many milliseconds to wait, and nothing is charged
   */
  readonly takePresence: (from: LimitOwners) => number;
}

/** For callers without limits: commands on the server's own machine. */
export const UNLIMITED: RateLimits = {
  take: () => undefined,
  takeChange: () => undefined,
  charge: () => undefined,
  takePresence: () => 0,
};

/** How many rows are looked at, to find or to count them, for what it costs to return one. */
export const LOOKED_AT_A_ROW = 10;

/** A limit is an amount per minute, which may be used all at once. */
const WINDOW_MS = 60_000;
/** The part of it that presence may use at once. */
const PRESENCE_WINDOW_MS = 0.75 * WINDOW_MS;
const ONE_EVENT = { events: 1 };
/** The number of owners of each kind that are kept. A forgotten owner has its full allowance again. */
const MAX_OWNERS = 100_000;

const MIB = 1024 * 1024;
/** What the limits count, in words. */
export const RATE_NAMES: Readonly<Record<Rate, string>> = {
  reads: "reading calls",
  readRows: "rows read",
  readBytes: "MiB read",
  writes: "writing calls",
  writeRows: "rows written",
  events: "events",
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

const limitsOf = (settings: RateSettings, scope: RateScope): Readonly<Partial<Record<Rate, Limit>>> =>
  Object.fromEntries(
    RATES.flatMap((rate, index) => {
      const perMinute = settings[rate][scope];
      return perMinute === undefined
        ? []
        : [[rate, { rate, index, perMinute, eachMs: WINDOW_MS / perMinute }]];
    }),
  );

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

  const stateOf = ({ owners }: Scope, key: string): FullAt => {
    const known = owners.get(key);
    if (known) return known;
    const fresh: FullAt = RATES.map(() => 0);
    owners.set(key, fresh);
    return fresh;
  };

  /** @throws TOO_MANY_REQUESTS */
  const refuse = ({ scope }: Scope, id: string, { rate, perMinute }: Limit, waitMs: number): never => {
    const seconds = Math.max(1, Math.ceil(waitMs / 1000));
    const most = isBytes(rate) ? perMinute / MIB : perMinute;
    throw new InvigilError(
      "TOO_MANY_REQUESTS",
      `Too many ${RATE_NAMES[rate]} ${OWNERS[scope](id)}, at most ${most} per minute: try again in ${seconds} ${seconds === 1 ? "second" : "seconds"}.`,
      { retryAfterSeconds: seconds, limit: RATE_NAMES[rate], scope },
    );
  };

  interface Charge {
    readonly state: FullAt;
    readonly index: number;
    readonly wholeAt: number;
  }
  /** Called for each limit before which the owner has to wait. */
  type OnWait = (within: Scope, id: string, limit: Limit, waitMs: number) => void;

  /** Returns the charges of a use. `shared` are the amounts of the room and the exam. */
  const chargesOf = (
    { caller, network, roomId, examId }: LimitOwners,
    { own, shared = own, windowMs = WINDOW_MS }: { own: Amounts; shared?: Amounts; windowMs?: number },
    onWait: OnWait,
  ): readonly Charge[] => {
    const now = monotonic();
    const charges: Charge[] = [];
    const add = (within: Scope, amounts: Amounts, key: string, name = key): void => {
      let state: FullAt | undefined;
      for (const rate in amounts) {
        // Safe: `rate` is a key of `amounts`.
        const limit = within.limits[rate as Rate];
        const amount = amounts[rate as Rate];
        if (!limit || amount === undefined) continue;
        const { index } = limit;
        state ??= stateOf(within, key);
        const use = { wholeAt: state[index] ?? 0, costMs: amount * limit.eachMs, now };
        const waitMs = waitBefore(use, windowMs);
        if (waitMs > 0) onWait(within, name, limit, waitMs);
        charges.push({ state, index, wholeAt: wholeAfter(use) });
      }
    };
    if (caller)
      add(caller.role === "admin" ? scopes.admin : scopes.person, own, identityKey(caller), caller.userId);
    if (network !== undefined) add(scopes.network, own, network);
    if (roomId !== undefined) add(scopes.room, shared, roomId);
    if (examId !== undefined) add(scopes.exam, shared, examId);
    return charges;
  };
  const apply = (charges: readonly Charge[]): void => {
    for (const { state, index, wholeAt } of charges) state[index] = wholeAt;
  };

  return {
    take: (from, amounts) => apply(chargesOf(from, { own: amounts }, refuse)),
    takeChange({ caller, roomId, examId }, amounts = {}) {
      chargesOf({ roomId, examId }, { own: ONE_EVENT }, refuse);
      const own = { ...amounts, ...ONE_EVENT };
      apply(chargesOf({ caller, roomId, examId }, { own, shared: amounts }, refuse));
    },
    charge: (from, amounts) => apply(chargesOf(from, { own: amounts }, () => undefined)),
    takePresence(from) {
      let longestMs = 0;
      const charges = chargesOf(
        from,
        { own: ONE_EVENT, windowMs: PRESENCE_WINDOW_MS },
        (...[, , , waitMs]) => {
          longestMs = Math.max(longestMs, waitMs);
        },
      );
      if (longestMs === 0) apply(charges);
      return longestMs;
    },
  };
};
