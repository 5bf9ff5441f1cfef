import { type ImServer, imServerSchema } from "@invigil/schema";
import type { FastifyBaseLogger } from "fastify";
import type { VendorTask } from "../../domain/vendor-tasks.js";
import { InvigilError } from "../../platform/errors.js";
import { waitAtMost } from "../../platform/wait-at-most.js";
import type { MessageProvider, MessageProviders } from "../../providers/types.js";
import { isAccountError } from "../../providers/vendor-error.js";
import { kindsOf } from "./kinds.js";
import { nextAttempt } from "./retry.js";
import type { GroupStore } from "./store.js";
import { createTaskWorker, type TaskWorker } from "./task-worker.js";

/** Runs the pending tasks of message services. Without a service that has tasks, it does nothing and runs no timer. */
export interface TaskQueue {
  start(): void;
  /** Call it after tasks were added. */
  wake(): void;
  /** Starts no more tasks, and waits for the running ones, at most for this long. The next start runs the remaining tasks. */
  stop(withinMs: number): Promise<void>;
  /** Runs due tasks before a process exits, at most for this long. Does nothing if this process added no tasks. */
  drain(withinMs: number): Promise<void>;
}

export interface TaskQueueDeps {
  readonly store: GroupStore;
  readonly messages: MessageProviders;
  readonly clock: () => Date;
  /** Returns a number from 0 up to, but not including, 1. */
  readonly random: () => number;
  /** How many tasks of one service run at a time. */
  readonly concurrency: number;
  readonly log: FastifyBaseLogger;
}

/** Refusals count towards the limit after which a task is given up. Other failures do not. */
type Outcome = "done" | "failed" | "refused";

export const createTaskQueue = ({
  store,
  messages,
  clock,
  random,
  concurrency,
  log,
}: TaskQueueDeps): TaskQueue => {
  /** Whether running tasks were abandoned. They must not use the database, which may be closed. */
  let isAbandoned = false;
  let hasAddedTasks = false;

  const callProvider = async (
    { examId, kind, groupId, payload }: VendorTask,
    provider: MessageProvider<unknown>,
  ): Promise<void> => {
    const { signal, userIds = [] } = payload;
    switch (kind) {
      case "delete_group":
        if ((await store.room(groupId))?.status === "in_progress")
          log.error({ groupId }, "a room in progress keeps its message group");
        else await provider.deleteGroup?.(groupId);
        return;
      case "send":
        if (signal) await provider.announce({ groupId, ...signal, userIds: payload.userIds });
        return;
      case "leave":
        // A person who has returned to the room stays in the group.
        if (!(await store.hasAnyOf({ examId, roomId: groupId }, userIds)))
          await provider.members?.leave(groupId, userIds);
    }
  };

  const attempt = async (task: VendorTask, provider: MessageProvider<unknown>): Promise<Outcome> => {
    try {
      await callProvider(task, provider);
      return "done";
    } catch (error) {
      const { service, kind, groupId, attempts } = task;
      const isProviderError = error instanceof InvigilError && error.code === "PROVIDER_FAILED";
      const fields = isProviderError ? { reason: error.message, details: error.details } : { err: error };
      if (!isAbandoned) log.warn({ service, kind, groupId, attempts, ...fields }, "message task failed");
      const isRefusal =
        !isProviderError || (error.details?.fault === "refused" && !isAccountError(error.details));
      return isRefusal ? "refused" : "failed";
    }
  };

  const storeOutcome = async (task: VendorTask, outcome: Outcome): Promise<void> => {
    if (outcome === "done") return store.finish(task);
    const next = nextAttempt({ task, isRefusal: outcome === "refused", now: clock(), random });
    if (next) return store.retry(task, next);
    const { service, kind, groupId, attempts, expiresAt } = task;
    const fields = { service, kind, groupId, attempts };
    if (expiresAt === null) log.error(fields, "message task given up: the service keeps refusing it");
    else log.warn(fields, "message task given up: it has expired");
    return store.finish(task);
  };

  const run = async (task: VendorTask, provider: MessageProvider<unknown>): Promise<void> => {
    const outcome = await attempt(task, provider);
    if (isAbandoned) return;
    await storeOutcome(task, outcome).catch((error: unknown) => {
      // The task is due again when its claim ends.
      log.error(
        { err: error, taskId: task.id },
        "message task will run again: its outcome could not be stored",
      );
    });
  };

  const workersOf = (service: ImServer): TaskWorker[] => {
    const provider: MessageProvider<unknown> | undefined = messages[service];
    if (!provider || kindsOf(provider).length === 0) return [];
    return [
      createTaskWorker({ service, store, clock, concurrency, log, run: (task) => run(task, provider) }),
    ];
  };
  const workers = imServerSchema.options.flatMap(workersOf);

  const stop = async (withinMs: number): Promise<void> => {
    await waitAtMost(Promise.all(workers.map((worker) => worker.stop())), withinMs);
    isAbandoned = true;
  };

  return {
    start() {
      isAbandoned = false;
      for (const worker of workers) worker.start();
    },
    wake() {
      hasAddedTasks = true;
      for (const worker of workers) worker.poll();
    },
    stop,
    async drain(withinMs) {
      if (!hasAddedTasks) return;
      isAbandoned = false;
      for (const worker of workers) worker.start();
      await waitAtMost(Promise.all(workers.map((worker) => worker.idle())), withinMs);
      await stop(0);
    },
  };
};
