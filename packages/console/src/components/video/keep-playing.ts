import type { PlayOptions } from "./whep.js";

/** A way to play a stream. It resolves when the stream plays, and rejects if it cannot be played in this way. */
export type Way = (options: PlayOptions) => Promise<void>;
export type PlayState = "connecting" | "playing" | "failed";

const pauseFor = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });

/** Plays in one way until the stream is lost or the signal ends it. Returns whether it played. */
const playOnce = async (way: Way, signal: AbortSignal, onPlaying: () => void): Promise<boolean> => {
  const attempt = new AbortController();
  let hasPlayed = false;
  try {
    await new Promise<void>((resolve, reject) => {
      signal.addEventListener("abort", () => resolve(), { once: true, signal: attempt.signal });
      way({ signal: attempt.signal, onLost: resolve }).then(() => {
        hasPlayed = true;
        if (!signal.aborted) onPlaying();
      }, reject);
    });
  } catch {
    // The next way, or the next attempt, may do better.
  } finally {
    attempt.abort();
  }
  return hasPlayed;
};

/**
 * Plays a stream for as long as it is wanted: by the first of the ways that works, and again after it was lost. The pauses between attempts
 * that fail grow to half a minute.
 */
export const keepPlaying = async (
  ways: readonly Way[],
  {
    signal,
    onState,
    pause = pauseFor,
  }: {
    readonly signal: AbortSignal;
    readonly onState: (state: PlayState) => void;
    readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
  },
): Promise<void> => {
  let failures = 0;
  while (!signal.aborted) {
    onState(failures === 0 ? "connecting" : "failed");
    let hasPlayed = false;
    for (const way of ways) {
      hasPlayed = await playOnce(way, signal, () => onState("playing"));
      if (hasPlayed || signal.aborted) break;
    }
    if (signal.aborted) return;
    failures = hasPlayed ? 0 : failures + 1;
    onState(hasPlayed ? "connecting" : "failed");
    await pause(Math.min(30_000, 1000 * 2 ** failures), signal);
  }
};
