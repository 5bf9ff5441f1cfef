import type { TRPCClient } from "@trpc/client";
import type { RetryOptions } from "../retry.js";
import type { AppRouter } from "../router.js";
import { LiveExam } from "./exam.js";
import { LivePeople } from "./people.js";
import { LiveRoom, type LiveRoomOptions } from "./room.js";

/** Live rooms and exams. */
export interface Live {
  /**
   * Subscribes to a room until `close()`. The caller must have access to the room. Share the result where
   * possible, because a second subscription to the same room needs an event stream of its own.
   */
  room(roomId: string, options?: LiveRoomOptions): LiveRoom;
  /** Subscribes to the rooms of an exam until `close()`. For administrators and inspectors. */
  exam(examId: string): LiveExam;
  /**
   * Reads all people of an exam and follows their changes until `close()`. For administrators, the teacher who created the exam, and
   * inspectors.
   */
  people(examId: string): LivePeople;
}

/** Creates `live` from the client's procedures. */
export const createLive = (
  { room, exam, im }: TRPCClient<AppRouter>,
  options: { readonly reconnect: RetryOptions; readonly retry: RetryOptions | false },
): Live => ({
  room: (roomId, { camera, snapshot } = {}) =>
    new LiveRoom(
      roomId,
      {
        snapshot: (how) => room.snapshot.query({ roomId }, how),
        subscribe: (lastEventId, observer) =>
          room.onEvent.subscribe({ roomId, camera, lastEventId }, observer),
        send: (message, how) => im.send.mutate({ roomId, camera, ...message }, how),
      },
      { ...options, snapshot },
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
  people: (examId) =>
    new LivePeople(
      examId,
      {
        page: (cursor, how) => exam.people.query({ examId, cursor }, how),
        subscribe: (lastEventId, observer) => exam.onPeople.subscribe({ examId, lastEventId }, observer),
      },
      options,
    ),
});
