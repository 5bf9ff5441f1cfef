import type { TRPCClientError } from "@trpc/client";
import type { Unsubscribable } from "@trpc/server/observable";
import { isInvigilError, NetworkFailure } from "../errors.js";
import { backoffMs, type RetryOptions } from "../retry.js";
import type { AppRouter } from "../router.js";
import { createListeners } from "./listeners.js";
import { createQueue } from "./queue.js";

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

/** One subscription, as the feed sees it. */
export interface Observer<Event> {
  readonly signal: AbortSignal;
  readonly onStarted: () => void;
  readonly onData: (tracked: { readonly data: Event }) => void;
  readonly onError: (error: TRPCClientError<AppRouter>) => void;
  readonly onComplete: () => void;
}

/** What is listened to. */
export interface Source<State, Event> {
  readonly snapshot: (options: { readonly signal: AbortSignal }) => Promise<State>;
  readonly subscribe: (lastEventId: string, observer: Observer<Event>) => Unsubscribable;
  /** How things are after an event. */
  readonly apply: (state: State, event: Event) => State;
  /** The `gap` that stands for events that a loop was too slow for. */
  readonly gap: (state: State, event: Event) => Event;
}

/** A connection that held for so long, in milliseconds, was a good one: what comes next is a new failure. */
const GOOD_MS = 1000;

/** Nothing else would help: the server said no, and would again. */
export const isFinal = (error: unknown): boolean =>
  isInvigilError(error) && error.data.httpStatus < 500 && error.data.reason !== "TOO_MANY_REQUESTS";

/** Waits so many milliseconds, or until the signal. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });

/** Listens, keeps the state by what it hears, and comes back after each break where it stood. */
export class Feed<State extends { lastEventId: string }, Event extends { type: string; id: string }> {
  readonly #source: Source<State, Event>;
  readonly #retry: RetryOptions;
  readonly #closing = new AbortController();
  readonly #queues = new Set<ReturnType<typeof createQueue<Event>>>();
  protected readonly listeners = createListeners();
  #status: LiveStatus = "connecting";
  #error: unknown;
  #state: State | undefined;
  /** Whether the server told anything over the connection, and since when it holds. */
  #heard = false;
  #since = Number.POSITIVE_INFINITY;

  /** @param source - what to listen to */
  constructor(source: Source<State, Event>, retry: RetryOptions) {
    this.#source = source;
    this.#retry = retry;
    void this.#run();
  }

  /** Whether events arrive. */
  get status(): LiveStatus {
    return this.#status;
  }

  /** Why it is `closed`, or not connected; undefined while it is `live`, and after `close()`. */
  get error(): unknown {
    return this.#error;
  }

  /** How things are after the last event that was told; undefined until the first answer. Each change makes a new object. */
  get state(): State | undefined {
    return this.#state;
  }

  /**
   * Waits until it is live, or rejects when it is closed before that.
   * @returns the state
   */
  ready(): Promise<State> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (this.#status === "live" && this.#state) resolve(this.#state);
        else if (this.#status === "closed") reject(this.#error ?? new Error("It was closed."));
        else return false;
        return true;
      };
      if (look()) return;
      const off = this.listeners.on("status", () => {
        if (look()) off();
      });
    });
  }

  /** Stops listening. Commands that still wait for answers reject. */
  close(): void {
    this.#end(undefined);
  }

  /** The events from now on. A loop ends when this is closed, by the error if there was one. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Event, undefined> {
    const queue = createQueue<Event>({
      // Safe: events come after the state, and only then the queue overflows.
      gap: () => this.#source.gap(this.#state as State, this.#last as Event),
      leave: () => this.#queues.delete(queue),
    });
    if (this.#status === "closed") queue.end(this.#error);
    else this.#queues.add(queue);
    return queue.iterator;
  }

  /** Aborted when it is closed. */
  protected get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Told of each event after the state. */
  protected hear(event: Event): void {
    this.listeners.tell(event.type, event);
  }

  #last: Event | undefined;

  #take(event: Event): void {
    const state = this.#state;
    if (!state) return;
    // What was told before the break may come again; a gap is how things are, wherever its log stands.
    if (event.type !== "gap" && Number(event.id) <= Number(state.lastEventId)) return;
    this.#heard = true;
    this.#last = event;
    this.#state = this.#source.apply(state, event);
    for (const queue of this.#queues) queue.push(event);
    this.hear(event);
  }

  #tellStatus(status: LiveStatus, error?: unknown): void {
    this.#error = error;
    if (status === this.#status && error === undefined) return;
    this.#status = status;
    const change: StatusChange = error === undefined ? { status } : { status, error };
    this.listeners.tell("status", change);
  }

  #end(error: unknown): void {
    if (this.closing.aborted) return;
    this.#closing.abort(error ?? new Error("It was closed."));
    this.#tellStatus("closed", error);
    for (const queue of this.#queues) queue.end(error);
    this.#queues.clear();
  }

  /** Listens until the connection is over. */
  #listen({ lastEventId }: State): Promise<never> {
    return new Promise((_, reject) => {
      const call = this.#source.subscribe(lastEventId, {
        signal: this.closing,
        onStarted: () => {
          this.#since = performance.now();
          this.#tellStatus("live");
        },
        onData: ({ data }) => {
          if (!this.closing.aborted) this.#take(data);
        },
        onError: reject,
        onComplete: () => reject(new NetworkFailure("lost", "The server ended the subscription.")),
      });
      if (this.closing.aborted) call.unsubscribe();
    });
  }

  async #run(): Promise<void> {
    const signal = this.closing;
    let failures = 0;
    let refusals = 0;
    while (!signal.aborted) {
      this.#heard = false;
      this.#since = Number.POSITIVE_INFINITY;
      try {
        this.#state ??= await this.#source.snapshot({ signal });
        await this.#listen(this.#state);
      } catch (error) {
        if (signal.aborted) return;
        if (this.#heard || performance.now() - this.#since > GOOD_MS) failures = refusals = 0;
        // A token may have run out: the next attempt asks for another, once.
        const refused = isInvigilError(error, "UNAUTHENTICATED");
        if (refused ? ++refusals > 1 : isFinal(error)) return this.#end(error);
        this.#tellStatus(this.#status === "connecting" ? "connecting" : "reconnecting", error);
        if (!refused) await pause(backoffMs(++failures, this.#retry, Math.random), signal);
      }
    }
  }
}
