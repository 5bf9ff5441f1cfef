import type { Engine } from "./engine.js";
import { createListeners, type Listeners } from "./listeners.js";
import { createQueue, type Queue } from "./queue.js";

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

/** Listens, keeps the state by what it hears, and comes back after each break where it stood. */
export class Feed<State, Event> {
  /** @internal */
  protected readonly core: FeedCore<State, Event> = {
    status: "connecting",
    error: undefined,
    state: undefined,
    listeners: createListeners(),
    queues: new Set(),
    closing: new AbortController(),
  };

  /** @param start - begins to listen */
  constructor(
    engine: () => Promise<Engine>,
    start: (engine: Engine, core: FeedCore<State, Event>) => Promise<void>,
  ) {
    engine()
      .then((loaded) => start(loaded, this.core))
      .catch((error: unknown) => endFeed(this.core, error));
  }

  /** Whether events arrive. */
  get status(): LiveStatus {
    return this.core.status;
  }

  /** Why it is `closed`, or not connected; undefined while it is `live`, and after `close()`. */
  get error(): unknown {
    return this.core.error;
  }

  /** How things are after the last event that was told; undefined until the first answer. Each change makes a new object. */
  get state(): State | undefined {
    return this.core.state;
  }

  /**
   * Waits until it is live, or rejects when it is closed before that.
   * @returns the state
   */
  ready(): Promise<State> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const { status, state, error } = this.core;
        if (status === "live" && state) resolve(state);
        else if (status === "closed") reject(error ?? this.core.closing.signal.reason);
        else return;
        off();
      };
      const off = this.core.listeners.on("status", look);
      look();
    });
  }

  /** Stops listening. Commands that still wait for answers reject. */
  close(): void {
    endFeed(this.core);
  }

  /** The events from now on. The loop ends when this is closed, by the error if there was one. */
  [Symbol.asyncIterator](): AsyncGenerator<Event, void, undefined> {
    const queue = createQueue<Event>();
    if (this.status === "closed") queue.end(this.error);
    else this.core.queues.add(queue);
    return queue.read(() => this.core.queues.delete(queue));
  }
}
