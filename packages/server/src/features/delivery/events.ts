import type {
  Audience,
  Camera,
  EventRecords,
  EventType,
  ExamEvent,
  PeopleEvent,
  Role,
  RoomEvent,
} from "@invigil/schema";
import type { EventRow } from "./store.js";

/** A message with its text exactly as it was sent: a JSON text, byte for byte. */
export interface DeliveredMessage {
  readonly id: number;
  readonly roomId: string;
  readonly type: number;
  readonly text: string;
  readonly sender: { readonly userId: string; readonly role: Role | "server"; readonly camera: Camera };
  /** The logins of the recipients. Empty for the room's staff, absent for everybody in the room. */
  readonly to?: readonly string[];
  readonly time: Date;
}

export interface DeliveredMessageEvent {
  readonly type: "message";
  readonly id: string;
  readonly roomId: string;
  readonly time: Date;
  readonly message: DeliveredMessage;
}

/** An event of a room as the schema defines it, except that a message still has its text. */
export type DeliveredRoomEvent = Exclude<RoomEvent, { type: "message" }> | DeliveredMessageEvent;
/** An event of an exam as the schema defines it, except that a message still has its text. */
export type DeliveredExamEvent = Exclude<ExamEvent, { type: "message" }> | DeliveredMessageEvent;
/** An event of the people of an exam as the schema defines it. */
export type DeliveredPeopleEvent = PeopleEvent;
/** An event from the log, as subscribers of both rooms and exams receive it. */
export type DeliveredEvent = Exclude<DeliveredRoomEvent, { type: "gap" }>;

/** An event in the log, with the data of its type. */
export type LoggedEvent = {
  [Type in EventType]: Omit<EventRow, "type" | "data"> & {
    readonly type: Type;
    readonly data: EventRecords[Type];
  };
}[EventType];
export type Logged<Type extends EventType> = Extract<LoggedEvent, { type: Type }>;

export interface QueuedEvent {
  readonly event: LoggedEvent;
  /** Looked up once for all subscribers. Undefined if only a later version of the server declares the event. */
  readonly seenBy: Audience | undefined;
  /** Reads what the subscriber receives. All subscribers share one read. */
  readonly load: () => Promise<DeliveredEvent | undefined>;
}
