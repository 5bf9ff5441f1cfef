import type { Caller, ParticipantRole, Room, RoomSnapshot } from "@invigil/schema";
import { loginOf } from "../../domain/messages.js";
import type { DeliveredEvent, LoggedEvent } from "./delivered-events.js";

// Which events a subscriber receives. The access service decides who may subscribe.

/** Examinees see themselves and the room's staff, but no other examinees. */
const canSeePerson = (caller: Caller, person: { userId: string; role: ParticipantRole }): boolean =>
  caller.role !== "examinee" || person.role !== "examinee" || person.userId === caller.userId;

/** Whether the caller may receive an event. For messages, `isDeliverable` also checks the recipients, which the log does not hold. */
export const isVisibleTo = (caller: Caller, event: LoggedEvent): boolean => {
  switch (event.type) {
    case "room_created":
    case "cheat_records_added":
      return caller.role !== "examinee";
    case "participant_added":
    case "participant_updated":
    case "participant_removed":
    case "participant_entered":
    case "participant_left":
    case "devices_changed":
    case "publish_status_changed":
      return canSeePerson(caller, event.data);
    case "room_ended":
    case "room_reopened":
    case "audio_status_changed":
    case "cheat_config_changed":
    case "message":
      return true;
  }
};

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

/** Whether the caller receives the cheat config. Examinees need it only while the room is in progress. */
export const canSeeConfig = (caller: Caller, { status }: Pick<Room, "status">): boolean =>
  caller.role !== "examinee" || status === "in_progress";

/** Returns the part of a snapshot that the caller may see. */
export const visibleSnapshot = (
  caller: Caller,
  { cheatConfig, ...snapshot }: RoomSnapshot,
): RoomSnapshot => ({
  ...snapshot,
  ...(cheatConfig && canSeeConfig(caller, snapshot.room) && { cheatConfig }),
  members: snapshot.members.filter((member) => canSeePerson(caller, member)),
  presence: snapshot.presence.filter((page) => canSeePerson(caller, page)),
});
