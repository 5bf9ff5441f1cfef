import type { FastifyBaseLogger } from "fastify";
import type { SubscriptionStore } from "./store.js";

/** Deletes events from the log once they are older than the retention time. */
export interface Pruner {
  start(): void;
  /** Resolves when no deletion is running. */
  stop(): Promise<void>;
}

const INTERVAL_MS = 60_000;

export const createPruner = ({
  store,
  clock,
  retentionMs,
  log,
}: {
  store: Pick<SubscriptionStore, "prune">;
  clock: () => Date;
  retentionMs: number;
  log: FastifyBaseLogger;
}): Pruner => {
  let timer: NodeJS.Timeout | undefined;
  let isActive = false;
  let running: Promise<void> | undefined;

  /** Deletes in small transactions, so that other writes are not delayed. */
  const prune = async (): Promise<void> => {
    try {
      const before = new Date(clock().getTime() - retentionMs);
      while (isActive && (await store.prune(before)));
    } catch (error) {
      log.error({ err: error }, "old events could not be deleted; the server will try again");
    } finally {
      running = undefined;
    }
  };
  const pruneOnce = (): void => {
    running ??= prune();
  };

  return {
    start() {
      isActive = true;
      pruneOnce();
      timer ??= setInterval(pruneOnce, INTERVAL_MS);
      // The timer keeps no process running.
      timer.unref();
    },
    async stop() {
      isActive = false;
      clearInterval(timer);
      timer = undefined;
      await running;
    },
  };
};
