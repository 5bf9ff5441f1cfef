import { useCallback, useRef, useState } from "react";

interface Action<Args extends readonly unknown[]> {
  /** Does it, unless it is being done: a double click does it once. Resolves to whether it succeeded. */
  readonly run: (...args: Args) => Promise<boolean>;
  readonly isRunning: boolean;
  /** Why it failed the last time. */
  readonly error: unknown;
  readonly forget: () => void;
}

/** Something that a button does. */
export const useAction = <Args extends readonly unknown[]>(
  act: (...args: Args) => Promise<unknown>,
): Action<Args> => {
  const [isRunning, setIsRunning] = useState(false);
  const [error, setError] = useState<unknown>();
  const isBusy = useRef(false);
  const latest = useRef(act);
  latest.current = act;
  const run = useCallback(async (...args: Args) => {
    if (isBusy.current) return false;
    isBusy.current = true;
    setIsRunning(true);
    setError(undefined);
    try {
      await latest.current(...args);
      return true;
    } catch (failure) {
      setError(failure);
      return false;
    } finally {
      isBusy.current = false;
      setIsRunning(false);
    }
  }, []);
  const forget = useCallback(() => setError(undefined), []);
  return { run, isRunning, error, forget };
};
