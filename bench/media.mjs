#!/usr/bin/env node
// Measures the embedded media server, and what its streams cost calls: node bench/media.mjs [options]. Needs the build (npm run build) and
// Chromium (CHROMIUM names it). README.md explains it.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readCommandLine, say } from "./lib/command-line.mjs";
import { glassToGlass } from "./lib/glass.mjs";
import { trpcCall } from "./lib/http.mjs";
import { ask } from "./lib/ipc.mjs";
import { machine, machineText } from "./lib/machine.mjs";
import { roundOf } from "./lib/measure.mjs";
import { addCheatRecord, roomInfo } from "./lib/paths.mjs";
import { startModule, stop, usageOf } from "./lib/processes.mjs";
import { examinee } from "./lib/records.mjs";
import { startSide } from "./lib/sides.mjs";
import { createLoader } from "./lib/stage.mjs";
import { median } from "./lib/statistics.mjs";
import { amount, linesOf } from "./lib/table.mjs";
import { goalText, verdictOf } from "./lib/verdict.mjs";
import { openBrowser } from "./lib/watched-page.mjs";

const USAGE = `node bench/media.mjs [options]       (the server must be built)
  --streams N     streams, each watched by one person (default 20)
  --seconds N     length of a round (default 10)
  --rounds N      rounds, of which the median counts (default 3)
  --markdown      print the table as Markdown
  --json          print everything that was measured as JSON`;
const { options } = readCommandLine({
  usage: USAGE,
  options: { markdown: { type: "boolean" }, json: { type: "boolean" } },
  numbers: { streams: 20, seconds: 10, rounds: 3 },
});
const { streams, seconds, rounds } = options;

/** How long new streams settle before they are measured. */
const SETTLE_MS = 3000;

const root = resolve(import.meta.dirname, "..");
const loader = createLoader();
const side = await startSide(root, loader);
/** Its streams take as much of the machine, and nothing of the measured server. */
const other = await startSide(root, loader);
const contenders = {
  recording: await side.serve(addCheatRecord.path),
  roomInfo: await side.serve(roomInfo.path),
};

const call = ({ url, headers }, procedure, input, as = headers) => trpcCall(url, procedure, input, as);
const publishGrant = async (at, userId) => {
  const { roomId } = at;
  const { token } = await call(
    at,
    "auth.issueToken",
    { userId, role: "examinee", roomId },
    await at.adminHeaders(),
  );
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  return call(at, "stream.publish", { roomId }, headers);
};
const watchGrant = async (at, userId) => {
  const { streams } = await call(at, "stream.watch", { roomId: at.roomId, userIds: [userId] });
  return streams.find(({ camera }) => camera === "main");
};

/** Runs all streams at a server for as long as `act` takes. */
const withStreams = async (at, act) => {
  const peers = startModule("media-peers.mjs");
  for (let n = 0; n < streams; n += 1) {
    say(`stream ${n + 1} of ${streams}`);
    await ask(peers, { do: "publish", grant: await publishGrant(at, examinee(n)) });
    await ask(peers, { do: "watch", grant: await watchGrant(at, examinee(n)) });
  }
  await sleep(SETTLE_MS);
  try {
    return await act(peers);
  } finally {
    await ask(peers, { do: "stop" });
    await stop(peers);
  }
};
/** The processor time of the server for one call, in microseconds. */
const costsOfCalls = async () => {
  const costs = {};
  for (const [name, contender] of Object.entries(contenders)) {
    const { cpuSeconds, calls } = await roundOf(contender, seconds);
    costs[name] = (cpuSeconds / calls) * 1e6;
  }
  return costs;
};
const measured = { cores: [], lost: [], delays: [], own: [], others: [] };
let memory;
const measureStreams = async (peers) => {
  const [pid] = readFileSync(`/proc/${side.child.pid}/task/${side.child.pid}/children`, "utf8").split(" ");
  await ask(peers, { do: "count" });
  const before = usageOf({ pid });
  const begin = performance.now();
  await sleep(seconds * 1000);
  const after = usageOf({ pid });
  measured.cores.push((after.cpuSeconds - before.cpuSeconds) / ((performance.now() - begin) / 1000));
  memory = after.residentBytes;
  const { sent, received, delays } = await ask(peers, { do: "count" });
  measured.lost.push(Math.max(0, 1 - received / sent));
  measured.delays.push(delays.toSorted((a, b) => a - b)[Math.floor(delays.length * 0.99)]);
};

say("warm-up");
await costsOfCalls();
for (let round = 1; round <= rounds; round += 1) {
  await withStreams(side, async (peers) => {
    say(`round ${round} of ${rounds}`);
    await measureStreams(peers);
    measured.own.push(await costsOfCalls());
  });
  await withStreams(other, async () => measured.others.push(await costsOfCalls()));
}

say("glass to glass");
const browser = await openBrowser();
const seen = await glassToGlass(browser, {
  url: side.url,
  publish: await publishGrant(side, examinee(streams)),
  watch: () => watchGrant(side, examinee(streams)),
  seconds,
});
await browser.close();
for (const { child } of [side, other]) await stop(child);
await loader.close();
say("");

const ratioOf = (name) => median(measured.own.map((costs, n) => costs[name] / measured.others[n][name]));
const figures = [
  {
    name: "one stream in and out with sound, % of a core",
    value: (median(measured.cores) / streams) * 100,
    digits: 2,
    goal: { atMost: 2.5 },
  },
  {
    name: "packets that did not arrive, %",
    value: median(measured.lost) * 100,
    digits: 2,
    goal: { atMost: 0.1 },
  },
  { name: "delay of a packet, p99, ms", value: median(measured.delays), digits: 1 },
  { name: "memory of the media server, MB", value: memory / 1e6, digits: 0 },
  { name: "glass to glass, median, ms", value: seen.median, digits: 0, goal: { atMost: 500 } },
  { name: "glass to glass, p95, ms", value: seen.p95, digits: 0 },
  ...Object.keys(contenders).map((name) => ({
    name: `${name}: the server's processor time beside its streams ÷ beside those of another server`,
    value: ratioOf(name),
    digits: 2,
    goal: { atMost: 1.03 },
  })),
].map((figure) => ({ ...figure, verdict: figure.goal ? verdictOf(figure.value, figure.goal) : undefined }));

if (options.json) console.log(JSON.stringify({ machine, streams, figures, measured, seen }, null, 2));
else {
  const head = [
    { title: "figure" },
    { title: "value", right: true },
    { title: "goal", right: true },
    { title: "verdict" },
  ];
  const rows = figures.map(({ name, value, digits, goal, verdict }) => [
    name,
    amount(value, digits),
    goal ? goalText(goal) : "",
    verdict ?? "",
  ]);
  console.log(
    [
      `${machineText(machine)}; ${streams} streams, median of ${rounds} rounds`,
      "",
      ...linesOf(head, rows, options),
    ].join("\n"),
  );
}
