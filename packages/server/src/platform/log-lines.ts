import type { DestinationStream } from "pino";

/** A log destination that buffers lines. */
export interface BufferedLines extends DestinationStream {
  /** Writes the buffered lines. Call it when the process ends. */
  readonly flush: () => void;
}

/**
 * Buffers the lines of a turn of the event loop and writes them at its end, so that one system call serves
 * many requests.
 */
export const bufferLines = ({ write }: { write: (text: string) => unknown }): BufferedLines => {
  let lines = "";
  const flush = (): void => {
    const text = lines;
    lines = "";
    if (text !== "") write(text);
  };
  return {
    write(line) {
      if (lines === "") setImmediate(flush);
      lines += line;
    },
    flush,
  };
};
