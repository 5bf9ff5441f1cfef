export interface Progress {
  /** Updates the bar. */
  readonly show: (done: number, all: number) => void;
  /** Removes the bar. */
  readonly end: () => void;
}

const WIDTH = 30;

/** A progress bar on a terminal. Does nothing for other outputs. */
export const createProgress = (
  what: string,
  out: { isTTY?: boolean; write(text: string): unknown },
): Progress => {
  if (!out.isTTY) return { show: () => undefined, end: () => undefined };
  let shown = -1;
  return {
    show(done, all) {
      const percent = all > 0 ? Math.min(100, Math.floor((done * 100) / all)) : 100;
      if (percent === shown) return;
      shown = percent;
      const full = Math.round((percent * WIDTH) / 100);
      out.write(`\r${what} [${"#".repeat(full)}${" ".repeat(WIDTH - full)}] ${percent}%`);
    },
    end() {
      // Clears the line.
      if (shown >= 0) out.write("\r\u001b[K");
    },
  };
};
