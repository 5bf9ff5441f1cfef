import { and, asc, eq, gt, lte, sql } from "drizzle-orm";
import type { Writes } from "../../domain/writes.js";
import type { Queries } from "../../storage/port.js";
import { param, query, statement } from "../../storage/statement.js";
import { exams, prunedEvents, roomEvents } from "../../storage/tables.js";

/** The most events that one write deletes. */
const MAX_DELETED = 500;

const oldestEvents = (limit: number) =>
  query
    .select({ id: roomEvents.id, examId: roomEvents.examId, createdAt: roomEvents.createdAt })
    .from(roomEvents)
    .where(gt(roomEvents.id, 0))
    .orderBy(asc(roomEvents.id))
    .limit(limit);
export const oldestEvent = statement(oldestEvents(1));
const eventsToDelete = statement(oldestEvents(MAX_DELETED + 1));
const deleteEvents = statement(query.delete(roomEvents).where(lte(roomEvents.id, param("lastId"))));

const isOfExam = eq(roomEvents.examId, param("examId"));
/** The oldest event of the next exam that has events. */
const oldestOfNextExam = statement(
  query
    .select({ examId: roomEvents.examId, createdAt: roomEvents.createdAt })
    .from(roomEvents)
    .where(gt(roomEvents.examId, param("examId")))
    .orderBy(asc(roomEvents.examId), asc(roomEvents.id))
    .limit(1),
);
const oldestOfExam = statement(
  query
    .select({ id: roomEvents.id, createdAt: roomEvents.createdAt })
    .from(roomEvents)
    .where(isOfExam)
    .orderBy(asc(roomEvents.id))
    .limit(MAX_DELETED),
);
const deleteEventsOfExam = statement(
  query.delete(roomEvents).where(and(isOfExam, lte(roomEvents.id, param("lastId")))),
);

/** Notes the newest deleted event of each exam that still exists. */
const notePruned = statement((dialect) =>
  query
    .insert(prunedEvents)
    .select(
      sql`SELECT pruned."examId", pruned."lastId" FROM ${dialect.rows("pruned", { examId: "text", lastId: "integer" })} INNER JOIN ${exams} ON ${exams.id} = pruned."examId" WHERE true`,
    )
    .onConflictDoUpdate({ target: prunedEvents.examId, set: { lastId: sql`excluded.last_id` } }),
);

/** Returns the function that deletes old events, as the store describes it. */
export const createPruning = ({
  storage,
  writes,
}: {
  storage: Queries;
  writes: Pick<Writes, "unordered">;
}): ((before: Date) => Promise<boolean>) => {
  /** Prunes the log as a whole, in the order of the ids. */
  const pruneLog = async (before: Date): Promise<boolean> => {
    // Usually there is nothing to delete. This read avoids a write, which would delay others.
    const oldest = await storage.get(oldestEvent);
    if (!oldest || oldest.createdAt >= before) return false;
    return writes.unordered({}, async (tx) => {
      const events = await tx.all(eventsToDelete);
      const firstKept = events.findIndex(({ createdAt }) => createdAt >= before);
      // Keeps the last of these events: it may be the newest one, which `allEventsAfter` needs to recognize ids.
      const old = events.slice(0, firstKept < 0 ? -1 : firstKept);
      const last = old.at(-1);
      if (last) {
        const newest = new Map(old.map(({ id, examId }) => [examId, id]));
        await tx.run(notePruned, { pruned: [...newest].map(([examId, lastId]) => ({ examId, lastId })) });
        await tx.run(deleteEvents, { lastId: last.id });
      }
      return old.length === MAX_DELETED;
    });
  };

  /** Deletes old events of an exam. Returns whether it deleted any. */
  const pruneExam = (examId: string, before: Date): Promise<boolean> =>
    writes.unordered({ examId }, async (tx) => {
      await tx.lockName(`pruning events of ${examId}`);
      const events = await tx.all(oldestOfExam, { examId });
      const firstKept = events.findIndex(({ createdAt }) => createdAt >= before);
      const last = events.at(firstKept < 0 ? -1 : firstKept - 1);
      if (!last || firstKept === 0) return false;
      await tx.run(notePruned, { pruned: [{ examId, lastId: last.id }] });
      await tx.run(deleteEventsOfExam, { examId, lastId: last.id });
      return true;
    });
  /** The exam at which `pruneExams` continues. */
  let pruned = "";
  /** Prunes the log exam by exam. */
  const pruneExams = async (before: Date): Promise<boolean> => {
    // Events without an exam come first.
    if (await pruneExam(pruned, before)) return true;
    for (;;) {
      const next = await storage.get(oldestOfNextExam, { examId: pruned });
      pruned = next?.examId ?? "";
      if (!next) return false;
      if (next.createdAt < before && (await pruneExam(pruned, before))) return true;
    }
  };

  return storage.commitsInOrder ? pruneLog : pruneExams;
};
