import { LRUCache } from "lru-cache";
import { quotaExceeded } from "../../limits/quotas.js";
import { atMost } from "../../platform/lru.js";

export interface MessageQuota {
  /** Counts a message that is about to be sent. @throws QUOTA_EXCEEDED */
  take(roomId: string): void;
}

/** After so many messages of this process a room is counted anew: others may have written, too. */
const COUNT_AGAIN_AFTER = 1000;
/** A full room is counted at most this often, in milliseconds. */
const COUNT_FULL_AGAIN_MS = 10_000;
const REMEMBERED = 10_000;

interface Counted {
  /** What was counted, and what was sent here since. */
  counted: number;
  since: number;
  /** When it was counted. */
  at: number;
}

/** How many messages a room holds: counted once by its index and then kept in memory, so that sending pays nothing for it. */
export const createMessageQuota = ({
  count,
  most,
  monotonic,
}: {
  /** How many messages a room has, if there are not more than a number. */
  readonly count: (roomId: string, upTo: number) => number;
  /** Absent: there may be as many as there are. */
  readonly most: number | undefined;
  readonly monotonic: () => number;
}): MessageQuota => {
  const rooms = new LRUCache<string, Counted>(atMost(REMEMBERED));
  const isStale = ({ counted, since, at }: Counted, upTo: number): boolean =>
    since >= COUNT_AGAIN_AFTER || (counted + since >= upTo && monotonic() - at >= COUNT_FULL_AGAIN_MS);

  return {
    take(roomId) {
      if (most === undefined) return;
      let room = rooms.get(roomId);
      if (!room || isStale(room, most)) {
        room = { counted: count(roomId, most), since: 0, at: monotonic() };
        rooms.set(roomId, room);
      }
      const held = room.counted + room.since;
      if (held >= most) throw quotaExceeded({ whose: `The room ${roomId}`, what: "messages", held, most });
      room.since += 1;
    },
  };
};
