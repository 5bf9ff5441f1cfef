import type { DestinationStream } from "pino";

/** Where a log's lines go to. */
export interface GatheredLines extends DestinationStream {
  /** Writes what is left: when the process ends. */
  readonly flush: () => void;
}

/** Hands on the lines of a turn of the event loop in one piece, at its end: under load a call to the system for many requests. */
export const gatherLines = ({ write }: { write: (text: string) => unknown }): GatheredLines => {
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
