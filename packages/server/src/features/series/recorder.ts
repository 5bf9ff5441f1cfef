import { SERIES_MINUTES } from "@invigil/schema";
import type { FastifyBaseLogger } from "fastify";
import type { Duties } from "../../coordination/duties.js";
import type { PruningClock } from "../../domain/pruning-clock.js";
import { createRepeatedWork } from "../../platform/repeated-work.js";
import type { SeriesStore } from "./store.js";

const MINUTE_MS = 60_000;
const LOOK_MS = 1_000;
/** How long after its last use a server still looks for rooms under way. */
const IDLE_MS = 60 * MINUTE_MS;
/** How long a server that begins a minute may take to write it. */
const BEGIN_MS = 15_000;
/** How long after the end of a minute another server checks whether it was begun. */
const TAKE_OVER_MS = 20_000;
const PRUNING_INTERVAL_MS = 60 * MINUTE_MS;

/**
 * Writes the series of the rooms under way: a row for each room and minute. One server of the installation does it for all rooms
 * (docs/decisions/0056-the-series-of-rooms.md).
 */
export const createSeriesRecorder = ({
  store,
  duties,
  isAnyoneConnected,
  clock,
  pruning,
  log,
}: {
  store: Pick<SeriesStore, "measure" | "write" | "prune">;
  duties: Pick<Duties, "take">;
  /** Whether a page is connected to this server. */
  isAnyoneConnected: () => boolean;
  clock: () => Date;
  pruning: Pick<PruningClock, "now">;
  log: FastifyBaseLogger;
}) => {
  let wasUsed = false;
  let lastUse = Number.NEGATIVE_INFINITY;
  /** The end of the last minute that this server has written, or that another one had. */
  let done = 0;
  let hasDuty = false;

  const isInUse = (now: number): boolean => {
    if (wasUsed || isAnyoneConnected()) lastUse = now;
    wasUsed = false;
    return now - lastUse < IDLE_MS;
  };

  /** Writes the minute that has just ended, if it is this server's turn and it has not yet looked. */
  const recordMinute = async (): Promise<void> => {
    const now = clock();
    const end = Math.floor(now.getTime() / MINUTE_MS) * MINUTE_MS;
    if (end === done || !isInUse(now.getTime())) return;
    // The server that had the duty goes first.
    if (!hasDuty && now.getTime() < end + TAKE_OVER_MS) return;
    hasDuty = await duties.take("series", { now, until: new Date(now.getTime() + BEGIN_MS) });
    if (hasDuty) {
      const measurement = await store.measure(new Date(end - MINUTE_MS), now);
      // The duty lasts until another server would check the next minute. So no minute is missing if this server dies.
      if (measurement.rooms.length > 0) await store.write(measurement, new Date(end + MINUTE_MS + BEGIN_MS));
    }
    done = end;
  };

  const logged = (what: string) => (error: unknown) =>
    log.error({ err: error }, `${what}; the server will try again`);
  const recorder = createRepeatedWork({
    intervalMs: LOOK_MS,
    run: recordMinute,
    onFailure: logged("the series of the rooms under way was not written"),
  });
  const pruner = createRepeatedWork({
    intervalMs: PRUNING_INTERVAL_MS,
    /** Deletes in small transactions, so that other writes are not delayed. */
    async run(isStopping) {
      const before = new Date((await pruning.now()).getTime() - SERIES_MINUTES * MINUTE_MS);
      while ((await store.prune(before)) && !isStopping());
    },
    onFailure: logged("old minutes of series were not deleted"),
  });

  return {
    /** Records that a room or an exam is in use. An idle server does not query the database. */
    noteUse(): void {
      wasUsed = true;
    },
    recordMinute,
    start(): void {
      recorder.start();
      pruner.start();
    },
    /** Resolves when nothing is being written. */
    async stop(): Promise<void> {
      await Promise.all([recorder.stop(), pruner.stop()]);
    },
  };
};
