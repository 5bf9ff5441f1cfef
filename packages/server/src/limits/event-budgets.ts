import type { EventType } from "@invigil/schema";
import type { NewEvent } from "../domain/events.js";
import type { RateLimits } from "./rates.js";

/**
 * The events that are charged to their room and exam where they are written. Messages and records have limits and quotas of their own,
 * and presence is charged before it is written, because it can wait.
 */
const CHARGED: ReadonlySet<EventType> = new Set<EventType>([
  "room_created",
  "room_ended",
  "audio_status_changed",
  "participant_added",
  "participant_updated",
  "participant_removed",
  "publish_status_changed",
  "cheat_config_changed",
]);

/** Charges events that were written to the budgets of their rooms and exams. */
export const chargeEvents = (rates: Pick<RateLimits, "charge">, written: readonly NewEvent[]): void => {
  for (let at = 0; at < written.length; ) {
    const first = written[at];
    if (!first) return;
    const { examId, roomId } = first;
    let events = 0;
    // The events of a call are mostly of one room.
    for (; written[at]?.roomId === roomId && written[at]?.examId === examId; at += 1)
      if (CHARGED.has(written[at]?.type ?? "message")) events += 1;
    // An event of a whole exam has no room.
    if (events > 0) rates.charge({ roomId: roomId || undefined, examId }, { events });
  }
};
