import type { Listeners } from "./listeners.js";
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
  readonly error?: unknown;
}

/** The state of a feed. The functions of this folder change it. */
export interface FeedCore<State, Event> {
  status: LiveStatus;
  error: unknown;
  state: State | undefined;
  readonly listeners: Listeners;
  /** The queues of the loops that read the events. */
  readonly queues: Set<Queue<Event>>;
  readonly closing: AbortController;
}

/** Sets the status, and notifies listeners if it changed or there is an error. */
export const setStatus = (core: FeedCore<unknown, unknown>, status: LiveStatus, error?: unknown): void => {
  const hasChanged = status !== core.status || error !== undefined;
  core.status = status;
  core.error = error;
  if (hasChanged) core.listeners.emit("status", error === undefined ? { status } : { status, error });
};

/** Closes a feed. Further calls have no effect. */
export const closeFeed = (core: FeedCore<unknown, unknown>, error?: unknown): void => {
  if (core.closing.signal.aborted) return;
  core.closing.abort(error ?? new Error("The subscription was closed."));
  setStatus(core, "closed", error);
  for (const queue of core.queues) queue.end(error);
  core.queues.clear();
};
