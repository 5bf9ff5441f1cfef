import type { ExamEvent, ExamSnapshot, Member, RoomEvent, RoomSnapshot } from "../procedures.js";

/** Replaces the matching item of a list, or appends the item if there is none. */
const replaceOrAppend = <Item>(items: readonly Item[], isIt: (item: Item) => boolean, item: Item): Item[] =>
  items.some(isIt) ? items.map((other) => (isIt(other) ? item : other)) : [...items, item];

/** The state of a room after an event. */
export const applyRoomEvent = (state: RoomSnapshot, event: RoomEvent): RoomSnapshot => {
  if (event.type === "gap") return event.snapshot;
  const { room, members, presence } = state;
  const next = { ...state, lastEventId: event.id };
  const member = (change: (member: Member) => Member, { userId }: { userId: string }) =>
    members.map((other) => (other.userId === userId ? change(other) : other));
  switch (event.type) {
    case "room_ended":
      return { ...next, room: { ...room, status: "ended", updatedAt: event.time } };
    case "room_reopened":
      return { ...next, room: { ...room, status: "in_progress", updatedAt: event.time } };
    case "audio_status_changed":
      return { ...next, room: { ...room, audioStatus: event.audioStatus, updatedAt: event.time } };
    case "participant_added":
    case "participant_updated": {
      const { userId, role, name, extraMinutes } = event;
      const known = members.find((other) => other.userId === userId);
      const { publishStatus = { main: "idle", pc: "idle" } } = known ?? {};
      const now = { userId, role, name, extraMinutes, publishStatus };
      return { ...next, members: replaceOrAppend(members, (other) => other === known, now) };
    }
    case "participant_removed":
      return {
        ...next,
        members: members.filter(({ userId }) => userId !== event.userId),
        presence: presence.filter(({ userId }) => userId !== event.userId),
      };
    case "participant_entered": {
      const { userId, role, camera, time: since } = event;
      const isIt = (page: { userId: string; camera: string }) =>
        page.userId === userId && page.camera === camera;
      return {
        ...next,
        presence: replaceOrAppend(presence, isIt, { userId, role, camera, since, devices: 1 }),
      };
    }
    case "devices_changed": {
      const { userId, camera, devices } = event;
      return {
        ...next,
        presence: presence.map((page) =>
          page.userId === userId && page.camera === camera ? { ...page, devices } : page,
        ),
      };
    }
    case "participant_left":
      return {
        ...next,
        presence: presence.filter(({ userId, camera }) => userId !== event.userId || camera !== event.camera),
      };
    case "publish_status_changed":
      return {
        ...next,
        members: member(
          (other) => ({ ...other, publishStatus: { ...other.publishStatus, [event.camera]: event.status } }),
          event,
        ),
      };
    case "cheat_config_changed":
      return { ...next, cheatConfig: event.cheatConfig };
    default:
      return next;
  }
};

/** The state of an exam's rooms after an event. */
export const applyExamEvent = (state: ExamSnapshot, event: ExamEvent): ExamSnapshot => {
  if (event.type === "gap") return event.snapshot;
  const next = { ...state, lastEventId: event.id };
  const room = (change: object) =>
    state.rooms.map((other) =>
      other.id === event.roomId ? { ...other, ...change, updatedAt: event.time } : other,
    );
  switch (event.type) {
    case "room_created":
      return { ...next, rooms: replaceOrAppend(state.rooms, ({ id }) => id === event.roomId, event.room) };
    case "room_ended":
      return { ...next, rooms: room({ status: "ended" }) };
    case "room_reopened":
      return { ...next, rooms: room({ status: "in_progress" }) };
    case "audio_status_changed":
      return { ...next, rooms: room({ audioStatus: event.audioStatus }) };
    default:
      return next;
  }
};
