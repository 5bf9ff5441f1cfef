import type { Audience } from "@invigil/schema";
import { WHOLE_EXAM } from "../../domain/events.js";
import {
  type DeliveredEvent,
  declarationOf,
  type EventLoader,
  type LoggedEvent,
} from "./delivered-events.js";

export interface QueuedEvent {
  readonly event: LoggedEvent;
  /** Looked up once for all subscribers. Undefined if only a later version of the server declares the event. */
  readonly seenBy: Audience | undefined;
  /** Reads what the subscriber receives. All subscribers share one read. */
  readonly load: () => Promise<DeliveredEvent | undefined>;
}

/** Makes the entry of an event for the subscribers of its exam, or of one room. They receive an event about the whole exam as its own. */
export const entryOf = (event: LoggedEvent, load: EventLoader, roomId?: string): QueuedEvent => {
  const seenBy = declarationOf(event)?.seenBy;
  return event.roomId === WHOLE_EXAM && roomId !== undefined
    ? { event: { ...event, roomId }, seenBy, load: () => load(event, roomId) }
    : { event, seenBy, load: () => load(event) };
};

/** The most events that one queue holds. A queue that would exceed this drops all of them and overflows. */
export const MAX_QUEUED = 1000;

/** The events and signals of one subscription. The methods that fill it never wait for the subscriber. */
export interface EventQueue {
  /** Adds an event. Ignored unless the queue is open. */
  push(entry: QueuedEvent): void;
  /** Drops all events. The subscriber needs a gap event before it can continue. */
  overflow(): void;
  /** Asks the subscription to check its access again. */
  requestRecheck(): void;
  /** Ends the subscription. Without an error, it ends normally. */
  close(error?: Error): void;
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

export const createEventQueue = (max = MAX_QUEUED): EventQueue => {
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
      if (events.length >= max) return overflow();
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
