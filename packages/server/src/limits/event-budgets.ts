import { events } from "@invigil/schema";
import type { NewEvent } from "../domain/events.js";
import type { RateLimits } from "./rates.js";

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
      const { countsFor } = events[event.type];
      if (countsFor === "examAndRoom") ofExam += 1;
      else if (countsFor === "room") ofRoomOnly += 1;
      at += 1;
    }
    if (ofExam > 0) rates.charge({ examId }, { events: ofExam });
    // An event of a whole exam has no room.
    if (roomId !== "" && ofExam + ofRoomOnly > 0) rates.charge({ roomId }, { events: ofExam + ofRoomOnly });
  }
};
