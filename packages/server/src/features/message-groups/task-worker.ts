import type { ImServer } from "@invigil/schema";
import type { FastifyBaseLogger } from "fastify";
import type { VendorTask } from "../../domain/vendor-tasks.js";
import type { GroupStore } from "./store.js";

/** Runs the tasks of one service. Each service has its own worker, so that one that hangs does not delay the others. */
export interface TaskWorker {
  start(): void;
  /** Claims due tasks now. */
  poll(): void;
  /** Resolves when no task is due or running. */
  idle(): Promise<void>;
  /** Starts no more tasks. Resolves when no task is running. */
  stop(): Promise<void>;
}

export interface TaskWorkerDeps {
  readonly service: ImServer;
  readonly store: Pick<GroupStore, "claim">;
  readonly clock: () => Date;
  /** How many tasks run at a time. */
  readonly concurrency: number;
  readonly log: FastifyBaseLogger;
  /** Runs a task and stores its outcome. Never rejects. */
  readonly run: (task: VendorTask) => Promise<void>;
}

/** How long a claim lasts. No call to a service takes this long, so another process may run the task afterwards. */
const CLAIM_MS = 120_000;
/** The longest time between two polls, which finds tasks that other processes wrote. */
const POLL_MS = 15_000;

export const createTaskWorker = ({
  service,
  store,
  clock,
  concurrency,
  log,
  run,
}: TaskWorkerDeps): TaskWorker => {
  const running = new Set<Promise<void>>();
  let isActive = false;
  let claiming: Promise<void> | undefined;
  /** Whether `poll` was called since the last claim began. */
  let isPollRequested = false;
  let timer: NodeJS.Timeout | undefined;
  let idleCallbacks: (() => void)[] = [];

  const start = (task: VendorTask): void => {
    const work = run(task).finally(() => {
      running.delete(work);
      poll();
    });
    running.add(work);
  };

  const pollLater = (nextDue: Date | undefined): void => {
    clearTimeout(timer);
    if (!isActive) return;
    const ms = nextDue ? nextDue.getTime() - clock().getTime() : POLL_MS;
    timer = setTimeout(poll, Math.min(Math.max(ms, 1), POLL_MS));
    // The timer keeps no process running.
    timer.unref();
  };

  /** Claims and starts tasks until none is due, or as many as allowed are running. */
  const claim = async (): Promise<void> => {
    let nextDue: Date | undefined;
    while (isActive && isPollRequested && running.size < concurrency) {
      isPollRequested = false;
      const now = clock();
      const until = new Date(now.getTime() + CLAIM_MS);
      const limit = concurrency - running.size;
      const claimed = await store.claim({ service, now, until, limit });
      if (claimed.expired > 0)
        log.warn({ service, tasks: claimed.expired }, "message tasks expired and were dropped");
      for (const task of claimed.tasks) start(task);
      nextDue = claimed.nextDue;
    }
    pollLater(nextDue);
  };

  function poll(): void {
    isPollRequested = true;
    if (!isActive || claiming) return;
    claiming = claim()
      .catch((error: unknown) => {
        log.error({ err: error, service }, "message tasks cannot be read");
        isPollRequested = false;
        pollLater(undefined);
      })
      .finally(() => {
        claiming = undefined;
        if (isActive && isPollRequested && running.size < concurrency) return poll();
        if (running.size > 0) return;
        for (const resolve of idleCallbacks) resolve();
        idleCallbacks = [];
      });
  }

  const idle = (): Promise<void> =>
    !claiming && running.size === 0
      ? Promise.resolve()
      : new Promise((resolve) => idleCallbacks.push(resolve));

  return {
    start() {
      isActive = true;
      poll();
    },
    poll,
    idle,
    async stop() {
      isActive = false;
      clearTimeout(timer);
      await claiming;
      await Promise.all(running);
    },
  };
};
