#!/usr/bin/env node
// Measures what watching a large exam costs the page and the server: node bench/console.mjs [options] Needs the build (npm run build) and
// Chromium (CHROMIUM names it). Prints the work of the page's main thread while candidates come and go.
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createTestApp } from "../packages/server/dist/app/testing.js";
import { testConfig } from "../packages/server/dist/config/config.js";
import { readCommandLine, say } from "./lib/command-line.mjs";
import { machine, machineText } from "./lib/machine.mjs";
import { raisedLimits } from "./lib/raised-limits.mjs";
import { amount, linesOf } from "./lib/table.mjs";
import { goalText, verdictOf } from "./lib/verdict.mjs";
import { openBrowser, openPage } from "./lib/watched-page.mjs";
import { measureWatchers } from "./lib/watchers.mjs";

const USAGE = `node bench/console.mjs [options]
  --view NAME     candidates, overview or records; may be given more than once (default: all)
  --people N      candidates, and records (default 5000)
  --changes N     changes a second (default 50)
  --seconds N     how long each run lasts (default 60)
  --runs N        runs, of which the best counts (default 3)
  --heap N        watch the heap of all views for so many minutes, too
  --pages         only what it costs the pages
  --server        only what one more watcher costs the server
  --picture DIR   write a picture of each view there
  --profile DIR   write the profile of each view to this folder, for DevTools; profiling raises the figures
  --markdown      print the table as Markdown
  --json          print the results as JSON`;
const VIEWS = {
  candidates: {
    pathOf: (examId) => `exams/${examId}/candidates`,
    shown: (page) => page.getByText(new RegExp(`^${people.toLocaleString("en")} shown`)),
    scrolls: true,
  },
  overview: {
    pathOf: (examId) => `exams/${examId}`,
    shown: (page) => page.getByText(`of ${people.toLocaleString("en")}`),
    scrolls: false,
  },
  records: {
    pathOf: (examId) => `exams/${examId}/records`,
    // The second text appears if there are more records than the view reads at once.
    shown: (page) => page.getByText(/^(You see the records of all rooms|The newest [\d,]+ records are read)/),
    scrolls: true,
  },
};
const { options, refuse } = readCommandLine({
  usage: USAGE,
  options: {
    view: { type: "string", multiple: true, default: Object.keys(VIEWS) },
    pages: { type: "boolean" },
    server: { type: "boolean" },
    picture: { type: "string" },
    profile: { type: "string" },
    markdown: { type: "boolean" },
    json: { type: "boolean" },
  },
  numbers: { people: 5000, changes: 50, seconds: 60, runs: 3, heap: undefined },
});
const { people, changes, seconds, runs, heap, view: views, picture, profile } = options;
if (views.some((view) => !Object.hasOwn(VIEWS, view))) refuse(`--view is ${Object.keys(VIEWS).join(", ")}.`);

const PER_ROOM = 30;
const USER = "boss";
const PASSWORD = "a password for the bench";
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Creates an exam with its candidates, and returns actions that change them. */
const openExam = async () => {
  const root = resolve(import.meta.dirname, "..");
  const app = await createTestApp({
    now: () => new Date(),
    config: { ...testConfig(raisedLimits(root)), presenceSettleSeconds: 0 },
  });
  const url = await app.listen();
  const admin = app.as({ sub: USER, role: "admin", name: "Boss" }, { ttlSeconds: 3 * 3600 });
  await admin.account.create({ userId: USER, role: "admin", name: "Boss", password: PASSWORD });
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
  const record = ({ userId, roomId }) =>
    admin.cheat.addRecords({
      roomId,
      records: [
        {
          userId,
          detectType: "manyPeople",
          isMainMonitor: true,
          detectTime: new Date(),
          extraInfo: { confidence: 0.9 },
        },
      ],
    });
  return {
    url,
    examId,
    candidates,
    toggle,
    record,
    async close() {
      for (const { abort } of candidates) abort?.abort();
      await app.close();
    },
  };
};

/**
 * Runs an action for one candidate after the other, at a constant rate, until the returned function is called. A prime step reaches all of
 * them.
 */
const keepChanging = (candidates, change) => {
  const begin = performance.now();
  let isOver = false;
  const run = async () => {
    for (let done = 0; !isOver; ) {
      const due = Math.floor(((performance.now() - begin) / 1000) * changes);
      for (; done < due; done += 1) await change(candidates[(done * 1607) % candidates.length]);
      await sleep(5);
    }
  };
  const running = run();
  return async () => {
    isOver = true;
    await running;
  };
};

const longest = (tasks) => Math.max(0, ...tasks);
/** How long a page counts as loading after it shows everything, in milliseconds. */
const SETTLING_MS = 3000;

