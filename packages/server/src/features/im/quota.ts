import { LRUCache } from "lru-cache";
import { quotaExceeded } from "../../limits/quotas.js";
import { atMost } from "../../platform/lru.js";

export interface MessageQuota {
  /** Counts a message that is about to be sent. @throws QUOTA_EXCEEDED */
  take(roomId: string): Promise<void>;
}

/** After so many messages of this process a room is counted anew: others may have written, too. */
const COUNT_AGAIN_AFTER = 1000;
/** A full room is counted at most this often, in milliseconds. */
const COUNT_FULL_AGAIN_MS = 10_000;
const REMEMBERED = 10_000;

interface Counted {
  /** What was counted, and what was sent here since. */
  readonly counted: number;
  since: number;
  /** When it was counted. */
  readonly at: number;
}

/** How many messages a room holds: counted once by its index and then kept in memory, so that sending pays nothing for it. */
export const createMessageQuota = ({
  count,
  most,
  monotonic,
}: {
  /** Counts a room's messages, up to a number. */
  readonly count: (roomId: string, upTo: number) => Promise<number>;
  /** Absent: no limit. */
  readonly most: number | undefined;
  readonly monotonic: () => number;
}): MessageQuota => {
  const rooms = new LRUCache<string, Counted>(atMost(REMEMBERED));
  const isStale = ({ counted, since, at }: Counted, upTo: number): boolean =>
    since >= COUNT_AGAIN_AFTER || (counted + since >= upTo && monotonic() - at >= COUNT_FULL_AGAIN_MS);

  /** Rooms that are being counted. Messages that arrive meanwhile wait for the same count. */
  const counting = new Map<string, Promise<Counted>>();
  const countNow = (roomId: string, upTo: number): Promise<Counted> => {
    const underWay = counting.get(roomId);
    if (underWay) return underWay;
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
    async take(roomId) {
      if (most === undefined) return;
      const known = rooms.get(roomId);
      const room = known && !isStale(known, most) ? known : await countNow(roomId, most);
      const held = room.counted + room.since;
      if (held >= most) throw quotaExceeded({ whose: `The room ${roomId}`, what: "messages", held, most });
      room.since += 1;
    },
  };
};
