#!/usr/bin/env node
// What watching a large exam costs the page: node bench/console.mjs [options]
// Needs the build (npm run build) and Chromium (CHROMIUM names it). Prints what the page's main thread does while candidates come and go.
import { createRequire } from "node:module";
import { createTestApp } from "../packages/server/dist/app/testing.js";
import { readCommandLine, say } from "./lib/command-line.mjs";
import { machine, machineText } from "./lib/machine.mjs";

const USAGE = `node bench/console.mjs [options]
  --people N    candidates (default 5000)
  --changes N   changes a second (default 50)
  --seconds N   how long each run lasts (default 60)
  --runs N      runs, of which the best counts (default 3)
  --heap N      watch the heap for so many minutes, too
  --view NAME   candidates or overview (default candidates)
  --picture F   write a picture of the page there
  --json        print the results as JSON`;
const { options, refuse } = readCommandLine({
  usage: USAGE,
  options: { json: { type: "boolean" }, view: { type: "string" }, picture: { type: "string" } },
  numbers: { people: 5000, changes: 50, seconds: 60, runs: 3, heap: undefined },
});
const { people, changes, seconds, runs, heap, view = "candidates", picture, json } = options;
if (view !== "candidates" && view !== "overview") refuse("--view is candidates or overview.");

const GOALS = { script: 5, longest: 100, loading: 200, heap: 1.2 };
const PER_ROOM = 30;
const PASSWORD = "a password for the bench";

const { chromium } = createRequire(new URL("../packages/console/package.json", import.meta.url))(
  "playwright-core",
);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const app = await createTestApp({ now: () => new Date(), config: { presenceSettleSeconds: 0 } });
const url = await app.listen();
const admin = app.as({ sub: "boss", role: "admin", name: "Boss" });
await admin.account.create({ userId: "boss", role: "admin", name: "Boss", password: PASSWORD });
const { id: examId } = await admin.exam.create({
  name: "Mathematics A",
  startTime: new Date(Date.now() - 20 * 60_000),
  endTime: new Date(Date.now() + 3 * 3_600_000),
});
const candidates = [];
for (let n = 0; n < people; n += PER_ROOM) {
  const participants = Array.from({ length: Math.min(PER_ROOM, people - n) }, (_, index) => ({
    userId: `e${n + index}`,
    name: `Candidate ${n + index}`,
    role: "examinee",
  }));
  const room = await admin.room.create({ name: `Room ${n / PER_ROOM + 1}`, examId, participants });
  for (const { userId } of participants) candidates.push({ userId, roomId: room.id, abort: undefined });
}

/** Opens the page of a candidate, or closes it. */
const toggle = async (candidate) => {
  const { userId, roomId } = candidate;
  if (candidate.abort) {
    candidate.abort.abort();
    candidate.abort = undefined;
    return;
  }
  const abort = new AbortController();
  candidate.abort = abort;
  const events = await app
    .as({ sub: userId, role: "examinee" }, { signal: abort.signal, ttlSeconds: 3 * 3600 })
    .room.onEvent({ roomId, camera: "main" });
  const listen = async () => {
    for await (const _ of events);
  };
  listen().catch(() => undefined);
};
say("candidates come");
for (let n = 0; n < candidates.length; n += 50) await Promise.all(candidates.slice(n, n + 50).map(toggle));

let next = 0;
/** Lets candidates come and go until the signal, evenly. A prime step goes through all of them. */
const change = async (signal) => {
  const begin = performance.now();
  for (let done = 0; !signal.aborted; ) {
    const due = Math.floor(((performance.now() - begin) / 1000) * changes);
    for (; done < due; done += 1) {
      next = (next + 1607) % candidates.length;
      await toggle(candidates[next]);
    }
    await sleep(5);
  }
};

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--enable-precise-memory-info"],
});

/** Opens the page, and measures its main thread. */
const openPage = async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.addInitScript(() => {
    globalThis.longTasks = [];
    new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries())
        globalThis.longTasks.push([startTime, duration]);
    }).observe({ type: "longtask", buffered: true });
  });
  await page.goto(`${url}/console/`);
  await page.getByLabel("User name").fill("boss");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("navigation").waitFor();
  // A load of its own, without the sign-in.
  await page.goto(`${url}/console/exams/${examId}${view === "candidates" ? "/candidates" : ""}`);
  const here =
    view === "candidates"
      ? page.getByText(`${people} shown`, { exact: false })
      : page.getByText(`of ${people.toLocaleString("en")}`);
  await here
    .or(page.getByText(`${people.toLocaleString("en")} shown`))
    .first()
    .waitFor();
  const session = await context.newCDPSession(page);
  await session.send("Performance.enable");
  await session.send("HeapProfiler.enable");
  const metrics = async () => {
    const { metrics: list } = await session.send("Performance.getMetrics");
    return Object.fromEntries(list.map(({ name, value }) => [name, value]));
  };
  return {
    page,
    metrics,
    heapBytes: async () => {
      await session.send("HeapProfiler.collectGarbage");
      return (await metrics()).JSHeapUsedSize;
    },
    longTasks: () => page.evaluate(() => globalThis.longTasks),
    close: () => context.close(),
  };
};

const longest = (tasks) => Math.round(Math.max(0, ...tasks.map(([, duration]) => duration)));

const measure = async () => {
  const open = await openPage();
  const stopping = new AbortController();
  const changing = change(stopping.signal);
  await sleep(3000);
  const loading = longest(await open.longTasks());
  const begun = (await open.longTasks()).length;
  const before = await open.metrics();
  await sleep(seconds * 1000);
  const after = await open.metrics();
  const share = (name) => ((after[name] - before[name]) / (after.Timestamp - before.Timestamp)) * 100;
  const tasks = (await open.longTasks()).slice(begun);
  const result = {
    scriptPercent: share("ScriptDuration"),
    mainThreadPercent: share("TaskDuration"),
    longestMs: longest(tasks),
    loadingMs: loading,
  };
  if (heap !== undefined && !measure.heap) {
    const first = await open.heapBytes();
    await sleep(heap * 60_000);
    measure.heap = { minutes: heap, ratio: (await open.heapBytes()) / first, megabytes: first / 1e6 };
  }
  stopping.abort();
  await changing;
  if (picture) await open.page.screenshot({ path: picture });
  await open.close();
  return result;
};

const results = [];
try {
  for (let run = 1; run <= runs; run += 1) {
    say(`run ${run} of ${runs}`);
    results.push(await measure());
  }
} finally {
  await browser.close();
  for (const { abort } of candidates) abort?.abort();
  await app.close();
}
say("");

const best = (name) => Math.min(...results.map((result) => result[name]));
const figures = [
  ["script in steady state, % of a core", best("scriptPercent"), GOALS.script],
  ["whole main thread, % of a core", best("mainThreadPercent")],
  ["longest task after loading, ms (0: none over 50)", best("longestMs"), GOALS.longest],
  ["longest task while loading, ms", best("loadingMs"), GOALS.loading],
  ...(measure.heap ? [[`heap after ${measure.heap.minutes} minutes`, measure.heap.ratio, GOALS.heap]] : []),
];
if (json) console.log(JSON.stringify({ people, changes, view, results, heap: measure.heap }));
else {
  console.log(
    `${machineText(machine)}\n${people} candidates, ${changes} changes a second, the view ${view}, best of ${runs}\n`,
  );
  for (const [name, value, goal] of figures)
    console.log(
      `${name.padEnd(52)} ${value.toFixed(2).padStart(8)}${goal === undefined ? "" : `   goal ≤ ${goal}  ${value <= goal ? "reached" : "MISSED"}`}`,
    );
}
