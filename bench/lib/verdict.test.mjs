import { expect, test } from "vitest";
import { measureGroup } from "./measure.mjs";
import { callsPerSecond, timePerCall } from "./measures.mjs";
import { planFor } from "./plan.mjs";
import { median } from "./statistics.mjs";
import { tableOf } from "./table.mjs";
import { goalText, verdictOf } from "./verdict.mjs";

test.each([
  { numbers: [7], middle: 7 },
  { numbers: [10, 9, 1], middle: 9 },
  { numbers: [4, 100, 1, 2], middle: 3 },
])("the median of $numbers is $middle, and they stay in order", ({ numbers, middle }) => {
  const before = [...numbers];
  expect(median(numbers)).toBe(middle);
  expect(numbers).toEqual(before);
});

test.each([
  { value: 0.6, goal: { atLeast: 0.6 }, verdict: "met" },
  { value: 0.5999, goal: { atLeast: 0.6 }, verdict: "missed" },
  { value: 4, goal: { atMost: 4 }, verdict: "met" },
  { value: 4.0001, goal: { atMost: 4 }, verdict: "missed" },
  { value: 3, goal: { atLeast: 3 }, circumstances: { theirHeldBack: true }, verdict: "unclear" },
  { value: 2, goal: { atLeast: 3 }, circumstances: { theirHeldBack: true }, verdict: "missed" },
  { value: 2, goal: { atLeast: 3 }, circumstances: { ourHeldBack: true }, verdict: "unclear" },
  { value: 3, goal: { atLeast: 3 }, circumstances: { ourHeldBack: true }, verdict: "met" },
  { value: 1, goal: { atMost: 1.2 }, circumstances: { scaled: true }, verdict: "met (scaled)" },
  { value: 2, goal: { atMost: 1.2 }, circumstances: { scaled: true }, verdict: "missed (scaled)" },
])("$value beside $goal, $circumstances: $verdict", ({ value, goal, circumstances, verdict }) => {
  expect(verdictOf(value, goal, circumstances)).toBe(verdict);
});

test("nothing measured is no verdict", () => {
  expect(() => verdictOf(Number.NaN, { atLeast: 0.6 })).toThrow("nothing was measured");
});

test("a goal says its direction and its unit", () => {
  expect(goalText({ atLeast: 0.85 })).toBe("≥ 0.85");
  expect(goalText({ atMost: 5, unit: "kB" })).toBe("≤ 5 kB");
});

/** Contenders that answer what is written, round by round; the first is the warm-up. */
const contender = (label, calls, more = {}) => {
  const left = [...calls];
  const round = async () => ({ calls: left.shift(), seconds: 1 });
  return { label, start: async () => ({ round, ...more }) };
};
const measured = (rows) => measureGroup(rows, { plan: { rounds: 3, seconds: 1, warmUp: 1 }, say: () => {} });

test("a row's value is the median of the ratios within each round, without the warm-up", async () => {
  const ours = contender("ours", [1, 100, 300, 900]);
  const theirs = contender("theirs", [1000, 200, 200, 300]);
  const [faster, slower] = await measured([
    { name: "faster", ours, theirs, measure: callsPerSecond, goal: { atLeast: 1.5 } },
    // The time is the inverse.
    { name: "slower", ours: theirs, theirs: ours, measure: timePerCall, goal: { atMost: 1.4 } },
  ]);
  expect(faster).toMatchObject({ rounds: [0.5, 1.5, 3], value: 1.5, verdict: "met" });
  expect(faster.ours.value).toBe(300);
  expect(faster.theirs.value).toBe(200);
  expect(slower).toMatchObject({ value: 1.5, verdict: "missed" });
});

test("what fails fails its rows only, and says why", async () => {
  const broken = {
    label: "broken",
    start: async () => {
      throw new Error("no such port");
    },
  };
  const ours = contender("ours", [1, 2, 2, 2]);
  const half = contender("half", [1, 4, 4, 4], {
    verify() {
      throw new Error("records are gone");
    },
  });
  const row = { ours, measure: callsPerSecond, goal: { atLeast: 1 } };
  const results = await measured([
    { ...row, name: "whole", theirs: contender("same", [1, 2, 2, 2]) },
    { ...row, name: "not started", theirs: broken },
    { ...row, name: "not verified", theirs: half },
  ]);
  expect(results.map(({ failure }) => failure)).toEqual([
    undefined,
    "broken: no such port",
    "half: records are gone",
  ]);
  expect(results[0].verdict).toBe("met");

  const lines = tableOf(results, { markdown: true }).split("\n");
  expect(lines[2]).toMatch(/^\| whole +\| ours +\| 2 calls\/s \|.* 1\.00 \| 1\.00–1\.00 \|.*≥ 1 \| met/);
  expect(lines[3]).toMatch(/^\| not started +\| ours .*≥ 1 \| failed/);
  expect(lines.slice(-2)).toEqual([
    "not started failed: broken: no such port",
    "not verified failed: half: records are gone",
  ]);
});

test("a row without a figure is a row that failed, also if it is for information", async () => {
  const nothing = contender("nothing", [0, 0, 0, 0]);
  const row = { ours: nothing, theirs: nothing, measure: callsPerSecond };
  const results = await measured([
    { ...row, name: "information" },
    { ...row, name: "goal", goal: { atLeast: 1 } },
  ]);
  expect(results.map(({ failure }) => failure)).toEqual(["nothing was measured", "nothing was measured"]);
});

test("a row that fails alone is a row that failed", async () => {
  const run = async () => {
    throw new Error("there is no /proc");
  };
  const [result] = await measured([
    {
      name: "alone",
      ours: { label: "memory" },
      measure: { unit: "MB", digits: 0 },
      goal: { atMost: 1.2 },
      run,
    },
  ]);
  expect(result).toMatchObject({ row: "alone", failure: "there is no /proc" });
});

test("what is measured of fewer records than the goal is about says so", async () => {
  const [result] = await measured([
    {
      name: "scaled",
      ours: contender("ours", [1, 1, 1, 1]),
      theirs: contender("theirs", [1, 1, 1, 1]),
      measure: timePerCall,
      goal: { atMost: 1.3 },
      scaled: true,
    },
  ]);
  expect(result.verdict).toBe("met (scaled)");
  expect(planFor({ quick: true }).many).toMatchObject({ scaled: true });
  expect(planFor({}).many).toEqual({ records: 10_000_000 });
});

test("memory is measured whole only when it is asked for, and says so when it is not", () => {
  expect(planFor({}).memory).toMatchObject({ scaled: true });
  expect(planFor({ row: ["start"] }).memory).toMatchObject({ scaled: true });
  expect(planFor({ row: ["memory"] }).memory).toEqual({ base: 60, seconds: 600, records: 1_000_000 });
  expect(planFor({ row: ["memory"], quick: true }).memory).toMatchObject({ scaled: true });
});
