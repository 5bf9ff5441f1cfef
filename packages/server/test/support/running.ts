import { readFileSync } from "node:fs";

/** Whether a process is running. A process that has ended does not count, even if its parent has not read its exit code yet. */
export const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    // There is no such folder on other systems, or the process has just ended.
    return process.platform !== "linux";
  }
};