const measurePages = async () => {
  const exam = await openExam();
  const { url, examId, candidates, toggle, record } = exam;
  const browser = await openBrowser();
  const open = (view, profiles = false) =>
    openPage(browser, {
      url,
      user: USER,
      password: PASSWORD,
      path: VIEWS[view].pathOf(examId),
      shown: VIEWS[view].shown,
      profiles,
    });
  const write = (name, content) => {
    if (content) writeFileSync(join(profile, `${name}.cpuprofile`), JSON.stringify(content));
  };

  const measure = async (view, run) => {
    say(`${view}, run ${run} of ${runs}`);
    const opened = await open(view, profile !== undefined);
    write(`${view}-${run}-loading`, opened.loading);
    const stopChanging = keepChanging(candidates, view === "records" ? record : toggle);
    await sleep(SETTLING_MS);
    const loading = await opened.tasks();
    const before = await opened.metrics();
    const begin = performance.now();
    await sleep(seconds * 1000);
    const after = await opened.metrics();
    const lasted = (performance.now() - begin) / 1000;
    const tasks = (await opened.tasks()).slice(loading.length);
    const share = (name) => ((after[name] - before[name]) / lasted) * 100;
    const result = {
      view,
      scriptPercent: share("ScriptDuration"),
      mainThreadPercent: share("TaskDuration"),
      longestMs: longest(tasks),
      loadingMs: longest(loading),
    };
    if (VIEWS[view].scrolls) {
      const scrolled = await opened.scroll();
      write(`${view}-${run}-scrolling`, scrolled.profile);
      result.frameMs = scrolled.longest;
      result.workMs = scrolled.work;
    }
    await stopChanging();
    if (picture) await opened.page.screenshot({ path: join(picture, `${view}.png`) });
    await opened.close();
    return result;
  };

  /** All views run in separate pages, so the memory of one does not depend on the others. */
  const measureHeaps = async () => {
    say(`the heap, for ${heap} minutes`);
    const opened = await Promise.all(views.map((view) => open(view)));
    const stopChanging = keepChanging(candidates, toggle);
    const bytes = () => Promise.all(opened.map(({ heapBytes }) => heapBytes()));
    await sleep(2 * SETTLING_MS);
    const before = await bytes();
    await sleep(heap * 60_000);
    const after = await bytes();
    await stopChanging();
    for (const { close } of opened) await close();
    return views.map((view, n) => ({ view, bytes: before[n], ratio: after[n] / before[n] }));
  };

  try {
    say("candidates come");
    for (let n = 0; n < candidates.length; n += 50)
      await Promise.all(candidates.slice(n, n + 50).map(exam.toggle));
    const results = [];
    // The list of records comes last, because rows of candidates with records differ from those without.
    const inOrder = views.toSorted((one, other) => Number(one === "records") - Number(other === "records"));
    for (const view of inOrder) {
      if (view === "records") for (const candidate of candidates) await record(candidate);
      for (let run = 1; run <= runs; run += 1) results.push(await measure(view, run));
    }
    return { results, heaps: heap === undefined ? [] : await measureHeaps() };
  } finally {
    await browser.close();
    await exam.close();
  }
};

const FIGURES = [
  { name: "script in steady state, % of a core", key: "scriptPercent", digits: 1, goal: { atMost: 5 } },
  { name: "whole main thread, % of a core", key: "mainThreadPercent", digits: 1 },
  {
    name: "longest task after loading, ms (0: none over 50)",
    key: "longestMs",
    digits: 0,
    goal: { atMost: 100 },
  },
  { name: "longest task while loading, ms", key: "loadingMs", digits: 0, goal: { atMost: 200 } },
  { name: "longest frame while scrolling, ms", key: "frameMs", digits: 0, goal: { atMost: 100 } },
  { name: "work of a frame while scrolling, ms", key: "workMs", digits: 1 },
];
/** A watcher should cost as much as a listener. The rest allows for differences between rounds. */
const WATCHER_GOAL = { atMost: 1.2 };

const pages = options.server && !options.pages ? undefined : await measurePages();
const watchers =
  options.pages && !options.server
    ? undefined
    : await measureWatchers({ people, perRoom: PER_ROOM, seconds: Math.min(seconds, 20), rounds: runs, say });
say("");

const figures = [
  ...views.flatMap((view) => {
    const own = pages?.results.filter((result) => result.view === view) ?? [];
    const heapOf = pages?.heaps.find((one) => one.view === view);
    return [
      ...FIGURES.flatMap(({ key, ...figure }) => {
        const values = own.flatMap((result) => result[key] ?? []);
        return values.length === 0 ? [] : [{ view, ...figure, value: Math.min(...values) }];
      }),
      ...(heapOf
        ? [
            {
              view,
              name: `heap after ${heap} minutes, times the ${amount(heapOf.bytes / 1e6, 0)} MB before`,
              digits: 2,
              value: heapOf.ratio,
              goal: { atMost: 1.2 },
            },
          ]
        : []),
    ];
  }),
  ...(watchers
    ? [
        {
          view: "server",
          name: `one more watcher ÷ one more listener, an event (${amount(watchers.watcherMicros, 0)} and ${amount(watchers.listenerMicros, 0)} µs)`,
          digits: 2,
          value: watchers.ratio,
          goal: WATCHER_GOAL,
        },
      ]
    : []),
].map((figure) => ({ ...figure, verdict: figure.goal ? verdictOf(figure.value, figure.goal) : undefined }));

if (options.json)
  console.log(JSON.stringify({ machine, people, changes, figures, ...pages, watchers }, null, 2));
else {
  const head = [
    { title: "view" },
    { title: "figure" },
    { title: "value", right: true },
    { title: "goal", right: true },
    { title: "verdict" },
  ];
  const rows = figures.map(({ view, name, value, digits, goal, verdict }) => [
    view,
    name,
    amount(value, digits),
    goal ? goalText(goal) : "",
    verdict ?? "",
  ]);
  console.log(
    [
      `${machineText(machine)}; ${amount(people, 0)} candidates, ${changes} changes a second, best of ${runs}`,
      "",
      ...linesOf(head, rows, options),
    ].join("\n"),
  );
}
