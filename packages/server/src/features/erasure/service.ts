import { setImmediate } from "node:timers/promises";
import type { FastifyBaseLogger } from "fastify";
import type { AccessLog } from "../../domain/access-log.js";
import { createRepeatedWork } from "../../platform/repeated-work.js";
import type { Erasure, ErasureStore, Position } from "./store.js";

/**
 * How long the notice of the removal stays readable, and how often to look for notices that are due, in
 * milliseconds.
 */
const NOTICE_MS = 120_000;
const POLL_INTERVAL_MS = 60_000;
/** The number of rooms whose keyed rows are erased in one transaction. */
const ROOMS_AT_ONCE = 200;

export type ErasureService = ReturnType<typeof createErasureService>;

/**
 * Erases the remaining data about people who were removed together with their records: messages, mentions in other messages, events, dead
 * letters, mutes, presence, stream names, and what the audit says about them. The work consists of small steps, so that other calls are not
 * delayed, and continues after a restart. The message that notifies the person of the removal goes last, after their pages have had time to
 * read it, together with everything that calls in progress have written since the removal.
 */
export const createErasureService = ({
  store,
  accessLog,
  clock,
  log,
}: {
  store: ErasureStore;
  accessLog: Pick<AccessLog, "flush">;
  clock: () => Date;
  log: FastifyBaseLogger;
}) => {
  let isStopping = false;
  let work: Promise<void> | undefined;
  let again = false;

  const untilEnd = async (step: (after: number) => Promise<Position>): Promise<void> => {
    let at: Position = 0;
    while (at !== "end" && !isStopping) {
      at = await step(at);
      await setImmediate();
    }
  };

  const eraseKeys = async (erasure: Erasure, rooms: readonly string[]): Promise<void> => {
    let from = 0;
    do {
      const some = rooms.slice(from, from + ROOMS_AT_ONCE);
      while ((await store.eraseKeys(erasure, some)) && !isStopping) await setImmediate();
      from += ROOMS_AT_ONCE;
    } while (from < rooms.length);
  };

  const eraseNotice = async (erasure: Erasure): Promise<void> => {
    const rooms = await store.notRejoined(erasure, await store.roomsOf(erasure));
    // A call of the person that was in progress at the removal may have written rows after the first stage.
    await eraseKeys(erasure, rooms);
    for (const roomId of rooms) await untilEnd((after) => store.eraseMessages(erasure, roomId, after));
  };

  const eraseTraces = async (erasure: Erasure): Promise<void> => {
    const rooms = await store.roomsOf(erasure);
    // Entries that this process has gathered may name the person. Entries of other processes are erased in the last stage.
    await accessLog.flush();
    await eraseKeys(erasure, rooms);
    for (const roomId of rooms) {
      await untilEnd((after) => store.eraseMessages(erasure, roomId, after));
      await untilEnd((after) => store.eraseEvents(erasure, roomId, after));
    }
  };

  const next = () => store.next(new Date(clock().getTime() - NOTICE_MS));

  const eraseAll = async (): Promise<void> => {
    try {
      do {
        again = false;
        for (let erasure = await next(); erasure && !isStopping; erasure = await next()) {
          await (erasure.stage === "farewell" ? eraseNotice : eraseTraces)(erasure);
          if (!isStopping) await store.advance(erasure);
        }
      } while (again && !isStopping);
    } finally {
      work = undefined;
    }
  };

  /** Resolves when everything that is due is erased, including what another process began. */
  const finish = (): Promise<void> => {
    if (work) again = true;
    work ??= eraseAll();
    return work;
  };

  const poller = createRepeatedWork({
    intervalMs: POLL_INTERVAL_MS,
    run: finish,
    onFailure: (error) => log.error({ err: error }, "people could not be erased: it is tried again"),
  });

  return {
    finish,
    /** Finishes the erasures of earlier processes, then runs those that become due. */
    start(): void {
      isStopping = false;
      poller.start();
    },
    /** Stops after the current step; the next start continues. Resolves when no step is running. */
    async stop(): Promise<void> {
      isStopping = true;
      await poller.stop();
      // The caller of `finish` gets the error.
      await work?.catch(() => undefined);
    },
  };
};
