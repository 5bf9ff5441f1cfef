import type { FastifyBaseLogger } from "fastify";
import type { PruningClock } from "../../domain/pruning-clock.js";
import { createRepeatedWork } from "../../platform/repeated-work.js";
import { createEventLoader, entryOf } from "./delivered-events.js";
import { createEventDispatcher } from "./event-dispatcher.js";
import type { LoggedEvent, QueuedEvent } from "./events.js";
import type { DeliveryStore } from "./store.js";

export type { EventSink, Subscription } from "./event-dispatcher.js";
export type {
  DeliveredExamEvent,
  DeliveredMessage,
  DeliveredMessageEvent,
  DeliveredPeopleEvent,
  DeliveredRoomEvent,
  Logged,
  LoggedEvent,
  QueuedEvent,
} from "./events.js";

/** How often events older than the retention time are deleted from the log. */
const PRUNING_INTERVAL_MS = 60_000;

export type DeliveryService = ReturnType<typeof createDeliveryService>;

export const createDeliveryService = ({
  store,
  pruning,
  retentionMs,
  log,
}: {
  readonly store: DeliveryStore;
  readonly pruning: Pick<PruningClock, "now">;
  /** How long the log keeps events. */
  readonly retentionMs: number;
  readonly log: FastifyBaseLogger;
}) => {
  const { closeAll, ...dispatcher } = createEventDispatcher({ store, log });
  const load = createEventLoader(store);
  const pruner = createRepeatedWork({
    intervalMs: PRUNING_INTERVAL_MS,
    /** Deletes in small transactions, so that other writes are not delayed. */
    async run(isPrunerStopping) {
      const before = new Date((await pruning.now()).getTime() - retentionMs);
      while ((await store.prune(before)) && !isPrunerStopping());
    },
    onFailure: (error) =>
      log.error({ err: error }, "old events could not be deleted; the server will try again"),
  });

  return {
    ...dispatcher,
    newestIdOf: store.newestIdOf,
    eventsAfter: store.eventsAfter,
    /** Makes the entry of an event that one subscriber reads again. Its content is read for them alone. */
    entryOf: (event: LoggedEvent, roomId?: string): QueuedEvent => entryOf(event, load, roomId),

    /** Starts to delete old events. */
    start: (): void => pruner.start(),
    /** Ends all subscriptions with an error. */
    async stop(error: Error): Promise<void> {
      closeAll(error);
      await pruner.stop();
    },
  };
};
