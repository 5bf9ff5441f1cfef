import { callsPerSecond } from "../lib/measures.mjs";
import { roomGet, roomInfo } from "../lib/paths.mjs";

/** The typed entry point beside the old one: the same procedure. */
export const row = {
  name: "trpc-rest",
  ours: roomGet,
  theirs: roomInfo,
  measure: callsPerSecond,
  goal: { atLeast: 0.85 },
};
