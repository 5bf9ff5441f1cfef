import { bare, leastRecording, rawSqlite } from "../lib/contenders.mjs";
import { p99, recordsPerSecond } from "../lib/measures.mjs";
import { addCheatRecord } from "../lib/paths.mjs";

/** Compares recording with a server that writes its input without checks, authentication and validation. */
export const least = {
  name: "add-records-least",
  ours: addCheatRecord,
  theirs: leastRecording(addCheatRecord),
  measure: recordsPerSecond,
  goal: { atLeast: 0.8 },
};

/** For information: compares with the speed of the disk. */
export const throughput = {
  name: "add-records",
  ours: addCheatRecord,
  theirs: rawSqlite(addCheatRecord),
  measure: recordsPerSecond,
};

/** The 99th percentile of the latency. */
export const latency = {
  name: "add-records-p99",
  ours: addCheatRecord,
  theirs: bare(addCheatRecord),
  measure: p99,
  goal: { atMost: 4 },
};
