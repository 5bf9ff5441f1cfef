import { callsPerSecond } from "../lib/measures.mjs";
import { roomGet, roomGetBatch } from "../lib/paths.mjs";

/** The gain of ten calls in one request. Each of the ten counts as a call. */
export const row = {
  name: "trpc-batch",
  ours: roomGetBatch,
  theirs: roomGet,
  measure: callsPerSecond,
  goal: { atLeast: 3 },
};
