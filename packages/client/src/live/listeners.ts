type Listener = (...told: never[]) => void;

/** Event listeners. An error of a listener does not affect the others. */
export interface Listeners {
  /** @returns a function that removes the listener */
  on(type: string, listener: Listener): () => void;
  tell(type: string, ...told: readonly unknown[]): void;
}

export const createListeners = (): Listeners => {
  const all = new Map<string, Set<{ listener: Listener }>>();
  return {
    on(type, listener) {
      const entry = { listener };
      const some = all.get(type) ?? new Set();
      all.set(type, some.add(entry));
      return () => {
        some.delete(entry);
      };
    },
    tell(type, ...told) {
      for (const entry of Array.from(all.get(type) ?? [])) {
        try {
          // Safe: the callers of on() are typed, so a listener takes the arguments of its event.
          entry.listener(...(told as never[]));
        } catch (error) {
          queueMicrotask(() => {
            throw error;
          });
        }
      }
    },
  };
};
