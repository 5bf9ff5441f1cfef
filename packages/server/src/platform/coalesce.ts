/**
 * Creates a function that runs work for a key: at once, and for later calls within the interval once more at its end. So the work runs at
 * most once in each interval, and after every call.
 */
export const coalesce = <Key>(work: (key: Key) => void, intervalMs: number): ((key: Key) => void) => {
  /** The keys whose interval runs, and whether the work is due at its end. */
  const running = new Map<Key, boolean>();
  const request = (key: Key): void => {
    if (running.has(key)) {
      running.set(key, true);
      return;
    }
    running.set(key, false);
    setTimeout(() => {
      const isDue = running.get(key);
      running.delete(key);
      if (isDue) request(key);
    }, intervalMs).unref();
    work(key);
  };
  return request;
};
