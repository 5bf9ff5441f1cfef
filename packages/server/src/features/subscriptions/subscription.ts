import { type Principal, unauthenticated } from "../../identity/tokens.js";
import { InvigilError } from "../../platform/errors.js";
import { DatabaseUnavailableError } from "../../storage/errors.js";
import { RETRY_MS } from "../../storage/until-available.js";
import { type LoggedEvent, loadEvent } from "./delivered-events.js";
import type { EventDispatcher, Subscription } from "./event-dispatcher.js";
import { createEventQueue, type QueuedEvent } from "./event-queue.js";
import type { LiveStore } from "./store.js";

export interface Subscriber {
  readonly caller: Principal;
  /** Verifies the caller's token again. */
  readonly identify: () => Promise<Principal | InvigilError>;
  /** The connection that the subscription shares with others. Absent if the subscription has its own connection. */
  readonly connection?: object | undefined;
  /** Resolves when the client has received what was sent. The next event is sent after that. */
  readonly drained?: (() => Promise<void>) | undefined;
  /** Ends the subscription. */
  readonly signal?: AbortSignal | undefined;
}

/** The room or the exam that a subscription follows. */
export interface SubscriptionTarget<Delivered> {
  readonly scope: Subscription["scope"];
  readonly mayDeliver: (event: LoggedEvent) => boolean;
  /** @throws InvigilError if the caller may not subscribe any more */
  readonly checkAccess: (caller: Principal) => Promise<void>;
  /**
   * Returns what the subscriber receives of an event, if anything. `needsRecheck` is true if the event may have changed their access.
   * The target itself calls `recheckAccess` when it needs the result before it can decide.
   */
  readonly deliver: (
    entry: QueuedEvent,
    recheckAccess: () => Promise<void>,
  ) => Promise<{ readonly deliverable?: Delivered | undefined; readonly needsRecheck?: boolean }>;
  /** Makes a gap event: a snapshot that replaces all earlier events. */
  readonly createGap: () => Promise<{ readonly lastEventId: number; readonly deliverable: Delivered }>;
  /** Called when the subscription begins. Returns a function that is called when it ends. @throws InvigilError to refuse it */
  readonly onStart: () => () => void;
}

/** The events that one read of the log returns to a subscriber that resumes. */
const PAGE_SIZE = 200;
/** The longest delay that a Node.js timer supports. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Yields the events after `lastEventId`, or from now on without one: each event once, and in order. Yields a gap event where events
 * are no longer available. Waits until the client has received an event before it reads the next one. While the database does not
 * respond, it yields nothing and repeats what failed.
 * @throws InvigilError once the caller may not subscribe any more
 */
