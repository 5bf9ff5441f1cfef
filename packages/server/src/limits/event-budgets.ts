import type { EventType } from "@invigil/schema";
import type { NewEvent } from "../domain/events.js";
import type { RateLimits } from "./rates.js";

/**
 * The events that are charged where they are written. Messages and records have limits and quotas of their own, and presence is charged
 * before it is written, because it can wait.
 */
const CHARGED: ReadonlySet<EventType> = new Set<EventType>([
  "room_created",
  "room_ended",
  "audio_status_changed",
  "participant_added",
  "participant_updated",
  "participant_removed",
  "cheat_config_changed",
]);
/** Reports of the stream service cannot be refused. Those of a large exam must not take from it what its rooms need. */
const CHARGED_TO_ROOM: EventType = "publish_status_changed";

/** Charges events that were written to the budgets of their rooms and exams. */
export const chargeEvents = (rates: Pick<RateLimits, "charge">, written: readonly NewEvent[]): void => {
  for (let at = 0; at < written.length; ) {
    const first = written[at];
    if (!first) return;
    const { examId, roomId } = first;
    let ofExam = 0;
    let ofRoomOnly = 0;
    // The events of a call are mostly of one room.
    for (let event = written[at]; event?.roomId === roomId && event.examId === examId; event = written[at]) {
      if (CHARGED.has(event.type)) ofExam += 1;
      else if (event.type === CHARGED_TO_ROOM) ofRoomOnly += 1;
      at += 1;
    }
    if (ofExam > 0) rates.charge({ examId }, { events: ofExam });
    // An event of a whole exam has no room.
    if (roomId !== "" && ofExam + ofRoomOnly > 0) rates.charge({ roomId }, { events: ofExam + ofRoomOnly });
  }
};
