import type { OnRoomEventInput } from "@invigil/schema";
import type { Named } from "../../domain/calls.js";
import { WHOLE_EXAM } from "../../domain/events.js";
import { loginOf } from "../../domain/messages.js";
import type { Principal } from "../../identity/tokens.js";
import { roomNotFound } from "../../platform/errors.js";
import type { AccessibleRooms, AccessService } from "../access/service.js";
import type { DeliveredExamEvent, DeliveredRoomEvent, LoggedEvent } from "./delivered-events.js";
import type { Subscription } from "./event-dispatcher.js";
import type { QueuedEvent } from "./event-queue.js";
import type { SubscriptionStore } from "./store.js";
import { isDeliverable, isVisibleTo, needsOpenRoom, visibleSnapshot } from "./visibility.js";

/** The room or the exam that a subscription follows. */
export interface SubscriptionTarget<Delivered> {
  readonly scope: Subscription["scope"];
  /** The room or the exam whose access `checkAccess` checks. */
  readonly named: Named;
  readonly mayDeliver: Subscription["mayDeliver"];
  /** @throws InvigilError if the caller may not subscribe any more */
  readonly checkAccess: (caller: Principal) => Promise<void>;
  /**
   * Returns what the subscriber receives of an event, if anything. `needsRecheck` is true if the event may have changed their access.
   * The target itself calls `recheckAccess` when it needs the result before it can decide.
   */
  readonly deliver: (
    entry: QueuedEvent,
    recheckAccess: () => Promise<void>,
  ) => Promise<{ readonly deliverable?: Delivered | undefined; readonly needsRecheck?: boolean }>;
  /**
   * Returns those of the latest events that the subscriber still receives although their access has ended: the events up to the one that
   * ended it. Returns none if no event ended it. `deliver` calls no `recheckAccess` for them.
   */
  readonly lastEvents: (latest: readonly LoggedEvent[]) => Promise<readonly LoggedEvent[]>;
  /** Makes a gap event: a snapshot that replaces all earlier events. */
  readonly createGap: () => Promise<{ readonly lastEventId: number; readonly deliverable: Delivered }>;
  /** Called when the subscription begins. Returns a function that is called when it ends. @throws InvigilError to refuse it */
  readonly onStart: () => () => void;
}

interface TargetDeps {
  readonly store: SubscriptionStore;
  readonly access: AccessService;
  readonly clock: () => Date;
}

/** Whether an event has one of these types and is about the caller. */
const isAboutCaller = (
  { userId }: Principal,
  event: LoggedEvent,
  ...types: readonly LoggedEvent["type"][]
): boolean => types.includes(event.type) && "userId" in event.data && event.data.userId === userId;

/** A room, as one of the caller's pages sees it. */
export const roomTarget = (
  caller: Principal,
  { examId, roomId, camera }: Pick<OnRoomEventInput, "roomId" | "camera"> & { readonly examId: string },
  { store, access, clock }: TargetDeps,
): Omit<SubscriptionTarget<DeliveredRoomEvent>, "onStart"> => {
  const login = loginOf(caller.userId, camera);
  return {
    scope: { examId, roomId },
    named: { roomId },
    mayDeliver: (entry) => isVisibleTo(caller, entry),
    checkAccess: async (current) => void (await access.room(current, roomId)),
    async lastEvents(latest) {
      const removal = latest.findIndex((event) => isAboutCaller(caller, event, "participant_removed"));
      if (removal >= 0) return latest.slice(0, removal + 1);
      return (await store.room({ examId, roomId })) ? [] : latest;
    },
    async deliver(entry) {
      if (!isVisibleTo(caller, entry)) return {};
      if (needsOpenRoom(caller, entry)) {
        const room = await store.room({ examId, roomId });
        if (room?.status !== "in_progress") return {};
      }
      const loaded = await entry.load();
      return {
        ...(loaded && isDeliverable(caller, login, loaded) && { deliverable: loaded }),
        needsRecheck: isAboutCaller(caller, entry.event, "participant_removed"),
      };
    },
    async createGap() {
      const snapshot = await store.roomSnapshot({ examId, roomId });
      if (!snapshot) throw roomNotFound(roomId);
      const { lastEventId: id } = snapshot;
      return {
        lastEventId: Number(id),
        deliverable: { type: "gap", id, roomId, time: clock(), snapshot: visibleSnapshot(caller, snapshot) },
      };
    },
  };
};

