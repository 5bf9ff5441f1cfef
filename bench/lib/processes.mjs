// Child processes and their folder. Both are removed when the benchmark ends for any reason.
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

// This is not the system's temporary folder, which may be in memory, where a sync to disk is free.
const DATA = resolve(import.meta.dirname, "../data");
const CHILDREN = resolve(import.meta.dirname, "../children");

const running = new Set();
let folder;

/** A new folder of the run. */
export const newFolder = () => {
  if (!folder) {
    mkdirSync(DATA, { recursive: true });
    folder = mkdtempSync(join(DATA, "run-"));
  }
  return mkdtempSync(join(folder, "part-"));
};

const cleanUp = () => {
  for (const child of running) child.kill("SIGKILL");
  if (folder) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
};
process.on("exit", cleanUp);
for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }))
  process.on(signal, () => process.exit(code));

const watched = (child) => {
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
};

// The user's own settings of Invigil must not affect the figures.
export const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith("INVIGIL_")),
);

/** Starts a module of `children/` that answers questions. */
export const startModule = (name) => watched(fork(join(CHILDREN, name), { env: environment, execArgv: [] }));

/** Starts a program, and drops its standard output. `errorOutput()` returns its standard error. */
export const startProgram = (file, args, options) => {
  const child = watched(spawn(file, args, { ...options, stdio: ["ignore", "ignore", "pipe"] }));
  let text = "";
  child.stderr.setEncoding("utf8").on("data", (chunk) => {
    text += chunk;
  });
  return { child, errorOutput: () => text.trim() };
};

/** Starts a program, waits until it prints `text`, and ends it. Returns the time until then, in milliseconds. */
export const timeUntilLine = async (args, text, options) => {
  const start = performance.now();
  const child = watched(spawn(process.execPath, args, { ...options, stdio: ["ignore", "pipe", "inherit"] }));
  let seen = "";
  for await (const chunk of child.stdout.setEncoding("utf8")) {
    seen += chunk;
    if (seen.includes(text)) break;
  }
  const milliseconds = performance.now() - start;
  await stop(child);
  if (!seen.includes(text))
    throw new Error(`${args.join(" ")} ended without saying "${text}": ${seen.trim()}`);
  return milliseconds;
};

/** Runs a program, and returns its output. Rejects with the output if it fails. */
export const run = async (file, args, options) => {
  const child = watched(spawn(file, args, { ...options, stdio: ["ignore", "pipe", "pipe"] }));
  let printed = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (chunk) => {
      printed += chunk;
    });
  const [code, signal] = await once(child, "close");
  if (code !== 0)
    throw new Error(`${[file, ...args].join(" ")} ended with ${signal ?? code}: ${printed.trim()}`);
  return printed;
};

export const stop = async (child) => {
  if (!running.has(child)) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
};

const TICKS_A_SECOND = 100; // of /proc/<pid>/stat, on every Linux

/** The resources that a process has used so far. Undefined without /proc. */
export const usageOf = ({ pid }) => {
  if (!existsSync(`/proc/${pid}/stat`)) return undefined;
  // Fields 3 and later follow the name in parentheses. Fields 14 and 15 are the times in user and kernel mode.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const bytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * 1024;
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND,
    residentBytes: bytes("VmRSS"),
    peakBytes: bytes("VmHWM"),
  };
};

/** The processor time of processes so far, in seconds. A process that has ended counts as far as its parent has waited for it. */
export const cpuOf = (pids) =>
  pids.reduce((sum, pid) => {
    try {
      return sum + (usageOf({ pid })?.cpuSeconds ?? 0);
    } catch {
      return sum; // It has ended since it was listed.
    }
  }, 0);
