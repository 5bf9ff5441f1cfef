// Ends the processes that a test has started once the test's process has ended, in whatever way. It reads "start PID SIGNAL" and
// "end PID" from its standard input, which closes when the test's process ends.
import { createInterface } from "node:readline";

/** The signals that end the running processes, by their ids. */
const running = new Map();

// What stops a test run must not stop this process first.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => undefined);

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const [event, pid, signal] = line.split(" ");
    if (event === "start") running.set(Number(pid), signal);
    else running.delete(Number(pid));
  })
  .on("close", () => {
    for (const [pid, signal] of running)
      try {
        process.kill(pid, signal);
      } catch {
        // It has ended.
      }
  });
