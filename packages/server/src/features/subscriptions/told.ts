import type { Camera, EventType, ExamEvent, Role, RoomEvent } from "@invigil/schema";
import type { EventDataOf } from "../../domain/events.js";
import type { LiveStore, LoggedRow, MessageRow } from "./store.js";

/** A message as it is kept: its text is the JSON text that was sent, byte for byte. */
export interface StoredMessage {
  readonly id: number;
  readonly roomId: string;
  readonly type: number;
  readonly text: string;
  readonly sender: { readonly userId: string; readonly role: Role | "server"; readonly camera: Camera };
  /** The logins that it is for; the room's staff when empty, everybody in the room when absent. */
  readonly to?: readonly string[];
  readonly time: Date;
}

/** Somebody said something. */
export interface ToldMessage {
  readonly type: "message";
  readonly id: string;
  readonly roomId: string;
  readonly time: Date;
  readonly message: StoredMessage;
}

/** What a listener of a room is told: as the schema has it, but for messages, whose text is as it was sent. */
export type ToldRoomEvent = Exclude<RoomEvent, { type: "message" }> | ToldMessage;
/** The same of an exam. */
export type ToldExamEvent = Exclude<ExamEvent, { type: "message" }> | ToldMessage;
/** What happened. */
export type ToldEvent = Exclude<ToldRoomEvent, { type: "gap" }>;

const toStoredMessage = (row: MessageRow): StoredMessage => ({
  id: row.id,
  roomId: row.roomId,
  type: row.type,
  text: row.data,
  sender: { userId: row.senderId, role: row.senderRole, camera: row.senderCamera },
  ...(row.recipients && { to: row.recipients }),
  time: row.createdAt,
});

/** What an event in the log says, by its type. */
export type Logged = {
  [Type in EventType]: Omit<LoggedRow, "type" | "data"> & {
    readonly type: Type;
    readonly data: EventDataOf[Type];
  };
}[EventType];

/** Reads from the row what happened; undefined when what it is about is gone. What is large is read only now. */
export const tell = async (store: LiveStore, event: Logged): Promise<ToldEvent | undefined> => {
  const { roomId } = event;
  const about = { id: String(event.id), roomId, time: event.createdAt };
  switch (event.type) {
    case "room_created": {
      const room = await store.room(roomId);
      return room && { type: event.type, ...about, room };
    }
    case "room_ended":
      return { type: event.type, ...about };
    case "audio_status_changed":
      return { type: event.type, ...about, ...event.data };
    case "participant_added":
    case "participant_updated":
      return { type: event.type, ...about, ...event.data };
    case "participant_removed":
      return { type: event.type, ...about, ...event.data };
    case "participant_entered":
    case "participant_left":
      return { type: event.type, ...about, ...event.data };
    case "devices_changed":
      return { type: event.type, ...about, ...event.data };
    case "publish_status_changed": {
      const { userId, camera, status } = event.data;
      return { type: event.type, ...about, userId, camera, status };
    }
    case "cheat_config_changed": {
      const cheatConfig = await store.configOf(roomId);
      return cheatConfig && { type: event.type, ...about, cheatConfig };
    }
    case "cheat_records_added":
      return {
        type: event.type,
        ...about,
        records: await store.records(roomId, event.data.from, event.data.to),
      };
    case "message": {
      const row = await store.message(event.data.messageId);
      return row && { type: event.type, ...about, message: toStoredMessage(row) };
    }
  }
};