export async function* subscribe<Delivered>(
  target: SubscriptionTarget<Delivered>,
  { identify, drained, signal, caller }: Subscriber,
  {
    lastEventId,
    store,
    dispatcher,
    clock,
  }: { lastEventId: string | undefined; store: LiveStore; dispatcher: EventDispatcher; clock: () => Date },
): AsyncGenerator<Delivered, void, undefined> {
  const queue = createEventQueue();
  const subscription: Subscription = { scope: target.scope, queue, mayDeliver: target.mayDeliver };
  const { expiresAt } = caller;
  const msLeft = expiresAt.getTime() - clock().getTime() + 1;
  const expiryTimer =
    msLeft < MAX_TIMER_MS ? setTimeout(() => queue.requestRecheck(), Math.max(msLeft, 0)) : undefined;
  expiryTimer?.unref();
  const close = (): void => queue.close();
  signal?.addEventListener("abort", close);
  // Access may have changed between the call and this point.
  queue.requestRecheck();
  if (signal?.aborted) close();

  const assertNotExpired = (): void => {
    if (clock() >= expiresAt) throw unauthenticated("The token has expired.");
  };
  const recheckAccess = async (): Promise<void> => {
    const identity = await identify();
    if (!(identity instanceof InvigilError)) await target.checkAccess(identity);
    else if (identity.code === "UNAUTHENTICATED") throw identity;
    // Whether the token was revoked is not known.
    else if (identity.cause instanceof DatabaseUnavailableError) throw identity.cause;
    // Other failures mean that the identity service did not answer. They say nothing about the caller.
    assertNotExpired();
  };

  const waitUntilDrained = async (): Promise<void> => {
    if (!drained) return;
    let isDrained = false;
    const proceed = () => {
      isDrained = true;
      queue.wake();
    };
    drained().then(proceed, close);
    while (!isDrained && !queue.closed) await queue.changed();
  };
  /** Waits until the database may respond again. Returns early when the subscription is closed. */
  const waitForDatabase = async (): Promise<void> => {
    let isOver = false;
    const timer = setTimeout(() => {
      isOver = true;
      queue.wake();
    }, RETRY_MS);
    while (!isOver && !queue.closed) await queue.changed();
    clearTimeout(timer);
  };

  let onEnd: (() => void) | undefined;
  let lastId: number | undefined = lastEventId === undefined ? undefined : Number(lastEventId);
  /** Events from the log, which come before those in the queue. */
  let page: QueuedEvent[] = [];
  /** The event that is being delivered. */
  let current: QueuedEvent | undefined;
  let isCaughtUp = lastEventId === undefined;
  let needsGap = false;

  /** Starts, continues by one step, or waits. Returns what the subscriber receives, if anything. A step that fails can be repeated. */
  const step = async (): Promise<Delivered | undefined> => {
    if (!onEnd) {
      await dispatcher.add(subscription);
      onEnd = target.onStart();
      return undefined;
    }
    if (lastId === undefined) {
      queue.open();
      lastId = await store.newestIdOf(target.scope.examId);
      return undefined;
    }
    await waitUntilDrained();
    if (queue.closed) return undefined;
    if (queue.takeRecheckRequest() || clock() >= expiresAt) {
      try {
        await recheckAccess();
      } catch (error) {
        queue.requestRecheck();
        throw error;
      }
      return undefined;
    }
    needsGap ||= isCaughtUp && queue.hasOverflowed;
    if (needsGap) {
      queue.open();
      const gap = await target.createGap();
      lastId = gap.lastEventId;
      page = [];
      current = undefined;
      needsGap = false;
      isCaughtUp = true;
      // Access may have changed while the snapshot was read.
      queue.requestRecheck();
      return gap.deliverable;
    }
    if (!current && page.length === 0 && !isCaughtUp) {
      // An event that is written during the read is in the page, in the queue, or in both.
      queue.open();
      const rows = await store.eventsAfter(target.scope, lastId, PAGE_SIZE);
      if (rows) isCaughtUp = rows.length < PAGE_SIZE;
      else needsGap = true;
      page = (rows ?? []).map((row) => {
        // Safe: stores write each type with its own data.
        const event = row as LoggedEvent;
        return { event, load: () => loadEvent(store, event) };
      });
      return undefined;
    }
    current ??= page.shift() ?? queue.shift();
    if (!current) {
      await queue.changed();
      return undefined;
    }
    if (current.event.id > lastId) {
      const { deliverable, needsRecheck } = await target.deliver(current, recheckAccess);
      if (needsRecheck) queue.requestRecheck();
      lastId = current.event.id;
      current = undefined;
      return deliverable;
    }
    current = undefined;
    return undefined;
  };

  try {
    while (!queue.closed) {
      let deliverable: Delivered | undefined;
      try {
        deliverable = await step();
      } catch (error) {
        if (!(error instanceof DatabaseUnavailableError)) throw error;
        assertNotExpired();
        await waitForDatabase();
      }
      if (deliverable !== undefined) yield deliverable;
    }
    if (queue.closed.error) throw queue.closed.error;
  } finally {
    clearTimeout(expiryTimer);
    signal?.removeEventListener("abort", close);
    dispatcher.remove(subscription);
    onEnd?.();
  }
}
