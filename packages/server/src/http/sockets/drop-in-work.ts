import type { WebSocket } from "ws";

/** Reading pauses above these numbers of waiting frames and characters, and resumes when few frames wait. */
const MOST = { frames: 100, characters: 1024 * 1024 };
const FEW = 20;

/** Processes the frames of a connection one after another. */
export interface Work {
  readonly take: (frame: string) => void;
  /** Resolves when no frame is waiting or being processed. */
  readonly settled: () => Promise<void>;
  /** The number of frames so far. */
  readonly total: () => number;
  /** Whether reading is paused. */
  readonly isHeld: () => boolean;
}

export interface WorkOptions {
  readonly socket: WebSocket;
  /** Resolves when the client has read the previous responses. */
  readonly drained: () => Promise<void>;
  /** Never rejects. */
  readonly answer: (frame: string) => Promise<void>;
}

export const createWork = ({ socket, drained, answer }: WorkOptions): Work => {
  let frames: string[] = [];
  let isWorking = false;
  let isHeld = false;
  let total = 0;
  let characters = 0;
  let waiting: (() => void)[] = [];

  const work = async (): Promise<void> => {
    isWorking = true;
    for (let frame = frames.shift(); frame !== undefined; frame = frames.shift()) {
      characters -= frame.length;
      if (isHeld && frames.length < FEW && characters < MOST.characters) {
        isHeld = false;
        socket.resume();
      }
      await drained();
      if (socket.readyState !== socket.OPEN) frames = [];
      else await answer(frame);
    }
    isWorking = false;
    for (const tell of waiting) tell();
    waiting = [];
  };
  return {
    take(frame) {
      total += 1;
      characters += frame.length;
      frames.push(frame);
      if (
        !isHeld &&
        socket.readyState === socket.OPEN &&
        (frames.length > MOST.frames || characters > MOST.characters)
      ) {
        isHeld = true;
        socket.pause();
      }
      if (!isWorking) void work();
    },
    settled: () =>
      isWorking
        ? new Promise((resolve) => {
            waiting.push(resolve);
          })
        : Promise.resolve(),
    total: () => total,
    isHeld: () => isHeld,
  };
};
