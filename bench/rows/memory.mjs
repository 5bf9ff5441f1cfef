import { setTimeout as sleep } from "node:timers/promises";
import { loadOf } from "../lib/contenders.mjs";
import { recordsIn } from "../lib/databases.mjs";
import { megabytes } from "../lib/measures.mjs";
import { addCheatRecord, listCheatRecord, roomGet, roomGetBatch, roomInfo, userList } from "../lib/paths.mjs";
import { stop, usageOf } from "../lib/processes.mjs";
import { median } from "../lib/statistics.mjs";
import { verdictOf } from "../lib/verdict.mjs";

const RECORDS_BEFORE = 10_000;
/** Every path at the same time, over this many connections. */
const MIX = [
  { spec: addCheatRecord, connections: 32 },
  { spec: roomInfo, connections: 8 },
  { spec: roomGet, connections: 8 },
  { spec: roomGetBatch, connections: 4 },
  { spec: listCheatRecord("deep", RECORDS_BEFORE), connections: 8 },
  { spec: userList, connections: 1 },
];
const SAMPLE_MS = 500;
/** The memory of a process varies with the garbage collector, so the result is the median over this time. */
const WINDOW_SECONDS = 10;
/** The extension of the load until there are enough records, and its maximum. */
const MORE_SECONDS = 10;
const MOST_SECONDS = 1800;

/** Samples of the memory of the process until `isOver`: `{ at }` in seconds, `{ bytes }`. */
const watch = async (child, isOver) => {
  const start = performance.now();
  const samples = [];
  while (!isOver()) {
    const usage = usageOf(child);
    if (!usage) throw new Error("/proc does not have the server: it ended, or this is not Linux");
    samples.push({ at: (performance.now() - start) / 1000, bytes: usage.residentBytes });
    await sleep(SAMPLE_MS);
  }
  return samples;
};

const heldBefore = (samples, second) =>
  median(
    samples
      .filter(({ at }) => at <= second && at > second - Math.min(WINDOW_SECONDS, second))
      .map(({ bytes }) => bytes),
  ) / 1e6;

const secondsText = (seconds) => (seconds % 60 ? `${seconds} s` : `${seconds / 60} min`);

const run = async ({ stage, plan: { memory }, say }) => {
  const { file, room } = await stage.databaseFor({ records: RECORDS_BEFORE, recordsPerCall: 1 });
  const { url, child } = await stage.startServer(file);
  const loads = [];
  for (const { spec, connections } of MIX) {
    loads.push({ ...(await loadOf({ stage, path: spec.path, url, file, room })), connections });
  }
  const added = () => recordsIn(file) - RECORDS_BEFORE;
  let isOver = false;
  const load = async () => {
    const deadline = performance.now() + MOST_SECONDS * 1000;
    try {
      say(`${secondsText(memory.seconds)} of mixed load`);
      await stage.load(loads, memory.seconds);
      while (added() < memory.records) {
        if (performance.now() > deadline)
          throw new Error(`in ${secondsText(MOST_SECONDS)} only ${added()} records were recorded`);
        say(`mixed load until there are ${memory.records} records: ${added()}`);
        await stage.load(loads, MORE_SECONDS);
      }
    } finally {
      isOver = true;
    }
  };
  let samples;
  try {
    [samples] = await Promise.all([watch(child, () => isOver), load()]);
  } finally {
    await stop(child);
  }

  const seconds = samples.at(-1).at;
  const [before, after] = [heldBefore(samples, memory.base), heldBefore(samples, seconds)];
  const value = after / before;
  const did = `${secondsText(Math.round(seconds))} of load, ${added().toLocaleString("en")} records recorded, beside ${secondsText(memory.base)}`;
  const rest = "; scaled down: the row with 10 minutes and 1,000,000 records is made by --row memory";
  return {
    value,
    rounds: [value],
    ours: { value: after },
    theirs: { value: before },
    verdict: verdictOf(value, row.goal, { scaled: memory.scaled }),
    note: `${did}${memory.scaled ? rest : ""}`,
  };
};

/** Checks whether memory grows with time and with the size of the database. */
export const row = {
  name: "memory",
  ours: { label: "resident memory at the end of mixed load" },
  theirs: { label: "the same near the beginning" },
  measure: megabytes,
  goal: { atMost: 1.2 },
  run,
};
