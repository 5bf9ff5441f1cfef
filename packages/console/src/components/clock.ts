import { useSyncExternalStore } from "react";

interface Ticker {
  now: number;
  readonly subscribe: (listener: () => void) => () => void;
}

const createTicker = (everyMs: number): Ticker => {
  const listeners = new Set<() => void>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const ticker: Ticker = {
    now: Date.now(),
    subscribe(listener) {
      listeners.add(listener);
      if (timer === undefined) schedule();
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) {
          clearTimeout(timer);
          timer = undefined;
        }
      };
    },
  };
  const tick = () => {
    ticker.now = Date.now();
    for (const listener of listeners) listener();
    schedule();
  };
  // At full seconds, so that all clocks of a page change together.
  const schedule = () => {
    timer = setTimeout(tick, everyMs - (Date.now() % everyMs));
  };
  return ticker;
};

const SECOND = createTicker(1000);
const MINUTE = createTicker(60_000);

/** The current time in milliseconds, which changes each second or minute. */
export const useNow = (every: "second" | "minute" = "second"): number => {
  const ticker = every === "second" ? SECOND : MINUTE;
  return useSyncExternalStore(ticker.subscribe, () => {
    // A ticker without listeners has stood still.
    if (Math.abs(Date.now() - ticker.now) > (every === "second" ? 1500 : 61_000)) ticker.now = Date.now();
    return ticker.now;
  });
};
