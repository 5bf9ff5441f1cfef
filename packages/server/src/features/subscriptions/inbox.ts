import type { Logged, ToldEvent } from "./told.js";

/** An event on its way to listeners; it is read in full once, by the first who wants it. */
export interface Entry {
  readonly event: Logged;
  readonly told: () => Promise<ToldEvent | undefined>;
}

/** Events that wait for a listener. Over this, they are dropped, and it gets a gap. */
export const MAX_WAITING = 1000;

/** What waits for one listener: events, and what else it must see to. Never makes anybody wait. */
export interface Inbox {
  /** Takes an event while it collects. */
  offer(entry: Entry): void;
  /** What came between is lost. */
  lose(): void;
  /** Whether it may still listen is to be looked at again. */
  doubt(): void;
  /** Nothing is told any more: without an error the listener went by itself. */
  end(error?: Error): void;
  /** Something else may have changed that it waits for. */
  nudge(): void;

  /** Collects from now on; what waited is forgotten. */
  collect(): void;
  take(): Entry | undefined;
  /** Whether it is to be looked at again; asking is looking. */
  doubted(): boolean;
  readonly isLost: boolean;
  readonly ended: { readonly error?: Error } | undefined;
  /** Resolves at the next change. */
  change(): Promise<void>;
}

export const createInbox = (max = MAX_WAITING): Inbox => {
  let waiting: Entry[] = [];
  let state: "idle" | "collecting" | "lost" = "idle";
  let isDoubted = false;
  let ended: Inbox["ended"];
  let wake: (() => void) | undefined;

  const nudge = (): void => {
    wake?.();
    wake = undefined;
  };
  const lose = (): void => {
    if (state === "idle") return;
    waiting = [];
    state = "lost";
    nudge();
  };

  return {
    offer(entry) {
      if (state !== "collecting") return;
      if (waiting.length >= max) return lose();
      waiting.push(entry);
      nudge();
    },
    lose,
    doubt() {
      isDoubted = true;
      nudge();
    },
    end(error) {
      ended ??= error === undefined ? {} : { error };
      waiting = [];
      state = "idle";
      nudge();
    },
    nudge,
    collect() {
      waiting = [];
      if (!ended) state = "collecting";
    },
    take: () => waiting.shift(),
    doubted() {
      const was = isDoubted;
      isDoubted = false;
      return was;
    },
    get isLost() {
      return state === "lost";
    },
    get ended() {
      return ended;
    },
    change: () =>
      new Promise((resolve) => {
        wake = resolve;
      }),
  };
};
