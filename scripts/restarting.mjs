import { spawn } from "node:child_process";
import { watch } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** How long a server may take to drain before a restart, in milliseconds. An open page would otherwise delay it. */
const PATIENCE_MS = 500;
/** Changes within this time count as one. An editor writes a file in several steps, and a switch of branches changes many files. */
const GATHER_MS = 100;

/** Asks a process to end; a second signal ends it at once. */
const end = (child) => {
  child.kill();
  setTimeout(() => child.kill(), PATIENCE_MS).unref();
};

/**
 * Serves, and restarts when a file changes. The complete output of the first start is shown. Later starts only show the log, which consists
 * of lines of JSON, because the address and the tokens have not changed.
 * @param {{ args: readonly string[], env?: NodeJS.ProcessEnv, folders: readonly string[], files?: readonly string[] }} options the
 *   arguments of `node`, and what is watched: folders with all that is in them but tests, and single files of the working folder
 * @returns {() => Promise<void>} ends the server, and the watching
 */
export const serveRestarting = ({ args, env = process.env, folders, files = [] }) => {
  let server;
  let isFirst = true;
  const changed = new Set();
  let gathering;

  const start = () => {
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"], env });
    server = child;
    const showsAll = isFirst;
    isFirst = false;
    let isServing = false;
    createInterface({ input: child.stdout }).on("line", (line) => {
      const isLog = line.startsWith("{");
      if (isLog || showsAll) console.log(line);
      else if (!isServing) console.log("Serving again.");
      isServing ||= !isLog;
    });
    child.on("exit", () => {
      server = undefined;
      console.log("The server has ended. It starts again when a file changes.");
    });
  };

  const restart = () => {
    if (!server) return start();
    server.removeAllListeners("exit").once("exit", start);
    end(server);
  };

  const noticing =
    (folder, isWatched = (name) => !name.endsWith(".test.ts")) =>
    (_event, name) => {
      if (!name || !isWatched(name)) return;
      changed.add(join(folder, name));
      clearTimeout(gathering);
      gathering = setTimeout(() => {
        console.log(`Changed: ${[...changed].join(", ")}`);
        changed.clear();
        restart();
      }, GATHER_MS);
    };
  const watchers = folders.map((folder) => watch(folder, { recursive: true }, noticing(folder)));
  watchers.push(
    watch(
      ".",
      noticing(".", (name) => files.includes(name)),
    ),
  );
  start();

  return async () => {
    for (const watcher of watchers) watcher.close();
    clearTimeout(gathering);
    if (!server) return;
    const ended = new Promise((resolve) => server.removeAllListeners("exit").once("exit", resolve));
    end(server);
    await ended;
  };
};
