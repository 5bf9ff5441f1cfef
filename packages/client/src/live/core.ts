import type { Listeners } from "./listeners.js";
import type { Queue } from "./queue.js";

/**
 * `connecting`: for the first time; `live`: events arrive as they happen; `reconnecting`: the connection was lost, and what
 * happens meanwhile is told afterwards; `closed`: by `close()`, or because the server refused.
 */
export type LiveStatus = "connecting" | "live" | "reconnecting" | "closed";

/** What listeners of `status` are told. */
export interface StatusChange {
  readonly status: LiveStatus;
  /** Why the connection failed, was lost, or is closed; absent when `close()` was called. */
  readonly error?: unknown;
}

/** What a feed knows. The engine, which does the work, changes it. */
export interface FeedCore<State, Event> {
  status: LiveStatus;
  error: unknown;
  state: State | undefined;
  readonly listeners: Listeners;
  /** Those who read the events in a loop. */
  readonly queues: Set<Queue<Event>>;
  readonly closing: AbortController;
}

/** Has the status told, where it is news. */
export const tellStatus = (core: FeedCore<unknown, unknown>, status: LiveStatus, error?: unknown): void => {
  const isNews = status !== core.status || error !== undefined;
  core.status = status;
  core.error = error;
  if (isNews) core.listeners.tell("status", error === undefined ? { status } : { status, error });
};

/** Ends it all, once. */
export const endFeed = (core: FeedCore<unknown, unknown>, error?: unknown): void => {
  if (core.closing.signal.aborted) return;
  core.closing.abort(error ?? new Error("It was closed."));
  tellStatus(core, "closed", error);
  for (const queue of core.queues) queue.end(error);
  core.queues.clear();
};
