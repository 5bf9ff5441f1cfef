/** How many events wait for a slow loop before one `gap` stands for all of them. */
const MOST = 1000;

/** What `for await` reads: nothing is lost while the loop does something else, but for what `gap` then stands for. */
export const createQueue = <Item>({ gap, leave }: { gap: () => Item; leave: () => void }) => {
  let waiting: Item[] = [];
  let over: { error?: unknown } | undefined;
  const waking: (() => void)[] = [];
  const wake = () => {
    for (const resolve of waking.splice(0)) resolve();
  };
  const iterator: AsyncIterableIterator<Item, undefined> = {
    async next() {
      for (;;) {
        const value = waiting.shift();
        if (value !== undefined) return { value, done: false };
        if (over) {
          const { error } = over;
          over = {};
          if (error !== undefined) throw error;
          return { value: undefined, done: true };
        }
        await new Promise<void>((resolve) => {
          waking.push(resolve);
        });
      }
    },
    async return() {
      leave();
      waiting = [];
      over = {};
      wake();
      return { value: undefined, done: true };
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return {
    iterator,
    push(item: Item): void {
      waiting.push(item);
      if (waiting.length > MOST) waiting = [gap()];
      wake();
    },
    end(error: unknown): void {
      over = { error };
      wake();
    },
  };
};
