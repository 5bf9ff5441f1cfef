// Decides whether a commit is slower than an earlier one, beyond chance.
import { median } from "./statistics.mjs";

/** The share that a row may lose. */
const ALLOWED = 0.05;
const ALLOWED_FOR_WRITES = 0.08;

/** The loss at a ratio of rates (lower is a loss) or of costs (higher is a loss). A gain is negative. */
const lossOf = (ratio, isRate) => (isRate ? 1 - ratio : ratio - 1);

const cpuACall = ({ cpuSeconds, calls }) => cpuSeconds / calls;

/** Divides one side by another within each round, because both sides of a round ran under the same conditions. */
const ratioOf = (rounds, of, side, to) => {
  const ratios = rounds.map((round) => of(round[side]) / of(round[to]));
  const middle = median(ratios);
  if (!Number.isFinite(middle)) throw new Error("nothing was measured");
  return { median: middle, least: Math.min(...ratios), most: Math.max(...ratios) };
};
const ratiosOf = (rounds, of) => ({
  ratio: ratioOf(rounds, of, "after", "before"),
  itself: ratioOf(rounds, of, "again", "before"),
});

/**
 * A row is worse when it loses more than it may and more than the earlier commit loses against itself: against the commit before, or since
 * the first release if that was measured. CPU time per call decides for a rate, where it is known. The figure itself decides otherwise.
 * @typedef {{ calls?: number, cpuSeconds?: number }} Round and what `measure` needs
 * @param {object} row
 * @param {{ of: (round: Round) => number, isRate?: boolean }} row.measure
 * @param {boolean} [row.isWrite]
 * @param {{ before: Round, again: Round, first?: Round, after: Round }[]} row.rounds `again`: a second server of the commit before;
 *   `first`: a server of the first release
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
  const since = rounds[0]?.first && ratioOf(rounds, cpu ? cpuACall : measure.of, "after", "first");
  const lossSince = since && lossOf(since.median, decidesRate);
  // The two servers are equal, so each may lose against the other.
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
    lossSince,
    ownLoss,
    allowed,
    verdict: Math.max(loss, lossSince ?? loss) > Math.max(allowed, ownLoss) ? "worse" : "ok",
  };
};
