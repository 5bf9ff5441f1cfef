import type { Caller } from "@invigil/schema";
import { LRUCache } from "lru-cache";
import type { Quotas } from "../../config/config.js";
import { quotaExceeded } from "../../limits/quotas.js";
import type { InvigilError } from "../../platform/errors.js";
import { atMost } from "../../platform/lru.js";
import { exceededLimit, type LimitExceeded, type RecordUsage, type UsageIncrease } from "./records-store.js";
import type { CheatStore } from "./store.js";

/**
 * The quotas for records about one person and in one room. The store enforces them in the transaction that
 * writes.
 */
export interface RecordQuota {
  /** The limits for a call of this caller. */
  limitsFor(caller: Pick<Caller, "role">): Omit<UsageIncrease, "people">;
  /**
   * Refuses a repeated call without a write transaction, so that it does not delay other writes.
   * @throws QUOTA_EXCEEDED for people whose quota is known to be too full for the new records
   */
  assertNotFull(roomId: string, added: readonly RecordUsage[]): Promise<void>;
  /** The error for a call that exceeded a quota. */
  refusal(roomId: string, over: LimitExceeded): InvigilError;
}

const MIB = 1024 * 1024;
const inMib = (bytes: number): number => Math.round((bytes / MIB) * 10) / 10;
/** The number of cached people whose quota is full. */
const REMEMBERED = 10_000;

export const createRecordQuota = ({
  store,
  quotas,
}: {
  readonly store: Pick<CheatStore, "usageOf">;
  /** Absent: no quotas. */
  readonly quotas: Quotas | undefined;
}): RecordQuota => {
  const most = quotas && { records: quotas.recordsPerPerson, bytes: quotas.recordBytesPerPerson };
  const fullQuotas = new LRUCache<string, true>(atMost(REMEMBERED));
  const keyOf = (roomId: string, userId: string): string => JSON.stringify([roomId, userId]);

  const refusal = (roomId: string, over: LimitExceeded): InvigilError => {
    if ("people" in over) {
      const { people: held } = over;
      const what = "people with cheat records";
      return quotaExceeded({ whose: `The room ${roomId}`, what, held, most: quotas?.peoplePerRoom ?? held });
    }
    const { held, of } = over;
    fullQuotas.set(keyOf(roomId, held.userId), true);
    const whose = `The room ${roomId}, about ${held.userId},`;
    const limit = most ?? held;
    return of === "records"
      ? quotaExceeded({ whose, what: "cheat records", held: held.records, most: limit.records })
      : quotaExceeded({
          whose,
          what: "MiB of cheat records",
          held: inMib(held.bytes),
          most: inMib(limit.bytes),
        });
  };

  return {
    // An examinee records about themselves only; staff may record about any number of people.
    limitsFor: ({ role }) => ({ most, mostPeople: role === "examinee" ? undefined : quotas?.peoplePerRoom }),
    async assertNotFull(roomId, people) {
      if (!most || fullQuotas.size === 0) return;
      for (const added of people) {
        const key = keyOf(roomId, added.userId);
        if (!fullQuotas.has(key)) continue;
        const held = await store.usageOf(roomId, added.userId);
        const of = exceededLimit(held, added, most);
        if (of) throw refusal(roomId, { held, of });
        fullQuotas.delete(key);
      }
    },
    refusal,
  };
};
