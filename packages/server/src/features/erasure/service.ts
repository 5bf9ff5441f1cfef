import { setImmediate } from "node:timers/promises";
import type { FastifyBaseLogger } from "fastify";
import type { Erasure, ErasureStore, Position } from "./store.js";

/**
 * Erases what still names people who were removed together with what was recorded about them: their messages, what others'
 * messages say of them, events, mutes, presence, and the names of their streams. Does so in small steps, between which
 * everybody else's calls go on; what a process did not finish, the next start does. The message that tells the person of the
 * removal goes last, once their pages have had time to read it.
 */
export interface ErasureService {
  /** Resolves when all that can be done is done, also of what another process began. */
  finish(): Promise<void>;
  /** Finishes what an earlier process left, and from then on what becomes due. */
  start(): void;
  /** Stops after the step that is under way: the next start goes on. Resolves when nothing is under way. */
  stop(): Promise<void>;
}

/** How long the farewell is there to be read, and how often it is looked for those that were, in milliseconds. */
const FAREWELL_MS = 120_000;
const LOOK_MS = 60_000;
/** Rooms whose keys are erased at once. */
const ROOMS_AT_ONCE = 200;

export const createErasureService = ({
  store,
  clock,
  log,
}: {
  store: ErasureStore;
  clock: () => Date;
  log: FastifyBaseLogger;
}): ErasureService => {
  let isStopping = false;
  let work: Promise<void> | undefined;
  let again = false;
  let timer: NodeJS.Timeout | undefined;

  const throughout = async (step: (after: number) => Promise<Position>): Promise<void> => {
    let at: Position = 0;
    while (at !== "end" && !isStopping) {
      at = await step(at);
      await setImmediate();
    }
  };

  const eraseFarewell = async (erasure: Erasure): Promise<void> => {
    for (const roomId of await store.left(erasure, await store.roomsOf(erasure)))
      await throughout((after) => store.eraseMessages(erasure, roomId, after));
  };

  const eraseTraces = async (erasure: Erasure): Promise<void> => {
    const rooms = await store.roomsOf(erasure);
    for (let from = 0; from < rooms.length; from += ROOMS_AT_ONCE)
      await store.eraseKeys(erasure, rooms.slice(from, from + ROOMS_AT_ONCE));
    for (const roomId of rooms) {
      await throughout((after) => store.eraseMessages(erasure, roomId, after));
      await throughout((after) => store.eraseEvents(erasure, roomId, after));
    }
  };

  const next = () => store.next(new Date(clock().getTime() - FAREWELL_MS));

  const eraseAll = async (): Promise<void> => {
    try {
      do {
        again = false;
        for (let erasure = await next(); erasure && !isStopping; erasure = await next()) {
          await (erasure.stage === "farewell" ? eraseFarewell : eraseTraces)(erasure);
          if (!isStopping) await store.done(erasure);
        }
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

  const look = (): void => {
    finish().catch((error: unknown) => {
      log.error({ err: error }, "people could not be erased: it is tried again");
    });
  };

  return {
    finish,
    start() {
      isStopping = false;
      look();
      timer ??= setInterval(look, LOOK_MS);
      // It keeps no process alive.
      timer.unref();
    },
    async stop() {
      isStopping = true;
      clearInterval(timer);
      timer = undefined;
      // Whoever waits for it is told of its failure.
      await work?.catch(() => undefined);
    },
  };
};
