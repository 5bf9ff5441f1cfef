import { expect, test } from "vitest";
import { callsPerSecond, p99 } from "./measures.mjs";
import { judge } from "./worse.mjs";

/** A round with these CPU seconds for each side's 1,000 calls. */
const cpu = (before, again, after) => {
  const side = (cpuSeconds) => ({ calls: 1000, seconds: 1, cpuSeconds });
  return { before: side(before), again: side(again), after: side(after) };
};
/** A round with these calls a second, and no CPU time. */
const rate = (before, again, after) => {
  const side = (calls) => ({ calls, seconds: 1 });
  return { before: side(before), again: side(again), after: side(after) };
};
const waiting = (before, again, after) => ({
  before: { p99: before, calls: 1, cpuSeconds: 1 },
  again: { p99: again, calls: 1, cpuSeconds: 1 },
  after: { p99: after, calls: 1, cpuSeconds: 1 },
});

test.each([
  { what: "within 5 %", rounds: [cpu(1, 1, 1.04)], verdict: "ok" },
  { what: "beyond 5 %", rounds: [cpu(1, 1, 1.06)], verdict: "worse" },
  { what: "a gain", rounds: [cpu(1, 1, 0.5)], verdict: "ok" },
  { what: "a write within 8 %", rounds: [cpu(1, 1, 1.07)], isWrite: true, verdict: "ok" },
  { what: "a write beyond 8 %", rounds: [cpu(1, 1, 1.09)], isWrite: true, verdict: "worse" },
  { what: "beyond 5 %, but the same commit lost as much", rounds: [cpu(1, 1.1, 1.1)], verdict: "ok" },
  { what: "beyond 5 % and beyond the same commit", rounds: [cpu(1, 1.1, 1.2)], verdict: "worse" },
  { what: "the second of the equal servers won", rounds: [cpu(1, 0.9, 1.1)], verdict: "ok" },
  { what: "the second of the equal servers won by less", rounds: [cpu(1, 0.95, 1.1)], verdict: "worse" },
])("CPU per call, $what: $verdict", ({ rounds, isWrite, verdict }) => {
  expect(judge({ measure: callsPerSecond, isWrite, rounds }).verdict).toBe(verdict);
});

test.each([
  { what: "fewer calls", measure: callsPerSecond, rounds: [rate(100, 100, 94)], verdict: "worse" },
  { what: "more calls", measure: callsPerSecond, rounds: [rate(100, 100, 200)], verdict: "ok" },
  {
    what: "fewer calls, as the same commit",
    measure: callsPerSecond,
    rounds: [rate(100, 94, 94)],
    verdict: "ok",
  },
  { what: "a longer wait", measure: p99, rounds: [waiting(10, 10, 11)], verdict: "worse" },
  { what: "a shorter wait", measure: p99, rounds: [waiting(10, 10, 5)], verdict: "ok" },
  { what: "a longer wait, as the same commit", measure: p99, rounds: [waiting(10, 8, 12)], verdict: "ok" },
])("without CPU time per call, $what: $verdict", ({ measure, rounds, verdict }) => {
  expect(judge({ measure, rounds }).verdict).toBe(verdict);
});

test("CPU per call decides although fewer calls were answered", () => {
  const slower = { calls: 500, seconds: 1, cpuSeconds: 0.5 };
  const before = { calls: 1000, seconds: 1, cpuSeconds: 1 };
  const result = judge({ measure: callsPerSecond, rounds: [{ before, again: before, after: slower }] });
  expect(result).toMatchObject({ ratio: { median: 0.5 }, cpuRatio: { median: 1 }, loss: 0, verdict: "ok" });
});

test("the median of the ratios within each round counts, so one disturbed round does not", () => {
  const result = judge({
    measure: callsPerSecond,
    rounds: [cpu(1, 1, 1.01), cpu(2, 2, 2.04), cpu(1, 3, 9)],
  });
  expect(result.cpuRatio).toEqual({ median: 1.02, least: 1.01, most: 9 });
  expect(result.cpuItself).toEqual({ median: 1, least: 1, most: 3 });
  expect(result).toMatchObject({ before: 1000, after: 1000, allowed: 0.05, verdict: "ok" });
});

test.each([
  { what: "nothing since the commit before", rounds: cpu(1, 1, 1), first: 1, lossSince: 0, verdict: "ok" },
  {
    what: "small losses that add up",
    rounds: cpu(1, 1, 1.04),
    first: 0.9,
    lossSince: 1.04 / 0.9 - 1,
    verdict: "worse",
  },
  {
    what: "a loss that earlier gains allow",
    rounds: cpu(1, 1, 1.06),
    first: 2,
    lossSince: -0.47,
    verdict: "worse",
  },
])("since the first release, $what: $verdict", ({ rounds, first, lossSince, verdict }) => {
  const since = { ...rounds, first: { calls: 1000, seconds: 1, cpuSeconds: first } };
  const result = judge({ measure: callsPerSecond, rounds: [since] });
  expect(result.verdict).toBe(verdict);
  expect(result.lossSince).toBeCloseTo(lossSince);
});

test("nothing measured is no verdict", () => {
  const rounds = [waiting(Number.NaN, 1, 1)];
  expect(() => judge({ measure: p99, rounds })).toThrow("nothing was measured");
});
