type Listener = (...told: never[]) => void;

/** Who wants to be told what. One that throws keeps nobody else from being told. */
export interface Listeners {
  /** @returns what takes the listener back */
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
          // Safe: on() is typed by its callers: who listens to a type takes what is told of it.
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
