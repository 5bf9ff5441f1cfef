import type { AuditNames } from "@invigil/schema";
import { and, asc, desc, eq, gte, lt, sql } from "drizzle-orm";
import type { AuditEntry } from "../../domain/audit.js";
import type { Writes } from "../../domain/writes.js";
import type { Queries } from "../../storage/port.js";
import { param, query, statement, statements } from "../../storage/statement.js";
import { accounts, auditEntries, exams, participants, rooms, unseated } from "../../storage/tables.js";

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
const examNames = statement((dialect) =>
  query.select({ id: exams.id, name: exams.name }).from(exams).where(dialect.isAnyOf(exams.id, "examIds")),
);
const roomNames = statement((dialect) =>
  query
    .select({ id: rooms.id, name: rooms.name })
    .from(rooms)
    .where(and(dialect.isAnyOf(rooms.examId, "examIds"), dialect.isAnyOf(rooms.id, "roomIds"))),
);
/** The names of people in the exams of a page. Of several names of a person, one. */
const seatedNames = statement((dialect) =>
  query
    .select({ id: participants.userId, name: sql<string>`min(${participants.name})` })
    .from(participants)
    .where(
      and(dialect.isAnyOf(participants.userId, "userIds"), dialect.isAnyOf(participants.examId, "examIds")),
    )
    .groupBy(participants.userId),
);
const unseatedNames = statement((dialect) =>
  query
    .select({ id: unseated.userId, name: unseated.name })
    .from(unseated)
    .where(and(dialect.isAnyOf(unseated.examId, "examIds"), dialect.isAnyOf(unseated.userId, "userIds"))),
);
const accountNames = statement((dialect) =>
  query
    .select({ id: accounts.userId, name: accounts.name })
    .from(accounts)
    .where(dialect.isAnyOf(accounts.userId, "userIds")),
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
    {
      from,
      before,
      limit,
      without,
    }: {
      readonly from: string;
      readonly before: string;
      readonly limit: number;
      /** Says which entries to leave out. */
      readonly without: ((entry: AuditEntry) => boolean) | undefined;
    },
  ): Promise<{ readonly entries: AuditEntry[]; readonly read: number; readonly nextCursor?: string }> {
    const [by, ...others] = FILTERS.filter((one) => filter[one] !== undefined);
    const most = others.length > 0 || without ? MAX_READ : limit + 1;
    const found = await storage.all(entriesBefore(by), { ...filter, from, before, limit: most });
    const matching = found.filter(
      (entry) => others.every((one) => entry[one] === filter[one]) && !without?.(entry),
    );
    const entries = matching.slice(0, limit);
    const last = matching.length > limit ? entries.at(-1) : found.length === most ? found.at(-1) : undefined;
    return { entries, read: found.length, ...(last && { nextCursor: last.id }) };
  },
  /** Reads the present names behind the ids of entries. */
  async names(entries: readonly AuditEntry[]): Promise<AuditNames> {
    const examIds = new Set<string>();
    const roomIds = new Set<string>();
    const userIds = new Set<string>();
    for (const { examId, roomId, personId, actorId, procedure, subject } of entries) {
      if (examId !== null) examIds.add(examId);
      if (roomId !== null) roomIds.add(roomId);
      // The room that the person left.
      if (procedure === "participant.move" && subject !== null) roomIds.add(subject);
      userIds.add(actorId);
      if (personId !== null) userIds.add(personId);
    }
    const ids = { examIds: [...examIds], roomIds: [...roomIds], userIds: [...userIds] };
    const [ofExams, ofRooms, seated, waiting, ofAccounts] = await storage.together(() =>
      Promise.all([
        storage.all(examNames, ids),
        storage.all(roomNames, ids),
        storage.all(seatedNames, ids),
        storage.all(unseatedNames, ids),
        storage.all(accountNames, ids),
      ]),
    );
    // The name of an account comes last, and so before the others.
    const people = new Map([...waiting, ...seated, ...ofAccounts].map((one) => [one.id, one]));
    return { exams: ofExams, rooms: ofRooms, people: [...people.values()] };
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
