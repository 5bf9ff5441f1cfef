import { resolve } from "node:path";
import { timeTaken } from "../lib/measures.mjs";
import { environment, newFolder, timeUntilLine } from "../lib/processes.mjs";
import { repeatedly } from "../lib/repeatedly.mjs";

const BARE = resolve(import.meta.dirname, "../children/bare-start.mjs");

const invigil = {
  label: "start to listening, migrated database",
  async start({ stage }) {
    const { file } = await stage.databaseFor({ records: 0 });
    return { round: repeatedly(stage.starterFor(file)) };
  },
};
const bare = {
  label: "bare Fastify start",
  start: async () => ({
    round: repeatedly(() => timeUntilLine([BARE], "listening", { env: environment, cwd: newFolder() })),
  }),
};

/** The time from the start of the process until it logs that it listens. */
export const row = {
  name: "start",
  ours: invigil,
  theirs: bare,
  measure: timeTaken,
  goal: { atMost: 2 },
};
