import { max } from "drizzle-orm";
import type { Transaction } from "../storage/port.js";
import { insertion, query, statement } from "../storage/statement.js";
import { erasures, messages, roomEvents } from "../storage/tables.js";

/** A person whose traces are erased: in one room, or (without it) in all rooms of an exam. */
export interface Erased {
  readonly examId: string;
  readonly roomId?: string | undefined;
  readonly userId: string;
}

const newestEvent = statement(query.select({ id: max(roomEvents.id) }).from(roomEvents));
const newestMessage = statement(query.select({ id: max(messages.id) }).from(messages));
const insertErasure = insertion(erasures);

/**
 * Notes, in the transaction that removes a person with what was recorded about them, that all other traces are to be erased. Call it
 * before the events of the removal are added: listeners need those, for as long as the log keeps events.
 */
export const noteErasure = async (
  tx: Transaction,
  { examId, roomId, userId }: Erased,
  now: Date,
): Promise<void> => {
  await tx.insert(insertErasure, [
    {
      examId,
      roomId: roomId ?? null,
      userId,
      upToEvent: (await tx.get(newestEvent))?.id ?? 0,
      upToMessage: (await tx.get(newestMessage))?.id ?? 0,
      stage: "traces",
      createdAt: now,
    },
  ]);
};
