import { type ChildProcessByStdio, spawn } from "node:child_process";
import { basename, delimiter, dirname, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Role } from "@invigil/schema";
import { expect } from "vitest";
import { signToken } from "../../src/identity/tokens.js";
import { REPOSITORY } from "./folders.js";
import { endWithThisProcess } from "./reaper.js";
import { kept, watchLog } from "./secrets.js";

export { REPOSITORY, tempFolder } from "./folders.js";

// Real processes for tests, which wait for what a process prints and always end it.

/** The built command. Build it with `npx tsc -b packages/server`. */
export const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
/** The time limit of each wait, so that a test fails and cleans up before vitest aborts it. */
const DEADLINE_MS = 60_000;

export type Env = Readonly<Record<string, string>>;

/** A child process inherits nothing from the test's environment: no settings, and no other version of Node. */
const cleanEnv = (home: string, env: Env): Env => ({
  PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ""}`,
  HOME: home,
  ...env,
});

/** Rejects with a description of the wait, and of what happened instead, after a time limit. */
const within = async <T>(promise: Promise<T>, failure: () => string, ms = DEADLINE_MS): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(failure())), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Child extends AsyncDisposable {
  readonly pid: number;
  /** Resolves with the first line of standard output that contains this text, past or future. */
  line(text: string): Promise<string>;
  /** Resolves with the exit status and output. */
  ended(): Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
  /** Writes to its standard input. Requires `isTerminal`. */
  type(text: string): void;
  /** Its standard output so far. */
  stdout(): string;
}

/** @throws Error in a test file that `npm run check` runs, because those must not start processes. Any may run against real servers. */
const checkFileName = (): void => {
  if (process.env.INVIGIL_TEST_SERVERS) return;
  const path = expect.getState().testPath ?? "";
  const name = basename(path);
  // `npm run check` leaves out those of browsers, too.
  if (!name.startsWith("process-") && basename(dirname(path)) !== "browser")
    throw new Error(`${name} starts a process: move the test to a file named process-*.test.ts`);
};

const follow = (child: ChildProcessByStdio<Writable, Readable, Readable>, deadlineMs?: number): Child => {
  const seen = { stdout: "", stderr: "" };
  const waiting = new Set<() => void>();
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (text: string) => {
      seen[name] += text;
      // Includes the end of the previous chunk, because a secret may be split between two.
      watchLog(seen[name].slice(-text.length - 200));
      for (const look of waiting) look();
    });
  // A test ends its processes. A test that exceeds its time limit cannot.
  endWithThisProcess(child);
  const end = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, ...seen }));
  });

  const ended = () => within(end, () => `the process did not end\n${seen.stdout}${seen.stderr}`, deadlineMs);
  const line = (text: string): Promise<string> => {
    let look = (): void => undefined;
    const found = new Promise<string>((resolve) => {
      look = () => {
        const lines = seen.stdout.split("\n").slice(0, -1);
        const first = lines.find((whole) => whole.includes(text));
        if (first !== undefined) resolve(first);
      };
    });
    waiting.add(look);
    look();
    const gone = end.then(({ code, signal }) => {
      throw new Error(`ended (${code ?? signal}) without "${text}"\n${seen.stdout}${seen.stderr}`);
    });
    const failure = () => `no line "${text}"\n${seen.stdout}${seen.stderr}`;
    return within(Promise.race([found, gone]), failure).finally(() => waiting.delete(look));
  };
  return {
    // Safe: undefined only for a process that could not be started, for which `ended` rejects.
    pid: child.pid as number,
    line,
    ended,
    kill: (signal) => void child.kill(signal),
    type: (text) => void child.stdin.write(text),
    stdout: () => seen.stdout,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended();
    },
  };
};

interface StartOptions {
  readonly cwd: string;
  /** The content of its standard input. */
  readonly input?: string;
  /** Whether its standard input stays open, for `type`. */
  readonly isTerminal?: boolean;
  readonly env?: Env;
  /** Its time limit, in milliseconds. Default: the limit of all waits. */
  readonly deadlineMs?: number;
}

/** Starts a program. */
const start = (
  file: string,
  args: readonly string[],
  { cwd, env = {}, input, isTerminal = false, deadlineMs }: StartOptions,
): Child => {
  checkFileName();
  const child = spawn(file, args, { cwd, env: cleanEnv(cwd, env), stdio: ["pipe", "pipe", "pipe"] });
  // The process may exit before it has read its input.
  child.stdin.on("error", () => undefined);
  if (!isTerminal) child.stdin.end(input);
  return follow(child, deadlineMs);
};

/** Starts `invigil` with these arguments, and with the settings in `env` only. */
export const invigil = (args: readonly string[], options: StartOptions): Child =>
  start(process.execPath, [CLI, ...args], options);

/** Starts a script of the repository. */
export const script = (path: string, args: readonly string[]): Child =>
  start(process.execPath, [join(REPOSITORY, path), ...args], { cwd: REPOSITORY });

/** Runs `invigil` until it exits. */
export const run = async (args: readonly string[], options: StartOptions): Promise<Ended> => {
  await using child = invigil(args, options);
  return await child.ended();
};

/** Runs commands pasted into a terminal. */
export const paste = async (text: string, options: StartOptions): Promise<Ended> => {
  await using child = start("bash", ["-c", text], options);
  return await child.ended();
};

/** Starts commands pasted into a terminal, which keep running. */
export const startPaste = (text: string, options: StartOptions): Child =>
  start("bash", ["-c", text], { ...options, isTerminal: true });

export interface Server extends Child {
  readonly url: string;
  /** Calls a documented path with JSON. */
  post(path: string, body: unknown, token?: string): Promise<Answer>;
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers that are JSON of any shape.
type Json = any;
interface Answer {
  readonly status: number;
  readonly body: Json;
}

/** The secret of a server with `testEnv`. */
export const SECRET = kept("auth-secret");
/** Settings of a server on a free port, with a known token secret. */
export const testEnv: Env = { INVIGIL_PORT: "0", INVIGIL_AUTH_SECRET: SECRET };
/** Signs a token for a server with `testEnv`. */
export const tokenFor = (role: Role, userId: string): Promise<string> =>
  signToken({ userId, role, ttlSeconds: 3600 }, { secret: SECRET, clock: () => new Date(), jti: userId });

const post = async (url: string, body: unknown, token?: string): Promise<Answer> => {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...(token !== undefined && { authorization: token }) },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
};

/** Starts a server, and resolves when it listens. Requires log level `info`, the default. */
export const serve = async (options: StartOptions, ...args: readonly string[]): Promise<Server> => {
  const child = invigil(["serve", ...args], options);
  try {
    const { url } = JSON.parse(await child.line('"msg":"listening"')) as { url: string };
    return { ...child, url, post: (path, body, token) => post(`${url}${path}`, body, token) };
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
};
