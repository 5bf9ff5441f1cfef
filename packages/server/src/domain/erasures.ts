import { max } from "drizzle-orm";
import type { Queries } from "../storage/sqlite/client.js";
import { erasures, messages, roomEvents } from "../storage/tables.js";

/** A person whose traces go: in one room, or (without it) in all rooms of an exam. */
export interface Erased {
  readonly examId: string;
  readonly roomId?: string | undefined;
  readonly userId: string;
}

/**
 * Notes, in the transaction that removes a person with what was recorded about them, that all other traces are to go. Must
 * come before the events that tell of the removal are written: those stay for the listeners, as long as the log keeps events.
 */
export const noteErasure = (queries: Queries, { examId, roomId, userId }: Erased, now: Date): void => {
  const newest = (table: typeof roomEvents | typeof messages): number =>
    queries
      .select({ id: max(table.id) })
      .from(table)
      .get()?.id ?? 0;
  const upTo = { upToEvent: newest(roomEvents), upToMessage: newest(messages) };
  queries
    .insert(erasures)
    .values({ examId, roomId: roomId ?? null, userId, ...upTo, stage: "traces", createdAt: now })
    .run();
};
