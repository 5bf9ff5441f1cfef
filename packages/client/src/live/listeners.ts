export type Listener = (...args: never[]) => void;

/** Event listeners. An error of a listener does not affect the others. */
export interface Listeners {
  /** @returns a function that removes the listener */
  on(type: string, listener: Listener): () => void;
  emit(type: string, ...args: readonly unknown[]): void;
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
    emit(type, ...args) {
      for (const entry of Array.from(all.get(type) ?? [])) {
        try {
          // Safe: the callers of on() are typed, so a listener takes the arguments of its event.
          entry.listener(...(args as never[]));
        } catch (error) {
          queueMicrotask(() => {
            throw error;
          });
        }
      }
    },
  };
};
