import { setImmediate } from "node:timers/promises";
import { and, asc, eq, gte, lt } from "drizzle-orm";
import type { AuditEntry } from "../../domain/audit.js";
import type { Queries } from "../../storage/port.js";
import { param, query, statement, statements } from "../../storage/statement.js";
import { auditEntries } from "../../storage/tables.js";

type CountedEntry = Pick<AuditEntry, "id" | "actorRole" | "credential" | "roomId" | "outcome">;

/** The number of entries that are read at once. Other calls get a turn in between. */
const ROWS_A_READ = 500;

const entriesBy = statements((by: "actorId" | "examId") =>
  statement(
    query
      .select({
        id: auditEntries.id,
        actorRole: auditEntries.actorRole,
        credential: auditEntries.credential,
        roomId: auditEntries.roomId,
        outcome: auditEntries.outcome,
      })
      .from(auditEntries)
      .where(
        and(
          eq(auditEntries[by], param("id")),
          gte(auditEntries.id, param("from")),
          lt(auditEntries.id, param("before")),
        ),
      )
      .orderBy(asc(auditEntries.id))
      .limit(param("limit")),
  ),
);

export type AuditQuotaStore = ReturnType<typeof createAuditQuotaStore>;

export const createAuditQuotaStore = ({ storage }: { storage: Queries }) => ({
  /** Counts the entries of an actor or an exam, with ids in a range, that count. */
  async count(
    { by, id }: { readonly by: "actorId" | "examId"; readonly id: string },
    { from, before }: { readonly from: string; readonly before: string },
    counts: (entry: CountedEntry) => boolean,
  ): Promise<number> {
    let found = 0;
    for (let next = from; ; ) {
      const entries = await storage.all(entriesBy(by), { id, from: next, before, limit: ROWS_A_READ });
      found += entries.filter(counts).length;
      const last = entries.at(-1);
      if (!last || entries.length < ROWS_A_READ) return found;
      // The first text after the id.
      next = `${last.id}0`;
      await setImmediate();
    }
  },
});
