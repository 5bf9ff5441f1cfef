import { resolve } from "node:path";
import { clientSizes } from "../lib/client-size.mjs";
import { kilobytes } from "../lib/measures.mjs";
import { verdictOf } from "../lib/verdict.mjs";

const CLIENT = resolve(import.meta.dirname, "../../packages/client");

const runFor = (row, part) => async () => {
  const value = (await clientSizes(CLIENT))[part];
  return { value, rounds: [value], ours: { value }, verdict: verdictOf(value, row().goal) };
};

/** The size of the client besides @trpc/client and superjson, for an app that does not use `live` and `uploadAudio`. */
export const row = {
  name: "client-size",
  needsClient: true,
  ours: { label: "client's own code" },
  measure: kilobytes,
  goal: { atMost: 5.5, unit: "kB" },
  run: runFor(() => row, "atOnce"),
};

/** The additional size for an app that uses `live`. */
export const live = {
  name: "client-live-size",
  needsClient: true,
  ours: { label: "client's own code for live, loaded when used" },
  measure: kilobytes,
  goal: { atMost: 6, unit: "kB" },
  run: runFor(() => live, "forLive"),
};
