import type { Caller, Presence } from "@invigil/schema";
import type { FastifyBaseLogger } from "fastify";
import type { AccessService } from "../access/service.js";
import type { Page, PageKey, PresenceStore } from "./store.js";

/** Who is there: whoever is in a room and has a page of it connected, and for a moment after the connection broke. */
export interface PresenceService {
  /**
   * A page listens. The returned function says that it does no more; after the settle time without another
   * connection it has left. Several connections of one page are one presence, on as many devices; a device counts for
   * the settle time after its connection has ended.
   */
  connected(page: Page): () => void;
  /** In the order in which they came. Asks nobody's permission. */
  of(roomId: string): Promise<Presence[]>;
  /** The same, for who may watch. @throws FORBIDDEN, ROOM_NOT_FOUND (administrators) */
  list(caller: Caller, roomId: string): Promise<Presence[]>;
  /** What was there when the process ended counts as just disconnected. */
  start(): Promise<void>;
  /** Changes nothing more: whoever is there stays so for the next start. */
  stop(): Promise<void>;
}

export interface PresenceServiceDeps {
  readonly store: PresenceStore;
  readonly access: AccessService;
  readonly clock: () => Date;
  /** How long a page may be without a connection. */
  readonly settleMs: number;
  readonly log: FastifyBaseLogger;
}

/** How long after a failure it is tried again. */
const TRY_AGAIN_MS = 5_000;

/** What is known of a page: how many connections it has, and when it is looked at again. */
interface Known {
  page: Page;
  connections: number;
  timer?: NodeJS.Timeout | undefined;
}

const keyOf = ({ roomId, userId, camera }: PageKey): string => JSON.stringify([roomId, userId, camera]);

export const createPresenceService = ({
  store,
  access,
  clock,
  settleMs,
  log,
}: PresenceServiceDeps): PresenceService => {
  const known = new Map<string, Known>();
  const underWay = new Set<Promise<void>>();
  let stopped = false;

  const later = (one: Known, ms: number): void => {
    clearTimeout(one.timer);
    one.timer = setTimeout(() => {
      one.timer = undefined;
      keep(one);
    }, ms);
    // It keeps no process alive.
    one.timer.unref();
  };

  /** Has the database say what is so. Writes are done in the order in which they were asked for. */
  const bring = async (one: Known): Promise<void> => {
    if (one.connections > 0) return store.enter(one.page, one.connections, clock());
    await store.leave(one.page, clock());
    // Unless it came back meanwhile.
    const key = keyOf(one.page);
    if (one.connections === 0 && !one.timer && known.get(key) === one) known.delete(key);
  };

  function keep(one: Known): void {
    if (stopped) return;
    const work = bring(one)
      .catch((error: unknown) => {
        log.error({ err: error, roomId: one.page.roomId }, "presence was not kept");
        if (!stopped && !one.timer) later(one, TRY_AGAIN_MS);
      })
      .finally(() => underWay.delete(work));
    underWay.add(work);
  }

  const lost = (one: Known): void => {
    one.connections -= 1;
    clearTimeout(one.timer);
    one.timer = undefined;
    if (settleMs > 0) later(one, settleMs);
    else keep(one);
  };

  const knownOf = (page: Page): Known => {
    const key = keyOf(page);
    const one = known.get(key) ?? { page, connections: 0 };
    known.set(key, one);
    return one;
  };

  const of: PresenceService["of"] = async (roomId) => [...(await store.ofRoom(roomId))];

  return {
    connected(page) {
      const one = knownOf(page);
      one.page = page;
      one.connections += 1;
      clearTimeout(one.timer);
      one.timer = undefined;
      // Also where it has not left: it may have been taken out of the room and put back.
      keep(one);
      let listens = true;
      return () => {
        if (listens) lost(one);
        listens = false;
      };
    },
    of,
    async list(caller, roomId) {
      await access.room(caller, roomId);
      return of(roomId);
    },
    async start() {
      // Those who are back already are looked at once more, which changes nothing.
      for (const page of await store.all()) later(knownOf(page), settleMs);
    },
    async stop() {
      stopped = true;
      for (const { timer } of known.values()) clearTimeout(timer);
      await Promise.all(underWay);
    },
  };
};
