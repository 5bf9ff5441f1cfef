import type { OnRoomEventInput } from "@invigil/schema";
import { WHOLE_EXAM } from "../../domain/events.js";
import { loginOf } from "../../domain/messages.js";
import type { AccessibleRooms, LastingSubject, Opened, Reopen, Rights } from "../../domain/opened.js";
import type { Principal } from "../../identity/tokens.js";
import { InvigilError, roomNotFound } from "../../platform/errors.js";
import {
  declarationOf,
  eventFor,
  isDeliverable,
  isVisibleTo,
  needsOpenRoom,
  visibleSnapshot,
} from "../delivery/rules.js";
import type {
  DeliveredExamEvent,
  DeliveredPeopleEvent,
  DeliveredRoomEvent,
  DeliveryService,
  LoggedEvent,
  QueuedEvent,
  Subscription,
} from "../delivery/service.js";
import type { DetectionListening, Detections } from "./detections.js";
import type { DetectionCount, SubscriptionStore } from "./store.js";

/** The room or the exam that a subscription follows. */
export interface SubscriptionTarget<Delivered, About extends LastingSubject> {
  readonly scope: Subscription["scope"];
  readonly mayDeliver: Subscription["mayDeliver"];
  /** Opens the room or the exam again. Returns what `Reopen` does. @throws InvigilError if the caller may not subscribe any more */
  readonly checkAccess: (reopen: Reopen<About>) => Promise<InvigilError | undefined>;
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
  /**
   * Returns what is due besides the events of the log, if anything. Called when no event waits, so that it is not older than an event that is
   * delivered later.
   * @param lastId the last event that was delivered, or that the subscriber needed not receive
   */
  readonly due?: (lastId: number) => Delivered | undefined;
  /**
   * Called when the subscription begins. Returns a function that is called when it ends.
   * @param wake makes the subscription look whether something is due
   * @throws InvigilError to refuse it
   */
  readonly onStart: (wake: () => void) => () => void;
}

