import type {
  Caller,
  Camera,
  ExamEvent,
  ExamSnapshot,
  JsonValue,
  OnRoomEventInput,
  PeopleEvent,
  Role,
  RoomEvent,
  RoomSnapshot,
} from "@invigil/schema";
import type { FastifyBaseLogger } from "fastify";
import type { AccessLog } from "../../domain/access-log.js";
import { ENDED, type Target } from "../../domain/audit.js";
import type { Opened, Rights } from "../../domain/opened.js";
import type { Principal } from "../../identity/tokens.js";
import type { RateLimits } from "../../limits/rates.js";
import { InvigilError, roomNotFound } from "../../platform/errors.js";
import { rowsIn } from "../../platform/rows.js";
import { shareAnswer } from "../../platform/serialize.js";
import { visibleSnapshot } from "../delivery/rules.js";
import type {
  DeliveredExamEvent,
  DeliveredMessageEvent,
  DeliveredPeopleEvent,
  DeliveredRoomEvent,
  DeliveryService,
} from "../delivery/service.js";
import { createDetections } from "./detections.js";
import type { SubscriptionLimits, SubscriptionRequest } from "./limits.js";
import type { SubscriptionStore } from "./store.js";
import { type Subscriber, type SubscriptionMeters, subscribe } from "./subscription.js";
import { examTarget, peopleTarget, roomTarget } from "./targets.js";

export type { Subscriber };

export interface SubscriptionServiceDeps {
  readonly store: SubscriptionStore;
  readonly delivery: DeliveryService;
  readonly access: Pick<Rights, "look">;
  /** Records which pages are connected to rooms. */
  readonly presence: {
    connect(page: { examId: string; roomId: string; userId: string; role: Role; camera: Camera }): () => void;
  };
  /** Keeps when staff begin and end to listen. */
  readonly accessLog?: AccessLog;
  readonly limits: SubscriptionLimits;
  readonly rates: Pick<RateLimits, "charge">;
  readonly clock: () => Date;
  /** A monotonic clock in milliseconds. */
  readonly monotonic: () => number;
  readonly meters?: SubscriptionMeters | undefined;
  readonly log: FastifyBaseLogger;
}

const toMessageEvent = ({ message: { text, to, ...message }, ...event }: DeliveredMessageEvent) => ({
  ...event,
  // Safe: the text was checked to be JSON before it was stored.
  message: { ...message, data: JSON.parse(text) as JsonValue, ...(to && to.length > 0 && { to: [...to] }) },
});
type MessageEvent = ReturnType<typeof toMessageEvent>;

/** Converts delivered events to the events of the API. Subscribers share the result for an event. */
const createEventPresenter = () => {
  const known = new WeakMap<DeliveredMessageEvent, MessageEvent>();
  const messageEventOf = (event: DeliveredMessageEvent): MessageEvent => {
    const converted = known.get(event) ?? toMessageEvent(event);
    known.set(event, shareAnswer(converted));
    return converted;
  };
  return {
    room: (event: DeliveredRoomEvent): RoomEvent =>
      event.type === "message" ? messageEventOf(event) : event.type === "gap" ? event : shareAnswer(event),
    exam: (event: DeliveredExamEvent): ExamEvent =>
      event.type === "message" ? messageEventOf(event) : event.type === "gap" ? event : shareAnswer(event),
    people: (event: DeliveredPeopleEvent): PeopleEvent =>
      event.type === "gap" || event.type === "detections_counted" ? event : shareAnswer(event),
  };
};

export type SubscriptionService = ReturnType<typeof createSubscriptionService>;

