import { resolve } from "node:path";
import { timeTaken } from "../lib/measures.mjs";
import { environment, newFolder, timeUntilLine } from "../lib/processes.mjs";
import { repeatedly } from "../lib/repeatedly.mjs";
import { CLI } from "../lib/server-modules.mjs";

const BARE = resolve(import.meta.dirname, "../children/bare-start.mjs");

const started = (args, options) =>
  repeatedly(() => timeUntilLine(args, "listening", { env: environment, cwd: newFolder(), ...options }));

const invigil = {
  label: "start to listening, migrated database",
  async start({ stage }) {
    const { file } = await stage.databaseFor({ records: 0 });
    const settings = stage.settingsFor(file);
    return { round: started([CLI, "serve"], { env: { ...environment, ...settings } }) };
  },
};
const bare = { label: "bare Fastify start", start: async () => ({ round: started([BARE]) }) };

/** From starting the process until it says that it listens. */
export const row = {
  name: "start",
  ours: invigil,
  theirs: bare,
  measure: timeTaken,
  goal: { atMost: 2 },
};
