import { and, asc, desc, eq, gte, lt } from "drizzle-orm";
import type { AuditEntry } from "../../domain/audit.js";
import type { Writes } from "../../domain/writes.js";
import type { Queries } from "../../storage/port.js";
import { param, query, statement, statements } from "../../storage/statement.js";
import { auditEntries } from "../../storage/tables.js";

type Filter = Partial<Record<"personId" | "actorId" | "examId" | "procedure", string | undefined>>;

/** The most entries that one call reads. */
const MAX_READ = 2000;
/** The number of entries to delete in one transaction. */
const MAX_DELETED = 500;
/** The filters that have an index, the one that leaves the fewest entries first. */
const FILTERS = ["personId", "actorId", "examId", "procedure"] as const;

const entriesBefore = statements((by: keyof Filter | undefined) =>
  statement(
    query
      .select()
      .from(auditEntries)
      .where(
        and(
          by && eq(auditEntries[by], param(by)),
          gte(auditEntries.id, param("from")),
          lt(auditEntries.id, param("before")),
        ),
      )
      .orderBy(desc(auditEntries.id))
      .limit(param("limit")),
  ),
);
const oldest = statement(
  query
    .select({ id: auditEntries.id })
    .from(auditEntries)
    .where(lt(auditEntries.id, param("before")))
    .orderBy(asc(auditEntries.id))
    .limit(param("limit")),
);
const deleteUpTo = statement(query.delete(auditEntries).where(lt(auditEntries.id, param("before"))));

export type AuditStore = ReturnType<typeof createAuditStore>;

export const createAuditStore = ({
  storage,
  writes,
}: {
  storage: Queries;
  writes: Pick<Writes, "unordered">;
}) => ({
  /**
   * Returns the newest entries before an id, and how many were read for them. It reads a bounded number of entries, so it may return fewer than
   * `limit` although there are more: `nextCursor` is the last id that it read.
   */
  async list(
    filter: Filter,
    { from, before, limit }: { readonly from: string; readonly before: string; readonly limit: number },
  ): Promise<{ readonly entries: AuditEntry[]; readonly read: number; readonly nextCursor?: string }> {
    const [by, ...others] = FILTERS.filter((one) => filter[one] !== undefined);
    const most = others.length > 0 ? MAX_READ : limit + 1;
    const found = await storage.all(entriesBefore(by), { ...filter, from, before, limit: most });
    const matching = found.filter((entry) => others.every((one) => entry[one] === filter[one]));
    const entries = matching.slice(0, limit);
    const last = matching.length > limit ? entries.at(-1) : found.length === most ? found.at(-1) : undefined;
    return { entries, read: found.length, ...(last && { nextCursor: last.id }) };
  },
  /** Deletes some entries with ids before this one, the oldest first. Returns whether there may be more. */
  async prune(before: string): Promise<boolean> {
    // Usually there is nothing to delete. This read avoids a write, which would delay others.
    if (!(await storage.get(oldest, { before, limit: 1 }))) return false;
    return writes.unordered({}, async (tx) => {
      // Another server waits, and then finds other entries.
      await tx.lockName("pruning the audit");
      const rows = await tx.all(oldest, { before, limit: MAX_DELETED + 1 });
      const kept = rows[MAX_DELETED];
      await tx.run(deleteUpTo, { before: kept?.id ?? before });
      return kept !== undefined;
    });
  },
});
