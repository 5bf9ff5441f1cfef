import { LRUCache } from "lru-cache";
import { atMost } from "../platform/lru.js";
import {
  type Counter,
  type Counters,
  eachOf,
  type LoginSubject,
  mapped,
  newCounter,
} from "./login-counter.js";
import type { LoginCounters } from "./login-throttle.js";

/** The number of counters in memory. A login has three, so evicting one takes 100,000 failed logins. */
const REMEMBERED = 300_000;

/** Holds the counters of the only server. A restart resets them. */
export const createMemoryCounters = (): LoginCounters => {
  const cache = new LRUCache<string, Counter>(atMost(REMEMBERED));
  /** Those with a success, so that strangers' failures do not evict them. */
  const trusted = new LRUCache<string, Counter>(atMost(REMEMBERED));
  const counterOf = (subject: LoginSubject): Counter =>
    trusted.get(subject.key) ?? cache.get(subject.key) ?? newCounter(subject);
  const put = (counters: Counters): void => {
    for (const one of eachOf(counters)) (one.trustedUntil > 0 ? trusted : cache).set(one.key, one);
  };
  return {
    keyOf: (...parts) => JSON.stringify(parts),
    read: async (login) => mapped(login, counterOf),
    async change(login, find, change) {
      const found = await find();
      const { written, result } = change(mapped(login, counterOf), found);
      put(written);
      return result;
    },
    changeIn: (login, transact) =>
      transact(async (tx) => async (change) => {
        // Read only then: the counters have no lock.
        tx.afterCommit(() => put(change(mapped(login, counterOf))));
      }),
    // All running logins are this server's, whose ends wake those that wait.
    pause: () => new Promise(() => undefined),
  };
};
