import { type CallError, callError } from "../errors.js";
import { closeFeed, createCore, type FeedCore, type LiveSnapshot, type LiveStatus } from "./core.js";
import { type LiveImplementation, loadImplementation } from "./link.js";
import type { Listener } from "./listeners.js";
import { createQueue } from "./queue.js";

/**
 * Subscribes to events, updates the state with them, and resubscribes from the last event after a connection
 * loss.
 */
export class Feed<State, Event, EventListeners extends Readonly<Record<string, Listener>>> {
  /** @internal */
  protected readonly core: FeedCore<State, Event> = createCore();

  /** @param start - subscribes and updates the feed */
  constructor(start: (implementation: LiveImplementation, core: FeedCore<State, Event>) => Promise<void>) {
    loadImplementation()
      .then((loaded) => start(loaded, this.core))
      .catch((error: unknown) => closeFeed(this.core, callError(error)));
  }

  /** Whether events arrive. */
  get status(): LiveStatus {
    return this.core.snapshot.status;
  }

  /** Why the feed is closed or disconnected. Undefined while it is `live`, and after `close()`. */
  get error(): CallError | undefined {
    return this.core.snapshot.error;
  }

  /**
   * When something arrived from the server last: an event, an answer or a ping, which comes at least every ten seconds. A connection that
   * has been silent for 15 seconds counts as lost. It changes without a call of listeners, so look at it from time to time.
   */
  get lastHeardAt(): Date | undefined {
    return this.core.heardAt;
  }

  /**
   * The state after the last event. Undefined until the first response. Every change creates a new object.
   */
  get state(): State | undefined {
    return this.core.snapshot.state;
  }

  /**
   * Registers a listener that is called after each change of `status`, `state` or `error`. Together with
   * {@link getSnapshot}, this is what React's `useSyncExternalStore` takes; neither needs its object.
   * @returns a function that removes the listener
   */
  readonly subscribe = (listener: () => void): (() => void) => this.core.watchers.on("change", listener);

  /** The status, state and error. The object is the same until one of them changes. */
  readonly getSnapshot = (): LiveSnapshot<State> => this.core.snapshot;

  /**
   * Registers a listener for an event type, for `status`, or in a room for a signal, with the message that carried it. Listeners are called
   * once per event, in order, after the state has changed. The `state` of people changes with the next frame.
   * @returns a function that removes the listener
   */
  on<Type extends keyof EventListeners & string>(type: Type, listener: EventListeners[Type]): () => void {
    return this.core.listeners.on(type, listener);
  }

  /**
   * Waits until the feed is live. Rejects with the error if the server refuses the subscription.
   * @returns the state, or undefined if `close()` is called first
   */
  ready(): Promise<State | undefined> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const { status, state, error } = this.core.snapshot;
        if (status === "closed" && error) reject(error);
        else if (status === "closed") resolve(undefined);
        else if (status === "live" && state) resolve(state);
        else return;
        off();
      };
      const off = this.core.listeners.on("status", look);
      look();
    });
  }

  /** Closes the feed. Loops end, `ready()` resolves, and commands that wait for answers reject. */
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
