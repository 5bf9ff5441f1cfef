import type {
  Caller,
  Camera,
  ExamEvent,
  ExamSnapshot,
  JsonValue,
  OnRoomEventInput,
  Role,
  RoomEvent,
  RoomSnapshot,
} from "@invigil/schema";
import type { FastifyBaseLogger } from "fastify";
import type { Principal } from "../../identity/tokens.js";
import { InvigilError, roomNotFound } from "../../platform/errors.js";
import { shareAnswer } from "../../platform/serialize.js";
import type { AccessService } from "../access/service.js";
import type { Allowances } from "./allowances.js";
import { createKeeper } from "./keeper.js";
import { type Listener, listen } from "./listen.js";
import { examMatter, roomMatter } from "./matters.js";
import type { LiveStore } from "./store.js";
import type { Tail } from "./tail.js";
import type { StoredMessage, ToldExamEvent, ToldMessage, ToldRoomEvent } from "./told.js";
import { seenBy } from "./views.js";

export type { Listener, StoredMessage, ToldExamEvent, ToldRoomEvent };

export interface LiveService {
  /** How what is told looks in the API. */
  readonly shown: Showing;
  /** A room as the caller sees it. @throws FORBIDDEN, ROOM_NOT_FOUND */
  roomSnapshot(caller: Principal, roomId: string): Promise<RoomSnapshot>;
  /** The rooms of an exam that the caller reaches. @throws FORBIDDEN, EXAM_NOT_FOUND */
  examSnapshot(caller: Principal, examId: string): Promise<ExamSnapshot>;
  /**
   * What happens in a room, for as long as it is asked for. It throws UNAUTHENTICATED, FORBIDDEN or ROOM_NOT_FOUND once the caller may
   * not listen any more, and OVERLOADED when the server stops.
   * A connection has one subscription to a room at a time, and a person a bounded number of both.
   * @throws FORBIDDEN, ROOM_NOT_FOUND, INVALID_INPUT, TOO_MANY_REQUESTS, OVERLOADED
   */
  listenRoom(
    listener: Listener,
    input: OnRoomEventInput,
  ): Promise<AsyncGenerator<ToldRoomEvent, void, undefined>>;
  /** What happens in the rooms of an exam that the caller reaches; otherwise the same. @throws FORBIDDEN, EXAM_NOT_FOUND, INVALID_INPUT, TOO_MANY_REQUESTS, OVERLOADED */
  listenExam(
    listener: Listener,
    input: { readonly examId: string; readonly lastEventId?: string | undefined },
  ): Promise<AsyncGenerator<ToldExamEvent, void, undefined>>;
  /** Counts a connection that will carry subscriptions of a person. @returns what ends it. @throws TOO_MANY_REQUESTS */
  connect(caller: Caller): () => void;
  /** From now on what is too old is deleted from the log. */
  start(): void;
  /** Ends all listening: nobody is told anything any more. */
  stop(): Promise<void>;
}

export interface LiveServiceDeps {
  readonly store: LiveStore;
  readonly tail: Tail;
  readonly access: AccessService;
  /** The same rules for those who listen already; absent: `access`. */
  readonly listening?: AccessService;
  /** Told of the pages that listen in rooms. */
  readonly presence: {
    connected(page: { roomId: string; userId: string; role: Role; camera: Camera }): () => void;
  };
  readonly allowances: Allowances;
  readonly clock: () => Date;
  /** How long events are kept in the log. */
  readonly retentionMs: number;
  readonly log: FastifyBaseLogger;
}

const shownMessage = ({ message: { text, to, ...message }, ...told }: ToldMessage) => ({
  ...told,
  // Safe: it was checked to be JSON before it was kept.
  message: { ...message, data: JSON.parse(text) as JsonValue, ...(to && to.length > 0 && { to: [...to] }) },
});
type ShownMessage = ReturnType<typeof shownMessage>;

/** How events look in the API: the data of a message is a value. An event that many are told is made into that once. */
export interface Showing {
  readonly room: (told: ToldRoomEvent) => RoomEvent;
  readonly exam: (told: ToldExamEvent) => ExamEvent;
}
const createShowing = (): Showing => {
  const known = new WeakMap<ToldMessage, ShownMessage>();
  const messageOf = (told: ToldMessage): ShownMessage => {
    const shown = known.get(told) ?? shownMessage(told);
    known.set(told, shareAnswer(shown));
    return shown;
  };
  return {
    room: (told) =>
      told.type === "message" ? messageOf(told) : told.type === "gap" ? told : shareAnswer(told),
    exam: (told) =>
      told.type === "message" ? messageOf(told) : told.type === "gap" ? told : shareAnswer(told),
  };
};

export const createLiveService = ({
  store,
  tail,
  access,
  listening = access,
  presence,
  allowances,
  clock,
  retentionMs,
  log,
}: LiveServiceDeps): LiveService => {
  const shown = createShowing();
  const keeper = createKeeper({ store, clock, retentionMs, log });
  let isStopping = false;
  const stopping = () => new InvigilError("OVERLOADED", "The server is stopping.");
  const assertRunning = (): void => {
    if (isStopping) throw stopping();
  };

  /** Counts a subscription until it is aborted or has ended. */
  const counted = (
    { caller: listener, connection, signal }: Listener,
    what: { readonly field: "roomId" | "examId"; readonly id: string },
  ): (() => void) => {
    if (signal?.aborted) return () => undefined;
    const free = allowances.subscription({ listener, connection, ...what });
    // At once: a client that stops to listen and begins again sends both in one frame.
    signal?.addEventListener("abort", free, { once: true });
    return () => {
      signal?.removeEventListener("abort", free);
      free();
    };
  };
  /** What a subscription begins, which must end also when it cannot begin. */
  const beginning = (free: () => void, begin: () => () => void) => (): (() => void) => {
    try {
      assertRunning();
      const end = begin();
      return () => {
        end();
        free();
      };
    } catch (error) {
      free();
      throw error;
    }
  };

  return {
    shown,
    async roomSnapshot(caller, roomId) {
      await access.room(caller, roomId);
      const snapshot = await store.roomSnapshot(roomId);
      if (!snapshot) throw roomNotFound(roomId);
      return seenBy(caller, snapshot);
    },

    examSnapshot: async (caller, examId) => store.examSnapshot(examId, await access.exam(caller, examId)),

    async listenRoom(listener, { roomId, camera, lastEventId }) {
      assertRunning();
      const { caller } = listener;
      const { userId, role } = caller;
      const matter = roomMatter(caller, { roomId, camera }, { store, access: listening, clock });
      await matter.admit(caller);
      const free = counted(listener, { field: "roomId", id: roomId });
      const begun = beginning(free, () => presence.connected({ roomId, userId, role, camera }));
      return listen({ ...matter, begun }, listener, { lastEventId, store, tail, clock });
    },

    async listenExam(listener, { examId, lastEventId }) {
      assertRunning();
      const matter = examMatter(listener.caller, examId, { store, access: listening, clock });
      await matter.admit(listener.caller);
      const free = counted(listener, { field: "examId", id: examId });
      const begun = beginning(free, () => () => undefined);
      return listen({ ...matter, begun }, listener, { lastEventId, store, tail, clock });
    },

    connect: (caller) => allowances.connection(caller),

    start() {
      isStopping = false;
      keeper.start();
    },
    async stop() {
      isStopping = true;
      tail.end(stopping());
      await keeper.stop();
    },
  };
};
