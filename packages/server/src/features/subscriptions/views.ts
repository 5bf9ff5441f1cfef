import type { Caller, ParticipantRole, Room, RoomSnapshot } from "@invigil/schema";
import { loginOf } from "../../domain/messages.js";
import type { Logged, ToldEvent } from "./told.js";

// Who is told what: the whole rule, beside the access service's, which says who may listen at all.

/** An examinee is told of itself and of those who run and watch the room. */
const knows = (caller: Caller, person: { userId: string; role: ParticipantRole }): boolean =>
  caller.role !== "examinee" || person.role !== "examinee" || person.userId === caller.userId;

/** Whether somebody is told of an event, as far as the log says it: whom a message is for stands in the message. */
export const isFor = (caller: Caller, event: Logged): boolean => {
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
      return knows(caller, event.data);
    case "room_ended":
    case "audio_status_changed":
    case "cheat_config_changed":
    case "message":
      return true;
  }
};

/**
 * Whether a caller's page may read what was told. A message that names whom it is for is theirs and its sender's; staff read
 * everything that people say in their rooms.
 */
export const isForPage = (caller: Caller, login: string, event: ToldEvent): boolean => {
  if (event.type !== "message" || !event.message.to) return true;
  const { sender, to } = event.message;
  if (caller.role !== "examinee" && sender.role !== "server") return true;
  return to.includes(login) || (sender.role !== "server" && loginOf(sender.userId, sender.camera) === login);
};

/** Whether the cheat config is for somebody: examinees of a room that has ended have no use for it. */
export const seesConfig = (caller: Caller, { status }: Pick<Room, "status">): boolean =>
  caller.role !== "examinee" || status === "in_progress";

/** A room as somebody sees it. */
export const seenBy = (caller: Caller, { cheatConfig, ...snapshot }: RoomSnapshot): RoomSnapshot => ({
  ...snapshot,
  ...(cheatConfig && seesConfig(caller, snapshot.room) && { cheatConfig }),
  members: snapshot.members.filter((member) => knows(caller, member)),
  presence: snapshot.presence.filter((page) => knows(caller, page)),
});
