import type { Camera, EventType, ExamEvent, Role, RoomEvent } from "@invigil/schema";
import type { EventDataOf } from "../../domain/events.js";
import type { EventRow, LiveStore, MessageRow } from "./store.js";

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
/** An event from the log, as subscribers of both rooms and exams receive it. */
export type DeliveredEvent = Exclude<DeliveredRoomEvent, { type: "gap" }>;

const toDeliveredMessage = (row: MessageRow): DeliveredMessage => ({
  id: row.id,
  roomId: row.roomId,
  type: row.type,
  text: row.data,
  sender: { userId: row.senderId, role: row.senderRole, camera: row.senderCamera },
  ...(row.recipients && { to: row.recipients }),
  time: row.createdAt,
});

/** An event in the log, with the data of its type. */
export type LoggedEvent = {
  [Type in EventType]: Omit<EventRow, "type" | "data"> & {
    readonly type: Type;
    readonly data: EventDataOf[Type];
  };
}[EventType];

/**
 * Reads what subscribers receive of an event. Undefined if the subject of the event no longer exists. With `roomId`, reads an event about a
 * whole exam as an event of that room. It is undefined if the room had ended before it.
 */
export type EventLoader = (event: LoggedEvent, roomId?: string) => Promise<DeliveredEvent | undefined>;

const loadLogged = async (store: LiveStore, event: LoggedEvent): Promise<DeliveredEvent | undefined> => {
  const { roomId } = event;
  const common = { id: String(event.id), roomId, time: event.createdAt };
  switch (event.type) {
    case "room_created": {
      const room = await store.room(event);
      return room && { type: event.type, ...common, room };
    }
    case "room_ended":
    case "room_reopened":
      return { type: event.type, ...common };
    case "audio_status_changed":
      return { type: event.type, ...common, ...event.data };
    case "participant_added":
    case "participant_updated":
      return { type: event.type, ...common, ...event.data };
    case "participant_removed":
      return { type: event.type, ...common, ...event.data };
    case "participant_entered":
    case "participant_left":
      return { type: event.type, ...common, ...event.data };
    case "devices_changed":
      return { type: event.type, ...common, ...event.data };
    case "publish_status_changed": {
      const { userId, camera, status } = event.data;
      return { type: event.type, ...common, userId, camera, status };
    }
    case "cheat_config_changed": {
      const cheatConfig = await store.configOf(event.examId);
      return cheatConfig && { type: event.type, ...common, cheatConfig };
    }
    case "cheat_records_added":
      return {
        type: event.type,
        ...common,
        records: await store.records(event, event.data.from, event.data.to),
      };
    case "message": {
      const row = await store.message(event.examId, event.data.messageId);
      return row && { type: event.type, ...common, message: toDeliveredMessage(row) };
    }
  }
};

/** @param load reads the event of the whole exam for its rooms. Default: for each of them */
export const createEventLoader = (store: LiveStore, load?: EventLoader): EventLoader => {
  const loader: EventLoader = async (event, roomId) => {
    if (roomId === undefined) return loadLogged(store, event);
    if (!(await store.wasInProgress({ examId: event.examId, roomId }, event.id))) return undefined;
    const loaded = await (load ?? loader)(event);
    return loaded && { ...loaded, roomId };
  };
  return loader;
};
