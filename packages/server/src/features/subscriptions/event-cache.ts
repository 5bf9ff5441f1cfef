import { LRUCache } from "lru-cache";
import { type DeliveredEvent, type LoggedEvent, loadEvent } from "./delivered-events.js";
import type { LiveStore } from "./store.js";

/** Returns what subscribers receive of an event; undefined if its subject no longer exists. */
export type EventLoader = (event: LoggedEvent) => Promise<DeliveredEvent | undefined>;

/** The size of the cache, in characters. */
const MAX_SIZE = 32 * 1024 * 1024;
/** About what an event takes besides its texts. */
const BASE_SIZE = 500;

const lengthOf = (info: unknown): number =>
  typeof info === "string" ? info.length : JSON.stringify(info).length;
const sizeOf = (event: DeliveredEvent | undefined): number => {
  if (event?.type === "message") return BASE_SIZE + event.message.text.length;
  if (event?.type === "cheat_config_changed") return BASE_SIZE + event.cheatConfig.data.length;
  if (event?.type === "cheat_records_added")
    return event.records.reduce((sum, { extraInfo }) => sum + BASE_SIZE + lengthOf(extraInfo), BASE_SIZE);
  return BASE_SIZE;
};

/**
 * Makes a loader that reads each event once for all subscribers. Queues of slow subscribers hold events without their content, so the
 * size of this cache bounds the memory for any number of subscribers. An event that is no longer cached is read again.
 */
export const createEventCache = ({
  store,
  maxSize = MAX_SIZE,
}: {
  store: LiveStore;
  maxSize?: number;
}): EventLoader => {
  const cache = new LRUCache<number, Promise<DeliveredEvent | undefined>>({ maxSize });
  const reading = new Map<number, Promise<DeliveredEvent | undefined>>();

  const read = async (event: LoggedEvent): Promise<DeliveredEvent | undefined> => {
    try {
      const loaded = await loadEvent(store, event);
      cache.set(event.id, Promise.resolve(loaded), { size: sizeOf(loaded) });
      return loaded;
    } finally {
      reading.delete(event.id);
    }
  };
  return (event) => {
    const known = cache.get(event.id) ?? reading.get(event.id);
    if (known) return known;
    const started = read(event);
    reading.set(event.id, started);
    return started;
  };
};
