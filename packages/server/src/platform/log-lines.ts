import type { DestinationStream } from "pino";
import { failedWith } from "./setup-error.js";
import { reasonOfSystem } from "./system-errors.js";

/** How much is kept while lines cannot be written. Further lines are dropped. */
const MAX_KEPT_BYTES = 1024 * 1024;
/** The time until the next attempt, in milliseconds. A full disk takes longer to refuse a write than a pipe whose reader is slow. */
const RETRY_MS = 1000;
const RETRY_PIPE_MS = 10;
/** How often the end of the process waits for the reader of a pipe. */
const ATTEMPTS_AT_END = 100;

/** A log destination that buffers lines, and outlives that they cannot be written. */
export interface BufferedLines extends DestinationStream {
  /** Writes the lines that are left. Call it when the process ends. */
  readonly end: () => void;
  /** Why lines cannot be written, in words. Undefined while they can. */
  readonly fault: () => string | undefined;
}

/**
 * Buffers the lines of a turn of the event loop and writes them at its end, so that one system call serves
 * many requests.
 * @param write writes a part of the bytes or all, and returns how many it wrote
 * @param onDropped called with the number of lines that were dropped, as soon as lines can be written again
 */
export const bufferLines = ({
  write,
  onDropped,
}: {
  readonly write: (bytes: Uint8Array) => number;
  readonly onDropped: (lines: number) => void;
}): BufferedLines => {
  let lines = "";
  /** What an attempt has not written yet. */
  let rest = Buffer.alloc(0);
  let dropped = 0;
  let failure: unknown;
  const isSlowReader = (): boolean => failedWith(failure, "EAGAIN");

  const flush = (): void => {
    try {
      do {
        while (rest.length > 0) rest = rest.subarray(write(rest));
        rest = Buffer.from(lines);
        lines = "";
      } while (rest.length > 0);
    } catch (error) {
      failure = error;
      setTimeout(flush, isSlowReader() ? RETRY_PIPE_MS : RETRY_MS).unref();
      return;
    }
    failure = undefined;
    const lost = dropped;
    dropped = 0;
    if (lost > 0) onDropped(lost);
  };
  return {
    write(line) {
      if (failure === undefined) {
        if (lines === "") setImmediate(flush);
      } else if (rest.length + lines.length + line.length > MAX_KEPT_BYTES) {
        dropped += 1;
        return;
      }
      lines += line;
    },
    end() {
      for (let attempt = 0; attempt < ATTEMPTS_AT_END; attempt += 1) {
        flush();
        if (failure === undefined ? lines === "" : !isSlowReader()) return;
        if (isSlowReader()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_PIPE_MS);
      }
    },
    fault: () =>
      (isSlowReader() && dropped === 0) || failure === undefined ? undefined : reasonOfSystem(failure),
  };
};
