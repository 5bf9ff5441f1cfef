import { type Principal, unauthenticated } from "../../identity/tokens.js";
import { InvigilError } from "../../platform/errors.js";
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
  /** Resolves when the client has received what was sent; undefined if it already has. The next event is sent after that. */
  readonly drained?: (() => Promise<void> | undefined) | undefined;
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
 * are no longer available. Waits until the client has received an event before it reads the next one.
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

  const recheckAccess = async (): Promise<void> => {
    const identity = await identify();
    if (!(identity instanceof InvigilError)) await target.checkAccess(identity);
    // Other failures mean that the identity service did not answer. They say nothing about the caller.
    else if (identity.code === "UNAUTHENTICATED") throw identity;
    if (clock() >= expiresAt) throw unauthenticated("The token has expired.");
  };

  const waitUntil = async (received: Promise<void>): Promise<void> => {
    let isDrained = false;
    const proceed = () => {
      isDrained = true;
      queue.wake();
    };
    received.then(proceed, close);
    while (!isDrained && !queue.closed) await queue.changed();
  };

  let onEnd: (() => void) | undefined;
  try {
    await dispatcher.add(subscription);
    onEnd = target.onStart();
    let lastId = Number(lastEventId ?? 0);
    /** Events from the log, which come before those in the queue. */
    let page: QueuedEvent[] = [];
    let isCaughtUp = lastEventId === undefined;
    let needsGap = false;
    if (isCaughtUp) {
      queue.open();
      lastId = await store.newestIdOf(target.scope.examId);
    }

    for (;;) {
      const received = drained?.();
      if (received) await waitUntil(received);
      if (queue.closed) {
        if (queue.closed.error) throw queue.closed.error;
        return;
      }
      if (queue.takeRecheckRequest() || clock() >= expiresAt) {
        await recheckAccess();
        continue;
      }
      if (needsGap || (isCaughtUp && queue.hasOverflowed)) {
        queue.open();
        const gap = await target.createGap();
        lastId = gap.lastEventId;
        page = [];
        needsGap = false;
        isCaughtUp = true;
        // Access may have changed while the snapshot was read.
        queue.requestRecheck();
        yield gap.deliverable;
        continue;
      }
      if (page.length === 0 && !isCaughtUp) {
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
        continue;
      }
      const entry = page.shift() ?? queue.shift();
      if (!entry) {
        await queue.changed();
        continue;
      }
      if (entry.event.id <= lastId) continue;
      lastId = entry.event.id;
      const { deliverable, needsRecheck } = await target.deliver(entry, recheckAccess);
      if (needsRecheck) queue.requestRecheck();
      if (deliverable !== undefined) yield deliverable;
    }
  } finally {
    clearTimeout(expiryTimer);
    signal?.removeEventListener("abort", close);
    dispatcher.remove(subscription);
    onEnd?.();
  }
}