interface TargetDeps {
  readonly store: SubscriptionStore;
  readonly access: Pick<Rights, "look">;
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
  { store, clock }: Omit<TargetDeps, "access">,
): Omit<SubscriptionTarget<DeliveredRoomEvent, "room">, "onStart"> => {
  const login = loginOf(caller.userId, camera);
  return {
    scope: { examId, roomId },
    mayDeliver: (entry) => isVisibleTo(caller, entry),
    async checkAccess(reopen) {
      const room = await reopen("room", { roomId });
      return room instanceof InvigilError ? room : undefined;
    },
    async lastEvents(latest) {
      const removal = latest.findIndex((event) => isAboutCaller(caller, event, "participant_removed"));
      if (removal >= 0) return latest.slice(0, removal + 1);
      return (await store.room({ examId, roomId })) ? [] : latest;
    },
    async deliver(entry) {
      if (!isVisibleTo(caller, entry)) return {};
      if (needsOpenRoom(caller, entry)) {
        if (!(await store.isOpenFor({ examId, roomId, userId: caller.userId }))) return {};
      }
      const loaded = await entry.load();
      return {
        ...(loaded && isDeliverable(caller, login, loaded) && { deliverable: eventFor(caller, loaded) }),
        needsRecheck:
          entry.event.type === "room_deleted" || isAboutCaller(caller, entry.event, "participant_removed"),
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

type AboutExam = "exam" | "roomsToRun";

/** The rooms of an exam that the caller can access. The set of rooms may change during the subscription. */
export const examTarget = <About extends AboutExam>(
  caller: Principal,
  { about, examId }: { readonly about: About; readonly examId: string },
  { store, access, clock }: TargetDeps,
): Omit<SubscriptionTarget<DeliveredExamEvent, AboutExam>, "onStart"> & {
  /** Begins with the rooms that the call has opened. */
  readonly begin: (opened: Opened<About>) => Promise<void>;
  /** Opens the rooms once more, without verifying the token. */
  readonly lookAgain: () => Promise<void>;
  /** Whether the caller can access a room. */
  readonly includes: (roomId: string) => boolean;
  /** Whether an event may change which rooms the caller can access, apart from new rooms of a caller who can access all. */
  readonly changesAccess: (event: LoggedEvent) => boolean;
} => {
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

  /** Whether an event is of one of the rooms, or about the whole exam. A room that was deleted may be missing from the rooms by now. */
  const isOfAny = (own: ReadonlySet<string>, { roomId, type }: LoggedEvent): boolean =>
    roomId === WHOLE_EXAM
      ? hasAllRooms || own.size > 0
      : own.has(roomId) || (type === "room_deleted" && hasAllRooms);
  const changesRooms = (event: LoggedEvent): boolean =>
    event.examId === examId &&
    (event.type === "room_created" ||
      isAboutCaller(caller, event, "participant_added", "participant_removed"));

  /** @param checked the last event that the rooms reflect */
  const setRooms = async (accessible: AccessibleRooms, checked: number): Promise<void> => {
    hasAllRooms = accessible === "all";
    rooms = new Set(accessible === "all" ? await store.roomsOfExam(examId) : accessible);
    lastChecked = checked;
  };
  const lookAgain = async (): Promise<AccessibleRooms> => {
    const checked = lastTaken;
    const { rooms: accessible } = await access.look<AboutExam>(caller, about, { examId });
    await setRooms(accessible, checked);
    return accessible;
  };

  return {
    scope: { examId },
    includes: (roomId) => hasAllRooms || rooms.has(roomId),
    changesAccess: (event) => !hasAllRooms && changesRooms(event),
    mayDeliver({ event }) {
      if (changesRooms(event)) lastOffered = event.id;
      // After an event that may change `rooms`, `deliver` decides, because it has the updated set.
      return isOfAny(rooms, event) || (event.examId === examId && lastOffered > lastChecked);
    },
    begin: ({ rooms: accessible }) => setRooms(accessible, lastTaken),
    lookAgain: async () => void (await lookAgain()),
    async checkAccess(reopen) {
      const checked = lastTaken;
      const exam = await reopen(about, { examId });
      if (exam instanceof InvigilError) return exam;
      await setRooms(exam.rooms, checked);
      return undefined;
    },
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
        ...(loaded && isDeliverable(caller, login, loaded) && { deliverable: eventFor(caller, loaded) }),
        needsRecheck: mayChangeRooms && hadRoom,
      };
    },
    async createGap() {
      const snapshot = await store.examSnapshot(examId, await lookAgain());
      const { lastEventId: id } = snapshot;
      return { lastEventId: Number(id), deliverable: { type: "gap", id, examId, time: clock(), snapshot } };
    },
  };
};

/** The most people of one event about detections. */
const COUNTS_AN_EVENT = 1000;
const isOfPeople = (event: LoggedEvent): boolean => (declarationOf(event)?.changes.people.length ?? 0) > 0;

/** All people of an exam whom the caller may watch. Events that change nothing about them are not queued. */
export const peopleTarget = (
  caller: Principal,
  examId: string,
  deps: TargetDeps & { readonly delivery: Pick<DeliveryService, "newestIdOf"> },
  detections: Detections,
): SubscriptionTarget<DeliveredPeopleEvent, AboutExam> & {
  readonly begin: (opened: Opened<"roomsToRun">) => Promise<void>;
} => {
  const { delivery, clock } = deps;
  const exam = examTarget(caller, { about: "roomsToRun", examId }, deps);
  let listening: DetectionListening | undefined;
  /** The newest numbers that were not delivered yet, by room and person. */
  const counts = new Map<string, DetectionCount>();
  const gapAt = (id: number): DeliveredPeopleEvent => ({
    type: "gap",
    id: String(id),
    examId,
    time: clock(),
  });

  return {
    scope: exam.scope,
    begin: exam.begin,
    checkAccess: exam.checkAccess,
    mayDeliver(entry) {
      listening?.note(entry.event);
      return isOfPeople(entry.event) && exam.mayDeliver(entry);
    },
    lastEvents: async (latest) => (await exam.lastEvents(latest)).filter(isOfPeople),
    async deliver(entry, recheckAccess) {
      if (!isOfPeople(entry.event)) return {};
      const changesPeople = exam.changesAccess(entry.event) && entry.event.type !== "room_created";
      const { deliverable, ...more } = await exam.deliver(entry, recheckAccess);
      if (!deliverable) return more;
      // A caller whose rooms have changed sees other people now.
      if (changesPeople) return { ...more, deliverable: gapAt(entry.event.id) };
      // Safe: these events are the same for subscribers of the exam, who receive others besides.
      return { ...more, deliverable: deliverable as DeliveredPeopleEvent };
    },
    async createGap() {
      // Before the client reads the people again, whom it finds with newer ids.
      const id = await delivery.newestIdOf(examId);
      await exam.lookAgain();
      return { lastEventId: id, deliverable: gapAt(id) };
    },
    due(lastId) {
      if (counts.size === 0) return undefined;
      const some = [...counts].slice(0, COUNTS_AN_EVENT);
      for (const [key] of some) counts.delete(key);
      const people = some.map(([, count]) => count).filter(({ roomId }) => exam.includes(roomId));
      if (people.length === 0) return undefined;
      return { type: "detections_counted", id: String(lastId), examId, time: clock(), people };
    },
    onStart(wake) {
      const own = detections.listen(examId, (told) => {
        for (const count of told) counts.set(JSON.stringify([count.roomId, count.userId]), count);
        wake();
      });
      listening = own;
      return () => own.end();
    },
  };
};
