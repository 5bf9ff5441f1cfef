import { setImmediate } from "node:timers/promises";
import type { FastifyBaseLogger } from "fastify";
import type { Erasure, ErasureStore, Position } from "./store.js";

/**
 * Erases what still names people who were removed together with what was recorded about them: their messages, what others'
 * messages say of them, events, mutes, presence, and the names of their streams. Does so in small steps, between which
 * everybody else's calls go on; what a process did not finish, the next start does.
 */
export interface ErasureService {
  /** Resolves when all that has begun is done, also what another process began. */
  finish(): Promise<void>;
  /** Finishes what an earlier process left. */
  start(): void;
  /** Stops after the step that is under way: the next start goes on. Resolves when nothing is under way. */
  stop(): Promise<void>;
}

/** Rooms whose keys are erased at once. */
const ROOMS_AT_ONCE = 200;

export const createErasureService = ({
  store,
  log,
}: {
  store: ErasureStore;
  log: FastifyBaseLogger;
}): ErasureService => {
  let isStopping = false;
  let work: Promise<void> | undefined;
  let again = false;

  const throughout = async (step: (after: number) => Promise<Position>): Promise<void> => {
    let at: Position = 0;
    while (at !== "end" && !isStopping) {
      at = await step(at);
      await setImmediate();
    }
  };

  const erase = async (erasure: Erasure): Promise<void> => {
    const rooms = await store.roomsOf(erasure);
    for (let from = 0; from < rooms.length; from += ROOMS_AT_ONCE)
      await store.eraseKeys(erasure, rooms.slice(from, from + ROOMS_AT_ONCE));
    for (const roomId of rooms) {
      await throughout((after) => store.eraseMessages(erasure, roomId, after));
      await throughout((after) => store.eraseEvents(erasure, roomId, after));
    }
    if (!isStopping) await store.done(erasure);
  };

  const eraseAll = async (): Promise<void> => {
    try {
      do {
        again = false;
        for (let next = await store.next(); next && !isStopping; next = await store.next()) await erase(next);
      } while (again && !isStopping);
    } finally {
      work = undefined;
    }
  };

  const finish = (): Promise<void> => {
    if (work) again = true;
    work ??= eraseAll();
    return work;
  };

  return {
    finish,
    start() {
      isStopping = false;
      finish().catch((error: unknown) => {
        log.error(
          { err: error },
          "people could not be erased: it is tried again with the next or at the next start",
        );
      });
    },
    async stop() {
      isStopping = true;
      // Whoever waits for it is told of its failure.
      await work?.catch(() => undefined);
    },
  };
};
