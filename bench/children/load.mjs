// The load generator: autocannon in its own process, controlled over IPC. One process makes all loads of a run, so that it is equally warm
// for all contenders. A load with a `rate` uses Node's own client, because autocannon sends all requests of a second at once.
import http from "node:http";
import { createHistogram } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import autocannon from "autocannon";
import { answerParent } from "../lib/ipc.mjs";
import { masked } from "../lib/masked.mjs";

// How often autocannon checks whether its time is up, in milliseconds.
const TICK = 50;

/**
 * Sends `requests` in turn over `connections` for `seconds`. Every answer must be 200 with the body `expected`, except for the parts that
 * the pattern `mask` matches. autocannon records latencies in whole milliseconds. This records them in microseconds.
 */
const loadOne = async ({ url, requests, headers, expected, mask, connections }, seconds) => {
  const latencies = createHistogram();
  const wanted = masked(expected, mask);
  let clients = 0;
  const load = autocannon({
    url,
    headers,
    // Each connection begins with another request, so that different callers call at the same time.
    setupClient(client) {
      const first = clients++ % requests.length;
      client.setRequests([...requests.slice(first), ...requests.slice(0, first)]);
    },
    connections,
    verifyBody: (body) => body === expected || masked(body, mask) === wanted,
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
};

/** Agents keep their connections from one round to the next. */
const agents = new Map();
const agentFor = (url, connections) => {
  const agent = agents.get(url) ?? new http.Agent({ keepAlive: true, maxSockets: connections });
  agents.set(url, agent);
  return agent;
};

const answerTo = (agent, url, { method, path, headers, body = "" }) =>
  new Promise((resolve, reject) => {
    const length = Buffer.byteLength(body);
    const options = { method, agent, headers: { ...headers, "content-length": length } };
    const request = http.request(url + path, options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode, text }));
      response.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  });

/** Sends `requests` in turn, `rate` a second, at random moments that do not depend on the answers. */
const pacedLoad = async ({ url, requests, headers, expected, mask, connections, rate }, seconds) => {
  const latencies = createHistogram();
  const wanted = masked(expected, mask);
  const agent = agentFor(url, connections);
  const send = async (request) => {
    const begin = performance.now();
    const { status, text } = await answerTo(agent, url, { headers, ...request });
    if (status !== 200 || (text !== expected && masked(text, mask) !== wanted))
      throw new Error(`under load: an answer ${status}: ${text.slice(0, 200)}`);
    latencies.record(Math.max(1, Math.round((performance.now() - begin) * 1000)));
  };
  const start = performance.now();
  const end = start + seconds * 1000;
  const sending = [];
  let due = start;
  for (let n = 0; ; n++) {
    // The times between the calls of many independent callers.
    due += (-Math.log(1 - Math.random()) * 1000) / rate;
    if (due >= end) break;
    const early = due - performance.now();
    if (early > 1) await sleep(early);
    sending.push(send(requests[n % requests.length]));
  }
  await Promise.all(sending);
  return {
    requests: latencies.count,
    seconds: (performance.now() - start) / 1000,
    p50: latencies.percentile(50) / 1000,
    p99: latencies.percentile(99) / 1000,
  };
};

const load = (wanted, seconds) =>
  wanted.rate === undefined ? loadOne(wanted, seconds) : pacedLoad(wanted, seconds);

answerParent(({ loads, seconds }) => Promise.all(loads.map((one) => load(one, seconds))));
