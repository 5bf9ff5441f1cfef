import { servedBy } from "../lib/contenders.mjs";
import { callsPerSecond } from "../lib/measures.mjs";
import { assertRoom, get, roomGet } from "../lib/paths.mjs";

const orpc = servedBy("orpc.mjs", {
  label: "oRPC on Node's HTTP server, equal procedure",
  like: roomGet,
  path: {
    requests: ({ roomId }) => [get("/rpc/room/get", { data: JSON.stringify({ json: { roomId } }) })],
    check: ({ json }, room) => assertRoom(json, room),
  },
});

/** The same call with another library, and with the same schemas, check of the caller, service and database. */
export const row = {
  name: "trpc-orpc",
  ours: roomGet,
  theirs: orpc,
  measure: callsPerSecond,
  goal: { atLeast: 1.2 },
};
