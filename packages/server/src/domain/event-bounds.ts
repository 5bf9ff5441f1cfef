import { eq, max, sql } from "drizzle-orm";
import type { Reader } from "../storage/port.js";
import { param, query, statement } from "../storage/statement.js";
import { eventEpochs, prunedEvents, roomEvents } from "../storage/tables.js";

const isOfExam = eq(roomEvents.examId, param("examId"));
/** Where the newest epoch of the log begins. */
export const newestBegin = query.select({ begin: max(eventEpochs.begin) }).from(eventEpochs);
const newestOfExam = query
  .select({ id: max(roomEvents.id) })
  .from(roomEvents)
  .where(isOfExam);
const newestPruned = query
  .select({ id: prunedEvents.lastId })
  .from(prunedEvents)
  .where(eq(prunedEvents.examId, param("examId")));
/** What bounds the log of an exam: its newest event, the newest one that was deleted, and the beginning of the epoch. */
const boundsOfExam = statement(
  query
    .select({
      newest: sql<number | null>`${newestOfExam}`,
      pruned: sql<number | null>`${newestPruned}`,
      epoch: max(eventEpochs.begin),
    })
    .from(eventEpochs),
);
/** Returns the id after which the log has all events of an exam, and the id of its newest event. */
export const readBounds = async (
  reader: Reader,
  examId: string,
): Promise<{ readonly start: number; readonly newest: number }> => {
  const bounds = await reader.get(boundsOfExam, { examId });
  const start = Math.max(bounds?.pruned ?? 0, bounds?.epoch ?? 0);
  return { start, newest: Math.max(bounds?.newest ?? 0, start) };
};
