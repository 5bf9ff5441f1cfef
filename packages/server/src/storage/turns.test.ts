import { expect, it } from "vitest";
import { TooManyWritesError } from "./errors.js";
import type { Share } from "./port.js";
import { createTurns, MAX_RUNNING, MAX_WAITING, type Turn } from "./turns.js";

const queue = () => {
  const turns = createTurns<string>();
  return {
    turns,
    add: (share: Share | undefined, ...jobs: readonly string[]) =>
      jobs.map((job) => turns.add(job, { share })),
    /** Runs the jobs that wait, one after the other. */
    runAll(usedMs: (job: string) => number = () => 0.1) {
      const order: string[] = [];
      for (let turn = turns.next(); turn; turn = turns.next()) {
        order.push(turn.job);
        turns.end(turn, usedMs(turn.job));
      }
      return order;
    },
    /** Takes the jobs that may run together. */
    takeAll() {
      const taken: Turn<string>[] = [];
      for (let turn = turns.next(); turn; turn = turns.next()) taken.push(turn);
      return taken;
    },
  };
};
const named = (name: string, count: number) => Array.from({ length: count }, (_, n) => `${name}${n}`);
const jobsOf = (turns: readonly Turn<string>[]) => turns.map(({ job }) => job);

it("takes jobs of callers in turn, and those of one caller in their order", () => {
  const { add, runAll } = queue();
  add({ caller: "a", examId: "e" }, "a1", "a2", "a3");
  add({ caller: "b", examId: "f" }, "b1", "b2");
  add({ examId: "g" }, "group");
  add(undefined, "background");
  expect(runAll(() => 0)).toEqual(["a1", "b1", "group", "background", "a2", "b2", "a3"]);
});

it("keeps the order of one caller's jobs of several exams, even if one of the exams has used more time", () => {
  const { add, runAll } = queue();
  add({ caller: "a", examId: "slow" }, "slow1", "slow2");
  add({ caller: "a", examId: "quick" }, "quick");
  add({ caller: "b", examId: "slow" }, "other");
  const order = runAll((job) => (job.startsWith("slow") ? 50 : 0.1));
  expect(order.filter((job) => job !== "other")).toEqual(["slow1", "slow2", "quick"]);
});

it("gives those who have used less time their turn first", () => {
  const { add, runAll } = queue();
  add({ caller: "slow", examId: "e" }, ...named("slow", 4));
  add({ caller: "quick", examId: "f" }, ...named("quick", 30));
  const order = runAll((job) => (job.startsWith("slow") ? 10 : 1));
  // Ten milliseconds of the one, then about as many of the other.
  expect(order.slice(0, 2)).toEqual(["slow0", "quick0"]);
  const second = order.indexOf("slow1");
  expect(second).toBeGreaterThanOrEqual(9);
  expect(second).toBeLessThanOrEqual(13);
  expect(order.indexOf("slow2")).toBeGreaterThanOrEqual(19);
});

it("counts the time of an exam, whoever of its people uses it", () => {
  const { add, runAll } = queue();
  for (let n = 0; n < 8; n += 1) add({ caller: `c${n}`, examId: "e" }, `heavy${n}`);
  add({ caller: "stranger", examId: "f" }, ...named("stranger", 20));
  const order = runAll((job) => (job.startsWith("heavy") ? 10 : 1));
  // Not eight jobs of the exam for one of the stranger.
  expect(order.indexOf("heavy2")).toBeGreaterThan(order.indexOf("stranger8"));
});

it("gives nobody credit for the time in which they did not wait", () => {
  const { turns, add } = queue();
  add({ caller: "old" }, ...named("old", 60));
  for (let n = 0; n < 50; n += 1) {
    const turn = turns.next();
    if (turn) turns.end(turn, 10);
  }
  add({ caller: "new" }, ...named("new", 30));
  const order: string[] = [];
  for (let n = 0; n < 12; n += 1) {
    const turn = turns.next();
    if (!turn) break;
    order.push(turn.job);
    turns.end(turn, 10);
  }
  expect(order.filter((job) => job.startsWith("old")).length).toBeGreaterThanOrEqual(5);
});

it.each([
  ["caller", (n: number): Share => ({ caller: "a", examId: `e${n}` })],
  ["exam", (n: number): Share => ({ caller: `c${n}`, examId: "e" })],
] as const)(
  "runs few jobs of one %s at a time, lets a number of them wait, and refuses the rest",
  (_, shareOf) => {
    const { turns, add, takeAll } = queue();
    for (let n = 0; n < MAX_RUNNING + MAX_WAITING; n += 1) add(shareOf(n), `job${n}`);
    expect(() => add(shareOf(999), "too many")).toThrow(TooManyWritesError);
    const taken = takeAll();
    expect(jobsOf(taken)).toEqual(named("job", MAX_RUNNING));
    expect(() => add(shareOf(999), "too many")).toThrow(TooManyWritesError);
    // Others are not affected.
    add({ caller: "stranger", examId: "another" }, "stranger");
    expect(jobsOf(takeAll())).toEqual(["stranger"]);
    const [first] = taken;
    if (first) turns.end(first, 1);
    expect(jobsOf(takeAll())).toEqual([`job${MAX_RUNNING}`]);
    add(shareOf(999), "one more");
  },
);

it("refuses no job without a caller, and none that continues something", () => {
  const { turns, add, takeAll } = queue();
  add({ examId: "e" }, ...named("group", 100));
  add(undefined, ...named("background", 100));
  for (const job of named("part", 100))
    turns.add(job, { share: { caller: "a", examId: "e" }, continues: true });
  expect(takeAll()).toHaveLength(300);
  add({ caller: "b", examId: "e" }, "call");
  expect(jobsOf(takeAll())).toEqual(["call"]);
});

it("leaves out jobs that may not run, and whatever is behind them in their line", () => {
  const { turns, add } = queue();
  add({ caller: "a" }, "a1", "a2");
  add({ caller: "b" }, "b1");
  expect(turns.next((job) => job !== "a1")?.job).toBe("b1");
  expect(turns.next((job) => job !== "a1")).toBeUndefined();
  expect(turns.size).toBe(2);
});

it("puts a job back before the others of its line, where it still counts as running", () => {
  const { turns, add, takeAll } = queue();
  add({ caller: "a" }, ...named("a", MAX_RUNNING + 2));
  const [first] = takeAll();
  if (!first) throw new Error("nothing was taken");
  turns.putBack(first, 1);
  expect(jobsOf(takeAll())).toEqual(["a0"]);
  turns.putBack(first, 1);
  turns.remove(first);
  // Its place is free.
  expect(jobsOf(takeAll())).toEqual([`a${MAX_RUNNING}`]);
});

it("removes jobs that wait", () => {
  const { turns, add, runAll } = queue();
  const [, second] = add({ caller: "a" }, "a1", "a2", "a3");
  if (second) turns.remove(second);
  expect(runAll()).toEqual(["a1", "a3"]);
  add({ caller: "a" }, ...named("a", MAX_RUNNING + MAX_WAITING));
  expect(turns.clear()).toHaveLength(MAX_RUNNING + MAX_WAITING);
  expect(turns.size).toBe(0);
  add({ caller: "a" }, ...named("a", MAX_RUNNING + MAX_WAITING));
});
