import type { TRPCClient } from "@trpc/client";
import type { RetryOptions } from "../retry.js";
import type { AppRouter } from "../router.js";
import { LiveExam } from "./exam.js";
import type { Engine } from "./link.js";
import { LiveRoom, type LiveRoomOptions } from "./room.js";

/** Rooms and exams, live. */
export interface Live {
  /**
   * Listens to a room until `close()`: for whoever may reach it. A second listener of the same room has an event stream of its own, so
   * share the first where you can.
   */
  room(roomId: string, options?: LiveRoomOptions): LiveRoom;
  /** Listens to the rooms of an exam until `close()`: for administrators and inspectors. */
  exam(examId: string): LiveExam;
}

/** Makes what listens, from the plain calls. */
export const createLive = (
  { room, exam, im }: TRPCClient<AppRouter>,
  options: { engine: () => Promise<Engine>; reconnect: RetryOptions; retry: RetryOptions | false },
): Live => ({
  room: (roomId, { camera } = {}) =>
    new LiveRoom(
      roomId,
      {
        snapshot: (how) => room.snapshot.query({ roomId }, how),
        subscribe: (lastEventId, observer) =>
          room.onEvent.subscribe({ roomId, camera, lastEventId }, observer),
        send: (message, how) => im.send.mutate({ roomId, camera, ...message }, how),
      },
      options,
    ),
  exam: (examId) =>
    new LiveExam(
      examId,
      {
        snapshot: (how) => exam.snapshot.query({ examId }, how),
        subscribe: (lastEventId, observer) => exam.onEvent.subscribe({ examId, lastEventId }, observer),
      },
      options,
    ),
});
