import { setImmediate as nextTurn } from "node:timers/promises";
import type { FastifyBaseLogger } from "fastify";
import { WHOLE_EXAM } from "../../domain/events.js";
import { createPace } from "../../platform/pace.js";
import { entryOf } from "./delivered-events.js";
import { createEventCache } from "./event-cache.js";
import { createEventTail } from "./event-tail.js";
import type { LoggedEvent, QueuedEvent } from "./events.js";
import type { DeliveryStore, EventRow, EventScope } from "./store.js";

/** Takes the events and signals of one subscription. The methods never wait for the subscriber. */
export interface EventSink {
  push(entry: QueuedEvent): void;
  /** Drops all events. The subscriber needs a gap event before it can continue. */
  overflow(): void;
  /** Asks the subscription to check its access again. */
  requestRecheck(): void;
  /** Ends the subscription. Without an error, it ends normally. */
  close(error?: Error): void;
}

export interface Subscription {
  readonly scope: EventScope;
  readonly queue: EventSink;
  /** Whether the subscriber may have to receive an event. */
  mayDeliver(entry: QueuedEvent): boolean;
}

/** How often the dispatcher checks for commits of other processes. */
const POLL_MS = 250;
/** Each subscription's access is checked at every 16th poll. Four seconds leave a busy server a second to keep the limit of five. */
const POLLS_PER_CHECK = 16;
/** The subscriptions that begin such a check in one turn of the event loop. Otherwise, events would wait for hundreds of checks. */
const CHECKS_PER_TURN = 32;

/** What a delivery takes, as a multiple of looking whether a subscriber may receive an event. */
const DELIVERY_WORK = 500;
/** How much is dispatched in one turn of the event loop: some 5 ms. Other calls would wait for a page of events about each person of a room. */
const WORK_PER_TURN = 50_000;

/**
 * Reads new events from the log once, and adds them to the queues of all subscriptions. Without subscriptions it reads nothing and runs
 * no timer.
 */
