import type { ActingCaller } from "../../domain/calls.js";
import type { LastingSubject, Reopen } from "../../domain/opened.js";
import type { Principal } from "../../identity/tokens.js";
import type { Meters } from "../../platform/meters.js";
import { DatabaseUnavailableError } from "../../storage/errors.js";
import { RETRY_MS } from "../../storage/until-available.js";
import type { DeliveryService, LoggedEvent } from "../delivery/service.js";
import { createEventQueue, type EventQueue } from "./event-queue.js";
import { createSubscriptionAccess, isAccessEnd } from "./subscription-access.js";
import { createSubscriptionStates } from "./subscription-states.js";
import type { SubscriptionTarget } from "./targets.js";

/** @template About what is subscribed to */
export interface Subscriber<About extends LastingSubject> {
  readonly caller: Principal & Partial<Pick<ActingCaller, "origin" | "audited">>;
  /** Opens again what was subscribed to. */
  readonly reopen: Reopen<About>;
  /** The connection that the subscription shares with others. Absent if the subscription has its own connection. */
  readonly connection?: object | undefined;
  /** Resolves when the client has received what was sent; undefined if it already has. The next event is sent after that. */
  readonly drained?: (() => Promise<void> | undefined) | undefined;
  /** Ends the subscription. */
  readonly signal?: AbortSignal | undefined;
}

/** The longest delay that a Node.js timer supports. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** What subscriptions measure. */
export type SubscriptionMeters = Pick<Meters, "deliveries" | "gaps">;

/** Measures how old events are when they are delivered. Those from before the subscription are not late: it resumes with them. */
const deliveriesInto = ({ deliveries, gaps }: SubscriptionMeters, clock: () => Date) => {
  const begunAt = clock();
  return (event: LoggedEvent | undefined): void => {
    if (!event) gaps.value += 1;
    else if (event.createdAt >= begunAt) deliveries.observe(clock().getTime() - event.createdAt.getTime());
  };
};

/** Waits until the client has received what was sent. Closes the queue if they have disconnected. */
const untilReceived = async (queue: EventQueue, received: Promise<void>): Promise<void> => {
  let isDrained = false;
  const proceed = () => {
    isDrained = true;
    queue.wake();
  };
  received.then(proceed, () => queue.close());
  while (!isDrained && !queue.closed) await queue.changed();
};

/** Waits until the database may respond again. Returns early when the subscription is closed. */
const untilRetry = async (queue: EventQueue): Promise<void> => {
  let isOver = false;
  const timer = setTimeout(() => {
    isOver = true;
    queue.wake();
  }, RETRY_MS);
  while (!isOver && !queue.closed) await queue.changed();
  clearTimeout(timer);
};

/**
 * Yields the events after `lastEventId`, or from now on without one: each event once, and in order. Yields a gap event where events
 * are no longer available. Waits until the client has received an event before it reads the next one. While the database does not
 * respond, it yields nothing and repeats what failed. Once the caller was removed, or the room or exam was deleted, it yields the events
 * up to that one and fails.
 * @throws InvigilError once the caller may not subscribe any more
 */
export async function* subscribe<Delivered, About extends LastingSubject>(
  target: SubscriptionTarget<Delivered, About>,
  { reopen, drained, signal, caller: { expiresAt } }: Subscriber<About>,
  {
    lastEventId,
    delivery,
    clock,
    monotonic,
    meters,
  }: {
    lastEventId: string | undefined;
    delivery: DeliveryService;
    clock: () => Date;
    monotonic: () => number;
    meters?: SubscriptionMeters | undefined;
  },
): AsyncGenerator<Delivered, void, undefined> {
  const queue = createEventQueue();
  const access = createSubscriptionAccess({
    expiresAt,
    checkAccess: () => target.checkAccess(reopen),
    clock,
    monotonic,
  });
  const states = createSubscriptionStates({
    target,
    queue,
    access,
    lastEventId,
    delivery,
    onDelivered: meters && deliveriesInto(meters, clock),
  });
  const msLeft = expiresAt.getTime() - clock().getTime() + 1;
  const expiryTimer =
    msLeft < MAX_TIMER_MS ? setTimeout(() => queue.requestRecheck(), Math.max(msLeft, 0)) : undefined;
  expiryTimer?.unref();
  const close = (): void => queue.close();
  signal?.addEventListener("abort", close);
  // Access may have changed between the call and this point.
  queue.requestRecheck();
  if (signal?.aborted) close();

  try {
    while (!queue.closed) {
      let deliverable: Delivered | undefined;
      try {
        const received = states.isDelivering() ? drained?.() : undefined;
        if (received) await untilReceived(queue, received);
        if (queue.closed) break;
        deliverable = await states.step();
      } catch (error) {
        if (isAccessEnd(error) && states.endAccess(error)) continue;
        if (!(error instanceof DatabaseUnavailableError)) throw error;
        access.assertNotExpired();
        await untilRetry(queue);
      }
      if (deliverable !== undefined) yield deliverable;
    }
    if (queue.closed?.error) throw queue.closed.error;
  } finally {
    clearTimeout(expiryTimer);
    signal?.removeEventListener("abort", close);
    states.stop();
  }
}
