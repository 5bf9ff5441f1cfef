export type RepeatedWork = ReturnType<typeof createRepeatedWork>;

/** Work in the background that is repeated from its start to its stop. */
export const createRepeatedWork = ({
  intervalMs,
  waitsFirst = false,
  run,
  onFailure,
}: {
  intervalMs: number;
  /** Whether the work is done for the first time an interval after the start. */
  waitsFirst?: boolean;
  /** Does the work once. It is not called again while it is running, and ends early once `isStopping` returns true. */
  run: (isStopping: () => boolean) => Promise<void>;
  /** Called with an error of `run`, which runs again at the next interval. */
  onFailure: (error: unknown) => void;
}) => {
  let isStopping = false;
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  const runOnce = (): void => {
    running ??= run(() => isStopping)
      .catch(onFailure)
      .finally(() => {
        running = undefined;
      });
  };
  return {
    /** Does the work now, unless it `waitsFirst`, and then at each interval. */
    start: (): void => {
      isStopping = false;
      if (!waitsFirst) runOnce();
      timer ??= setInterval(runOnce, intervalMs);
      // The timer keeps no process running.
      timer.unref();
    },
    /** Resolves when the work is not running. */
    stop: async (): Promise<void> => {
      isStopping = true;
      clearInterval(timer);
      timer = undefined;
      await running;
    },
  };
};
