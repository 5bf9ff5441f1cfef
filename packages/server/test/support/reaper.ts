import { type ChildProcess, spawn } from "node:child_process";
import { Socket } from "node:net";
import type { Writable } from "node:stream";
import { fileURLToPath } from "node:url";

const REAPER = fileURLToPath(new URL("reaper.mjs", import.meta.url));

let reaper: Writable | undefined;

/** Starts the process that outlives this one. */
const startReaper = (): Writable => {
  // Detached: a signal to the process group of a test run does not reach it.
  const child = spawn(process.execPath, [REAPER], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  child.unref();
  // Neither the process nor the pipe to it keeps this process running.
  if (child.stdin instanceof Socket) child.stdin.unref();
  // Without it, processes that were left behind stay.
  child.stdin.on("error", () => undefined);
  return child.stdin;
};

/** Ends a process when this one has ended: by itself, by a signal, or because a test run gave up on it. */
export const endWithThisProcess = (child: ChildProcess, signal: NodeJS.Signals = "SIGKILL"): void => {
  const { pid } = child;
  if (pid === undefined) return;
  reaper ??= startReaper();
  reaper.write(`start ${pid} ${signal}\n`);
  child.once("exit", () => reaper?.write(`end ${pid}\n`));
};
