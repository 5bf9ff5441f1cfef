import type { InvigilError } from "../../platform/errors.js";
import type { DeliveryService, LoggedEvent, QueuedEvent } from "../delivery/service.js";
import { type EventQueue, MAX_QUEUED } from "./event-queue.js";
import type { SubscriptionAccess } from "./subscription-access.js";
import type { SubscriptionTarget } from "./targets.js";

/** The events that one read of the log returns to a subscriber that resumes. */
const PAGE_SIZE = 200;

/** What is delivered next, after the event `lastId`: first the events of the page, which were read from the log. */
interface Position {
  lastId: number;
  readonly page: QueuedEvent[];
  /** The event that is being delivered. It stays until it was, because a step may fail and be repeated. */
  current: QueuedEvent | undefined;
}

/** How far a subscription has come. A state holds all that is needed to go on from it. */
type State =
  /** The dispatcher does not know the subscription yet. */
  | { readonly is: "starting" }
  /** The dispatcher knows the subscription, which begins with the next event. The id of the newest one is not known yet. */
  | { readonly is: "seeking" }
  /** After the page, the log has further events. */
  | ({ readonly is: "catchingUp" } & Position)
  /** After the page come the events of the queue. */
  | ({ readonly is: "live" } & Position)
  /** Events after `lastId` are no longer available. A snapshot replaces them. */
  | { readonly is: "gap"; readonly lastId: number }
  /** Access has ended. The last events are those that the subscriber still receives; undefined if they were not read yet. */
  | {
      readonly is: "ended";
      readonly lastId: number;
      readonly reason: InvigilError;
      lastEvents: QueuedEvent[] | undefined;
    };
type StateOf<Name extends State["is"]> = Extract<State, { is: Name }>;

export interface SubscriptionStates<Delivered> {
  /**
   * Makes one step: starts, checks access, reads, delivers, or waits for events. Returns what the subscriber receives, if anything. A
   * step that fails can be repeated.
   */
  readonly step: () => Promise<Delivered | undefined>;
  /** Whether the subscription delivers events, so that the client must have received the last one. */
  readonly isDelivering: () => boolean;
  /** Goes on with the last events of a subscriber whose access has ended. Returns false if nothing can be delivered. */
  readonly endAccess: (reason: InvigilError) => boolean;
  /** Undoes the start. */
  readonly stop: () => void;
}

