import type { TRPCClient } from "@trpc/client";
import type { RetryOptions } from "../retry.js";
import type { AppRouter } from "../router.js";
import { LiveExam } from "./exam.js";
import type { LiveOptions } from "./options.js";
import { LiveRoom, type LiveRoomOptions } from "./room.js";

/** Rooms and exams, live. */
export interface Live {
  /** Listens to a room until `close()`; whoever may reach the room. */
  room(roomId: string, options?: LiveRoomOptions): LiveRoom;
  /** Listens to the rooms of an exam until `close()`. */
  exam(examId: string): LiveExam;
}

/** Makes what listens, from the plain calls. */
export const createLive = (
  { room, exam, im }: TRPCClient<AppRouter>,
  { retry, live: { baseMs = 500, maxMs = 10_000 } }: { retry: RetryOptions | false; live: LiveOptions },
): Live => {
  const reconnect = { baseMs, maxMs };
  return {
    room: (roomId, { camera } = {}) =>
      new LiveRoom(
        roomId,
        {
          snapshot: (options) => room.snapshot.query({ roomId }, options),
          subscribe: (lastEventId, observer) => room.onEvent.subscribe({ roomId, camera, lastEventId }, observer),
          send: (message, options) => im.send.mutate({ roomId, camera, ...message }, options),
        },
        { reconnect, retry },
      ),
    exam: (examId) =>
      new LiveExam(
        examId,
        {
          snapshot: (options) => exam.snapshot.query({ examId }, options),
          subscribe: (lastEventId, observer) => exam.onEvent.subscribe({ examId, lastEventId }, observer),
        },
        reconnect,
      ),
  };
};
