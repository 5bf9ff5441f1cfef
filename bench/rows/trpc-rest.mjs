import { callsPerSecond } from "../lib/measures.mjs";
import { roomGet, roomInfo } from "../lib/paths.mjs";

/** Compares the same procedure over tRPC and over REST. */
export const row = {
  name: "trpc-rest",
  ours: roomGet,
  theirs: roomInfo,
  measure: callsPerSecond,
  goal: { atLeast: 0.85 },
};
