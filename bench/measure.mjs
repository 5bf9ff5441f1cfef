// Rounds and medians.
import { stop, usageOf } from "./children.mjs";

const median = (numbers) => {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle) - 1]) / 2;
};

/** One load of a contender, with how much of the time its process was busy. */
const roundOf = async ({ child, load }, seconds) => {
  const before = usageOf(child);
  const start = performance.now();
  const { calls, seconds: took, p50, p99 } = await load(seconds);
  const wall = (performance.now() - start) / 1000;
  const busy = before && (usageOf(child).cpuSeconds - before.cpuSeconds) / wall;
  return { perSecond: calls / took, p50, p99, busy };
};

const summaryOf = ({ rounds, peakBytes }, perCall) => {
  const middle = (key) => median(rounds.map((round) => round[key]));
  return {
    perSecond: middle("perSecond") * perCall,
    p50: middle("p50"),
    p99: middle("p99"),
    ...(peakBytes !== undefined && { busy: middle("busy"), peakBytes }),
  };
};

/** The ratio is taken within each round, where both sides met the same machine; the median of these counts. */
const resultOf = ({ name, measured, limit, unit, perCall }, entryOf) => {
  const [ours, theirs] = [entryOf(measured), entryOf(limit)];
  const row = { name, path: measured.label, limit: limit.label, unit };
  const failure = ours.failure ?? theirs.failure;
  if (failure) return { ...row, failure };
  const [mine, limiting] = [summaryOf(ours, perCall), summaryOf(theirs, perCall)];
  const ratios = ours.rounds.map(({ perSecond }, n) => perSecond / theirs.rounds[n].perSecond);
  return {
    ...row,
    ratio: median(ratios),
    ratios,
    // What a second of processor time gets done: it says much the same when the machine has other work too.
    ...(mine.busy && { cpuRatio: mine.perSecond / mine.busy / (limiting.perSecond / limiting.busy) }),
    measured: mine,
    against: limiting,
  };
};

/**
 * Measures rows together: starts their contenders, warms each up, and loads one after the other, round after
 * round. A contender that fails fails its rows only.
 * @param {{ rounds: number, seconds: number, warmUp: number }} plan
 */
export const measureGroup = async (rows, { stage, plan, say }) => {
  const specs = [...new Set(rows.flatMap(({ measured, limit }) => [measured, limit]))];
  const entries = new Map(specs.map((spec) => [spec, { rounds: [] }]));
  const entryOf = (spec) => entries.get(spec);

  /** Does something with every contender that has not failed. */
  const each = async (what, act) => {
    for (const spec of specs) {
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

  await each("starting", async (entry, spec) => {
    entry.contender = await stage.start(spec, started);
  });
  await each("warming up", ({ contender }) => contender.load(plan.warmUp));
  for (let n = 1; n <= plan.rounds; n++) {
    await each(`round ${n} of ${plan.rounds}`, async ({ contender, rounds }) => {
      rounds.push(await roundOf(contender, plan.seconds));
    });
  }
  await each("checking", (entry) => {
    entry.peakBytes = usageOf(entry.contender.child)?.peakBytes;
    entry.contender.verify();
  });
  for (const { contender } of entries.values()) if (contender) await stop(contender.child);
  return rows.map((row) => resultOf(row, entryOf));
};
