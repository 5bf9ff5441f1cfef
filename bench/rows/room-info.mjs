import { bare } from "../lib/contenders.mjs";
import { callsPerSecond } from "../lib/measures.mjs";
import { roomInfo } from "../lib/paths.mjs";

/** Compares a call with a route without authentication, membership, validation, SQLite and encoding. */
export const row = {
  name: "room-info",
  ours: roomInfo,
  theirs: bare(roomInfo, { dressed: true }),
  measure: callsPerSecond,
  goal: { atLeast: 0.7 },
};

/** For information: compares with Fastify without the headers, the request id and the log line. */
export const bareRow = { ...row, name: "room-info-bare", theirs: bare(roomInfo), goal: undefined };
