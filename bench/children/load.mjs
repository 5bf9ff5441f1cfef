// The load generator, a process of its own: autocannon, asked over IPC. One process makes every load of a run, so
// that it is as warm for one contender as for the other.
import { createHistogram } from "node:perf_hooks";
import autocannon from "autocannon";
import { answerParent } from "../lib/ipc.mjs";
import { masked } from "../lib/masked.mjs";

// autocannon looks this often whether its time is up, in milliseconds.
const TICK = 50;

/** Gives each connection its own part of the requests. */
const divide = (requests, connections) => {
  let next = 0;
  return (client) => {
    const first = next++;
    client.setRequests(requests.filter((_, n) => n % connections === first));
  };
};

/**
 * Sends `requests` in turn over `connections` for `seconds`; or, with `once`, each of them once. Every answer must be 200 with the body `expected`,
 * but for what the pattern `mask` matches. autocannon keeps latencies in whole milliseconds; here they are kept in
 * microseconds.
 */
const loadOne = async ({ url, requests, headers, expected, mask, connections, once }, seconds) => {
  const latencies = createHistogram();
  const wanted = masked(expected, mask);
  const load = autocannon({
    url,
    requests,
    headers,
    connections,
    verifyBody: (body) => body === expected || masked(body, mask) === wanted,
    ...(once
      ? { amount: requests.length, setupClient: divide(requests, connections) }
      : { duration: seconds }),
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
};

answerParent(({ loads, seconds }) => Promise.all(loads.map((load) => loadOne(load, seconds))));