export const createSubscriptionService = ({
  store,
  delivery,
  access,
  presence,
  accessLog,
  limits,
  rates,
  clock,
  monotonic,
  meters,
  log,
}: SubscriptionServiceDeps) => {
  const presenter = createEventPresenter();
  const detections = createDetections({ store, log });
  let isStopping = false;
  const stoppingError = () => new InvigilError("OVERLOADED", "The server is stopping.");
  const assertRunning = (): void => {
    if (isStopping) throw stoppingError();
  };

  /** Counts a subscription until it ends or is aborted. */
  const acquireSubscription = (
    { caller, connection, signal }: Pick<Subscriber<"room">, "caller" | "connection" | "signal">,
    target: Pick<SubscriptionRequest, "field" | "id" | "of">,
  ): (() => void) => {
    if (signal?.aborted) return () => undefined;
    const release = limits.acquireSubscription({ caller, connection, ...target });
    // Released at the abort, because a client may end a subscription and begin it again in one frame.
    signal?.addEventListener("abort", release, { once: true });
    return () => {
      signal?.removeEventListener("abort", release);
      release();
    };
  };
  /** Notes that staff have begun to listen. Returns the function that notes the end. */
  const noteListening = (
    { origin, audited, ...caller }: Subscriber<"room">["caller"],
    target: Target,
  ): (() => void) => {
    if (!origin || audited !== "access" || caller.role === "examinee") return () => undefined;
    const author = { ...caller, origin, audited };
    accessLog?.note(author, target);
    return () => accessLog?.note(author, target, ENDED);
  };
  /** Makes an `onStart` that also releases the subscription, at its end or if it cannot start. */
  const releasing = (release: () => void, start: () => () => void) => (): (() => void) => {
    try {
      assertRunning();
      const end = start();
      return () => {
        end();
        release();
      };
    } catch (error) {
      release();
      throw error;
    }
  };

  /** What a subscriber reads from. If they resume, they are charged for what is read again for them alone. */
  const sourcesFor = (
    caller: Principal,
    lastEventId: string | undefined,
  ): { readonly store: SubscriptionStore; readonly delivery: DeliveryService } => {
    if (lastEventId === undefined) return { store, delivery };
    const charged =
      <Args extends readonly unknown[], Read>(read: (...args: Args) => Promise<Read>) =>
      async (...args: Args): Promise<Read> => {
        const found = await read(...args);
        rates.charge({ caller }, { readRows: rowsIn(found) });
        return found;
      };
    return {
      store: {
        ...store,
        roomSnapshot: charged(store.roomSnapshot),
        examSnapshot: charged(store.examSnapshot),
      },
      delivery: { ...delivery, eventsAfter: charged(delivery.eventsAfter) },
    };
  };

  return {
    presenter,
    /** The part of a room that the caller may see. */
    async roomSnapshot(caller: Principal, { id: roomId, examId }: Opened<"room">): Promise<RoomSnapshot> {
      const snapshot = await store.roomSnapshot({ examId, roomId });
      if (!snapshot) throw roomNotFound(roomId);
      const visible = visibleSnapshot(caller, snapshot);
      // The entries of the answer are charged where calls are answered.
      rates.charge({ caller }, { readRows: rowsIn(snapshot) - rowsIn(visible) });
      return visible;
    },

    /** The rooms of an exam that the caller can access. */
    examSnapshot: ({ exam, rooms }: Opened<"exam">): Promise<ExamSnapshot> =>
      store.examSnapshot(exam.id, rooms),

    /**
     * Subscribes to the events of a room. The generator throws UNAUTHENTICATED, FORBIDDEN or ROOM_NOT_FOUND once the caller loses access,
     * and OVERLOADED when the server stops. A connection can have one subscription to each room.
     */
    async subscribeToRoom(
      subscriber: Subscriber<"room">,
      { id: roomId, examId }: Opened<"room">,
      { camera, lastEventId }: Pick<OnRoomEventInput, "camera" | "lastEventId">,
    ): Promise<AsyncGenerator<DeliveredRoomEvent, void, undefined>> {
      assertRunning();
      const { caller } = subscriber;
      const { userId, role } = caller;
      const sources = sourcesFor(caller, lastEventId);
      const target = roomTarget(caller, { examId, roomId, camera }, { ...sources, clock });
      const release = acquireSubscription(subscriber, { field: "roomId", id: roomId });
      const onStart = releasing(release, () => {
        const disconnect = presence.connect({ examId, roomId, userId, role, camera });
        const noteEnd = noteListening(caller, { examId, roomId });
        return () => {
          disconnect();
          noteEnd();
        };
      });
      return subscribe({ ...target, onStart }, subscriber, {
        lastEventId,
        delivery: sources.delivery,
        clock,
        monotonic,
        meters,
      });
    },

    /** Subscribes to the events of all rooms of an exam that the caller can access. Otherwise the same as `subscribeToRoom`. */
    async subscribeToExam(
      subscriber: Subscriber<"exam" | "roomsToRun">,
      exam: Opened<"exam">,
      lastEventId?: string,
    ): Promise<AsyncGenerator<DeliveredExamEvent, void, undefined>> {
      assertRunning();
      const { caller } = subscriber;
      const { id: examId } = exam.exam;
      const sources = sourcesFor(caller, lastEventId);
      const target = examTarget(caller, { about: "exam", examId }, { ...sources, access, clock });
      await target.begin(exam);
      const release = acquireSubscription(subscriber, { field: "examId", id: examId });
      const onStart = releasing(release, () => noteListening(caller, { examId }));
      return subscribe({ ...target, onStart }, subscriber, {
        lastEventId,
        delivery: sources.delivery,
        clock,
        monotonic,
        meters,
      });
    },

    /** The number of subscriptions of this server to an exam and its rooms. Checks no permissions: for use by the server itself. */
    countOf: (examId: string): number => delivery.countOf(examId),
    /**
     * Subscribes to what changes about the people of an exam whom the caller may watch, and its rooms. Otherwise the same as `subscribeToRoom`.
     */
    async subscribeToPeople(
      subscriber: Subscriber<"exam" | "roomsToRun">,
      exam: Opened<"roomsToRun">,
      lastEventId?: string,
    ): Promise<AsyncGenerator<DeliveredPeopleEvent, void, undefined>> {
      assertRunning();
      const { caller } = subscriber;
      const { id: examId } = exam.exam;
      const sources = sourcesFor(caller, lastEventId);
      const target = peopleTarget(caller, examId, { ...sources, access, clock }, detections);
      await target.begin(exam);
      const release = acquireSubscription(subscriber, { field: "examId", id: examId, of: "people" });
      const onStart = (wake: () => void): (() => void) =>
        releasing(release, () => {
          const end = target.onStart(wake);
          const noteEnd = noteListening(caller, { examId });
          return () => {
            end();
            noteEnd();
          };
        })();
      return subscribe({ ...target, onStart }, subscriber, {
        lastEventId,
        delivery: sources.delivery,
        clock,
        monotonic,
        meters,
      });
    },

    /** Counts a connection that can carry subscriptions. Returns the function that releases it. @throws TOO_MANY_REQUESTS */
    acquireConnection: (caller: Caller): (() => void) => limits.acquireConnection(caller),

    /** Starts to delete old events. */
    start(): void {
      isStopping = false;
      delivery.start();
    },
    /** Ends all subscriptions. */
    async stop(): Promise<void> {
      isStopping = true;
      await delivery.stop(stoppingError());
    },
  };
};
