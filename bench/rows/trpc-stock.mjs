import { servedBy } from "../lib/contenders.mjs";
import { callsPerSecond } from "../lib/measures.mjs";
import { roomGet } from "../lib/paths.mjs";

/** The gain of the server's own tRPC handler. */
export const row = {
  name: "trpc-stock",
  ours: roomGet,
  theirs: servedBy("stock.mjs", {
    label: "stock tRPC Fastify adapter, same router",
    like: roomGet,
    sameAnswer: true,
  }),
  measure: callsPerSecond,
  goal: { atLeast: 3 },
};
