import type { AudioStatus, Camera, EventType, ParticipantRole, PublishStatus } from "@invigil/schema";
import type { Transaction } from "../storage/port.js";
import { insertion } from "../storage/statement.js";
import { type EventData, roomEvents } from "../storage/tables.js";
import type { Arrival } from "./people.js";

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

/** Adds events to the logs of rooms, in the transaction of what they report: an event exists if and only if its change does. */
export interface EventLog {
  add<Type extends EventType>(
    tx: Transaction,
    roomId: string,
    type: Type,
    data: EventDataOf[Type],
    now: Date,
  ): Promise<void>;
  /** The same for several events at once, in their order. */
  addAll(tx: Transaction, events: readonly NewEvent[]): Promise<void>;
}

export interface NewEvent {
  readonly roomId: string;
  readonly type: EventType;
  readonly data: EventData;
  readonly createdAt: Date;
}

/** An event as `EventLog.addAll` takes it, with its data checked against its type. */
export const newEvent = <Type extends EventType>(
  roomId: string,
  type: Type,
  data: EventDataOf[Type],
  createdAt: Date,
): NewEvent => ({ roomId, type, data, createdAt });

/** The events of an arrival: the person, and the status of each camera that is not idle, as a newcomer's would be. */
export const arrivalEvents = (
  roomId: string,
  { publishStatus, ...person }: Arrival,
  now: Date,
): NewEvent[] => {
  const { userId, role } = person;
  const statuses = (["main", "pc"] as const).flatMap((camera) => {
    const status = publishStatus[camera];
    if (status === "idle") return [];
    return newEvent(roomId, "publish_status_changed", { userId, role, camera, status }, now);
  });
  return [newEvent(roomId, "participant_added", person, now), ...statuses];
};

const insertEvent = insertion(roomEvents);

/** @param added called after a commit that added events */
export const createEventLog = ({ added }: { added: () => void }): EventLog => {
  const addAll: EventLog["addAll"] = async (tx, events) => {
    if (events.length === 0) return;
    await tx.insert(insertEvent, events);
    tx.afterCommit(added);
  };
  return {
    addAll,
    add: (tx, roomId, type, data, now) => addAll(tx, [newEvent(roomId, type, data, now)]),
  };
};
