import type { Unsubscribable } from "@trpc/server/observable";
import { type CallError, callError, isInvigilError, NetworkFailure } from "../errors.js";
import { backoffMs, type RetryOptions } from "../retry.js";
import { closeFeed, type FeedCore, setState, setStatus } from "./core.js";
import { delay, isPermanent } from "./delay.js";

/** The callbacks of a subscription. */
export interface SubscriptionObserver<Event> {
  readonly signal: AbortSignal;
  readonly onStarted: () => void;
  readonly onData: (tracked: { readonly data: Event }) => void;
  readonly onError: (error: CallError) => void;
  readonly onComplete: () => void;
}

/** A room or an exam on the server. */
export interface Source<State, Event> {
  readonly snapshot: (options: { readonly signal: AbortSignal }) => Promise<State>;
  readonly subscribe: (lastEventId: string, observer: SubscriptionObserver<Event>) => Unsubscribable;
}

/** How the events of a source change its state. */
export interface EventHandlers<State, Event> {
  /** The state after an event. */
  readonly reduce: (state: State, event: Event) => State;
  /** A `gap` event with the state after an event. */
  readonly gap: (state: State, event: Event) => Event;
  /** Notifies listeners of an event. */
  readonly notify: (event: Event) => void;
}

/**
 * A connection that lasted this long, in milliseconds, was stable. The next failure then counts as the first.
 */
const STABLE_MS = 1000;

/** Keeps a feed subscribed, reconnecting after each loss, until the feed is closed. */
export const keepSubscribed = async <
  State extends { readonly lastEventId: string },
  Event extends { readonly type: string; readonly id: string },
>(
  core: FeedCore<State, Event>,
  { snapshot, subscribe }: Source<State, Event>,
  { reduce: apply, gap, notify }: EventHandlers<State, Event>,
  retry: RetryOptions,
): Promise<void> => {
  const { signal } = core.closing;
  let failures = 0;
  let refusals = 0;
  /** When the connection was established, and whether an event arrived over it. */
  let since = Number.POSITIVE_INFINITY;
  let hasReceived = false;

  const receive = (before: State, event: Event): void => {
    // Events may arrive again after a reconnection. A gap is the current state, even if its id is lower.
    if (event.type !== "gap" && Number(event.id) <= Number(before.lastEventId)) return;
    hasReceived = true;
    const after = apply(before, event);
    setState(core, after);
    for (const queue of core.queues) queue.push(event, () => gap(after, event));
    notify(event);
  };

  /** Rejects when the connection ends. */
  const untilDisconnected = ({ lastEventId }: State): Promise<never> =>
    new Promise((_, reject) => {
      subscribe(lastEventId, {
        signal,
        onStarted() {
          since = performance.now();
          setStatus(core, "live");
        },
        onData({ data }) {
          const { state } = core.snapshot;
          if (state && !signal.aborted) receive(state, data);
        },
        onError: reject,
        onComplete: () => reject(new NetworkFailure("lost", "The server ended the subscription.")),
      });
    });

  while (!signal.aborted) {
    since = Number.POSITIVE_INFINITY;
    hasReceived = false;
    try {
      let { state } = core.snapshot;
      if (!state) {
        state = await snapshot({ signal });
        setState(core, state);
      }
      await untilDisconnected(state);
    } catch (thrown) {
      if (signal.aborted) return;
      const error = callError(thrown);
      if (hasReceived || performance.now() - since > STABLE_MS) failures = refusals = 0;
      // The token may have expired. The next attempt gets a new one, once.
      const isRefused = isInvigilError(error, "UNAUTHENTICATED");
      if (isRefused ? ++refusals > 1 : isPermanent(error)) return closeFeed(core, error);
      setStatus(core, core.snapshot.status === "connecting" ? "connecting" : "reconnecting", error);
      if (!isRefused) await delay(backoffMs(++failures, retry, Math.random), signal);
    }
  }
};
