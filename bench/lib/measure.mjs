// Rounds and medians.
import { stop, usageOf } from "./processes.mjs";
import { median } from "./statistics.mjs";
import { BUSY, verdictOf } from "./verdict.mjs";

/** One round of a contender, with the CPU time of its process and the share of the time in which it was busy. */
export const roundOf = async ({ child, round }, seconds) => {
  const before = child && usageOf(child);
  const start = performance.now();
  const figures = await round(seconds);
  const wall = (performance.now() - start) / 1000;
  const after = child && usageOf(child);
  if (!before || !after) return figures;
  const cpuSeconds = after.cpuSeconds - before.cpuSeconds;
  return { ...figures, cpuSeconds, busy: cpuSeconds / wall };
};

/** One side of a row: the medians of its measure and of all other figures. */
const sideOf = ({ rounds, peakBytes }, measure) => {
  const middle = (key) => (rounds[0][key] === undefined ? {} : { [key]: median(rounds.map((r) => r[key])) });
  return {
    value: median(rounds.map(measure.of)),
    ...middle("p50"),
    ...middle("p99"),
    ...middle("busy"),
    ...(peakBytes !== undefined && { peakBytes }),
  };
};

const headOf = ({ name, ours, theirs, measure, goal }) => ({
  row: name,
  path: ours.label,
  against: theirs?.label ?? "",
  unit: measure.unit,
  digits: measure.digits,
  goal,
});

/** Each round has a ratio, because both sides ran under the same conditions. The result is the median of these. */
const resultOf = (row, entryOf) => {
  const { ours, theirs, measure, goal, scaled } = row;
  const [our, their] = [entryOf(ours), entryOf(theirs)];
  const failure = our.failure ?? their.failure;
  if (failure) return { ...headOf(row), failure };
  const ratios = our.rounds.map((round, n) => measure.of(round) / measure.of(their.rounds[n]));
  const value = median(ratios);
  if (!Number.isFinite(value)) return { ...headOf(row), failure: "nothing was measured" };
  const [left, right] = [sideOf(our, measure), sideOf(their, measure)];
  const isHeldBack = ({ contender }, { busy }) =>
    goal?.atLeast !== undefined && contender.isLoaded && busy < BUSY;
  return {
    ...headOf(row),
    value,
    rounds: ratios,
    // The work per second of processor time, which hardly depends on other work of the machine.
    ...(measure.isRate && left.busy && right.busy
      ? { cpuRatio: left.value / left.busy / (right.value / right.busy) }
      : {}),
    ...(goal && {
      verdict: verdictOf(value, goal, {
        ourHeldBack: isHeldBack(our, left),
        theirHeldBack: isHeldBack(their, right),
        scaled,
      }),
    }),
    ours: left,
    theirs: right,
  };
};

/** The sides of these rows, in the order of their dependencies. */
const specsOf = (rows) => {
  const specs = new Set();
  const add = (spec) => {
    if (spec.needs) add(spec.needs);
    specs.add(spec);
  };
  for (const { ours, theirs } of rows) for (const spec of [ours, theirs]) add(spec);
  return [...specs];
};

/**
 * Measures rows together: starts their contenders, warms each up, and measures one after the other, round after round. If a contender
 * fails, only its rows fail.
 * @param {{ rounds: number, seconds: number, warmUp: number }} plan
 */
const measurePairs = async (rows, { stage, plan, say }) => {
  const specs = specsOf(rows);
  const measured = new Set(rows.flatMap(({ ours, theirs }) => [ours, theirs]));
  const entries = new Map(specs.map((spec) => [spec, { rounds: [] }]));
  const entryOf = (spec) => entries.get(spec);

  /** Calls a function with each contender that has not failed. */
  const each = async (what, chosen, act) => {
    for (const spec of chosen) {
      const entry = entryOf(spec);
      if (entry.failure) continue;
      say(`${what}: ${spec.label}`);
      try {
        await act(entry, spec);
      } catch (error) {
        entry.failure = `${spec.label}: ${error.message}`;
      }
    }
  };
  const started = (spec) => {
    const { contender, failure } = entryOf(spec);
    if (!contender) throw new Error(failure);
    return contender;
  };

  await each("starting", specs, async (entry, spec) => {
    entry.contender = await spec.start({ stage, started });
  });
  await each("warming up", measured, ({ contender }) => contender.round(plan.warmUp));
  for (let n = 1; n <= plan.rounds; n++) {
    await each(`round ${n} of ${plan.rounds}`, measured, async ({ contender, rounds }) => {
      rounds.push(await roundOf(contender, plan.seconds));
    });
  }
  await each("checking", measured, async (entry) => {
    const { child, verify } = entry.contender;
    entry.peakBytes = child && usageOf(child)?.peakBytes;
    await verify?.();
  });
  for (const { contender } of entries.values()) if (contender?.child) await stop(contender.child);
  return rows.map((row) => resultOf(row, entryOf));
};

/** A row without rounds. */
const measureAlone = async (row, tools) => {
  tools.say(row.ours.label);
  try {
    return { ...headOf(row), ...(await row.run(tools)) };
  } catch (error) {
    return { ...headOf(row), failure: error.message };
  }
};

/** Measures the rows of a group. */
export const measureGroup = async (rows, tools) => {
  const [row] = rows;
  return row.run ? [await measureAlone(row, tools)] : measurePairs(rows, tools);
};
