import type { Caller } from "@invigil/schema";
import { LRUCache } from "lru-cache";
import type { Quotas } from "../../config/config.js";
import { quotaExceeded } from "../../limits/quotas.js";
import type { InvigilError } from "../../platform/errors.js";
import { atMost } from "../../platform/lru.js";
import { exceeded, type Held, type Over, type Tally } from "./records-store.js";
import type { CheatStore } from "./store.js";

/** How much may be kept about one person in one room. It is counted where the records are written. */
export interface RecordQuota {
  /** What a recording of this caller is bounded by. */
  of(caller: Pick<Caller, "role">): Omit<Tally, "people">;
  /**
   * So that repeating what was refused takes no turn of the others' writes.
   * @throws QUOTA_EXCEEDED for people of whom it is known that they have no room for this
   */
  assertNotFull(roomId: string, added: readonly Held[]): Promise<void>;
  /** What was not kept, as a failure. */
  refusal(roomId: string, over: Over): InvigilError;
}

const MIB = 1024 * 1024;
const inMib = (bytes: number): number => Math.round((bytes / MIB) * 10) / 10;
/** People whose quota was found used up. */
const REMEMBERED = 10_000;

export const createRecordQuota = ({
  store,
  quotas,
}: {
  readonly store: Pick<CheatStore, "held">;
  /** Absent: there may be as much as there is. */
  readonly quotas: Quotas | undefined;
}): RecordQuota => {
  const most = quotas && { records: quotas.recordsPerPerson, bytes: quotas.recordBytesPerPerson };
  const full = new LRUCache<string, true>(atMost(REMEMBERED));
  const keyOf = (roomId: string, userId: string): string => JSON.stringify([roomId, userId]);

  const refusal = (roomId: string, over: Over): InvigilError => {
    if ("people" in over) {
      const { people: held } = over;
      const what = "people with cheat records";
      return quotaExceeded({ whose: `The room ${roomId}`, what, held, most: quotas?.peoplePerRoom ?? held });
    }
    const { held, of } = over;
    full.set(keyOf(roomId, held.userId), true);
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
    // An examinee is one person; staff may name anybody.
    of: ({ role }) => ({ most, mostPeople: role === "examinee" ? undefined : quotas?.peoplePerRoom }),
    async assertNotFull(roomId, people) {
      if (!most || full.size === 0) return;
      for (const added of people) {
        const key = keyOf(roomId, added.userId);
        if (!full.has(key)) continue;
        const held = await store.held(roomId, added.userId);
        const of = exceeded(held, added, most);
        if (of) throw refusal(roomId, { held, of });
        full.delete(key);
      }
    },
    refusal,
  };
};
