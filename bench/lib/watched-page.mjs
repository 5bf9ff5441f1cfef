// A page of the console in Chromium, with measurements of its main thread.
import { createRequire } from "node:module";

const { chromium } = createRequire(new URL("../../packages/console/package.json", import.meta.url))(
  "playwright-core",
);

export const openBrowser = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--enable-precise-memory-info"],
  });

/** Records in the page the durations of its tasks over 50 ms. */
const watchTasks = () => {
  globalThis.longTasks = [];
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) globalThis.longTasks.push(duration);
  }).observe({ type: "longtask", buffered: true });
};

/** The frames of a scroll: first like a mouse wheel, then like a dragged scroll bar, which replaces all rows. */
const FRAMES = { wheel: 150, bar: 150 };

/** Scrolls a table in the page, and returns how long the longest frame took. */
const scrollThrough = ({ wheel, bar }) =>
  new Promise((resolve) => {
    const grid = document.querySelector("[role=grid]");
    const most = grid.scrollHeight - grid.clientHeight;
    let longest = 0;
    let frame = 0;
    let last;
    const step = (now) => {
      if (last !== undefined) longest = Math.max(longest, now - last);
      last = now;
      if (frame === wheel + bar) return resolve(longest);
      grid.scrollTop = frame < wheel ? frame * 240 : (most * ((frame * 37) % bar)) / bar;
      frame += 1;
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  });

/**
 * Signs in, and loads a page in full.
 * @param {{ url: string, user: string, password: string, path: string, shown: (page) => object, profiles?: boolean }} what `shown` finds an
 *   element that exists once everything is loaded
 */
export const openPage = async (browser, { url, user, password, path, shown, profiles = false }) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.addInitScript(watchTasks);
  await page.goto(`${url}/console/`);
  await page.getByLabel("User name").fill(user);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("navigation").waitFor();
  const session = await context.newCDPSession(page);
  // The time for which the thread worked, without the time that other work on the machine took.
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  await session.send("HeapProfiler.enable");
  const begin = async () => {
    if (!profiles) return;
    await session.send("Profiler.enable");
    await session.send("Profiler.setSamplingInterval", { interval: 200 });
    await session.send("Profiler.start");
  };
  /** The profile since `begin`, as DevTools open it. */
  const end = async () => (profiles ? (await session.send("Profiler.stop")).profile : undefined);
  const metrics = async () => {
    const { metrics: list } = await session.send("Performance.getMetrics");
    return Object.fromEntries(list.map(({ name, value }) => [name, value]));
  };
  const tasks = () => page.evaluate(() => globalThis.longTasks);

  await begin();
  // A separate load, without the sign-in.
  await page.goto(`${url}/console/${path}`);
  await shown(page).first().waitFor();
  return {
    page,
    metrics,
    tasks,
    /** The profile of the load. */
    loading: await end(),
    /** Scrolls through the table under the pointer; the longest frame and the work of one frame in milliseconds, and a profile. */
    async scroll() {
      await page.getByRole("grid").hover({ position: { x: 300, y: 200 } });
      await begin();
      const before = await metrics();
      const longest = await page.evaluate(scrollThrough, FRAMES);
      const after = await metrics();
      const work = ((after.TaskDuration - before.TaskDuration) * 1000) / (FRAMES.wheel + FRAMES.bar);
      return { longest, work, profile: await end() };
    },
    async heapBytes() {
      await session.send("HeapProfiler.collectGarbage");
      return (await metrics()).JSHeapUsedSize;
    },
    close: () => context.close(),
  };
};
