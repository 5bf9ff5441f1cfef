import type { ImServer } from "@invigil/schema";
import type { FastifyBaseLogger } from "fastify";
import type { VendorTask } from "../../domain/vendor-tasks.js";
import type { GroupStore } from "./store.js";

/** The tasks of one service, so that one that hangs holds up no other. */
export interface Lane {
  start(): void;
  /** Looks for tasks, now. */
  look(): void;
  /** Resolves when nothing is due and nothing under way. */
  idle(): Promise<void>;
  /** Begins nothing more; resolves when nothing is under way. */
  stop(): Promise<void>;
}

export interface LaneDeps {
  readonly service: ImServer;
  readonly store: Pick<GroupStore, "claim">;
  readonly clock: () => Date;
  /** Tasks at a time. */
  readonly width: number;
  readonly log: FastifyBaseLogger;
  /** Does one task, and sees to it that it is not due any more. Never rejects. */
  readonly perform: (task: VendorTask) => Promise<void>;
}

/** What was claimed and not done after this is anybody's again: longer than any call to a service takes. */
const CLAIM_MS = 120_000;
/** How often it looks without having been told to: other processes write tasks, too. */
const LOOK_MS = 15_000;

export const createLane = ({ service, store, clock, width, log, perform }: LaneDeps): Lane => {
  const underWay = new Set<Promise<void>>();
  let active = false;
  let looking: Promise<void> | undefined;
  /** Whether there was a reason to look that came after the last look began. */
  let again = false;
  let timer: NodeJS.Timeout | undefined;
  let waiting: (() => void)[] = [];

  const begin = (task: VendorTask): void => {
    const work = perform(task).finally(() => {
      underWay.delete(work);
      look();
    });
    underWay.add(work);
  };

  const lookLater = (nextDue: Date | undefined): void => {
    clearTimeout(timer);
    if (!active) return;
    const ms = nextDue ? nextDue.getTime() - clock().getTime() : LOOK_MS;
    timer = setTimeout(look, Math.min(Math.max(ms, 1), LOOK_MS));
    // It keeps no process alive.
    timer.unref();
  };

  /** Claims until nothing is due, or enough is under way. */
  const claim = async (): Promise<void> => {
    let nextDue: Date | undefined;
    while (active && again && underWay.size < width) {
      again = false;
      const now = clock();
      const until = new Date(now.getTime() + CLAIM_MS);
      const limit = width - underWay.size;
      const claimed = await store.claim({ service, now, until, limit });
      if (claimed.expired > 0)
        log.warn({ service, tasks: claimed.expired }, "message tasks expired: they are no news any more");
      for (const task of claimed.tasks) begin(task);
      nextDue = claimed.nextDue;
    }
    lookLater(nextDue);
  };

  function look(): void {
    again = true;
    if (!active || looking) return;
    looking = claim()
      .catch((error: unknown) => {
        log.error({ err: error, service }, "message tasks cannot be read");
        again = false;
        lookLater(undefined);
      })
      .finally(() => {
        looking = undefined;
        if (active && again && underWay.size < width) return look();
        if (underWay.size > 0) return;
        for (const resolve of waiting) resolve();
        waiting = [];
      });
  }

  const idle = (): Promise<void> =>
    !looking && underWay.size === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve));

  return {
    start() {
      active = true;
      look();
    },
    look,
    idle,
    async stop() {
      active = false;
      clearTimeout(timer);
      await looking;
      await Promise.all(underWay);
    },
  };
};
