import { describe, expect, it } from "vitest";
import { keepPlaying, type Way } from "./keep-playing.js";

/** A way to play that a test drives. */
const playWay = () => {
  const runs: {
    readonly signal: AbortSignal;
    readonly lose: () => void;
    readonly play: () => void;
    readonly fail: () => void;
  }[] = [];
  const waiting: (() => void)[] = [];
  const way: Way = ({ signal, onLost }) =>
    new Promise((resolve, reject) => {
      runs.push({ signal, lose: onLost, play: resolve, fail: () => reject(new Error("refused")) });
      waiting.shift()?.();
    });
  const next = () => new Promise<void>((resolve) => void waiting.push(resolve));
  return { way, runs, next };
};

const start = (ways: readonly Way[]) => {
  const wanted = new AbortController();
  const states: string[] = [];
  const pauses: number[] = [];
  const over = keepPlaying(ways, {
    signal: wanted.signal,
    onState: (state) => void states.push(state),
    pause: async (ms) => void pauses.push(ms),
  });
  return { wanted, states, pauses, over };
};

describe("playing a stream", () => {
  it("takes the next way if one fails, and begins with the first again after a loss", async () => {
    const [first, second] = [playWay(), playWay()];
    const begun = first.next();
    const { wanted, states, over } = start([first.way, second.way]);
    await begun;
    const secondBegun = second.next();
    first.runs[0]?.fail();
    await secondBegun;
    second.runs[0]?.play();
    await Promise.resolve();
    expect(states).toEqual(["connecting", "playing"]);
    const again = first.next();
    second.runs[0]?.lose();
    await again;
    expect(second.runs[0]?.signal.aborted).toBe(true);
    expect(states.slice(-2)).toEqual(["connecting", "connecting"]);
    wanted.abort();
    await over;
    expect(first.runs[1]?.signal.aborted).toBe(true);
  });

  it("says that it fails, and waits longer before each attempt", async () => {
    let attempts = 0;
    const wanted = new AbortController();
    const pauses: number[] = [];
    const states: string[] = [];
    await keepPlaying([() => Promise.reject(new Error("refused"))], {
      signal: wanted.signal,
      onState: (state) => void states.push(state),
      pause: async (ms) => {
        pauses.push(ms);
        attempts += 1;
        if (attempts === 7) wanted.abort();
      },
    });
    expect(pauses).toEqual([2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    expect(states[0]).toBe("connecting");
    expect(new Set(states.slice(1))).toEqual(new Set(["failed"]));
  });

  it("plays nothing that is not wanted any more", async () => {
    const { way, runs, next } = playWay();
    const begun = next();
    const { wanted, states, over } = start([way]);
    await begun;
    wanted.abort();
    await over;
    expect(runs).toHaveLength(1);
    expect(runs[0]?.signal.aborted).toBe(true);
    expect(states).toEqual(["connecting"]);
  });
});
