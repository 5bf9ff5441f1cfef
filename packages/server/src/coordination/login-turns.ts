import pLimit from "p-limit";

interface Line {
  readonly inTurn: ReturnType<typeof pLimit>;
  waiting: number;
  endPause: () => void;
}

export const createTurns = ({
  maxWaiting,
  pause,
}: {
  /** The maximum number of callers per key. */
  readonly maxWaiting: number;
  readonly pause: () => Promise<unknown>;
}) => {
  const lines = new Map<string, Line>();
  const lineOf = (key: string): Line => {
    const line = lines.get(key) ?? { inTurn: pLimit(1), waiting: 0, endPause: () => undefined };
    lines.set(key, line);
    return line;
  };

  const repeat = async <Result>(line: Line, ask: () => Promise<Result | undefined>): Promise<Result> => {
    for (;;) {
      // Created first: it may be woken while it asks.
      const woken = new Promise<void>((resolve) => {
        line.endPause = resolve;
      });
      const result = await ask();
      if (result !== undefined) return result;
      await Promise.race([woken, pause()]);
    }
  };

  const waitIn = async <Result>(key: string, line: Line, ask: () => Promise<Result | undefined>) => {
    line.waiting += 1;
    try {
      return await line.inTurn(() => repeat(line, ask));
    } finally {
      line.waiting -= 1;
      if (line.waiting === 0) lines.delete(key);
    }
  };

  return {
    /**
     * Repeats `ask` until it returns a result. The callers of a key take turns: one at a time repeats, and each of
     * them waits between two times until `wake` is called for the key, or for a pause. Returns undefined if too many
     * callers of the key wait already.
     */
    untilResult<Result>(key: string, ask: () => Promise<Result | undefined>): Promise<Result> | undefined {
      const line = lineOf(key);
      return line.waiting < maxWaiting ? waitIn(key, line, ask) : undefined;
    },
    /** Ends the pause of the key's callers. */
    wake: (key: string): void => lines.get(key)?.endPause(),
  };
};
