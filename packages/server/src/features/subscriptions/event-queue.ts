import type { EventSink, QueuedEvent } from "../delivery/service.js";

/** The most events that one queue holds. A queue that would exceed this drops all of them and overflows. */
export const MAX_QUEUED = 1000;

/** The events and signals of one subscription. It ignores events unless it is open. */
export interface EventQueue extends EventSink {
  /** Resolves the promise of `changed`. */
  wake(): void;

  /** Drops all events and accepts new ones from now on. */
  open(): void;
  shift(): QueuedEvent | undefined;
  /** Whether a recheck was requested since the last call. */
  takeRecheckRequest(): boolean;
  readonly hasOverflowed: boolean;
  readonly closed: { readonly error?: Error } | undefined;
  /** Resolves at the next change. */
  changed(): Promise<void>;
}

export const createEventQueue = (): EventQueue => {
  let events: QueuedEvent[] = [];
  let state: "idle" | "open" | "overflowed" = "idle";
  let isRecheckRequested = false;
  let closed: EventQueue["closed"];
  let resolveChanged: (() => void) | undefined;

  const wake = (): void => {
    resolveChanged?.();
    resolveChanged = undefined;
  };
  const overflow = (): void => {
    if (state === "idle") return;
    events = [];
    state = "overflowed";
    wake();
  };

  return {
    push(entry) {
      if (state !== "open") return;
      if (events.length >= MAX_QUEUED) return overflow();
      events.push(entry);
      wake();
    },
    overflow,
    requestRecheck() {
      isRecheckRequested = true;
      wake();
    },
    close(error) {
      closed ??= error === undefined ? {} : { error };
      events = [];
      state = "idle";
      wake();
    },
    wake,
    open() {
      events = [];
      if (!closed) state = "open";
    },
    shift: () => events.shift(),
    takeRecheckRequest() {
      const wasRequested = isRecheckRequested;
      isRecheckRequested = false;
      return wasRequested;
    },
    get hasOverflowed() {
      return state === "overflowed";
    },
    get closed() {
      return closed;
    },
    changed: () =>
      new Promise((resolve) => {
        resolveChanged = resolve;
      }),
  };
};
