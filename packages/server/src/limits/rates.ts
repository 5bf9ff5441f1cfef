import type { Caller } from "@invigil/schema";
import { LRUCache } from "lru-cache";
import type { Config } from "../config/config.js";
import { type Counted, identityKey } from "../identity/usage-key.js";
import { InvigilError } from "../platform/errors.js";
import { atMost } from "../platform/lru.js";
import { waitBefore, wholeAfter } from "./allowance.js";

/** What is limited, in the order in which each owner's state is kept. */
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
] as const;
export type Rate = (typeof RATES)[number];

/** Whose limit it is: a token holder's, an administrator's, a network's without a token, a room's, an exam's. */
export type RateScope = "person" | "admin" | "network" | "room" | "exam";

/** Amounts a minute. What is absent is not limited. */
export type RateSettings = Readonly<Record<Rate, Readonly<Partial<Record<RateScope, number>>>>>;

/** On whose behalf an amount is taken: each that is named has a limit of its own. */
export interface Taker {
  /** Each user id has a limit of its own for each room or exam that a token of theirs is bound to. */
  readonly caller?: (Counted & Pick<Caller, "role">) | undefined;
  readonly network?: string | undefined;
  readonly roomId?: string | undefined;
  readonly examId?: string | undefined;
}

/**
 * Limits of what is done in a time. Each process counts for itself, so the answer is there at once. A counter that several processes
 * share can stand behind the same interface when it hands out parts of the allowances in advance.
 */
export interface RateLimits {
  /**
   * Takes amounts from the allowances of all takers, or from none of them.
   * @throws TOO_MANY_REQUESTS that names the limit which was reached
   */
  readonly take: (from: Taker, amounts: Readonly<Partial<Record<Rate, number>>>) => void;
}

/** For those who are not limited: the command on the server's own machine. */
export const UNLIMITED: RateLimits = { take: () => undefined };

/** A limit is an amount a minute, and all of it may be used at once. */
const WINDOW_MS = 60_000;
/** Owners that are remembered, of each kind. One that is forgotten has its whole allowance again. */
const REMEMBERED = 100_000;

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
  /** Where the rate stands in an owner's state. */
  readonly index: number;
  readonly perMinute: number;
  /** How long it takes until one is allowed again, in milliseconds. */
  readonly eachMs: number;
}

const limitsOf = (settings: RateSettings, scope: RateScope): readonly (Limit | undefined)[] =>
  RATES.map((rate, index) => {
    const perMinute = settings[rate][scope];
    return perMinute === undefined ? undefined : { rate, index, perMinute, eachMs: WINDOW_MS / perMinute };
  });

/** When each allowance of one owner will be (or was) whole again, in milliseconds of the monotonic clock. */
type WholeAt = number[];

export const createRateLimits = ({
  settings,
  monotonic,
}: {
  readonly settings: Config["limits"];
  /** Milliseconds that only grow, whatever the clock on the wall does. */
  readonly monotonic: () => number;
}): RateLimits => {
  const scopeOf = (scope: RateScope) => ({
    scope,
    limits: limitsOf(settings, scope),
    // By size, not by number: for a number the cache takes the memory of all of them at once.
    owners: new LRUCache<string, WholeAt>(atMost(REMEMBERED)),
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

  const stateOf = ({ owners }: Scope, key: string): WholeAt => {
    const known = owners.get(key);
    if (known) return known;
    const fresh: WholeAt = RATES.map(() => 0);
    owners.set(key, fresh);
    return fresh;
  };

  const refuse = ({ scope }: Scope, id: string, { rate, perMinute }: Limit, waitMs: number): never => {
    const seconds = Math.max(1, Math.ceil(waitMs / 1000));
    const most = isBytes(rate) ? perMinute / MIB : perMinute;
    throw new InvigilError(
      "TOO_MANY_REQUESTS",
      `Too many ${NAMES[rate]} ${OWNERS[scope](id)}, at most ${most} a minute: try again in ${seconds} ${seconds === 1 ? "second" : "seconds"}.`,
      { retryAfterSeconds: seconds },
    );
  };

  return {
    take({ caller, network, roomId, examId }, amounts) {
      const now = monotonic();
      const taken: { state: WholeAt; index: number; wholeAt: number }[] = [];

      const look = (within: Scope, key: string, name = key): void => {
        let state: WholeAt | undefined;
        for (const rate in amounts) {
          const index = indexes.get(rate) ?? -1;
          const limit = within.limits[index];
          // Safe: `rate` is a key of it.
          const amount = amounts[rate as Rate];
          if (!limit || !amount) continue;
          state ??= stateOf(within, key);
          const use = { wholeAt: state[index] ?? 0, costMs: amount * limit.eachMs, now };
          const waitMs = waitBefore(use, WINDOW_MS);
          if (waitMs > 0) refuse(within, name, limit, waitMs);
          taken.push({ state, index, wholeAt: wholeAfter(use) });
        }
      };

      if (caller)
        look(caller.role === "admin" ? scopes.admin : scopes.person, identityKey(caller), caller.userId);
      if (network !== undefined) look(scopes.network, network);
      if (roomId !== undefined) look(scopes.room, roomId);
      if (examId !== undefined) look(scopes.exam, examId);
      for (const { state, index, wholeAt } of taken) state[index] = wholeAt;
    },
  };
};
