import type { AuditEntry, AuditPage, Diagnosis, ListAuditInput } from "@invigil/schema";
import type { FastifyBaseLogger } from "fastify";
import { isGranted, type AuditEntry as StoredEntry } from "../../domain/audit.js";
import type { Opened } from "../../domain/opened.js";
import type { PruningClock } from "../../domain/pruning-clock.js";
import type { RateLimits } from "../../limits/rates.js";
import { firstIdAt } from "../../platform/ids.js";
import { createRepeatedWork } from "../../platform/repeated-work.js";
import type { AuditStore } from "./store.js";

const DAY_MS = 86_400_000;
const PRUNING_INTERVAL_MS = 600_000;
/** For how many days refusals of a person are looked for, among how many of their entries, and how many are returned. */
const REFUSED_DAYS = 7;
const MAX_READ = 500;
const MAX_REFUSALS = 10;
/** After all ids. */
const END = "~";

type Refusal = Diagnosis["refusals"][number];

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
  clock,
  log,
}: {
  store: AuditStore;
  rates: RateLimits;
  pruning: PruningClock;
  keptDays: number;
  clock: () => Date;
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
      { since, until, pageSize: limit, cursor, withReads, withNames, ...filter }: ListAuditInput,
      reads: ReadonlySet<string>,
    ): Promise<AuditPage> {
      const end = until ? firstIdAt(until) : END;
      const page = await store.list(filter, {
        from: since ? firstIdAt(since) : "",
        before: cursor !== undefined && cursor < end ? cursor : end,
        limit,
        without: withReads
          ? undefined
          : ({ procedure, outcome }) => reads.has(procedure) && isGranted(outcome),
      });
      const { entries, read, ...next } = page;
      // The entries of the answer are charged where calls are answered.
      rates.charge({ caller }, { readRows: read - entries.length });
      const names = withNames && entries.length > 0 ? await store.names(entries) : undefined;
      return { entries: entries.map(toEntry), ...(names && { names }), ...next };
    },
    /**
     * Returns the last refusals of a person's calls, of one exam or all, and how many entries were read for them. Checks no permissions: for use
     * by other services.
     */
    async refusalsOf(
      actorId: string,
      examId: string | undefined,
    ): Promise<{ readonly refusals: Refusal[]; readonly read: number }> {
      const from = firstIdAt(new Date(clock().getTime() - REFUSED_DAYS * DAY_MS));
      const { entries, read } = await store.list(
        { actorId },
        { from, before: END, limit: MAX_READ, without: undefined },
      );
      const refusals = entries
        .filter((one) => !isGranted(one.outcome) && (examId === undefined || one.examId === examId))
        .slice(0, MAX_REFUSALS)
        .map(({ createdAt: time, outcome: reason, procedure, times, roomId }) => ({
          time,
          reason,
          procedure,
          times,
          ...(roomId !== null && { roomId }),
        }));
      return { refusals, read };
    },
    /** Starts to delete old entries. */
    start: pruner.start,
    /** Resolves when no deletion is running. */
    stop: pruner.stop,
  };
};
