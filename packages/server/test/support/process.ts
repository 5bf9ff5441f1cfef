import { type ChildProcess, type ChildProcessByStdio, spawn } from "node:child_process";
import { basename, delimiter, dirname } from "node:path";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Role } from "@invigil/schema";
import { afterAll, expect } from "vitest";
import { signToken } from "../../src/identity/tokens.js";
import { kept, watchLog } from "./secrets.js";

export { REPOSITORY, tempFolder } from "./folders.js";

// Real processes for tests: started, waited for by what they print, and always ended.

/** The command as it is installed. It is what the last build made: `npx tsc -b packages/server`. */
export const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
/** No wait is longer than this, so that a test ends, and cleans up, before vitest gives it up. */
const DEADLINE_MS = 20_000;

export type Env = Readonly<Record<string, string>>;

// A test ends what it started; one that is given up for taking too long cannot, so its file does.
const processes = new Set<ChildProcess>();
afterAll(() => {
  for (const child of processes) child.kill("SIGKILL");
});

/** Nothing of the environment that the tests run in reaches a child, but the tRPC adapter that the run is about: no setting, and no other Node. */
const cleanEnv = (home: string, env: Env): Env => ({
  INVIGIL_TRPC_ADAPTER: process.env.INVIGIL_TRPC_ADAPTER ?? "",
  PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ""}`,
  HOME: home,
  ...env,
});

/** Rejects with what was waited for, and what was seen instead, when it takes too long. */
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
  /** The first line of standard output with this text, whether it is there or still to come. */
  line(text: string): Promise<string>;
  /** How it ended, once it has. */
  ended(): Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
  /** Types into it, where its input is kept open. */
  type(text: string): void;
  /** What it has printed so far. */
  stdout(): string;
}

/** @throws Error where `npm run check`, which leaves out files of this name, would start a process */
const checkFileName = (): void => {
  const name = basename(expect.getState().testPath ?? "");
  if (!name.startsWith("process-"))
    throw new Error(`${name} starts a process: move the test to a file named process-*.test.ts`);
};

const follow = (child: ChildProcessByStdio<Writable, Readable, Readable>, deadlineMs?: number): Child => {
  const seen = { stdout: "", stderr: "" };
  const waiting = new Set<() => void>();
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (text: string) => {
      seen[name] += text;
      // With what came before: a text may come in two parts.
      watchLog(seen[name].slice(-text.length - 200));
      for (const look of waiting) look();
    });
  processes.add(child);
  const end = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, ...seen }));
  }).finally(() => processes.delete(child));

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
    // Safe: it is undefined only for a process that could not be started, which `ended` rejects.
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
  /** What is piped into it. */
  readonly input?: string;
  /** Whether somebody will type into it. */
  readonly isTerminal?: boolean;
  readonly env?: Env;
  /** How long it may run, where that is more than anything else. */
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
  // It may end without reading.
  child.stdin.on("error", () => undefined);
  if (!isTerminal) child.stdin.end(input);
  return follow(child, deadlineMs);
};

/** Starts `invigil` with these arguments. Only what is in `env` is set. */
export const invigil = (args: readonly string[], options: StartOptions): Child =>
  start(process.execPath, [CLI, ...args], options);

/** Runs `invigil` to its end. */
export const run = async (args: readonly string[], options: StartOptions): Promise<Ended> => {
  await using child = invigil(args, options);
  return await child.ended();
};

/** Runs what somebody pastes into a terminal. */
export const paste = async (text: string, options: StartOptions): Promise<Ended> => {
  await using child = start("bash", ["-c", text], options);
  return await child.ended();
};

/** Starts what somebody pastes into a terminal, where it goes on. */
export const startPaste = (text: string, options: StartOptions): Child =>
  start("bash", ["-c", text], { ...options, isTerminal: true });

export interface Server extends Child {
  readonly url: string;
  /** Calls a documented path, as JSON. */
  post(path: string, body: unknown, token?: string): Promise<Answer>;
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers that are JSON of any shape.
type Json = any;
interface Answer {
  readonly status: number;
  readonly body: Json;
}

const SECRET = kept("auth-secret");
/** Settings of a server whose tokens a test can sign, on a port that is free. */
export const testEnv: Env = { INVIGIL_PORT: "0", INVIGIL_AUTH_SECRET: SECRET };
/** A token for a server with `testEnv`. */
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

/** Starts a server; resolves when it listens. It must log at level `info`, as it does by default. */
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
