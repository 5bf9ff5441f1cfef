import type { LogFn } from "pino";
import { vi } from "vitest";
import { seededRandom } from "../../src/demo/exam/random.js";
import { beginRound, type Round } from "../../src/demo/exam/round.js";
import { createShow, type Show } from "../../src/demo/exam/show.js";
import { createIds } from "../../src/platform/ids.js";
import { type AppFixture, type AppFixtureOptions, openAppFixture } from "./app-fixture.js";

const BEGIN = new Date("2026-01-02T01:00:00Z");

/** A world with the exam of the demo, on a clock and with ids of its own: the same seed gives the same. */
export interface DemoWorld extends AppFixture {
  /** Lets time pass. */
  readonly pass: (seconds: number) => void;
  /** What the exam of the demo warned of. */
  readonly warnings: unknown[];
  /** Begins a round, which moves when it is played. */
  readonly beginRound: () => Promise<PlayedRound>;
  /** The exam as the demo shows it. */
  readonly show: Show;
}

export interface PlayedRound extends Round {
  /** Plays the round up to a second of it at once. Time passes as it would, and all that it causes is stored afterwards. */
  readonly playTo: (second: number) => Promise<void>;
}

/** Opens a world whose pages leave at once, so that what is seen does not depend on how fast it is played. */
export const openDemo = async ({
  seed = 1,
  config,
  ...options
}: Omit<AppFixtureOptions, "now"> & { readonly seed?: number } = {}): Promise<DemoWorld> => {
  let now = BEGIN;
  const clock = () => now;
  const random = seededRandom(seed);
  const bytes = (size: number) => Uint8Array.from({ length: size }, () => Math.floor(random() * 256));
  const fixture = await openAppFixture({
    ...options,
    now: clock,
    ids: createIds({ clock, random: bytes }),
    config: { presenceSettleSeconds: 0, ...config },
    isDemo: true,
  });
  const { services } = fixture;
  const warnings: unknown[] = [];
  const warn: LogFn = (...said: unknown[]) => void warnings.push(said);
  const deps = { services, clock, log: { warn }, seed };

  /** Waits until the server has stored who is connected. */
  const settled = (round: Round): Promise<void> =>
    vi.waitFor(
      async () => {
        for (const [roomId, pages] of round.connected()) {
          const stored = (await services.presence.ofRoom(roomId)).map(
            ({ userId, camera, devices }) => `${userId} ${camera} ${devices}`,
          );
          const wanted = pages.map(({ userId, camera, devices }) => `${userId} ${camera} ${devices}`);
          if (stored.toSorted().join() !== wanted.toSorted().join())
            throw new Error(`stored: ${stored.join()}, wanted: ${wanted.join()}`);
        }
      },
      { interval: 1, timeout: 60_000 },
    );

  return {
    ...fixture,
    warnings,
    pass(seconds) {
      now = new Date(now.getTime() + seconds * 1000);
    },
    async beginRound() {
      const round = await beginRound(deps);
      return {
        ...round,
        async playTo(second) {
          await round.play(second, async (at) => {
            await settled(round);
            now = new Date(round.began.getTime() + at * 1000);
          });
          await settled(round);
        },
      };
    },
    show: createShow(deps),
  };
};
