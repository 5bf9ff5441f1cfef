import type { WebSocket } from "ws";

/** Reading pauses above these numbers of waiting frames and characters, and resumes when few frames wait. */
const PAUSE_ABOVE = { frames: 100, characters: 1024 * 1024 };
const RESUME_BELOW = 20;

export interface FrameQueueOptions {
  readonly socket: WebSocket;
  /** Resolves when the client has read the previous responses. */
  readonly drained: () => Promise<void> | undefined;
  /** Never rejects. */
  readonly answer: (frame: string) => Promise<void>;
}

/** Processes the frames of a connection one after another. */
export const createFrameQueue = ({ socket, drained, answer }: FrameQueueOptions) => {
  let frames: string[] = [];
  let isProcessing = false;
  let isPaused = false;
  let total = 0;
  let characters = 0;
  let waiting: (() => void)[] = [];

  const processFrames = async (): Promise<void> => {
    isProcessing = true;
    for (let frame = frames.shift(); frame !== undefined; frame = frames.shift()) {
      characters -= frame.length;
      if (isPaused && frames.length < RESUME_BELOW && characters < PAUSE_ABOVE.characters) {
        isPaused = false;
        socket.resume();
      }
      await drained();
      if (socket.readyState !== socket.OPEN) frames = [];
      else await answer(frame);
    }
    isProcessing = false;
    for (const resolve of waiting) resolve();
    waiting = [];
  };
  return {
    push(frame: string): void {
      total += 1;
      characters += frame.length;
      frames.push(frame);
      if (
        !isPaused &&
        socket.readyState === socket.OPEN &&
        (frames.length > PAUSE_ABOVE.frames || characters > PAUSE_ABOVE.characters)
      ) {
        isPaused = true;
        socket.pause();
      }
      if (!isProcessing) void processFrames();
    },
    /** Resolves when no frame is waiting or being processed. */
    settled: (): Promise<void> =>
      isProcessing
        ? new Promise((resolve) => {
            waiting.push(resolve);
          })
        : Promise.resolve(),
    /** The number of frames so far. */
    total: (): number => total,
    isPaused: (): boolean => isPaused,
  };
};
