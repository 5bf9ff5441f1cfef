import type { Caller } from "@invigil/schema";
import { LRUCache } from "lru-cache";
import type { Quotas } from "../../config/config.js";
import type { RoomKey } from "../../domain/room-exams.js";
import { quotaExceeded } from "../../limits/quotas.js";
import type { InvigilError } from "../../platform/errors.js";
import { atMost } from "../../platform/lru.js";
import { exceededLimit, type LimitExceeded, type RecordUsage, type UsageIncrease } from "./records-store.js";
import type { CheatStore } from "./store.js";

const MIB = 1024 * 1024;
const inMib = (bytes: number): number => Math.round((bytes / MIB) * 10) / 10;
/** The number of cached people whose quota is full. */
const REMEMBERED = 10_000;

export type RecordQuota = ReturnType<typeof createRecordQuota>;

/**
 * The quotas for records about one person and in one room. The store enforces them in the transaction that
 * writes.
 */
export const createRecordQuota = ({
  store,
  quotas,
}: {
  readonly store: Pick<CheatStore, "usageOf">;
  /** Absent: no quotas. */
  readonly quotas: Quotas | undefined;
}) => {
  const limit = quotas && { records: quotas.recordsPerPerson, bytes: quotas.recordBytesPerPerson };
  const fullQuotas = new LRUCache<string, true>(atMost(REMEMBERED));
  const keyOf = (roomId: string, userId: string): string => JSON.stringify([roomId, userId]);

  /** The error for a call that exceeded a quota. */
  const quotaError = (roomId: string, excess: LimitExceeded): InvigilError => {
    if ("people" in excess) {
      const { people: held } = excess;
      const what = "people with cheat records";
      return quotaExceeded({ whose: `The room ${roomId}`, what, held, most: quotas?.peoplePerRoom ?? held });
    }
    const { usage, exceeded } = excess;
    fullQuotas.set(keyOf(roomId, usage.userId), true);
    const bound = limit ?? usage;
    const whose = `The room ${roomId}, about ${usage.userId},`;
    return exceeded === "records"
      ? quotaExceeded({ whose, what: "cheat records", held: usage.records, most: bound.records })
      : quotaExceeded({
          whose,
          what: "MiB of cheat records",
          held: inMib(usage.bytes),
          most: inMib(bound.bytes),
        });
  };

  return {
    // An examinee records about themselves only; staff may record about any number of people.
    /** The limits for a call of this caller. */
    limitsFor: ({ role }: Pick<Caller, "role">): Omit<UsageIncrease, "people"> => ({
      limit,
      maxPeople: role === "examinee" ? undefined : quotas?.peoplePerRoom,
    }),
    /**
     * Refuses a repeated call without a write transaction, so that it does not delay other writes.
     * @throws QUOTA_EXCEEDED for people whose quota is too full for the new records
     */
    async assertNotFull(room: RoomKey, people: readonly RecordUsage[]): Promise<void> {
      if (!limit || fullQuotas.size === 0) return;
      const { roomId } = room;
      for (const added of people) {
        const key = keyOf(roomId, added.userId);
        if (!fullQuotas.has(key)) continue;
        const usage = await store.usageOf(room, added.userId);
        const exceeded = exceededLimit(usage, added, limit);
        if (exceeded) throw quotaError(roomId, { usage, exceeded });
        fullQuotas.delete(key);
      }
    },
    quotaError,
  };
};
