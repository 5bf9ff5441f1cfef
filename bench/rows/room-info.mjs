import { bare } from "../lib/contenders.mjs";
import { callsPerSecond } from "../lib/measures.mjs";
import { roomInfo } from "../lib/paths.mjs";

/** What authentication, membership, validation, SQLite and encoding leave of Fastify's speed. */
export const row = {
  name: "room-info",
  ours: roomInfo,
  theirs: bare(roomInfo),
  measure: callsPerSecond,
  goal: { atLeast: 0.6 },
};
