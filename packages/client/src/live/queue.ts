/** The maximum number of events that a slow loop can leave unread. Then one `gap` replaces all of them. */
const MAX_UNREAD = 1000;

/**
 * The events of one loop. Events are kept while the loop is busy, or replaced by a `gap` if there are too
 * many.
 */
export interface Queue<Item> {
  /** @param gap - creates the event that replaces all unread events if there are too many */
  push(item: Item, gap: () => Item): void;
  /** Ends the queue. Unread events can still be read. */
  readonly end: (error: Error | undefined) => void;
  /** @param onEnd - called when the loop ends */
  read(onEnd: () => void): AsyncGenerator<Item, void, undefined>;
}

export const createQueue = <Item>(): Queue<Item> => {
  let waiting: Item[] = [];
  let ended: { readonly error: Error | undefined } | undefined;
  let wake: (() => void) | undefined;
  return {
    push(item, gap) {
      waiting.push(item);
      if (waiting.length > MAX_UNREAD) waiting = [gap()];
      wake?.();
    },
    end(error) {
      ended = { error };
      wake?.();
    },
    async *read(leave) {
      try {
        for (;;) {
          for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) yield item;
          if (ended?.error) throw ended.error;
          if (ended) return;
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      } finally {
        leave();
      }
    },
  };
};
