import { LRUCache } from "lru-cache";
import { createEventLoader, type EventLoader, sizeOf } from "./delivered-events.js";
import type { DeliveredEvent, LoggedEvent } from "./events.js";
import type { DeliveryStore } from "./store.js";

/** The size of the cache, in characters. */
const MAX_SIZE = 32 * 1024 * 1024;
/**
 * Makes a loader that reads each event once for all subscribers. Queues of slow subscribers hold events without their content, so the
 * size of this cache bounds the memory for any number of subscribers. An event that is no longer cached is read again.
 */
export const createEventCache = (store: DeliveryStore): EventLoader => {
  const cache = new LRUCache<string, Promise<DeliveredEvent | undefined>>({ maxSize: MAX_SIZE });
  const reading = new Map<string, Promise<DeliveredEvent | undefined>>();

  const load: EventLoader = (event, roomId) => {
    const key = roomId === undefined ? String(event.id) : `${event.id}/${roomId}`;
    const known = cache.get(key) ?? reading.get(key);
    if (known) return known;
    const started = read(key, event, roomId);
    reading.set(key, started);
    return started;
  };
  const loadUncached = createEventLoader(store, load);
  const read = async (
    key: string,
    event: LoggedEvent,
    roomId: string | undefined,
  ): Promise<DeliveredEvent | undefined> => {
    try {
      const loaded = await loadUncached(event, roomId);
      cache.set(key, Promise.resolve(loaded), { size: sizeOf(loaded) });
      return loaded;
    } finally {
      reading.delete(key);
    }
  };
  return load;
};
