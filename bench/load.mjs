// The load generator, a process of its own: autocannon, asked over IPC, one load at a time. One process makes
// every load of a run, so that it is as warm for one contender as for the other.
import { createHistogram } from "node:perf_hooks";
import autocannon from "autocannon";
import { answerParent } from "./ipc.mjs";

// autocannon looks this often whether its time is up, in milliseconds.
const TICK = 50;

/**
 * Sends `requests` in turn over `connections` for `seconds`. Every answer must be 200 with the body `expected`.
 * autocannon keeps latencies in whole milliseconds; here they are kept in microseconds.
 */
answerParent(async ({ url, requests, headers, expected, connections, seconds }) => {
  const latencies = createHistogram();
  const load = autocannon({
    url,
    requests,
    headers,
    connections,
    verifyBody: (body) => body === expected,
    duration: seconds,
    sampleInt: TICK,
  });
  load.on("response", (_client, _status, _bytes, milliseconds) => {
    latencies.record(Math.max(1, Math.round(milliseconds * 1000)));
  });
  const { errors, timeouts, non2xx, mismatches, start, finish } = await load;
  if (errors + timeouts + non2xx + mismatches > 0) {
    throw new Error(
      `under load: ${errors} errors, ${timeouts} timeouts, ${non2xx} answers other than 2xx, ${mismatches} other bodies`,
    );
  }
  return {
    requests: latencies.count,
    seconds: (finish - start) / 1000,
    p50: latencies.percentile(50) / 1000,
    p99: latencies.percentile(99) / 1000,
  };
});
