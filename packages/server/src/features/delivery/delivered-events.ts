import type { EventType, LookedUpFields } from "@invigil/schema";
import { WHOLE_EXAM } from "../../domain/events.js";
import type { RoomKey } from "../../domain/room-exams.js";
import type { DeliveredEvent, DeliveredMessage, Logged, LoggedEvent, QueuedEvent } from "./events.js";
import { declarationOf, payloadOf } from "./rules.js";
import type { DeliveryStore, MessageRow } from "./store.js";

const toDeliveredMessage = (row: MessageRow): DeliveredMessage => ({
  id: row.id,
  roomId: row.roomId,
  type: row.type,
  text: row.data,
  sender: { userId: row.senderId, role: row.senderRole, camera: row.senderCamera },
  ...(row.recipients && { to: row.recipients }),
  time: row.createdAt,
});

/** How what an event refers to is read. */
interface LookUp<Type extends EventType, Found> {
  /** Returns undefined if it no longer exists. */
  readonly read: (store: DeliveryStore, event: Logged<Type>) => Promise<Found | undefined>;
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

const roomLookUp = {
  async read(store: DeliveryStore, event: RoomKey) {
    const room = await store.room(event);
    return room && { room };
  },
  sizeOf: () => 0,
};
const LOOK_UPS: LookUps = {
  room_created: roomLookUp,
  room_changed: roomLookUp,
  cheat_config_changed: {
    async read(store, { examId }) {
      const cheatConfig = await store.configOf(examId);
      return cheatConfig && { cheatConfig };
    },
    sizeOf: ({ cheatConfig }) => cheatConfig.data.length,
  },
  hand_changed: {
    async read(store, { examId, data }) {
      const hand = await store.hand(examId, data.handId);
      return hand && { hand };
    },
    sizeOf: ({ hand }) => (hand.text?.length ?? 0) + (hand.note?.length ?? 0),
  },
  cheat_records_added: {
    read: async (store, event) => ({ records: await store.records(event, event.data.from, event.data.to) }),
    sizeOf: ({ records }) => records.reduce((sum, { extraInfo }) => sum + BASE_SIZE + lengthOf(extraInfo), 0),
  },
  entries_added: {
    read: async (store, event) => ({ entries: await store.entries(event, event.data.from, event.data.to) }),
    sizeOf: ({ entries }) => entries.length * BASE_SIZE,
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

const loadLogged = async (store: DeliveryStore, event: LoggedEvent): Promise<DeliveredEvent | undefined> => {
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
export const createEventLoader = (store: DeliveryStore, load?: EventLoader): EventLoader => {
  const loader: EventLoader = async (event, roomId) => {
    if (roomId === undefined) return loadLogged(store, event);
    if (!(await store.wasInProgress({ examId: event.examId, roomId }, event.id))) return undefined;
    const loaded = await (load ?? loader)(event);
    return loaded && { ...loaded, roomId };
  };
  return loader;
};

/** Makes the entry of an event for the subscribers of its exam, or of one room. They receive an event about the whole exam as its own. */
export const entryOf = (event: LoggedEvent, load: EventLoader, roomId?: string): QueuedEvent => {
  const seenBy = declarationOf(event)?.seenBy;
  return event.roomId === WHOLE_EXAM && roomId !== undefined
    ? { event: { ...event, roomId }, seenBy, load: () => load(event, roomId) }
    : { event, seenBy, load: () => load(event) };
};
