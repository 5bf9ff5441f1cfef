import type { AudioStatus, Camera, EventType, ParticipantRole, PublishStatus } from "@invigil/schema";
import type { Database } from "../storage/sqlite/client.js";
import { type EventData, roomEvents } from "../storage/tables.js";
import type { Arrived } from "./inserts.js";

// What other stores write beside their own changes: an event is there if and only if what it reports was done.

type Person = { readonly userId: string; readonly role: ParticipantRole };
type Known = Person & { readonly name: string; readonly extraMinutes: number };
type Connection = Person & { readonly camera: Camera };
type Nothing = Readonly<Record<string, never>>;

/** What each kind of event says in the log. What is large or changes (a room, a config, records, a message) is read when it is told. */
export interface EventDataOf {
  readonly room_created: Nothing;
  readonly room_ended: Nothing;
  readonly audio_status_changed: { readonly audioStatus: AudioStatus };
  readonly participant_added: Known;
  readonly participant_updated: Known;
  readonly participant_removed: Person;
  readonly participant_entered: Connection;
  readonly participant_left: Connection;
  readonly devices_changed: Connection & { readonly devices: number };
  readonly publish_status_changed: {
    readonly userId: string;
    readonly camera: Camera;
    readonly status: PublishStatus;
    /** Of the person: an examinee is told of nobody who is one. */
    readonly role: ParticipantRole;
  };
  readonly cheat_config_changed: Nothing;
  /** The ids of the first and the last record; those between are theirs, too. */
  readonly cheat_records_added: { readonly from: number; readonly to: number };
  readonly message: { readonly messageId: number };
}

export interface EventWriter {
  /** Adds to a room's log. Belongs into the transaction of what it reports. */
  add<Type extends EventType>(roomId: string, type: Type, data: EventDataOf[Type], now: Date): void;
}

/** Tells a room that somebody came, and of its cameras what is not to be expected of a newcomer's. */
export const tellOfArrival = (
  events: EventWriter,
  roomId: string,
  { publishStatus, ...person }: Arrived,
  now: Date,
): void => {
  events.add(roomId, "participant_added", person, now);
  const { userId, role } = person;
  for (const camera of ["main", "pc"] as const) {
    const status = publishStatus[camera];
    if (status !== "idle")
      events.add(roomId, "publish_status_changed", { userId, role, camera, status }, now);
  }
};

/** @param added told after the transaction that there may be something new */
export const createEventWriter = ({
  db,
  added,
}: {
  db: Pick<Database, "inserter" | "afterCommit">;
  added: () => void;
}): EventWriter => {
  const insert = db.inserter(roomEvents);
  return {
    add(roomId, type, data: EventData, createdAt) {
      insert({ roomId, type, data, createdAt });
      db.afterCommit(added);
    },
  };
};
