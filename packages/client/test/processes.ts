import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

// What a test started ends with its file, whatever became of the test.
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** A process that prints lines. */
export interface Lines {
  /** All that it printed so far. */
  readonly lines: readonly string[];
  /** Resolves to the first line that is like this, of those after the first so many. @throws Error when it ends without one */
  line(isIt: (line: string) => boolean, after?: number): Promise<string>;
  /** Its exit code; what it complained about goes to this process's standard error. */
  readonly ended: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts Node with these arguments. Of the environment it has `env`, and what Node itself needs. */
export const node = (args: readonly string[], env: Readonly<Record<string, string>>, cwd?: string): Lines => {
  const child = spawn(process.execPath, args, {
    cwd,
    env: { PATH: process.env.PATH ?? "", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  running.add(child);
  const lines: string[] = [];
  let isOver = false;
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const look of waiting) look();
  };
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    wake();
  });
  const ended = once(child, "close").then(([code]: (number | null)[]) => {
    running.delete(child);
    isOver = true;
    wake();
    return code ?? null;
  });
  return {
    lines,
    line: (isIt, after = 0) =>
      new Promise((resolve, reject) => {
        let seen = after;
        const look = () => {
          while (seen < lines.length) {
            const line = lines[seen++] as string;
            if (!isIt(line)) continue;
            waiting.delete(look);
            resolve(line);
            return;
          }
          if (isOver) reject(new Error(`it ended without the line:\n${lines.slice(-20).join("\n")}`));
        };
        waiting.add(look);
        look();
      }),
    ended,
    kill: (signal) => child.kill(signal),
  };
};

/** Starts a client in a process of its own: see live-process.mjs. */
export const liveProcess = (env: {
  INVIGIL_URL: string;
  TOKEN: string;
  ROOM: string;
  TRANSPORT: "ws" | "sse";
  COUNT: string;
  NAME: string;
}): Lines => node([join(import.meta.dirname, "live-process.mjs")], env);
