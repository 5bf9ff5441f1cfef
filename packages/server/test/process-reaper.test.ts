import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { isRunning } from "./support/running.js";

// The processes of a test end with the test's process.

const REAPER = fileURLToPath(new URL("support/reaper.ts", import.meta.url));
/** Starts two processes that would run for an hour, of which one ends, and waits. */
const PARENT = `
  import { spawn } from "node:child_process";
  import { endWithThisProcess } from ${JSON.stringify(REAPER)};
  const start = () => {
    const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 3_600_000)"], { stdio: "ignore", detached: true });
    endWithThisProcess(child);
    return child;
  };
  const [one, other] = [start(), start()];
  console.log(one.pid, other.pid);
  process.stdin.resume();
`;

it.each(["SIGKILL", "SIGTERM", "SIGINT"] as const)("when %s ends it", async (signal) => {
  const parent = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", PARENT], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [line] = (await once(createInterface({ input: parent.stdout }), "line")) as [string];
  const pids = line.split(" ").map(Number);
  expect(pids.map(isRunning)).toEqual([true, true]);
  const ended = once(parent, "exit");
  parent.kill(signal);
  expect((await ended)[1]).toBe(signal);
  await expect.poll(() => pids.map(isRunning)).toEqual([false, false]);
});

it("when it exits by itself, which the pipe to the reaper does not prevent", async () => {
  const parent = spawn(
    process.execPath,
    [
      "--import",
      "tsx",
      "--input-type=module",
      "-e",
      `${PARENT} process.stdin.unref(); one.unref(); other.unref();`,
    ],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  const ended = once(parent, "exit");
  const [line] = (await once(createInterface({ input: parent.stdout }), "line")) as [string];
  const pids = line.split(" ").map(Number);
  expect((await ended)[0]).toBe(0);
  await expect.poll(() => pids.map(isRunning)).toEqual([false, false]);
});
