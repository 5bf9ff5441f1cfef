import {
  type Caller,
  type EventRecords,
  type EventType,
  type EventTypeSeenBy,
  events,
  isOver,
  type ListedEvent,
  type ListedEventType,
  type Member,
  type ParticipantRole,
  type RoomSnapshot,
} from "@invigil/schema";
import { z } from "zod";
import { handFor } from "../../domain/hands.js";
import { loginOf } from "../../domain/messages.js";
import type { DeliveredEvent, Logged, LoggedEvent, QueuedEvent } from "./events.js";

/** What an event declares. Undefined if a later version of the server has written it, and declares it. */
export const declarationOf = ({ type }: LoggedEvent): (typeof events)[EventType] | undefined => events[type];

/** The log is JSON, which has no times. */
const readField = (schema: z.ZodType, value: unknown): unknown =>
  typeof value === "string" &&
  (schema instanceof z.ZodOptional ? schema.unwrap() : schema) instanceof z.ZodDate
    ? new Date(value)
    : value;

/** The fields of an event that the log holds. Subscribers receive them. */
export const payloadOf = (
  { type, id, roomId, data, createdAt: time }: LoggedEvent,
  { payload }: (typeof events)[EventType],
): Record<string, unknown> => {
  const told: Record<string, unknown> = { type, id: String(id), roomId, time };
  // Safe: the log holds what its event declares.
  for (const name in payload) {
    const value = (data as Readonly<Record<string, unknown>>)[name];
    if (value !== undefined) told[name] = readField(payload[name as keyof typeof payload], value);
  }
  return told;
};

/** What subscribers receive of an event for which nothing is looked up. */
export const toListedEvent = (event: Logged<ListedEventType>): ListedEvent =>
  // Safe: these are the fields that the event declares.
  payloadOf(event, events[event.type]) as unknown as ListedEvent;

// Which events a subscriber receives. The access service decides who may subscribe.

/** Examinees see themselves and the room's staff, but no other examinees. */
const canSeePerson = (caller: Caller, person: { userId: string; role: ParticipantRole }): boolean =>
  caller.role !== "examinee" || person.role !== "examinee" || person.userId === caller.userId;

/**
 * Whether the caller may receive an event. Two audiences depend on more than the log holds: `needsOpenRoom` and `isDeliverable` say the
 * rest.
 */
export const isVisibleTo = (
  caller: Caller,
  { event, seenBy }: Pick<QueuedEvent, "event" | "seenBy">,
): boolean => {
  switch (seenBy) {
    case undefined:
      return false;
    case "staff":
      return caller.role !== "examinee";
    case "concerned":
      // Safe: the audience is that of the event's type.
      return canSeePerson(caller, event.data as EventRecords[EventTypeSeenBy<"concerned">]);
    case "everybody":
    case "whileInProgress":
    case "readers":
      return true;
  }
};

/** Whether the caller receives an event only while its room is in progress, which may have ended since the event was logged. */
export const needsOpenRoom = (caller: Caller, { seenBy }: Pick<QueuedEvent, "seenBy">): boolean =>
  caller.role === "examinee" && seenBy === "whileInProgress";

/**
 * Whether one of the caller's pages receives a loaded event. A message with recipients is for them and its sender. Staff also receive
 * every message that a person sends in their room.
 */
export const isDeliverable = (caller: Caller, login: string, event: DeliveredEvent): boolean => {
  if (event.type !== "message" || !event.message.to) return true;
  const { sender, to } = event.message;
  if (caller.role !== "examinee" && sender.role !== "server") return true;
  return to.includes(login) || (sender.role !== "server" && loginOf(sender.userId, sender.camera) === login);
};

/** Returns what the caller receives of a loaded event. Examinees receive a part of a hand. */
export const eventFor = (caller: Caller, event: DeliveredEvent): DeliveredEvent =>
  event.type === "hand_changed" && caller.role === "examinee"
    ? { ...event, hand: handFor(caller, event.hand) }
    : event;

/** Examinees do not see what staff found of their identity. */
const memberFor = (caller: Caller, member: Member): Member => {
  if (caller.role !== "examinee") return member;
  const { identity: _, ...visible } = member;
  return visible;
};

/** Whether the caller receives the cheat config. Examinees need it only while the room is in progress. */
const canSeeConfig = (caller: Caller, { room, members }: Pick<RoomSnapshot, "room" | "members">): boolean => {
  if (caller.role !== "examinee") return true;
  const attempt = members.find(({ userId }) => userId === caller.userId)?.attempt;
  return room.status === "in_progress" && !(attempt && isOver(attempt));
};

/** Returns the part of a snapshot that the caller may see. */
export const visibleSnapshot = (
  caller: Caller,
  { cheatConfig, talks, ...snapshot }: RoomSnapshot,
): RoomSnapshot => ({
  ...snapshot,
  ...(talks && { talks: talks.filter(({ userId }) => canSeePerson(caller, { userId, role: "examinee" })) }),
  ...(cheatConfig && canSeeConfig(caller, snapshot) && { cheatConfig }),
  members: snapshot.members
    .filter((member) => canSeePerson(caller, member))
    .map((member) => memberFor(caller, member)),
  presence: snapshot.presence.filter((page) => canSeePerson(caller, page)),
  // The hands are those of examinees.
  hands: snapshot.hands.flatMap((hand) =>
    canSeePerson(caller, { userId: hand.userId, role: "examinee" }) ? handFor(caller, hand) : [],
  ),
});
