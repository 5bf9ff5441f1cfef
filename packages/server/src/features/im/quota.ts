import { LRUCache } from "lru-cache";
import { quotaExceeded } from "../../limits/quotas.js";
import { atMost } from "../../platform/lru.js";

/** A room is counted again after this many messages of this process, because other processes may have added some. */
const RECOUNT_AFTER = 1000;
/** The shortest time between two counts of a full room. */
const RECOUNT_FULL_MS = 10_000;
const MAX_ROOMS = 10_000;

interface Counted {
  readonly counted: number;
  /** The messages that this process sent since the count. */
  since: number;
  /** The time of the count. */
  readonly at: number;
}

export type MessageQuota = ReturnType<typeof createMessageQuota>;

/** Limits the messages of a room. A room is counted once by an index. After that its count is in memory, so that sending stays fast. */
export const createMessageQuota = ({
  count,
  most,
  monotonic,
}: {
  /** Counts the messages of a room, up to a maximum. */
  readonly count: (roomId: string, upTo: number) => Promise<number>;
  /** The maximum. Absent if there is no limit. */
  readonly most: number | undefined;
  readonly monotonic: () => number;
}) => {
  const rooms = new LRUCache<string, Counted>(atMost(MAX_ROOMS));
  const isStale = ({ counted, since, at }: Counted, upTo: number): boolean =>
    since >= RECOUNT_AFTER || (counted + since >= upTo && monotonic() - at >= RECOUNT_FULL_MS);

  /** Running counts. Messages that arrive during a count wait for it. */
  const counting = new Map<string, Promise<Counted>>();
  const countNow = (roomId: string, upTo: number): Promise<Counted> => {
    const running = counting.get(roomId);
    if (running) return running;
    const counted = count(roomId, upTo)
      .then((number) => {
        const room = { counted: number, since: 0, at: monotonic() };
        rooms.set(roomId, room);
        return room;
      })
      .finally(() => counting.delete(roomId));
    counting.set(roomId, counted);
    return counted;
  };

  return {
    /** Counts a message before it is sent. @throws QUOTA_EXCEEDED */
    async take(roomId: string): Promise<void> {
      if (most === undefined) return;
      const known = rooms.get(roomId);
      const room = known && !isStale(known, most) ? known : await countNow(roomId, most);
      const held = room.counted + room.since;
      if (held >= most) throw quotaExceeded({ whose: `The room ${roomId}`, what: "messages", held, most });
      room.since += 1;
    },
  };
};
