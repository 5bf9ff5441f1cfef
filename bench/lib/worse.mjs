// Whether a commit is worse than the one before it, and not only unlucky.
import { median } from "./statistics.mjs";

/** The share that a row may lose. */
const ALLOWED = 0.05;
const ALLOWED_FOR_WRITES = 0.08;

/** What is lost at this ratio of a rate (less is a loss) or of a cost (more is a loss). A gain is negative. */
const lossOf = (ratio, isRate) => (isRate ? 1 - ratio : ratio - 1);

const cpuACall = ({ cpuSeconds, calls }) => cpuSeconds / calls;

/** Each side divided by `before` within each round, because the sides of one round met the same machine. */
const ratiosOf = (rounds, of) => {
  const to = (side) => {
    const ratios = rounds.map((round) => of(round[side]) / of(round.before));
    const middle = median(ratios);
    if (!Number.isFinite(middle)) throw new Error("nothing was measured");
    return { median: middle, least: Math.min(...ratios), most: Math.max(...ratios) };
  };
  return { ratio: to("after"), itself: to("again") };
};

/**
 * A row is worse when it loses more than it may and more than the earlier commit loses against itself. CPU time per call
 * decides for a rate, where it is known. The figure itself decides otherwise.
 * @typedef {{ calls?: number, cpuSeconds?: number }} Round and what `measure` needs
 * @param {object} row
 * @param {{ of: (round: Round) => number, isRate?: boolean }} row.measure
 * @param {boolean} [row.isWrite]
 * @param {{ before: Round, again: Round, after: Round }[]} row.rounds `again`: a second server of the earlier commit
 */
export const judge = ({ measure, isWrite = false, rounds }) => {
  const middle = (side) => median(rounds.map((round) => measure.of(round[side])));
  const isRate = measure.isRate === true;
  const figure = ratiosOf(rounds, measure.of);
  const hasCpu =
    isRate && rounds.every((round) => Object.values(round).every(({ cpuSeconds }) => cpuSeconds));
  const cpu = hasCpu ? ratiosOf(rounds, cpuACall) : undefined;

  const { ratio, itself } = cpu ?? figure;
  const decidesRate = isRate && !cpu;
  const loss = lossOf(ratio.median, decidesRate);
  // It is chance which of the two equal servers is called the first: each may lose against the other.
  const ownLoss = Math.max(lossOf(itself.median, decidesRate), lossOf(1 / itself.median, decidesRate));
  const allowed = isWrite ? ALLOWED_FOR_WRITES : ALLOWED;
  return {
    before: middle("before"),
    again: middle("again"),
    after: middle("after"),
    ratio: figure.ratio,
    itself: figure.itself,
    cpuRatio: cpu?.ratio,
    cpuItself: cpu?.itself,
    loss,
    ownLoss,
    allowed,
    verdict: loss > allowed && loss > ownLoss ? "worse" : "ok",
  };
};
