import type {
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
import type { Principal } from "../../auth.js";
import { InvigilError, roomNotFound } from "../../errors.js";
import type { AccessService } from "../access/service.js";
import { createKeeper } from "./keeper.js";
import { type Listener, listen } from "./listen.js";
import { examMatter, roomMatter } from "./matters.js";
import type { LiveStore } from "./store.js";
import type { Tail } from "./tail.js";
import type { StoredMessage, ToldExamEvent, ToldMessage, ToldRoomEvent } from "./told.js";
import { seenBy } from "./views.js";

export type { Listener, StoredMessage, ToldExamEvent, ToldRoomEvent };

export interface LiveService {
  /** A room as the caller sees it. @throws FORBIDDEN, ROOM_NOT_FOUND */
  roomSnapshot(caller: Principal, roomId: string): Promise<RoomSnapshot>;
  /** The rooms of an exam that the caller reaches. @throws FORBIDDEN, EXAM_NOT_FOUND */
  examSnapshot(caller: Principal, examId: string): Promise<ExamSnapshot>;
  /**
   * What happens in a room, for as long as it is asked for. It throws UNAUTHENTICATED, FORBIDDEN or ROOM_NOT_FOUND once the caller may
   * not listen any more, and OVERLOADED when the server stops.
   * @throws FORBIDDEN, ROOM_NOT_FOUND, OVERLOADED
   */
  listenRoom(
    listener: Listener,
    input: OnRoomEventInput,
  ): Promise<AsyncGenerator<ToldRoomEvent, void, undefined>>;
  /** What happens in the rooms of an exam that the caller reaches; otherwise the same. @throws FORBIDDEN, EXAM_NOT_FOUND, OVERLOADED */
  listenExam(
    listener: Listener,
    input: { readonly examId: string; readonly lastEventId?: string | undefined },
  ): Promise<AsyncGenerator<ToldExamEvent, void, undefined>>;
  /** From now on what is too old is deleted from the log. */
  start(): void;
  /** Ends all listening: nobody is told anything any more. */
  stop(): Promise<void>;
}

export interface LiveServiceDeps {
  readonly store: LiveStore;
  readonly tail: Tail;
  readonly access: AccessService;
  /** Told of the pages that listen in rooms. */
  readonly presence: {
    connected(page: { roomId: string; userId: string; role: Role; camera: Camera }): () => void;
  };
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
/** A room's event as the API has it: the data of a message is a value. */
export const shownRoomEvent = (told: ToldRoomEvent): RoomEvent =>
  told.type === "message" ? shownMessage(told) : told;
/** The same of an exam's. */
export const shownExamEvent = (told: ToldExamEvent): ExamEvent =>
  told.type === "message" ? shownMessage(told) : told;

export const createLiveService = ({
  store,
  tail,
  access,
  presence,
  clock,
  retentionMs,
  log,
}: LiveServiceDeps): LiveService => {
  const keeper = createKeeper({ store, clock, retentionMs, log });
  let isStopping = false;
  const stopping = () => new InvigilError("OVERLOADED", "The server is stopping.");
  const assertRunning = (): void => {
    if (isStopping) throw stopping();
  };

  return {
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
      const matter = roomMatter(caller, { roomId, camera }, { store, access, clock });
      await matter.admit(caller);
      const begun = () => {
        assertRunning();
        return presence.connected({ roomId, userId, role, camera });
      };
      return listen({ ...matter, begun }, listener, { lastEventId, store, tail, clock });
    },

    async listenExam(listener, { examId, lastEventId }) {
      assertRunning();
      const matter = examMatter(listener.caller, examId, { store, access, clock });
      await matter.admit(listener.caller);
      const begun = () => {
        assertRunning();
        return () => undefined;
      };
      return listen({ ...matter, begun }, listener, { lastEventId, store, tail, clock });
    },

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
