import { LRUCache } from "lru-cache";
import type { LiveStore } from "./store.js";
import { type Logged, type ToldEvent, tell } from "./told.js";

/** What events say, read once for all who are told, and read again for those who come to it late. */
export type Recall = (event: Logged) => Promise<ToldEvent | undefined>;

/** Characters of what events say that are kept for all listeners together. */
const MOST = 32 * 1024 * 1024;
/** What an event takes beside the texts in it, about. */
const BASE = 500;

const lengthOf = (info: unknown): number =>
  typeof info === "string" ? info.length : JSON.stringify(info).length;
const sizeOf = (told: ToldEvent | undefined): number => {
  if (told?.type === "message") return BASE + told.message.text.length;
  if (told?.type === "cheat_config_changed") return BASE + told.cheatConfig.data.length;
  if (told?.type === "cheat_records_added")
    return told.records.reduce((sum, { extraInfo }) => sum + BASE + lengthOf(extraInfo), BASE);
  return BASE;
};

/**
 * Listeners that are slow hold on to events, not to what the events say: that is kept up to a bound for all of them together, however
 * many they are and however long they take.
 */
export const createRecall = ({ store, most = MOST }: { store: LiveStore; most?: number }): Recall => {
  const known = new LRUCache<number, Promise<ToldEvent | undefined>>({ maxSize: most });
  const reading = new Map<number, Promise<ToldEvent | undefined>>();

  const read = async (event: Logged): Promise<ToldEvent | undefined> => {
    try {
      const told = await tell(store, event);
      known.set(event.id, Promise.resolve(told), { size: sizeOf(told) });
      return told;
    } finally {
      reading.delete(event.id);
    }
  };
  return (event) => {
    const ready = known.get(event.id) ?? reading.get(event.id);
    if (ready) return ready;
    const begun = read(event);
    reading.set(event.id, begun);
    return begun;
  };
};
