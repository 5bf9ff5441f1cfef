import { type ImServer, imServerSchema } from "@invigil/schema";
import type { FastifyBaseLogger } from "fastify";
import type { VendorTask } from "../../domain/vendor-tasks.js";
import { InvigilError } from "../../platform/errors.js";
import { waitAtMost } from "../../platform/wait-at-most.js";
import type { MessageProvider, MessageProviders } from "../../providers/types.js";
import { isAccountError } from "../../providers/vendor-error.js";
import { kindsOf } from "./kinds.js";
import { createLane, type Lane } from "./lane.js";
import { nextTry } from "./retry.js";
import type { GroupStore } from "./store.js";

/** Does what is still to be done at message services. Without such a service it does nothing, and no timer runs. */
export interface TaskQueue {
  start(): void;
  /** There may be something new to do. */
  wake(): void;
  /** Begins nothing more, and waits for what has begun, at most for this long. What is left is done after the next start. */
  stop(withinMs: number): Promise<void>;
  /** For a process that ends: does what is due, at most for this long. Nothing where it made nothing to do. */
  drain(withinMs: number): Promise<void>;
}

export interface TaskQueueDeps {
  readonly store: GroupStore;
  readonly messages: MessageProviders;
  readonly clock: () => Date;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** Tasks of one service that are done at a time. */
  readonly width: number;
  readonly log: FastifyBaseLogger;
}

type Outcome = "done" | "failed" | "refused";

export const createTaskQueue = ({ store, messages, clock, random, width, log }: TaskQueueDeps): TaskQueue => {
  /** Set when nobody waits any more: the database may be closed. */
  let abandoned = false;
  let woken = false;

  const carryOut = async (
    { kind, groupId, payload }: VendorTask,
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
        // Who came back meanwhile stays.
        if (!(await store.hasAnyOf(groupId, userIds))) await provider.members?.leave(groupId, userIds);
    }
  };

  const attempt = async (task: VendorTask, provider: MessageProvider<unknown>): Promise<Outcome> => {
    try {
      await carryOut(task, provider);
      return "done";
    } catch (error) {
      const { service, kind, groupId, attempts } = task;
      const expected = error instanceof InvigilError && error.code === "PROVIDER_FAILED";
      const why = expected ? { reason: error.message, details: error.details } : { err: error };
      if (!abandoned) log.warn({ service, kind, groupId, attempts, ...why }, "message task failed");
      const counts = !expected || (error.details?.fault === "refused" && !isAccountError(error.details));
      return counts ? "refused" : "failed";
    }
  };

  const settle = async (task: VendorTask, outcome: Outcome): Promise<void> => {
    if (outcome === "done") return store.finish(task.id);
    const next = nextTry({ task, refused: outcome === "refused", now: clock(), random });
    if (next) return store.retry(task, next);
    const { service, kind, groupId, attempts, expiresAt } = task;
    const tried = { service, kind, groupId, attempts };
    if (expiresAt === null) log.error(tried, "message task given up: the service keeps refusing it");
    else log.warn(tried, "message task given up: it is no news any more");
    return store.finish(task.id);
  };

  const perform = async (task: VendorTask, provider: MessageProvider<unknown>): Promise<void> => {
    const outcome = await attempt(task, provider);
    if (abandoned) return;
    await settle(task, outcome).catch((error: unknown) => {
      // It is due again when its claim is over.
      log.error(
        { err: error, taskId: task.id },
        "message task is done again: what became of it was not kept",
      );
    });
  };

  const laneOf = (service: ImServer): Lane[] => {
    const provider: MessageProvider<unknown> | undefined = messages[service];
    if (!provider || kindsOf(provider).length === 0) return [];
    return [createLane({ service, store, clock, width, log, perform: (task) => perform(task, provider) })];
  };
  const lanes = imServerSchema.options.flatMap(laneOf);

  const stop = async (withinMs: number): Promise<void> => {
    await waitAtMost(Promise.all(lanes.map((lane) => lane.stop())), withinMs);
    abandoned = true;
  };

  return {
    start() {
      abandoned = false;
      for (const lane of lanes) lane.start();
    },
    wake() {
      woken = true;
      for (const lane of lanes) lane.look();
    },
    stop,
    async drain(withinMs) {
      if (!woken) return;
      abandoned = false;
      for (const lane of lanes) lane.start();
      await waitAtMost(Promise.all(lanes.map((lane) => lane.idle())), withinMs);
      await stop(0);
    },
  };
};
