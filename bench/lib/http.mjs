// HTTP calls of the benchmark itself, before it measures.
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const START_MS = 10_000;

export const freePort = () =>
  new Promise((found, failed) => {
    const server = createServer().on("error", failed);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => found(port));
    });
  });

export const untilReady = async (url, { child, errorOutput }) => {
  const deadline = performance.now() + START_MS;
  while (performance.now() < deadline && child.exitCode === null) {
    const ready = await fetch(`${url}/ready`).catch(() => undefined);
    if (ready?.ok) return;
    await sleep(20);
  }
  throw new Error(`the server did not start: ${errorOutput() || "it said nothing"}`);
};

export const answerTo = async (url, { method, path, body }, headers) => {
  const response = await fetch(url + path, { method, headers, body });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
  return text;
};

/** Calls a tRPC mutation, and returns its result. Fields may be dates. */
export const trpcCall = async (url, procedure, input, headers) => {
  const dates = Object.entries(input).filter(([, value]) => value instanceof Date);
  // Superjson marks dates like this.
  const meta = { values: Object.fromEntries(dates.map(([name]) => [name, ["Date"]])) };
  const body = JSON.stringify({ json: input, ...(dates.length > 0 && { meta }) });
  const answer = await answerTo(url, { method: "POST", path: `/trpc/${procedure}`, body }, headers);
  return JSON.parse(answer).result.data.json;
};

/** Calls a tRPC query, and returns its result. */
export const trpcQuery = async (url, procedure, input, headers) => {
  const query = new URLSearchParams({ input: JSON.stringify({ json: input }) });
  const answer = await answerTo(url, { method: "GET", path: `/trpc/${procedure}?${query}` }, headers);
  return JSON.parse(answer).result.data.json;
};
