import type { FastifyBaseLogger } from "fastify";
import { InvigilError } from "../../platform/errors.js";
import { createRepeatedWork } from "../../platform/repeated-work.js";
import { waitAtMost } from "../../platform/wait-at-most.js";
import type { PruningClock } from "../pruning-clock.js";
import { nextAttempt } from "./backoff.js";
import type { Handler, Task, TaskQueue } from "./kind.js";
import type { OutboxStore } from "./store.js";
import { createTaskWorker } from "./worker.js";

export interface OutboxRunnerDeps {
  readonly store: OutboxStore;
  readonly queues: readonly TaskQueue[];
  readonly clock: () => Date;
  readonly pruning: Pick<PruningClock, "now">;
  /** Returns a number from 0 up to, but not including, 1. */
  readonly random: () => number;
  readonly log: FastifyBaseLogger;
}

/** How long dead letters are kept. */
export const DEAD_LETTER_DAYS = 14;
const DAY_MS = 86_400_000;
const PRUNE_MS = 3_600_000;

/** What operators read about a failure. It contains no part of the task. */
const reasonOf = (error: unknown): string => {
  if (!(error instanceof InvigilError)) return "internal error: see the log";
  const { code } = error.details ?? {};
  return code === undefined ? error.message : `${error.message} (${code})`;
};

export type OutboxRunner = ReturnType<typeof createOutboxRunner>;

/** Runs the tasks of the outbox. Without queues, it only deletes old dead letters. */
export const createOutboxRunner = ({ store, queues, clock, pruning, random, log }: OutboxRunnerDeps) => {
  /** Whether running tasks were abandoned. They must not use the database, which may be closed. */
  let isAbandoned = false;
  let hasAddedTasks = false;

  const run = async ({ isRefusal }: TaskQueue, { kind, run: work }: Handler, task: Task): Promise<void> => {
    const { queue, key, attempts } = task;
    const fields = { queue, kind: kind.name, key, attempts };
    const failed = async (error: unknown): Promise<void> => {
      const why =
        error instanceof InvigilError ? { reason: error.message, details: error.details } : { err: error };
      log.warn({ ...fields, ...why }, "task failed");
      const lastError = reasonOf(error);
      const now = clock();
      const { firstDelayMs } = kind;
      const next = nextAttempt({ task, firstDelayMs, isRefusal: isRefusal(error), now, random });
      if (typeof next === "object")
        return store.retry(task, { ...next, lastError }, kind.holdsUp === "untilDone");
      if (next === "refused") log.error(fields, "task given up: it keeps being refused");
      else log.warn(fields, "task given up: it has expired");
      return store.bury(task, { reason: next, diedAt: now, lastError });
    };
    const outcome = await work(task).then(
      () => () => store.finish(task),
      (error: unknown) => () => failed(error),
    );
    if (!isAbandoned) await outcome();
  };

  const workers = queues.map((queue) => {
    const handlers = new Map(queue.handlers.map((one) => [one.kind.name, one]));
    return createTaskWorker({
      queue,
      store,
      clock,
      log,
      async run(task) {
        const one = handlers.get(task.kind);
        // Only tasks with a handler are claimed.
        if (!one) return;
        await run(queue, one, task).catch((error: unknown) => {
          // The task is due again when its lease ends.
          log.error({ err: error, taskId: task.id }, "task will run again: its outcome could not be stored");
        });
      },
    });
  });

  const pruner = createRepeatedWork({
    intervalMs: PRUNE_MS,
    async run(isStopping) {
      const before = new Date((await pruning.now()).getTime() - DEAD_LETTER_DAYS * DAY_MS);
      while ((await store.prune(before)) && !isStopping());
    },
    onFailure: (error) =>
      log.error({ err: error }, "old dead letters could not be deleted; the server will try again"),
  });

  const startWorkers = (): void => {
    isAbandoned = false;
    for (const worker of workers) worker.start();
  };
  /** Starts no more tasks, and waits for the running ones, at most for this long. The next start runs the remaining tasks. */
  const stop = async (withinMs: number): Promise<void> => {
    await waitAtMost(Promise.all([pruner.stop(), ...workers.map((worker) => worker.stop())]), withinMs);
    isAbandoned = true;
  };

  return {
    start(): void {
      startWorkers();
      pruner.start();
    },
    /** Call it after tasks were added. */
    wake(): void {
      hasAddedTasks = true;
      for (const worker of workers) worker.poll();
    },
    stop,
    /** Runs due tasks before a process exits, at most for this long. Does nothing if this process added no tasks. */
    async drain(withinMs: number): Promise<void> {
      if (!hasAddedTasks) return;
      startWorkers();
      await waitAtMost(Promise.all(workers.map((worker) => worker.idle())), withinMs);
      await stop(0);
    },
  };
};
