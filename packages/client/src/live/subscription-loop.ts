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
  /** What the transport calls. */
  readonly context: SubscriptionContext;
}

/** How the transport tells a subscription about its connection. */
export interface SubscriptionContext extends Record<string, unknown> {
  /** Called for everything that arrives, including pings. */
  readonly onHeard?: () => void;
}

/** A room or an exam on the server. */
export interface Source<State, Event> {
  readonly snapshot: (options: { readonly signal: AbortSignal }) => Promise<State>;
  readonly subscribe: (lastEventId: string, observer: SubscriptionObserver<Event>) => Unsubscribable;
}

/** How the loop reads its state and handles its events. */
export interface Follower<Event> {
  /** The event after which to subscribe. Undefined: the state must be read first. */
  readonly position: () => string | undefined;
  readonly read: (signal: AbortSignal) => Promise<void>;
  /**
   * Handles an event. Returns whether it is new.
   * @param readAgain - ends the current subscription. It may be called later. The next subscription begins at `position`
   */
  readonly receive: (event: Event, readAgain: () => void) => boolean;
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

/** Ends a subscription so that its state is read again. */
class ReadAgain extends Error {}

/** Subscribes, and reconnects after each loss, until the feed is closed. */
export const follow = async <State, Event>(
  core: FeedCore<State, Event>,
  subscribe: Source<State, Event>["subscribe"],
  { position, read, receive }: Follower<Event>,
  retry: RetryOptions,
): Promise<void> => {
  const { signal } = core.closing;
  let failures = 0;
  let refusals = 0;
  /** When the connection was established, and whether an event arrived over it. */
  let since = Number.POSITIVE_INFINITY;
  let hasReceived = false;
  const onHeard = (): void => {
    core.heardAt = new Date();
  };

  /** Ends the current subscription, if there is one. */
  let end: () => void = () => undefined;
  const readAgain = (): void => end();

  /** Rejects when the connection ends. */
  const untilDisconnected = (lastEventId: string): Promise<never> =>
    new Promise((_, reject) => {
      let isOver = false;
      end = () => {
        isOver = true;
        call.unsubscribe();
        reject(new ReadAgain());
      };
      const call = subscribe(lastEventId, {
        signal,
        context: { onHeard },
        onStarted() {
          since = performance.now();
          setStatus(core, "live");
        },
        onData({ data }) {
          if (isOver || signal.aborted) return;
          if (receive(data, readAgain)) hasReceived = true;
        },
        onError: reject,
        onComplete: () => reject(new NetworkFailure("lost", "The server ended the subscription.")),
      });
    });

  while (!signal.aborted) {
    since = Number.POSITIVE_INFINITY;
    hasReceived = false;
    try {
      if (position() === undefined) {
        await read(signal);
        onHeard();
      }
      await untilDisconnected(position() ?? "0");
    } catch (thrown) {
      if (signal.aborted) return;
      if (thrown instanceof ReadAgain) continue;
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

/** Keeps a feed subscribed. Its state is a snapshot that its events change. */
export const keepSubscribed = <
  State extends { readonly lastEventId: string },
  Event extends { readonly type: string; readonly id: string },
>(
  core: FeedCore<State, Event>,
  { snapshot, subscribe }: Source<State, Event>,
  { reduce: apply, gap, notify }: EventHandlers<State, Event>,
  retry: RetryOptions,
): Promise<void> =>
  follow(
    core,
    subscribe,
    {
      position: () => core.snapshot.state?.lastEventId,
      async read(signal) {
        setState(core, await snapshot({ signal }));
      },
      receive(event) {
        const { state: before } = core.snapshot;
        // Events may arrive again after a reconnection. A gap is the current state, even if its id is lower.
        if (!before || (event.type !== "gap" && Number(event.id) <= Number(before.lastEventId))) return false;
        const after = apply(before, event);
        setState(core, after);
        for (const queue of core.queues) queue.push(event, () => gap(after, event));
        notify(event);
        return true;
      },
    },
    retry,
  );