export const createSubscriptionStates = <Delivered>({
  target,
  queue,
  access,
  lastEventId,
  delivery,
  onDelivered,
}: {
  readonly target: Omit<SubscriptionTarget<Delivered, never>, "checkAccess">;
  readonly queue: EventQueue;
  readonly access: SubscriptionAccess;
  readonly lastEventId: string | undefined;
  readonly delivery: DeliveryService;
  /** Called with each event that the subscriber receives, and with undefined for a gap. */
  readonly onDelivered?: ((event: LoggedEvent | undefined) => void) | undefined;
}): SubscriptionStates<Delivered> => {
  const { scope, mayDeliver } = target;
  const subscription = { scope, queue, mayDeliver };
  let state: State = { is: "starting" };
  let onEnd: (() => void) | undefined;

  const toEntry = (event: LoggedEvent): QueuedEvent => delivery.entryOf(event, scope.roomId);
  const at = <Name extends "catchingUp" | "live">(is: Name, lastId: number, page: QueuedEvent[] = []) => ({
    is,
    lastId,
    page,
    current: undefined,
  });

  /** Reads the first events after an id. Returns no list if some of them are no longer available. */
  const readAfter = async (
    id: number,
    limit: number,
  ): Promise<{ readonly events?: LoggedEvent[]; readonly newestId: number }> => {
    const { events, newestId } = await delivery.eventsAfter(scope, id, limit);
    // Safe: stores write each type with its own data.
    return { newestId, ...(events && { events: events as LoggedEvent[] }) };
  };
  /** Reads the next page. The queue must be open: an event that is written during the read is in the page, in the queue, or in both. */
  const readPage = async (lastId: number): Promise<{ readonly next: State; readonly newestId: number }> => {
    const { events, newestId } = await readAfter(lastId, PAGE_SIZE);
    if (!events) return { next: { is: "gap", lastId }, newestId };
    return {
      next: at(events.length < PAGE_SIZE ? "live" : "catchingUp", lastId, events.map(toEntry)),
      newestId,
    };
  };
  const readNewest = async (): Promise<{ readonly next: State; readonly newestId: number }> => {
    const newestId = await delivery.newestIdOf(scope.examId);
    return { next: at("live", newestId), newestId };
  };

  const start = async (): Promise<undefined> => {
    const lastId = lastEventId === undefined ? undefined : Number(lastEventId);
    let begun: State = lastId === undefined ? { is: "seeking" } : at("catchingUp", lastId);
    queue.open();
    await delivery.add(subscription, async () => {
      const { next, newestId } = await (lastId === undefined ? readNewest() : readPage(lastId));
      begun = next;
      return newestId;
    });
    onEnd = target.onStart(() => queue.wake());
    state = begun;
  };
  const seek = async (): Promise<undefined> => {
    queue.open();
    state = (await readNewest()).next;
  };
  const catchUp = async ({ lastId }: StateOf<"catchingUp">): Promise<undefined> => {
    queue.open();
    state = (await readPage(lastId)).next;
  };

  const recheck = async (): Promise<undefined> => {
    try {
      await access.recheck();
    } catch (error) {
      queue.requestRecheck();
      throw error;
    }
  };

  const deliverNext = async (from: StateOf<"catchingUp" | "live">): Promise<Delivered | undefined> => {
    from.current ??= from.page.shift() ?? queue.shift();
    if (!from.current) {
      if (target.due && access.isStale()) await access.recheck();
      const due = target.due?.(from.lastId);
      if (due !== undefined) return due;
      await queue.changed();
      return undefined;
    }
    // An event can be in the page and in the queue.
    if (from.current.event.id <= from.lastId) {
      from.current = undefined;
      return undefined;
    }
    if (access.isStale()) await access.recheck();
    const { deliverable, needsRecheck } = await target.deliver(from.current, access.recheck);
    if (needsRecheck) queue.requestRecheck();
    if (deliverable !== undefined) onDelivered?.(from.current.event);
    from.lastId = from.current.event.id;
    from.current = undefined;
    return deliverable;
  };

  const deliverGap = async (): Promise<Delivered> => {
    queue.open();
    const { lastEventId: lastId, deliverable } = await target.createGap();
    // After the snapshot was read, so that access is not older than what it shows.
    if (access.isStale()) await access.recheck();
    onDelivered?.(undefined);
    state = at("live", lastId);
    // Access may have changed while the snapshot was read.
    queue.requestRecheck();
    return deliverable;
  };

  const deliverLast = async (from: StateOf<"ended">): Promise<Delivered | undefined> => {
    if (!from.lastEvents) {
      const { events = [] } = await readAfter(from.lastId, MAX_QUEUED);
      from.lastEvents = (await target.lastEvents(events)).map(toEntry);
    }
    const entry = from.lastEvents.at(0);
    if (!entry) throw from.reason;
    const { deliverable } = await target.deliver(entry, () => Promise.resolve());
    from.lastEvents.shift();
    return deliverable;
  };

  return {
    step() {
      if (state.is === "starting") return start();
      if (state.is === "seeking") return seek();
      if (state.is === "ended") return deliverLast(state);
      if (queue.takeRecheckRequest() || access.hasExpired()) return recheck();
      if (state.is === "live" && queue.hasOverflowed) state = { is: "gap", lastId: state.lastId };
      if (state.is === "gap") return deliverGap();
      if (state.is === "catchingUp" && !state.current && state.page.length === 0) return catchUp(state);
      return deliverNext(state);
    },
    isDelivering: () => state.is !== "starting" && state.is !== "seeking",
    endAccess(reason) {
      if (!("lastId" in state) || state.is === "ended") return false;
      state = { is: "ended", lastId: state.lastId, reason, lastEvents: undefined };
      return true;
    },
    stop() {
      delivery.remove(subscription);
      onEnd?.();
    },
  };
};
