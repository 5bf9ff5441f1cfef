import type { CallError } from "../errors.js";
import { createListeners, type Listeners } from "./listeners.js";
import type { Queue } from "./queue.js";

/**
 * `connecting`: before the first connection. `live`: events arrive as they happen. `reconnecting`: the
 * connection was lost, and missed events will follow. `closed`: `close()` was called, or the server refused
 * the subscription.
 */
export type LiveStatus = "connecting" | "live" | "reconnecting" | "closed";

/** The argument of `status` listeners. */
export interface StatusChange {
  readonly status: LiveStatus;
  /** Why the connection failed, was lost or is closed. Absent if `close()` was called. */
  readonly error?: CallError;
}

/** A live room or exam at one moment. */
export interface LiveSnapshot<State> {
  readonly status: LiveStatus;
  /** The state after the last event. Undefined until the first response. */
  readonly state: State | undefined;
  /** Why it is closed or disconnected. Undefined while it is `live`, and after `close()`. */
  readonly error: CallError | undefined;
}

/** The state of a feed. The functions of this folder change it. */
export interface FeedCore<State, Event> {
  /** Every change creates a new object. */
  snapshot: LiveSnapshot<State>;
  /** The listeners of `status` and of events. */
  readonly listeners: Listeners;
  /** The listeners of the snapshot, by `change`. */
  readonly watchers: Listeners;
  /** The queues of the loops that read the events. */
  readonly queues: Set<Queue<Event>>;
  readonly closing: AbortController;
  /** When the server sent something last, a ping included. */
  heardAt: Date | undefined;
}

export const createCore = <State, Event>(): FeedCore<State, Event> => ({
  snapshot: { status: "connecting", state: undefined, error: undefined },
  listeners: createListeners(),
  watchers: createListeners(),
  queues: new Set(),
  closing: new AbortController(),
  heardAt: undefined,
});

const replaceSnapshot = <State>(core: FeedCore<State, unknown>, snapshot: LiveSnapshot<State>): void => {
  core.snapshot = snapshot;
  core.watchers.emit("change");
};

export const setState = <State>(core: FeedCore<State, unknown>, state: State): void =>
  replaceSnapshot(core, { ...core.snapshot, state });

/** Sets the status, and notifies listeners if it changed or there is an error. */
export const setStatus = (core: FeedCore<unknown, unknown>, status: LiveStatus, error?: CallError): void => {
  if (status === core.snapshot.status && error === undefined) return;
  replaceSnapshot(core, { ...core.snapshot, status, error });
  core.listeners.emit("status", error === undefined ? { status } : { status, error });
};

/** Closes a feed. Further calls have no effect. */
export const closeFeed = (core: FeedCore<unknown, unknown>, error?: CallError): void => {
  if (core.closing.signal.aborted) return;
  core.closing.abort(error ?? new Error("The subscription was closed."));
  setStatus(core, "closed", error);
  for (const queue of core.queues) queue.end(error);
  core.queues.clear();
};
