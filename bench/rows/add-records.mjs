import { bare, leastRecording, rawSqlite } from "../lib/contenders.mjs";
import { p99, recordsPerSecond } from "../lib/measures.mjs";
import { addCheatRecord } from "../lib/paths.mjs";

/** What checks, authentication and validation leave of the speed of a server that writes whatever it gets. */
export const least = {
  name: "add-records-least",
  ours: addCheatRecord,
  theirs: leastRecording(addCheatRecord),
  measure: recordsPerSecond,
  goal: { atLeast: 0.8 },
};

/** For information: what is left of the disk's speed. */
export const throughput = {
  name: "add-records",
  ours: addCheatRecord,
  theirs: rawSqlite(addCheatRecord),
  measure: recordsPerSecond,
};

/** How long a call waits, of which one in a hundred waits longer. */
export const latency = {
  name: "add-records-p99",
  ours: addCheatRecord,
  theirs: bare(addCheatRecord),
  measure: p99,
  goal: { atMost: 4 },
};
