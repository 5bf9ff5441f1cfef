// A limit: better-sqlite3 without a server. It inserts the same rows into the server's tables, 64 calls per transaction.
import { createHistogram } from "node:perf_hooks";
import { answerParent } from "../lib/ipc.mjs";
import { openTables } from "../lib/raw-tables.mjs";
import { CALLS, INSERT_RECORD, recordsOfCalls, rowOf } from "../lib/records.mjs";

const open = async ({ file, room }) => {
  const sqlite = await openTables(file);
  const insert = sqlite.prepare(INSERT_RECORD);
  const rows = recordsOfCalls().flatMap((records) => records.map((record) => rowOf(room, record)));
  const { immediate: write } = sqlite.transaction(() => {
    for (const row of rows) insert.run(row);
  });
  return write;
};

/** Each of the 64 calls of a transaction takes as long as the transaction. */
const load = (write, seconds) => {
  const latencies = createHistogram();
  const start = performance.now();
  const end = start + seconds * 1000;
  let now = start;
  while (now < end) {
    const begun = now;
    write();
    now = performance.now();
    latencies.record(Math.max(1, Math.round((now - begun) * 1000)));
  }
  return {
    calls: latencies.count * CALLS,
    seconds: (now - start) / 1000,
    p50: latencies.percentile(50) / 1000,
    p99: latencies.percentile(99) / 1000,
  };
};

let write;
answerParent(async (question) => {
  if (question.seconds !== undefined) return load(write, question.seconds);
  write = await open(question);
});
