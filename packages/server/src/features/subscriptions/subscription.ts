import type { ActingCaller, Named } from "../../domain/calls.js";
import { type Principal, unauthenticated } from "../../identity/tokens.js";
import { InvigilError } from "../../platform/errors.js";
import { DatabaseUnavailableError } from "../../storage/errors.js";
import { RETRY_MS } from "../../storage/until-available.js";
import { createEventLoader, type LoggedEvent } from "./delivered-events.js";
import type { EventDispatcher, Subscription } from "./event-dispatcher.js";
import { createEventQueue, entryOf, MAX_QUEUED, type QueuedEvent } from "./event-queue.js";
import type { LiveStore } from "./store.js";

export interface Subscriber {
  readonly caller: Principal & Partial<Pick<ActingCaller, "origin" | "audited">>;
  /** Verifies the caller's token again, and reads what is named with their rights (see `Context.identify`). */
  readonly identify: (named: Named) => Promise<Principal | InvigilError>;
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
  /** The room or the exam whose access `checkAccess` checks. */
  readonly named: Named;
  readonly mayDeliver: Subscription["mayDeliver"];
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
  /**
   * Returns those of the latest events that the subscriber still receives although their access has ended: the events up to the one that
   * ended it. Returns none if no event ended it. `deliver` calls no `recheckAccess` for them.
   */
  readonly lastEvents: (latest: readonly LoggedEvent[]) => Promise<readonly LoggedEvent[]>;
  /** Makes a gap event: a snapshot that replaces all earlier events. */
  readonly createGap: () => Promise<{ readonly lastEventId: number; readonly deliverable: Delivered }>;
  /** Called when the subscription begins. Returns a function that is called when it ends. @throws InvigilError to refuse it */
  readonly onStart: () => () => void;
}

/** The events that one read of the log returns to a subscriber that resumes. */
const PAGE_SIZE = 200;
/** An event is delivered only if access was confirmed at most this long ago. The dispatcher has it confirmed every four seconds. */
const MAX_CONFIRMED_AGE_MS = 5_000;
/** The longest delay that a Node.js timer supports. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Whether an error says that the caller has no access any more, or that there is nothing left to access. */
const isAccessEnd = (error: unknown): error is InvigilError =>
  error instanceof InvigilError && ["FORBIDDEN", "ROOM_NOT_FOUND", "EXAM_NOT_FOUND"].includes(error.code);

/**
 * Yields the events after `lastEventId`, or from now on without one: each event once, and in order. Yields a gap event where events
 * are no longer available. Waits until the client has received an event before it reads the next one. While the database does not
 * respond, it yields nothing and repeats what failed. Once the caller was removed, or the room or exam was deleted, it yields the events
 * up to that one and fails.
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
    monotonic,
  }: {
    lastEventId: string | undefined;
    store: LiveStore;
    dispatcher: EventDispatcher;
    clock: () => Date;
    monotonic: () => number;
  },
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
  /** The time of the last successful check, by the monotonic clock. */
  let confirmedAt = Number.NEGATIVE_INFINITY;
  const recheckAccess = async (): Promise<void> => {
    // The result may be as old as the beginning of the check.
    const startedAt = monotonic();
    const identity = await identify(target.named);
    if (!(identity instanceof InvigilError)) await target.checkAccess(identity);
    else if (identity.code === "UNAUTHENTICATED") throw identity;
    // Whether the token was revoked is not known.
    else if (identity.cause instanceof DatabaseUnavailableError) throw identity.cause;
    // Other failures mean that the identity service did not answer. They say nothing about the caller.
    assertNotExpired();
    confirmedAt = startedAt;
  };
  /** Checks access before a delivery unless it was checked a moment ago. The periodic check may be late: the process may have been paused. */
  const confirmAccess = async (): Promise<void> => {
    if (monotonic() - confirmedAt > MAX_CONFIRMED_AGE_MS) await recheckAccess();
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
  /** Why access has ended. */
  let accessEnd: InvigilError | undefined;
  /** The events that the subscriber receives after that. Undefined if they are not known yet. */
  let lastEntries: QueuedEvent[] | undefined;

  const load = createEventLoader(store);
  const toEntry = (event: LoggedEvent): QueuedEvent => entryOf(event, load, target.scope.roomId);
  /** Reads the first events after an id. Returns no list if some of them are no longer available. */
  const readAfter = async (
    id: number,
    limit: number,
  ): Promise<{ readonly events?: LoggedEvent[]; readonly newestId: number }> => {
    const { events, newestId } = await store.eventsAfter(target.scope, id, limit);
    // Safe: stores write each type with its own data.
    return { newestId, ...(events && { events: events as LoggedEvent[] }) };
  };
  /** Reads the next page. The queue must be open: an event that is written during the read is in the page, in the queue, or in both. */
  const readPage = async (after: number): Promise<number> => {
    const { events, newestId } = await readAfter(after, PAGE_SIZE);
    if (events) isCaughtUp = events.length < PAGE_SIZE;
    else needsGap = true;
    page = (events ?? []).map(toEntry);
    return newestId;
  };
  /** Reads what the subscription begins with. Returns the id of the exam's newest event. */
  const readBeginning = async (): Promise<number> => {
    if (lastId !== undefined) return readPage(lastId);
    lastId = await store.newestIdOf(target.scope.examId);
    return lastId;
  };

  /** Continues by one step after access has ended. */
  const stepToTheEnd = async (reason: InvigilError, from: number): Promise<Delivered | undefined> => {
    if (!lastEntries) {
      const { events = [] } = await readAfter(from, MAX_QUEUED);
      lastEntries = (await target.lastEvents(events)).map(toEntry);
    }
    const entry = lastEntries.at(0);
    if (!entry) throw reason;
    const { deliverable } = await target.deliver(entry, () => Promise.resolve());
    lastEntries.shift();
    return deliverable;
  };

  /** Starts, continues by one step, or waits. Returns what the subscriber receives, if anything. A step that fails can be repeated. */
  const step = async (): Promise<Delivered | undefined> => {
    if (!onEnd) {
      queue.open();
      await dispatcher.add(subscription, readBeginning);
      onEnd = target.onStart();
      return undefined;
    }
    if (lastId === undefined) {
      queue.open();
      lastId = await store.newestIdOf(target.scope.examId);
      return undefined;
    }
    const received = drained?.();
    if (received) await waitUntil(received);
    if (queue.closed) return undefined;
    if (accessEnd) return stepToTheEnd(accessEnd, lastId);
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
      // After the snapshot was read, so that access is not older than what it shows.
      await confirmAccess();
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
      queue.open();
      await readPage(lastId);
      return undefined;
    }
    current ??= page.shift() ?? queue.shift();
    if (!current) {
      await queue.changed();
      return undefined;
    }
    if (current.event.id > lastId) {
      await confirmAccess();
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
        if (isAccessEnd(error) && lastId !== undefined && !accessEnd) accessEnd = error;
        else if (!(error instanceof DatabaseUnavailableError)) throw error;
        else {
          assertNotExpired();
          await waitForDatabase();
        }
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
