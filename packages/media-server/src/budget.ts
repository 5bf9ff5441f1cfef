/** How much of something may still be taken. */
export interface Budget {
  /** Takes it if so much is left. Returns whether it was. */
  readonly take: (amount: number) => boolean;
  /** Takes it, whatever is left. */
  readonly spend: (amount: number) => void;
}

/** Creates a budget of so much a second, of which some seconds may be taken at once. */
export const createBudget = (perSecond: number, seconds: number): Budget => {
  const most = perSecond * seconds;
  let left = most;
  let at = performance.now();
  const refill = (): void => {
    const now = performance.now();
    left = Math.min(most, left + ((now - at) / 1000) * perSecond);
    at = now;
  };
  return {
    take: (amount) => {
      refill();
      if (amount > left) return false;
      left -= amount;
      return true;
    },
    spend: (amount) => {
      refill();
      left -= amount;
    },
  };
};
