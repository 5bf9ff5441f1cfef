// The parts that all contenders of a run share: the load generator, databases, a token, settings.
import { randomBytes } from "node:crypto";
import { join, resolve } from "node:path";
import { createDatabases, TEACHER } from "./databases.mjs";
import { freePort, untilReady } from "./http.mjs";
import { ask } from "./ipc.mjs";
import { environment, newFolder, startModule, startProgram, stop, timeUntilLine } from "./processes.mjs";
import { raisedLimits } from "./raised-limits.mjs";
import { CLI } from "./server-modules.mjs";
import { createTokens } from "./tokens.mjs";

const HERE = resolve(import.meta.dirname, "../..");

const MOST_TRIES = 5;

/** The process of the load generator. */
export const createLoader = () => {
  let child;
  return {
    /** Runs all of these loads at the same time. Returns their results. */
    load: (loads, seconds) => {
      child ??= startModule("load.mjs");
      return ask(child, { loads, seconds });
    },
    /** The same. If the machine is so busy that a load got no answer, tries again for longer. `begin` is called before each try. */
    async loadUntilAnswered(loads, seconds, begin) {
      for (let tries = 1; tries < MOST_TRIES; tries++) {
        await begin();
        const rounds = await this.load(loads, seconds * 2 ** (tries - 1));
        if (rounds.every(({ requests }) => requests > 0)) return rounds;
      }
      throw new Error(`no call was answered in ${seconds * 2 ** (MOST_TRIES - 2)} s`);
    },
    close: async () => {
      if (child) await stop(child);
    },
  };
};

/**
 * The server as installations run it: started by its command, in a folder without .env. Its log, with a line per request, goes to the null
 * device.
 */
export const startServer = async (settings, cli = CLI) => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const options = {
    env: { ...environment, ...settings, INVIGIL_PORT: String(port) },
    cwd: settings.INVIGIL_DATA_DIR,
  };
  const program = startProgram(process.execPath, [cli, "serve"], options);
  await untilReady(url, program);
  return { url, child: program.child };
};

/** @param {string} root the checkout whose built server runs; stages of two checkouts share a `loader` */
export const createStage = (root = HERE, loader = createLoader()) => {
  const secret = randomBytes(32).toString("hex");
  const cli = join(root, "packages/server/dist/cli.js");
  const tokenOf = createTokens(secret);

  /** Settings for a database (a file or a URL). The server's other files go to a separate folder. */
  const settingsFor = (file, more) => ({
    INVIGIL_PORT: "0",
    INVIGIL_DATABASE_URL: file.startsWith("postgres:") ? file : `file:${file}`,
    INVIGIL_DATA_DIR: newFolder(),
    INVIGIL_AUTH_SECRET: secret,
    ...raisedLimits(root),
    ...more,
  });

  /** The servers that run, by the file of their database. */
  const serving = new Map();

  return {
    databaseFor: createDatabases(),
    settingsFor,

    /** Starts a server on this database. */
    startServer: (file, more) => startServer(settingsFor(file, more), cli),

    /** The server of a database that several paths read: a SQLite file has one. */
    async serverOf(file) {
      if (!serving.has(file)) {
        const server = await startServer(settingsFor(file), cli);
        server.child.once("exit", () => serving.delete(file));
        serving.set(file, server);
      }
      return serving.get(file);
    },

    /** The headers of a request. One teacher makes all those that name no caller. */
    async headersOf({ method, caller: { userId, role } = { userId: TEACHER, role: "teacher" } }) {
      const token = await tokenOf(userId, role);
      return {
        authorization: `Bearer ${token}`,
        ...(method === "POST" && { "content-type": "application/json" }),
      };
    },

    /** The headers of a POST by an administrator. */
    async adminHeaders() {
      const token = await tokenOf("root", "admin");
      return { authorization: `Bearer ${token}`, "content-type": "application/json" };
    },

    /** Each call starts the server on this database. Returns the time until it listens, in milliseconds. */
    starterFor(file) {
      const settings = settingsFor(file);
      const options = { env: { ...environment, ...settings }, cwd: settings.INVIGIL_DATA_DIR };
      return () => timeUntilLine([cli, "serve"], "listening", options);
    },

    load: loader.load,
    close: loader.close,
  };
};
