import type { OnRoomEventInput } from "@invigil/schema";
import { loginOf } from "../../domain/messages.js";
import type { Principal } from "../../identity/tokens.js";
import { roomNotFound } from "../../platform/errors.js";
import type { AccessService, Reach } from "../access/service.js";
import type { Matter } from "./listen.js";
import type { LiveStore } from "./store.js";
import type { Logged, ToldExamEvent, ToldRoomEvent } from "./told.js";
import { isFor, isForPage, seenBy, seesConfig } from "./views.js";

interface MatterDeps {
  readonly store: LiveStore;
  readonly access: AccessService;
  readonly clock: () => Date;
}

/** Whether an event says that somebody is in a room, or in it no more. */
const isAbout = ({ userId }: Principal, event: Logged, ...types: readonly Logged["type"][]): boolean =>
  types.includes(event.type) && "userId" in event.data && event.data.userId === userId;

/** A room, as one page of somebody sees it. */
export const roomMatter = (
  caller: Principal,
  { roomId, camera }: Pick<OnRoomEventInput, "roomId" | "camera">,
  { store, access, clock }: MatterDeps,
): Omit<Matter<ToldRoomEvent>, "begun"> => {
  const login = loginOf(caller.userId, camera);
  return {
    of: { roomId },
    wants: (event) => isFor(caller, event),
    admit: async (now) => void (await access.room(now, roomId)),
    async tell({ event, told: read }) {
      if (!isFor(caller, event)) return {};
      if (event.type === "cheat_config_changed" && caller.role === "examinee") {
        // It is told as it is now, and the room may have ended since.
        const room = await store.room(roomId);
        if (!room || !seesConfig(caller, room)) return {};
      }
      const told = await read();
      return {
        ...(told && isForPage(caller, login, told) && { told }),
        doubt: isAbout(caller, event, "participant_removed"),
      };
    },
    async gap() {
      const snapshot = await store.roomSnapshot(roomId);
      if (!snapshot) throw roomNotFound(roomId);
      const { lastEventId: id } = snapshot;
      return {
        upTo: Number(id),
        told: { type: "gap", id, roomId, time: clock(), snapshot: seenBy(caller, snapshot) },
      };
    },
  };
};

/** The rooms of an exam that somebody reaches, which may become others while it listens. */
export const examMatter = (
  caller: Principal,
  examId: string,
  { store, access, clock }: MatterDeps,
): Omit<Matter<ToldExamEvent>, "begun"> => {
  const login = loginOf(caller.userId, "main");
  let rooms: ReadonlySet<string> = new Set();
  /**
   * Ids of events after which other rooms may be reached: the last that was offered, the last whose turn came, and the last
   * after which that was looked at.
   */
  let changed = 0;
  let passed = 0;
  let lookedAt = 0;

  const changesReach = (event: Logged): boolean =>
    event.examId === examId &&
    (event.type === "room_created" || isAbout(caller, event, "participant_added", "participant_removed"));

  const lookAtReach = async (now: Principal): Promise<Reach> => {
    const since = passed;
    const reach = await access.exam(now, examId);
    rooms = new Set(reach === "all" ? await store.roomsOfExam(examId) : reach);
    lookedAt = since;
    return reach;
  };

  return {
    of: { examId },
    wants(event) {
      if (changesReach(event)) changed = event.id;
      // What comes after such an event is judged when its turn comes.
      return rooms.has(event.roomId) || (event.examId === examId && changed > lookedAt);
    },
    admit: async (now) => void (await lookAtReach(now)),
    async tell({ event, told: read }, admitAgain) {
      const isReached = rooms.has(event.roomId);
      const doubt = changesReach(event);
      if (doubt) passed = event.id;
      // Somebody who is taken out of a room is told so before it is told nothing more.
      if (doubt && !isReached) await admitAgain();
      if (!isReached && !rooms.has(event.roomId)) return {};
      const told = await read();
      return { ...(told && isForPage(caller, login, told) && { told }), doubt: doubt && isReached };
    },
    async gap() {
      const snapshot = await store.examSnapshot(examId, await lookAtReach(caller));
      const { lastEventId: id } = snapshot;
      return { upTo: Number(id), told: { type: "gap", id, examId, time: clock(), snapshot } };
    },
  };
};
