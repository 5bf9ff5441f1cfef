import type { EventRecords, EventType, EventTypeAbout } from "@invigil/schema";
import { insertion } from "../storage/statement.js";
import { type EventData, roomEvents } from "../storage/tables.js";
import type { ExamTransaction } from "./exam-transaction.js";
import type { RoomKey } from "./room-exams.js";

/** The room of an event about a whole exam. */
export const WHOLE_EXAM = "";
/**
 * The place of an event about a whole exam, however many rooms that has. It is one row of the log. Subscribers of the exam receive it once.
 * Subscribers of a room receive it as an event of their room, unless the room had ended before it. Such an event names no person, because an
 * erasure searches the events of rooms.
 */
export const wholeExam = (examId: string): WholeExam => ({ examId, roomId: WHOLE_EXAM });
export interface WholeExam extends RoomKey {
  readonly roomId: typeof WHOLE_EXAM;
}
/** Where an event may be added. One about a room never becomes one about the whole exam. */
type PlaceOf<Type extends EventType, Place extends RoomKey> =
  Type extends EventTypeAbout<"room"> ? (Place extends WholeExam ? never : Place) : Place;

/** `roomId` is `WHOLE_EXAM` for an event about the whole exam. */
export interface NewEvent extends RoomKey {
  readonly type: EventType;
  readonly data: EventData;
  readonly createdAt: Date;
}

/** Makes an event for `EventLog.addAll`. Its signature checks the data against the type. */
export const newEvent = <Type extends EventType, Place extends RoomKey>(
  { examId, roomId }: PlaceOf<Type, Place>,
  type: Type,
  data: EventRecords[Type],
  createdAt: Date,
): NewEvent => ({ examId, roomId, type, data, createdAt });

const insertEvent = insertion(roomEvents);

/**
 * Adds events to the logs of rooms and exams. The transaction has locked their exams. Events are written in the transaction of their
 * change, so neither exists without the other.
 */
export type EventLog = ReturnType<typeof createEventLog>;

/**
 * @param added called after a commit that added events
 * @param written called with the events of such a commit
 */
export const createEventLog = ({
  added,
  written,
}: {
  readonly added: () => void;
  readonly written?: (events: readonly NewEvent[]) => void;
}) => {
  /** Adds several events in their order. All events of the log pass through this method, so that it can count them. */
  const addAll = async (tx: ExamTransaction, events: readonly NewEvent[]): Promise<void> => {
    if (events.length === 0) return;
    // First, because the transaction may be over when its last statement has its result.
    tx.afterCommit(added);
    if (written) tx.afterCommit(() => written(events));
    await tx.insert(insertEvent, events);
  };
  return {
    addAll,
    add: <Type extends EventType, Place extends RoomKey>(
      tx: ExamTransaction,
      room: PlaceOf<Type, Place>,
      type: Type,
      data: EventRecords[Type],
      now: Date,
    ): Promise<void> => addAll(tx, [newEvent(room, type, data, now)]),
  };
};
