import type { AuditEntry, AuditPage, ListAuditInput } from "@invigil/schema";
import type { FastifyBaseLogger } from "fastify";
import type { AuditEntry as StoredEntry } from "../../domain/audit.js";
import type { Opened } from "../../domain/opened.js";
import type { PruningClock } from "../../domain/pruning-clock.js";
import type { RateLimits } from "../../limits/rates.js";
import { firstIdAt } from "../../platform/ids.js";
import { createRepeatedWork } from "../../platform/repeated-work.js";
import type { AuditStore } from "./store.js";

const DAY_MS = 86_400_000;
const PRUNING_INTERVAL_MS = 600_000;
/** After all ids. */
const END = "~";

const toEntry = ({ createdAt, ...stored }: StoredEntry): AuditEntry => {
  const { credentialId, operator, examId, roomId, personId, subject, ...entry } = stored;
  return {
    ...entry,
    time: createdAt,
    ...(credentialId !== null && { credentialId }),
    ...(operator !== null && { operator }),
    ...(examId !== null && { examId }),
    ...(roomId !== null && { roomId }),
    ...(personId !== null && { personId }),
    ...(subject !== null && { subject }),
  };
};

export type AuditService = ReturnType<typeof createAuditService>;

/** Reads and prunes the audit. `domain/audit.ts` writes the entries. */
export const createAuditService = ({
  store,
  rates,
  pruning,
  keptDays,
  log,
}: {
  store: AuditStore;
  rates: RateLimits;
  pruning: PruningClock;
  keptDays: number;
  log: FastifyBaseLogger;
}) => {
  const pruner = createRepeatedWork({
    intervalMs: PRUNING_INTERVAL_MS,
    /** Deletes in small transactions, so that other writes are not delayed. */
    async run(isStopping) {
      const before = firstIdAt(new Date((await pruning.now()).getTime() - keptDays * DAY_MS));
      while ((await store.prune(before)) && !isStopping());
    },
    onFailure: (error) =>
      log.error({ err: error }, "old entries of the audit could not be deleted; the server will try again"),
  });

  return {
    async list(
      caller: Opened<"unbound">,
      { since, until, pageSize: limit, cursor, ...filter }: ListAuditInput,
    ): Promise<AuditPage> {
      const end = until ? firstIdAt(until) : END;
      const page = await store.list(filter, {
        from: since ? firstIdAt(since) : "",
        before: cursor !== undefined && cursor < end ? cursor : end,
        limit,
      });
      const { entries, read, ...next } = page;
      // The entries of the answer are charged where calls are answered.
      rates.charge({ caller }, { readRows: read - entries.length });
      return { entries: entries.map(toEntry), ...next };
    },
    /** Starts to delete old entries. */
    start: pruner.start,
    /** Resolves when no deletion is running. */
    stop: pruner.stop,
  };
};
