import { closeFeed, type FeedCore, type LiveStatus } from "./core.js";
import type { LiveImplementation } from "./link.js";
import { createListeners } from "./listeners.js";
import { createQueue } from "./queue.js";

/**
 * Subscribes to events, updates the state with them, and resubscribes from the last event after a connection
 * loss.
 */
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

  /** @param start - subscribes and updates the feed */
  constructor(
    load: () => Promise<LiveImplementation>,
    start: (implementation: LiveImplementation, core: FeedCore<State, Event>) => Promise<void>,
  ) {
    load()
      .then((loaded) => start(loaded, this.core))
      .catch((error: unknown) => closeFeed(this.core, error));
  }

  /** Whether events arrive. */
  get status(): LiveStatus {
    return this.core.status;
  }

  /** Why the feed is closed or disconnected. Undefined while it is `live`, and after `close()`. */
  get error(): unknown {
    return this.core.error;
  }

  /**
   * The state after the last event. Undefined until the first response. Every change creates a new object.
   */
  get state(): State | undefined {
    return this.core.state;
  }

  /**
   * Waits until the feed is live. Rejects if it is closed first.
   * @returns the state
   */
  ready(): Promise<State> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const { status, state, error } = this.core;
        if (status === "live" && state) resolve(state);
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- Safe: rethrows the error.
        else if (status === "closed") reject(error ?? this.core.closing.signal.reason);
        else return;
        off();
      };
      const off = this.core.listeners.on("status", look);
      look();
    });
  }

  /** Closes the feed. Commands that wait for answers reject. */
  close(): void {
    closeFeed(this.core);
  }

  /**
   * Iterates over the events from now on. The loop ends when the feed is closed, and throws its error if
   * there is one.
   */
  [Symbol.asyncIterator](): AsyncGenerator<Event, void, undefined> {
    const queue = createQueue<Event>();
    if (this.status === "closed") queue.end(this.error);
    else this.core.queues.add(queue);
    return queue.read(() => this.core.queues.delete(queue));
  }
}
