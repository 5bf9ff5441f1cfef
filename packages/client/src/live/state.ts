import { type ChangedParts, type EventType, isOver } from "@invigil/schema";
import type { ExamEvent, ExamSnapshot, Presence, Room, RoomEvent, RoomSnapshot } from "../procedures.js";
import { createFactReducers } from "./person-facts.js";

// How events change the client's state. Each declares which parts it changes (packages/schema/src/events.ts): what is missing here, or
// changes another part, does not compile.

type EventOf<Type extends EventType> = Extract<RoomEvent, { type: Type }>;
type Reducers<Of extends "room" | "exam", State> = {
  readonly [Type in EventType as [ChangedParts<Type, Of>] extends [never] ? never : Type]: (
    state: State,
    event: EventOf<Type>,
  ) => Pick<State, ChangedParts<Type, Of> & keyof State>;
};

/** Replaces the matching item of a list, or appends the item if there is none. */
const replaceOrAppend = <Item>(items: readonly Item[], isIt: (item: Item) => boolean, item: Item): Item[] =>
  items.some(isIt) ? items.map((other) => (isIt(other) ? item : other)) : [...items, item];

const inRoom = ({ room }: RoomSnapshot, { time }: EventOf<EventType>, change: Partial<Room>) => ({
  room: { ...room, ...change, updatedAt: time },
});
const inRooms = ({ rooms }: ExamSnapshot, { roomId, time }: EventOf<EventType>, change: Partial<Room>) => ({
  rooms: rooms.map((room) => (room.id === roomId ? { ...room, ...change, updatedAt: time } : room)),
});

const setMember = (
  { members }: RoomSnapshot,
  { userId, role, name, extraMinutes }: EventOf<"participant_added" | "participant_updated">,
) => {
  const known = members.find((other) => other.userId === userId);
  const { publishStatus = { main: "idle", pc: "idle" }, ...found } = known ?? {};
  const now = { ...found, userId, role, name, extraMinutes, publishStatus };
  return { members: replaceOrAppend(members, (other) => other === known, now) };
};

const factReducers = createFactReducers(({ members }: RoomSnapshot, { userId }, facts) => ({
  members: members.map((member) => (member.userId === userId ? { ...member, ...facts } : member)),
}));

type Page = Pick<Presence, "userId" | "camera">;
const isPage = (one: Page, other: Page): boolean =>
  one.userId === other.userId && one.camera === other.camera;

const ofRoom: Reducers<"room", RoomSnapshot> = {
  room_changed: (_, { room }) => ({ room }),
  room_ended: (state, event) => ({ ...inRoom(state, event, { status: "ended" }), hands: [] }),
  room_reopened: (state, event) => inRoom(state, event, { status: "in_progress" }),
  audio_status_changed: (state, event) => inRoom(state, event, { audioStatus: event.audioStatus }),
  participant_added: setMember,
  participant_updated: setMember,
  participant_removed: ({ members, presence, hands }, { userId }) => ({
    members: members.filter((member) => member.userId !== userId),
    presence: presence.filter((page) => page.userId !== userId),
    hands: hands.filter((hand) => hand.userId !== userId),
  }),
  hand_changed: ({ hands }, { hand }) => ({
    hands:
      hand.status === "resolved"
        ? hands.filter(({ id }) => id !== hand.id)
        : replaceOrAppend(hands, ({ userId }) => userId === hand.userId, hand),
  }),
  participant_entered({ presence }, { userId, role, camera, time: since }) {
    const entered = { userId, role, camera, since, devices: 1 };
    return { presence: replaceOrAppend(presence, (page) => isPage(page, entered), entered) };
  },
  participant_left: ({ presence }, event) => ({ presence: presence.filter((page) => !isPage(page, event)) }),
  devices_changed: ({ presence }, event) => ({
    presence: presence.map((page) => (isPage(page, event) ? { ...page, devices: event.devices } : page)),
  }),
  publish_status_changed: ({ members }, { userId, camera, status }) => ({
    members: members.map((member) =>
      member.userId === userId
        ? { ...member, publishStatus: { ...member.publishStatus, [camera]: status } }
        : member,
    ),
  }),
  ...factReducers,
  attempt_changed: (state, event) => ({
    hands: isOver(event) ? state.hands.filter(({ userId }) => userId !== event.userId) : state.hands,
    ...factReducers.attempt_changed(state, event),
  }),
  talk_changed({ talks = [] }, { userId, by, isTalking, time: since }) {
    const others = talks.filter((talk) => talk.userId !== userId);
    return { talks: isTalking ? [...others, { userId, by, since, isHeard: false }] : others };
  },
  talk_heard: ({ talks = [] }, { userId, since, isHeard }) => ({
    talks: talks.map((talk) =>
      talk.userId === userId && talk.since.getTime() === since.getTime() ? { ...talk, isHeard } : talk,
    ),
  }),
  cheat_config_changed: (_, { cheatConfig }) => ({ cheatConfig }),
};

export const ofExam: Reducers<"exam", ExamSnapshot> = {
  room_created: ({ rooms }, { room }) => ({
    rooms: replaceOrAppend(rooms, ({ id }) => id === room.id, room),
  }),
  room_changed: ({ rooms }, { room }) => ({
    rooms: rooms.map((other) => (other.id === room.id ? room : other)),
  }),
  room_deleted: ({ rooms }, { roomId }) => ({ rooms: rooms.filter(({ id }) => id !== roomId) }),
  room_ended: (state, event) => inRooms(state, event, { status: "ended" }),
  room_reopened: (state, event) => inRooms(state, event, { status: "in_progress" }),
  audio_status_changed: (state, event) => inRooms(state, event, { audioStatus: event.audioStatus }),
};

/** An event of a type that has no reducer changes nothing. A newer server may have declared it. */
export const applyEvent = <State, Event extends { readonly type: string; readonly id: string }>(
  reducers: object,
  state: State,
  event: Event,
): State => {
  // Safe: each reducer takes the events of its type.
  const reduce = (reducers as Partial<Record<string, (state: State, event: Event) => Partial<State>>>)[
    event.type
  ];
  return { ...state, ...reduce?.(state, event), lastEventId: event.id };
};

/** The state of a room after an event. */
export const applyRoomEvent = (state: RoomSnapshot, event: RoomEvent): RoomSnapshot =>
  event.type === "gap" ? event.snapshot : applyEvent(ofRoom, state, event);

/** The state of an exam's rooms after an event. */
export const applyExamEvent = (state: ExamSnapshot, event: ExamEvent): ExamSnapshot =>
  event.type === "gap" ? event.snapshot : applyEvent(ofExam, state, event);
