import { type BackupControl, stoppedError } from "../backup/control.js";
import { createProgress } from "./progress.js";
import type { CommandRun } from "./run.js";

/** The interface of long work to its caller. */
export interface LongWork extends BackupControl {
  /** Whether the user has interrupted the work. */
  readonly isStopped: () => boolean;
}

/** Runs long work with a progress bar on a terminal. The first Ctrl-C stops it at the next safe point. */
export const withProgress = async <Result>(
  run: CommandRun,
  what: string,
  work: (control: LongWork) => Promise<Result>,
): Promise<Result> => {
  const { show, end } = createProgress(what, run.io.stderr);
  let isStopped = false;
  const stop = (): void => {
    isStopped = true;
  };
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.once(signal, stop);
  const throwIfStopped = (): void => {
    if (isStopped) throw stoppedError();
  };
  try {
    return await work({ show, throwIfStopped, isStopped: () => isStopped });
  } finally {
    for (const signal of signals) process.off(signal, stop);
    end();
  }
};
