/** A counting semaphore. `acquire` waits for a permit, in the order of the calls. */
export interface Turns {
  readonly take: () => Promise<void>;
  readonly give: () => void;
}

export const createTurns = (number: number): Turns => {
  const waiting: (() => void)[] = [];
  let taken = 0;
  return {
    async take() {
      if (taken >= number)
        await new Promise<void>((go) => {
          waiting.push(go);
        });
      else taken += 1;
    },
    give() {
      const next = waiting.shift();
      if (next) next();
      else taken -= 1;
    },
  };
};
