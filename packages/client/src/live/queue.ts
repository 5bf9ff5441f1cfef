/** How many events wait for a slow loop before one `gap` stands for all of them. */
const MOST = 1000;

/** The events of one loop: nothing is lost while it does something else, but for what a `gap` then stands for. */
export interface Queue<Item> {
  /** @param gap - makes what stands for all that waits, when that is too much */
  push(item: Item, gap: () => Item): void;
  /** What waits is still read. */
  readonly end: (error: unknown) => void;
  /** @param leave - called when the loop is over */
  read(leave: () => void): AsyncGenerator<Item, void, undefined>;
}

export const createQueue = <Item>(): Queue<Item> => {
  let waiting: Item[] = [];
  let over: { readonly error: unknown } | undefined;
  let wake: (() => void) | undefined;
  return {
    push(item, gap) {
      waiting.push(item);
      if (waiting.length > MOST) waiting = [gap()];
      wake?.();
    },
    end(error) {
      over = { error };
      wake?.();
    },
    async *read(leave) {
      try {
        for (;;) {
          for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) yield item;
          // oxlint-disable-next-line typescript/only-throw-error -- Safe: what ended it, as it was thrown.
          if (over?.error !== undefined) throw over.error;
          if (over) return;
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
