import {
  type Camera,
  type EventRecords,
  type EventType,
  type ExamEvent,
  events,
  type ListedEvent,
  type ListedEventType,
  type LookedUpFields,
  type PeopleEvent,
  type Role,
  type RoomEvent,
} from "@invigil/schema";
import type { EventRow, MessageRow, SubscriptionStore } from "./store.js";

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
    readonly data: EventRecords[Type];
  };
}[EventType];
/** What an event declares. Undefined if a later version of the server has written it, and declares it. */
export const declarationOf = ({ type }: LoggedEvent): (typeof events)[EventType] | undefined => events[type];
export type Logged<Type extends EventType> = Extract<LoggedEvent, { type: Type }>;

/** How what an event refers to is read. */
interface LookUp<Type extends EventType, Found> {
  /** Returns undefined if it no longer exists. */
  readonly read: (store: SubscriptionStore, event: Logged<Type>) => Promise<Found | undefined>;
  /** About how many characters it holds. */
  readonly sizeOf: (found: Found) => number;
}
type FoundFor<Type extends EventType> = Type extends "message"
  ? { readonly message: DeliveredMessage }
  : LookedUpFields<Type>;
type LookUps = {
  readonly [Type in EventType as [keyof LookedUpFields<Type>] extends [never] ? never : Type]: LookUp<
    Type,
    FoundFor<Type>
  >;
};

/** About what an event or a record takes besides its texts, in characters. */
const BASE_SIZE = 500;
const lengthOf = (info: unknown): number =>
  typeof info === "string" ? info.length : JSON.stringify(info).length;

const LOOK_UPS: LookUps = {
  room_created: {
    async read(store, event) {
      const room = await store.room(event);
      return room && { room };
    },
    sizeOf: () => 0,
  },
  cheat_config_changed: {
    async read(store, { examId }) {
      const cheatConfig = await store.configOf(examId);
      return cheatConfig && { cheatConfig };
    },
    sizeOf: ({ cheatConfig }) => cheatConfig.data.length,
  },
  cheat_records_added: {
    read: async (store, event) => ({ records: await store.records(event, event.data.from, event.data.to) }),
    sizeOf: ({ records }) => records.reduce((sum, { extraInfo }) => sum + BASE_SIZE + lengthOf(extraInfo), 0),
  },
  message: {
    async read(store, { examId, data }) {
      const row = await store.message(examId, data.messageId);
      return row && { message: toDeliveredMessage(row) };
    },
    sizeOf: ({ message }) => message.text.length,
  },
};
const lookUpOf = (type: EventType) =>
  // Safe: the look-up is the one of the event's type.
  (LOOK_UPS as Partial<Record<EventType, LookUp<EventType, object>>>)[type];

/** About how many characters a loaded event takes. */
export const sizeOf = (event: DeliveredEvent | undefined): number =>
  BASE_SIZE + (event ? (lookUpOf(event.type)?.sizeOf(event) ?? 0) : 0);

/**
 * Reads what subscribers receive of an event. Undefined if the subject of the event no longer exists. With `roomId`, reads an event about a
 * whole exam as an event of that room. It is undefined if the room had ended before it.
 */
export type EventLoader = (event: LoggedEvent, roomId?: string) => Promise<DeliveredEvent | undefined>;

/** The fields of an event that the log holds. Subscribers receive them. */
const payloadOf = (
  { type, id, roomId, data, createdAt: time }: LoggedEvent,
  { payload }: (typeof events)[EventType],
): Record<string, unknown> => {
  const told: Record<string, unknown> = { type, id: String(id), roomId, time };
  // Safe: the log holds what its event declares.
  for (const name in payload) told[name] = (data as Readonly<Record<string, unknown>>)[name];
  return told;
};

/** What subscribers receive of an event for which nothing is looked up. */
export const toListedEvent = (event: Logged<ListedEventType>): ListedEvent =>
  // Safe: these are the fields that the event declares.
  payloadOf(event, events[event.type]) as unknown as ListedEvent;

const loadLogged = async (
  store: SubscriptionStore,
  event: LoggedEvent,
): Promise<DeliveredEvent | undefined> => {
  const declared = declarationOf(event);
  if (!declared) return undefined;
  const loaded = payloadOf(event, declared);
  const lookUp = lookUpOf(event.type);
  if (lookUp) {
    const found = await lookUp.read(store, event);
    if (!found) return undefined;
    Object.assign(loaded, found);
  }
  // Safe: these are the fields that the event declares.
  return loaded as unknown as DeliveredEvent;
};

/** @param load reads the event of the whole exam for its rooms. Default: for each of them */
export const createEventLoader = (store: SubscriptionStore, load?: EventLoader): EventLoader => {
  const loader: EventLoader = async (event, roomId) => {
    if (roomId === undefined) return loadLogged(store, event);
    if (!(await store.wasInProgress({ examId: event.examId, roomId }, event.id))) return undefined;
    const loaded = await (load ?? loader)(event);
    return loaded && { ...loaded, roomId };
  };
  return loader;
};
