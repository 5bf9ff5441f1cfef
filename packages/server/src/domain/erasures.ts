import { max } from "drizzle-orm";
import type { Transaction } from "../storage/port.js";
import { insertion, query, statement } from "../storage/statement.js";
import { erasures, messages, roomEvents } from "../storage/tables.js";

/** A person whose data is erased: in one room, or without `roomId` in all rooms of the exam. */
export interface Erasure {
  readonly examId: string;
  readonly roomId?: string | undefined;
  readonly userId: string;
}

const newestEvent = statement((dialect) =>
  query
    .select({ id: max(roomEvents.id) })
    .from(roomEvents)
    .where(dialect.inExam(roomEvents.examId)),
);
const newestMessage = statement((dialect) =>
  query
    .select({ id: max(messages.id) })
    .from(messages)
    .where(dialect.inExam(messages.examId)),
);
const insertErasure = insertion(erasures);

/**
 * Records that all remaining data about a person must be erased. Call it in the transaction that removes the person with their records,
 * before it adds the events of the removal: subscribers need those events for as long as the log keeps them.
 */
export const noteErasure = async (
  tx: Transaction,
  { examId, roomId, userId }: Erasure,
  now: Date,
): Promise<void> => {
  const [event, message] = await Promise.all([
    tx.get(newestEvent, { examId }),
    tx.get(newestMessage, { examId }),
  ]);
  await tx.insert(insertErasure, [
    {
      examId,
      roomId: roomId ?? null,
      userId,
      upToEvent: event?.id ?? 0,
      upToMessage: message?.id ?? 0,
      stage: "traces",
      createdAt: now,
    },
  ]);
};
