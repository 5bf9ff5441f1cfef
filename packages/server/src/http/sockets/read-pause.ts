import type { Connection } from "./connection.js";
import type { Calls } from "./trpc-calls.js";

/** The number of waiting calls above which the server stops reading from the client. */
const MAX_WAITING = 100;
/** The size of unread answers, in bytes, above which the server stops reading from the client. */
const MAX_UNREAD = 1024 * 1024;

export type ReadPause = ReturnType<typeof createReadPause>;

/** Pauses reading while too many calls of the client wait, or while the client does not read its answers. */
export const createReadPause = (connection: Connection, calls: Calls) => {
  const { socket } = connection;
  let isPaused = false;
  let draining = false;
  /** Pauses or resumes. Call it after each message in either direction. */
  const update = (): void => {
    const unread = socket.bufferedAmount > MAX_UNREAD;
    const shouldPause = socket.readyState === socket.OPEN && (unread || calls.pending() > MAX_WAITING);
    if (shouldPause !== isPaused) {
      isPaused = shouldPause;
      if (shouldPause) socket.pause();
      else socket.resume();
    }
    if (!unread || draining) return;
    draining = true;
    void Promise.resolve(connection.drained()).then(() => {
      draining = false;
      update();
    });
  };
  return {
    update,
    isPaused: (): boolean => isPaused,
    /** Whether reading is paused because too many calls wait. */
    hasTooManyCalls: (): boolean => isPaused && calls.pending() > MAX_WAITING,
  };
};
