import type { ListVisitsInput, Presence, VisitPage } from "@invigil/schema";
import type { FastifyBaseLogger } from "fastify";
import type { Instances } from "../../coordination/instances.js";
import type { Opened } from "../../domain/opened.js";
import type { RateLimits } from "../../limits/rates.js";
import { SchemaChangedError } from "../../storage/errors.js";
import { keyOfPage, type Page, type PresenceStore } from "./store.js";

export interface PresenceServiceDeps {
  readonly store: PresenceStore;
  readonly instances: Instances;
  readonly clock: () => Date;
  /** How long a page remains present without a connection. */
  readonly settleMs: number;
  readonly rates: Pick<RateLimits, "takePresence">;
  readonly log: FastifyBaseLogger;
}

/** The shortest time before a page that waits for its budget of events is checked again. */
const MIN_WAIT_MS = 1_000;
const RETRY_MS = 5_000;
/** A change of the number of devices is an event. A page has at most one in this time, however often it connects. */
const DEVICES_INTERVAL_MS = 1_000;

interface TrackedPage {
  page: Page;
  connections: number;
  /** The number of connections that was stored last. */
  stored: number;
  /** Stores the state of the page later. */
  timer?: NodeJS.Timeout | undefined;
  /** Runs while the number of devices must not change again. */
  interval?: NodeJS.Timeout | undefined;
  /** The number of connections to store when the interval is over. */
  due?: number | undefined;
}

export type PresenceService = ReturnType<typeof createPresenceService>;

/**
 * Records who is present in rooms. A page is present while it has a connection, and for the settle time after its last connection ends.
 * Only pages of people in the room count.
 */
export const createPresenceService = ({
  store,
  instances,
  clock,
  settleMs,
  rates,
  log,
}: PresenceServiceDeps) => {
  const trackedPages = new Map<string, TrackedPage>();
  const writes = new Set<Promise<void>>();
  let isStopped = false;

  const cancelTimer = (tracked: TrackedPage): void => {
    clearTimeout(tracked.timer);
    tracked.timer = undefined;
  };
  const saveLater = (tracked: TrackedPage, ms: number): void => {
    clearTimeout(tracked.timer);
    tracked.timer = setTimeout(() => {
      tracked.timer = undefined;
      saveSoon(tracked);
    }, ms);
    // The timer keeps no process running.
    tracked.timer.unref();
  };

  /** Stores whether a page is present. The storage performs writes in the order of the calls. */
  const write = async (tracked: TrackedPage, connections: number): Promise<void> => {
    const { page } = tracked;
    await store.save({ page, instance: instances.id, devices: connections, now: clock() });
    if (connections === 0) forget(tracked);
  };
  /** Forgets a page that has left, unless it has reconnected in the meantime. */
  const forget = (tracked: TrackedPage): void => {
    const { page, connections, timer, interval } = tracked;
    const key = keyOfPage(page);
    if (connections === 0 && !timer && !interval && trackedPages.get(key) === tracked)
      trackedPages.delete(key);
  };

  /** Stores the state of a page: at once if it enters or leaves, otherwise at most once in each interval. */
  const saveSoon = (tracked: TrackedPage, connections = tracked.connections): void => {
    if (tracked.stored === 0 || connections === 0) save(tracked, connections);
    else if (tracked.interval) tracked.due = connections;
    else {
      tracked.interval = setTimeout(() => {
        tracked.interval = undefined;
        if (tracked.due === undefined) forget(tracked);
        else saveSoon(tracked, tracked.due);
      }, DEVICES_INTERVAL_MS).unref();
      save(tracked, connections);
    }
  };

  function save(tracked: TrackedPage, connections = tracked.connections): void {
    if (isStopped) return;
    if (connections !== tracked.stored) {
      // Waits with the newest state, so nothing is lost but what changed in between.
      const { userId, role, examId, roomId } = tracked.page;
      const waitMs = rates.takePresence({ caller: { userId, role }, roomId, examId });
      if (waitMs > 0) {
        saveLater(tracked, Math.max(waitMs, MIN_WAIT_MS));
        return;
      }
    }
    tracked.due = undefined;
    tracked.stored = connections;
    const work = write(tracked, connections)
      .catch((error: unknown) => {
        // A server that no longer writes has already logged it.
        if (!(error instanceof SchemaChangedError))
          log.error({ err: error, roomId: tracked.page.roomId }, "presence was not stored");
        if (!isStopped && !tracked.timer) saveLater(tracked, RETRY_MS);
      })
      .finally(() => writes.delete(work));
    writes.add(work);
  }

  const disconnect = (tracked: TrackedPage): void => {
    tracked.connections -= 1;
    cancelTimer(tracked);
    if (settleMs > 0) saveLater(tracked, settleMs);
    else saveSoon(tracked);
  };

  const track = (page: Page): TrackedPage => {
    const key = keyOfPage(page);
    const tracked = trackedPages.get(key) ?? { page, connections: 0, stored: 0 };
    trackedPages.set(key, tracked);
    return tracked;
  };

  /** The presences in a room, in the order in which they began. Does not check access. */
  const ofRoom = async (roomId: string): Promise<Presence[]> => [...(await store.ofRoom(roomId))];

  const disconnectAll = async (instance: string): Promise<void> => {
    const pages = await store.ofInstance(instance);
    await Promise.all(pages.map((page) => store.save({ page, instance, devices: 0, now: clock() })));
  };
  instances.onRevived(async (previous) => {
    // Writes that have begun under the previous id may end after others have cleaned up.
    await Promise.all(writes);
    for (const tracked of trackedPages.values()) if (tracked.connections > 0) save(tracked);
    await disconnectAll(previous);
  });
  instances.onExpired(disconnectAll);

  return {
    /**
     * Counts a connection of a page. Returns the function that ends it. Several connections of one page are one presence with several
     * devices. A device counts until the settle time after its connection ended.
     */
    connect(page: Page): () => void {
      const tracked = track(page);
      tracked.page = page;
      tracked.connections += 1;
      cancelTimer(tracked);
      // Also for a page that is present already: its person may have been removed from the room and added again.
      saveSoon(tracked);
      let isConnected = true;
      return () => {
        if (isConnected) disconnect(tracked);
        isConnected = false;
      };
    },
    /** Whether a page is connected to this server. */
    isAnyoneConnected: (): boolean => trackedPages.size > 0,
    ofRoom,
    list: ({ id }: Opened<"room">): Promise<Presence[]> => ofRoom(id),
    /** The visits of a person's pages that are over, newest first. Those to other rooms of the exam, too, while they sit in the room. */
    visits: (
      { id: roomId, examId }: Opened<"room">,
      { userId, pageSize, cursor }: ListVisitsInput,
    ): Promise<VisitPage> => store.visits({ examId, roomId, userId }, { limit: pageSize, before: cursor }),
    /** Treats all stored presences of this server as just disconnected. */
    async start(): Promise<void> {
      // Pages that have reconnected already are saved once more, which changes nothing.
      for (const page of await store.ofInstance(instances.id)) saveLater(track(page), settleMs);
    },
    /** Stops all changes. The stored presences stay for the next start. */
    async stop(): Promise<void> {
      for (const tracked of trackedPages.values()) {
        if (tracked.due !== undefined) save(tracked, tracked.due);
        clearTimeout(tracked.timer);
        clearTimeout(tracked.interval);
      }
      isStopped = true;
      await Promise.all(writes);
    },
  };
};
