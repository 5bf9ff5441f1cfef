import type { FastifyBaseLogger } from "fastify";
import type { LoggedEvent } from "./delivered-events.js";
import { createEventCache } from "./event-cache.js";
import type { EventQueue, QueuedEvent } from "./event-queue.js";
import type { EventRow, LiveStore } from "./store.js";

export interface Subscription {
  readonly scope: { readonly roomId: string } | { readonly examId: string };
  readonly queue: EventQueue;
  /** Whether the subscriber may have to receive an event. */
  mayDeliver(event: LoggedEvent): boolean;
}

/**
 * Reads new events from the log once, and adds them to the queues of all subscriptions. Without subscriptions it reads nothing and runs
 * no timer.
 */
export interface EventDispatcher {
  /** Resolves when every later event will be offered to the subscription. */
  readonly add: (subscription: Subscription) => Promise<void>;
  readonly remove: (subscription: Subscription) => void;
  /** Reads new events. Call it after each commit that added some. */
  readonly poll: () => void;
  /** Makes all subscriptions check their access again. Call it after rights were revoked. */
  readonly recheckAccess: () => void;
  /** Ends all subscriptions with an error. */
  readonly closeAll: (error: Error) => void;
}

/** The events that one read returns. */
const PAGE_SIZE = 500;
/** How often the dispatcher checks for commits of other processes. */
const POLL_MS = 250;
/** Each subscription's access is checked at every 16th poll. Four seconds leave a busy server a second to keep the limit of five. */
const POLLS_PER_CHECK = 16;

export const createEventDispatcher = ({
  store,
  log,
}: {
  store: LiveStore;
  log: FastifyBaseLogger;
}): EventDispatcher => {
  const load = createEventCache({ store });
  /** Each subscription with the poll, of `POLLS_PER_CHECK`, at which its access is checked. This spreads the checks. */
  const subscriptions = new Map<Subscription, number>();
  const byRoom = new Map<string, Set<Subscription>>();
  const byExam = new Set<Subscription>();
  let added = 0;
  let polls = 0;
  let timer: NodeJS.Timeout | undefined;
  /** The id of the last event that was dispatched; undefined without subscriptions. */
  let lastId: number | undefined;
  let othersVersion: number | undefined;
  let reading: Promise<void> | undefined;
  let readAgain = false;

  const dispatch = (row: EventRow): void => {
    const ofRoom = byRoom.get(row.roomId);
    if (!ofRoom && byExam.size === 0) return;
    // Safe: stores write each type with its own data.
    const event = row as LoggedEvent;
    const entry: QueuedEvent = { event, load: () => load(event) };
    for (const group of [ofRoom, byExam])
      for (const subscription of group ?? [])
        if (subscription.mayDeliver(event)) subscription.queue.push(entry);
  };

  /** Dispatches a page of events. Returns false if there may be more. */
  const readPage = async (): Promise<boolean> => {
    if (subscriptions.size === 0) return true;
    const from = lastId ?? (await store.newestId());
    lastId = from;
    const rows = await store.eventsAfter("all", from, PAGE_SIZE);
    // All subscriptions ended during the read. Later ones start from a new position.
    if (lastId === undefined) return false;
    if (!rows) {
      const newestId = await store.newestId();
      if (lastId === undefined) return false;
      lastId = newestId;
      for (const { queue } of subscriptions.keys()) queue.overflow();
      return false;
    }
    for (const row of rows) dispatch(row);
    lastId = rows.at(-1)?.id ?? from;
    return rows.length < PAGE_SIZE;
  };

  const read = async (): Promise<void> => {
    try {
      do readAgain = false;
      while (!(await readPage()) || readAgain);
    } catch (error) {
      log.error({ err: error }, "the event log could not be read; the server will try again");
    } finally {
      reading = undefined;
    }
  };
  const poll = (): Promise<void> => {
    if (reading) readAgain = true;
    else if (subscriptions.size > 0) reading = read();
    return reading ?? Promise.resolve();
  };

  const pollIfOthersCommitted = async (): Promise<void> => {
    try {
      const version = await store.othersVersion();
      if (version === othersVersion) return;
      othersVersion = version;
      void poll();
    } catch (error) {
      log.error(
        { err: error },
        "the server could not check for events of other processes; it will try again",
      );
    }
  };

  const onTimer = (): void => {
    polls += 1;
    // Polls even without a commit, because the last read may have failed.
    if (polls % POLLS_PER_CHECK === 0) void poll();
    void pollIfOthersCommitted();
    for (const [{ queue }, turn] of subscriptions)
      if (polls % POLLS_PER_CHECK === turn) queue.requestRecheck();
  };

  const pause = (): void => {
    clearInterval(timer);
    timer = undefined;
    lastId = undefined;
    othersVersion = undefined;
  };

  return {
    async add(subscription) {
      added += 1;
      subscriptions.set(subscription, added % POLLS_PER_CHECK);
      if ("roomId" in subscription.scope) {
        const { roomId } = subscription.scope;
        const ofRoom = byRoom.get(roomId) ?? new Set();
        byRoom.set(roomId, ofRoom.add(subscription));
      } else byExam.add(subscription);
      if (!timer) {
        timer = setInterval(onTimer, POLL_MS);
        // The timer keeps no process running.
        timer.unref();
      }
      while (lastId === undefined && subscriptions.has(subscription)) await poll();
    },
    remove(subscription) {
      subscriptions.delete(subscription);
      byExam.delete(subscription);
      if ("roomId" in subscription.scope) {
        const ofRoom = byRoom.get(subscription.scope.roomId);
        ofRoom?.delete(subscription);
        if (ofRoom?.size === 0) byRoom.delete(subscription.scope.roomId);
      }
      if (subscriptions.size === 0) pause();
    },
    poll: () => void poll(),
    recheckAccess() {
      for (const { queue } of subscriptions.keys()) queue.requestRecheck();
    },
    closeAll(error) {
      for (const { queue } of subscriptions.keys()) queue.close(error);
      for (const group of [subscriptions, byRoom, byExam]) group.clear();
      pause();
    },
  };
};
