import { endFeed, type FeedCore, type LiveStatus } from "./core.js";
import type { Engine } from "./link.js";
import { createListeners } from "./listeners.js";
import { createQueue } from "./queue.js";

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
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- Safe: what ended it, as it was thrown.
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
