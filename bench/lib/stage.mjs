// What the contenders of a run share: the load generator, databases, a token, settings.
import { randomBytes } from "node:crypto";
import { createDatabases, TEACHER } from "./databases.mjs";
import { freePort, untilReady } from "./http.mjs";
import { ask } from "./ipc.mjs";
import { environment, newFolder, run, startModule, startProgram, stop } from "./processes.mjs";
import { raisedLimits } from "./raised-limits.mjs";
import { CLI } from "./server-modules.mjs";

/** One teacher makes all calls and listens for everybody, which no person does: the bounds for each person are raised. */
const BOUNDS = { INVIGIL_CONNECTIONS_PER_PERSON: "100000", INVIGIL_SUBSCRIPTIONS_PER_PERSON: "100000" };

export const createStage = () => {
  const secret = randomBytes(32).toString("hex");
  let loader;
  let token;

  /** Settings on a database; what the server keeps beside it goes to a folder of its own. */
  const settingsFor = (file) => ({
    INVIGIL_PORT: "0",
    INVIGIL_DATABASE_URL: `file:${file}`,
    INVIGIL_DATA_DIR: newFolder(),
    INVIGIL_AUTH_SECRET: secret,
    ...raisedLimits(),
  });

  const tokenFor = async (settings) => {
    const args = [CLI, "token", "--role", "teacher", "--user", TEACHER];
    const env = { ...environment, ...settings };
    return (await run(process.execPath, args, { env, cwd: settings.INVIGIL_DATA_DIR })).trim();
  };

  return {
    databaseFor: createDatabases(),
    settingsFor,

    /** The server as people run it, by its command; its log, a line a request, goes to the null device. */
    async startServer(file) {
      const port = await freePort();
      const url = `http://127.0.0.1:${port}`;
      const settings = { ...settingsFor(file), INVIGIL_PORT: String(port) };
      // Started in a folder where there is no .env.
      const options = { env: { ...environment, ...BOUNDS, ...settings }, cwd: settings.INVIGIL_DATA_DIR };
      const program = startProgram(process.execPath, [CLI, "serve"], options);
      await untilReady(url, program);
      return { url, child: program.child };
    },

    /** The headers of a request: one teacher makes them all. */
    async headersOf(file, { method }) {
      token ??= await tokenFor(settingsFor(file));
      return {
        authorization: `Bearer ${token}`,
        ...(method === "POST" && { "content-type": "application/json" }),
      };
    },

    /** Loads all of these at the same time; what became of each. */
    load(loads, seconds) {
      loader ??= startModule("load.mjs");
      return ask(loader, { loads, seconds });
    },

    close: async () => {
      if (loader) await stop(loader);
    },
  };
};