/** The rooms of an exam that the caller can access. The set of rooms may change during the subscription. */
export const examTarget = (
  caller: Principal,
  examId: string,
  { store, access, clock }: TargetDeps,
): Omit<SubscriptionTarget<DeliveredExamEvent>, "onStart"> => {
  const login = loginOf(caller.userId, "main");
  let rooms: ReadonlySet<string> = new Set();
  /** Whether the caller can access all rooms of the exam. */
  let hasAllRooms = false;
  // Ids of events that may change which rooms the caller can access.
  /** The last one that was offered to the queue. */
  let lastOffered = 0;
  /** The last one that was taken from the queue. */
  let lastTaken = 0;
  /** The last one that `rooms` reflects. */
  let lastChecked = 0;

  /** Whether an event is of one of the rooms, or about the whole exam. */
  const isOfAny = (own: ReadonlySet<string>, { roomId }: LoggedEvent): boolean =>
    roomId === WHOLE_EXAM ? hasAllRooms || own.size > 0 : own.has(roomId);
  const changesRooms = (event: LoggedEvent): boolean =>
    event.examId === examId &&
    (event.type === "room_created" ||
      isAboutCaller(caller, event, "participant_added", "participant_removed"));

  const updateRooms = async (current: Principal): Promise<AccessibleRooms> => {
    const checked = lastTaken;
    const { rooms: accessible } = await access.exam(current, examId);
    hasAllRooms = accessible === "all";
    rooms = new Set(accessible === "all" ? await store.roomsOfExam(examId) : accessible);
    lastChecked = checked;
    return accessible;
  };

  return {
    scope: { examId },
    named: { examId },
    mayDeliver({ event }) {
      if (changesRooms(event)) lastOffered = event.id;
      // After an event that may change `rooms`, `deliver` decides, because it has the updated set.
      return isOfAny(rooms, event) || (event.examId === examId && lastOffered > lastChecked);
    },
    checkAccess: async (current) => void (await updateRooms(current)),
    async lastEvents(latest) {
      if (hasAllRooms) rooms = new Set([...rooms, ...latest.map(({ roomId }) => roomId)]);
      const left = new Set(rooms);
      const received = latest.filter((event) => {
        const hadRoom = isOfAny(left, event);
        if (isAboutCaller(caller, event, "participant_removed")) left.delete(event.roomId);
        return hadRoom;
      });
      const isDeleted = (await store.roomsOfExam(examId)).length === 0;
      return left.size === 0 || isDeleted ? received : [];
    },
    async deliver(entry, recheckAccess) {
      const { event, load } = entry;
      const hadRoom = isOfAny(rooms, event);
      const mayChangeRooms = changesRooms(event);
      if (mayChangeRooms) lastTaken = event.id;
      // A person who is removed from a room receives that event as the last one of the room, so the recheck follows it.
      if (mayChangeRooms && !hadRoom) await recheckAccess();
      if ((!hadRoom && !isOfAny(rooms, event)) || !isVisibleTo(caller, entry)) return {};
      const loaded = await load();
      return {
        ...(loaded && isDeliverable(caller, login, loaded) && { deliverable: loaded }),
        needsRecheck: mayChangeRooms && hadRoom,
      };
    },
    async createGap() {
      const snapshot = await store.examSnapshot(examId, await updateRooms(caller));
      const { lastEventId: id } = snapshot;
      return { lastEventId: Number(id), deliverable: { type: "gap", id, examId, time: clock(), snapshot } };
    },
  };
};
