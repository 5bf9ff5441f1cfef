const WIDTH = 30;

/** A progress bar on a terminal. Does nothing for other outputs. */
export const createProgress = (what: string, out: { isTTY?: boolean; write(text: string): unknown }) => {
  if (!out.isTTY) return { show: () => undefined, end: () => undefined };
  let shown = -1;
  return {
    /** Updates the bar. */
    show: (done: number, all: number): void => {
      const percent = all > 0 ? Math.min(100, Math.floor((done * 100) / all)) : 100;
      if (percent === shown) return;
      shown = percent;
      const full = Math.round((percent * WIDTH) / 100);
      out.write(`\r${what} [${"#".repeat(full)}${" ".repeat(WIDTH - full)}] ${percent}%`);
    },
    /** Removes the bar. */
    end: (): void => {
      // Clears the line.
      if (shown >= 0) out.write("\r\u001b[K");
    },
  };
};
