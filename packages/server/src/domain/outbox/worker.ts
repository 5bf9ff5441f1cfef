import type { FastifyBaseLogger } from "fastify";
import type { Task, TaskQueue } from "./kind.js";
import type { OutboxStore } from "./store.js";

export interface TaskWorkerDeps {
  readonly queue: TaskQueue;
  readonly store: Pick<OutboxStore, "claim">;
  readonly clock: () => Date;
  readonly log: FastifyBaseLogger;
  /** Runs a task and stores its outcome. Never rejects. */
  readonly run: (task: Task) => Promise<void>;
}

/** How long a lease lasts. No task runs this long, so another process may run it afterwards. */
const LEASE_MS = 120_000;
/** The longest time between two polls, which finds tasks that other processes wrote. */
const POLL_MS = 15_000;

/** Runs the tasks of one queue. */
export const createTaskWorker = ({
  queue: { name: queue, concurrency, handlers },
  store,
  clock,
  log,
  run,
}: TaskWorkerDeps) => {
  const kinds = handlers.map(({ kind }) => kind.name);
  const passable = handlers.filter(({ kind }) => kind.holdsUp === "untilTried").map(({ kind }) => kind.name);
  const served = new Set<string>();
  const running = new Set<Promise<void>>();
  let isActive = false;
  let claiming: Promise<void> | undefined;
  /** Whether `poll` was called since the last claim began. */
  let isPollRequested = false;
  let timer: NodeJS.Timeout | undefined;
  let idleCallbacks: (() => void)[] = [];

  const start = (task: Task): void => {
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
      const until = new Date(now.getTime() + LEASE_MS);
      const limit = concurrency - running.size;
      const claimed = await store.claim({ queue, kinds, passable, now, until, limit, served });
      if (claimed.expired > 0)
        log.warn({ queue, tasks: claimed.expired }, "tasks given up: they have expired");
      for (const task of claimed.tasks) start(task);
      nextDue = claimed.nextDue;
    }
    pollLater(nextDue);
  };

  /** Claims due tasks now. */
  function poll(): void {
    isPollRequested = true;
    if (!isActive || claiming) return;
    claiming = claim()
      .catch((error: unknown) => {
        log.error({ err: error, queue }, "tasks cannot be read");
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

  /** Resolves when no task is due or running. */
  const idle = (): Promise<void> =>
    !claiming && running.size === 0
      ? Promise.resolve()
      : new Promise((resolve) => idleCallbacks.push(resolve));

  return {
    start(): void {
      isActive = true;
      poll();
    },
    poll,
    idle,
    /** Starts no more tasks. Resolves when no task is running. */
    async stop(): Promise<void> {
      isActive = false;
      clearTimeout(timer);
      await claiming;
      await Promise.all(running);
    },
  };
};
