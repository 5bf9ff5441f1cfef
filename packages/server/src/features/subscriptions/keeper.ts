import type { FastifyBaseLogger } from "fastify";
import type { LiveStore } from "./store.js";

/** Deletes from the log what has been there for long enough. */
export interface Keeper {
  start(): void;
  /** Resolves when nothing is under way. */
  stop(): Promise<void>;
}

/** How often it looks, in milliseconds. */
const LOOK_MS = 60_000;

export const createKeeper = ({
  store,
  clock,
  retentionMs,
  log,
}: {
  store: Pick<LiveStore, "prune">;
  clock: () => Date;
  retentionMs: number;
  log: FastifyBaseLogger;
}): Keeper => {
  let timer: NodeJS.Timeout | undefined;
  let isActive = false;
  let work: Promise<void> | undefined;

  /** A few at a time, so that it holds up nobody's writes. */
  const prune = async (): Promise<void> => {
    try {
      const before = new Date(clock().getTime() - retentionMs);
      while (isActive && (await store.prune(before)));
    } catch (error) {
      log.error({ err: error }, "old events could not be deleted: it is tried again");
    } finally {
      work = undefined;
    }
  };
  const look = (): void => {
    work ??= prune();
  };

  return {
    start() {
      isActive = true;
      look();
      timer ??= setInterval(look, LOOK_MS);
      // It keeps no process alive.
      timer.unref();
    },
    async stop() {
      isActive = false;
      clearInterval(timer);
      timer = undefined;
      await work;
    },
  };
};
