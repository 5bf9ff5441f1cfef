import { callsPerSecond } from "../lib/measures.mjs";
import { roomGet, roomGetBatch } from "../lib/paths.mjs";

/** What it gains to send ten calls in one request: each counts as a call. */
export const row = {
  name: "trpc-batch",
  ours: roomGetBatch,
  theirs: roomGet,
  measure: callsPerSecond,
  goal: { atLeast: 3 },
};
