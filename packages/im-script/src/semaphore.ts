/** A counting semaphore. `acquire` waits for a permit, in the order of the calls. */
export interface Semaphore {
  readonly acquire: () => Promise<void>;
  readonly release: () => void;
}

export const createSemaphore = (permits: number): Semaphore => {
  const waiting: (() => void)[] = [];
  let used = 0;
  return {
    async acquire() {
      if (used >= permits)
        await new Promise<void>((resolve) => {
          waiting.push(resolve);
        });
      else used += 1;
    },
    release() {
      const next = waiting.shift();
      if (next) next();
      else used -= 1;
    },
  };
};
