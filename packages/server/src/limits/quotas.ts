import { LRUCache } from "lru-cache";
import { InvigilError } from "../platform/errors.js";
import { atMost } from "../platform/lru.js";

/**
 * The error for an exhausted quota.
 * @param whose the owner of the quota, e.g. `the room r1`
 */
export const quotaExceeded = ({
  whose,
  what,
  held,
  most,
}: {
  readonly whose: string;
  readonly what: string;
  /** The current amount. */
  readonly held: number;
  /** The maximum amount. */
  readonly most: number;
}): InvigilError =>
  new InvigilError("QUOTA_EXCEEDED", `${whose} may have at most ${most} ${what}, and has ${held}.`, {
    limit: what,
  });

/** The share of what is left that an owner may use before it is counted again. */
const UNCOUNTED_SHARE = 0.01;
/** The number of owners whose counts are kept. */
const MAX_OWNERS = 10_000;

/**
 * @throws QUOTA_EXCEEDED
 * @param count counts what the owner has, up to a number
 */
export type AssertBelow = (
  quota: { readonly whose: string; readonly what: string; readonly most: number },
  count: (most: number) => Promise<number>,
) => Promise<void>;

/**
 * Creates a check for quotas of rows that take long to count. It does not count for every call: after a count, an
 * owner may add a hundredth of what was left. Only a new count refuses a call.
 */
export const createQuotaCheck = (): AssertBelow => {
  /** How many more each owner may add before the next count. */
  const uncounted = new LRUCache<string, number>(atMost(MAX_OWNERS));
  return async ({ whose, what, most }, count) => {
    const key = `${what} ${whose}`;
    const left = uncounted.get(key) ?? 0;
    if (left > 0) {
      uncounted.set(key, left - 1);
      return;
    }
    const held = await count(most);
    if (held >= most) throw quotaExceeded({ whose, what, held, most });
    // This call adds one.
    uncounted.set(key, Math.floor((most - held) * UNCOUNTED_SHARE) - 1);
  };
};