export const createEventDispatcher = ({ store, log }: { store: DeliveryStore; log: FastifyBaseLogger }) => {
  const load = createEventCache(store);
  /** Each subscription with the poll, of `POLLS_PER_CHECK`, at which its access is checked. This spreads the checks. */
  const subscriptions = new Map<Subscription, number>();
  const tail = createEventTail(store);
  const pace = createPace(WORK_PER_TURN);
  /** The subscriptions whose exam the tail follows. */
  const following = new Set<Subscription>();
  /** The subscriptions of each exam: by room, and under `WHOLE_EXAM` those to the exam itself. */
  const byExam = new Map<string, Map<string, Set<Subscription>>>();
  let added = 0;
  let polls = 0;
  let timer: NodeJS.Timeout | undefined;
  let othersVersion: number | undefined;
  let reading: Promise<void> | undefined;
  let readAgain = false;
  let requests = 0;
  let hasFailed = false;

  /** Offers an event to its subscriptions. Returns what that takes of a turn. */
  const dispatch = (row: EventRow): number => {
    const ofExam = byExam.get(row.examId);
    if (!ofExam) return 0;
    let work = 0;
    // Safe: stores write each type with its own data.
    const event = row as LoggedEvent;
    const offer = (group: ReadonlySet<Subscription> | undefined, roomId?: string): void => {
      if (!group) return;
      const entry = entryOf(event, load, roomId);
      work += group.size;
      for (const subscription of group) {
        if (!subscription.mayDeliver(entry)) continue;
        work += DELIVERY_WORK;
        subscription.queue.push(entry);
      }
    };
    offer(ofExam.get(WHOLE_EXAM));
    if (event.roomId !== WHOLE_EXAM) offer(ofExam.get(event.roomId), event.roomId);
    else for (const [roomId, group] of ofExam) if (roomId !== WHOLE_EXAM) offer(group, roomId);
    return work;
  };

  /** Dispatches a page of events. Returns false if there may be more. */
  const readPage = async (): Promise<boolean> => {
    if (subscriptions.size === 0) return true;
    const { rows, hasMore, lost } = await tail.read();
    // Subscribers deliver at the end of each turn.
    for (const row of rows) {
      const nextPart = pace(dispatch(row));
      if (nextPart) await nextPart;
    }
    if (lost === "all" || lost.size > 0)
      for (const { scope, queue } of subscriptions.keys())
        if (lost === "all" || lost.has(scope.examId)) queue.overflow();
    return !hasMore;
  };

  const read = async (): Promise<void> => {
    try {
      do readAgain = false;
      while (!(await readPage()) || readAgain);
      hasFailed = false;
    } catch (error) {
      // The database may be gone for a while.
      if (!hasFailed) log.error({ err: error }, "the event log could not be read; the server will try again");
      hasFailed = true;
    } finally {
      reading = undefined;
    }
  };
  const poll = (): Promise<void> => {
    requests += 1;
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

  /** Requests the checks that are due at this poll. */
  const checkDue = async (): Promise<void> => {
    const due = [...subscriptions].filter(([, turn]) => polls % POLLS_PER_CHECK === turn);
    for (const [index, [{ queue }]] of due.entries()) {
      if (index > 0 && index % CHECKS_PER_TURN === 0) await nextTurn();
      queue.requestRecheck();
    }
  };

  const onTimer = (): void => {
    polls += 1;
    // Polls even without a commit, because the last read may have failed.
    if (polls % POLLS_PER_CHECK === 0) void poll();
    void pollIfOthersCommitted();
    void checkDue();
  };

  const pause = (): void => {
    clearInterval(timer);
    timer = undefined;
    othersVersion = undefined;
  };

  const index = (subscription: Subscription): void => {
    const { examId, roomId = WHOLE_EXAM } = subscription.scope;
    const ofExam = byExam.get(examId) ?? new Map<string, Set<Subscription>>();
    byExam.set(examId, ofExam);
    ofExam.set(roomId, (ofExam.get(roomId) ?? new Set()).add(subscription));
  };
  const unindex = (subscription: Subscription): void => {
    const { examId, roomId = WHOLE_EXAM } = subscription.scope;
    const ofExam = byExam.get(examId);
    const group = ofExam?.get(roomId);
    group?.delete(subscription);
    if (group?.size === 0) ofExam?.delete(roomId);
    if (ofExam?.size === 0) byExam.delete(examId);
  };

  const remove = (subscription: Subscription): void => {
    if (!subscriptions.delete(subscription)) return;
    if (following.delete(subscription)) tail.unfollow(subscription.scope.examId);
    unindex(subscription);
    if (subscriptions.size === 0) pause();
  };

  return {
    /**
     * Resolves when every later event will be offered to the subscription. Call it again if it rejects.
     * @param readNewestId reads the id of the exam's newest event. Called if the dispatcher does not follow the exam yet
     */
    async add(subscription: Subscription, readNewestId: () => Promise<number>): Promise<void> {
      if (!subscriptions.has(subscription)) {
        added += 1;
        subscriptions.set(subscription, added % POLLS_PER_CHECK);
        index(subscription);
      }
      if (!timer) {
        timer = setInterval(onTimer, POLL_MS);
        // The timer keeps no process running.
        timer.unref();
      }
      const { examId } = subscription.scope;
      const before = requests;
      await tail.follow(examId, readNewestId);
      // It may have been removed in the meantime.
      if (!subscriptions.has(subscription)) return tail.unfollow(examId);
      following.add(subscription);
      // Reads in the meantime had no position yet, and left out what was committed.
      if (requests !== before) void poll();
    },
    remove,
    /** Reads new events. Call it after each commit that added some. */
    poll: (): void => void poll(),
    /** Makes all subscriptions check their access again. Call it after rights were revoked. */
    recheckAccess: (): void => {
      for (const { queue } of subscriptions.keys()) queue.requestRecheck();
    },
    /** The number of subscriptions of this process to an exam and its rooms. */
    countOf: (examId: string): number =>
      [...(byExam.get(examId)?.values() ?? [])].reduce((sum, group) => sum + group.size, 0),
    /** Ends all subscriptions with an error. */
    closeAll: (error: Error): void => {
      for (const subscription of subscriptions.keys()) {
        subscription.queue.close(error);
        remove(subscription);
      }
    },
  };
};
