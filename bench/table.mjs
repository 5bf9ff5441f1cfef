// Results as a table, for a terminal or for Markdown.

/** A server that was busy for less of the time than this did not show what it can. */
const BUSY = 0.9;

const whole = (number) => Math.round(number).toLocaleString("en");
const places = (count) => (number) => number.toFixed(count);
const milliseconds = places(1);
const ratio = places(2);

const columns = [
  { title: "path" },
  { title: "a second", right: true },
  { title: "p50 ms", right: true },
  { title: "p99 ms", right: true },
  { title: "peak MB", right: true },
  { title: "limit" },
  { title: "a second", right: true },
  { title: "p99 ms", right: true },
  { title: "ratio", right: true },
  { title: "rounds", right: true },
  { title: "per CPU", right: true },
];

/** Whether the ratio is too good, because the other side could have done more. */
const isUnderstated = ({ limit, against }) => limit.startsWith("bare") && against.busy < BUSY;

const cellsOf = (result) => {
  const { path, unit, limit, measured, against, ratios, cpuRatio, failure } = result;
  const counted = unit === "calls" ? path : `${path} (${unit})`;
  if (failure) return [counted, "failed", "", "", "", limit, "", "", "", "", ""];
  const { peakBytes } = measured;
  return [
    counted,
    whole(measured.perSecond),
    milliseconds(measured.p50),
    milliseconds(measured.p99),
    peakBytes === undefined ? "n/a" : whole(peakBytes / 1e6),
    limit,
    whole(against.perSecond),
    milliseconds(against.p99),
    `${isUnderstated(result) ? "≤ " : ""}${ratio(result.ratio)}`,
    `${ratio(Math.min(...ratios))}–${ratio(Math.max(...ratios))}`,
    cpuRatio === undefined ? "n/a" : ratio(cpuRatio),
  ];
};

const padded = (rows) => {
  const widths = columns.map((_, n) => Math.max(...rows.map((cells) => cells[n].length)));
  return rows.map((cells) =>
    cells.map((cell, n) => (columns[n].right ? cell.padStart(widths[n]) : cell.padEnd(widths[n]))),
  );
};

/** @param {{ markdown?: boolean }} options */
export const tableOf = (results, { markdown = false } = {}) => {
  const [head, ...body] = padded([columns.map(({ title }) => title), ...results.map(cellsOf)]);
  const failures = results.flatMap(({ failure }) => failure ?? []);
  const notes = [...new Set(failures)].map((failure) => `failed: ${failure}`);
  if (results.some((result) => !result.failure && isUnderstated(result))) {
    notes.push(
      `≤: the bare route was busy less than ${BUSY * 100} % of the time: the load or the machine held it back.`,
    );
  }
  const rule = columns.map(({ right }, n) => {
    const dashes = "-".repeat(head[n].length);
    return markdown && right ? `${dashes.slice(1)}:` : dashes;
  });
  const line = markdown ? (cells) => `| ${cells.join(" | ")} |` : (cells) => cells.join("  ").trimEnd();
  const lines = [head, rule, ...body].map(line);
  return [...lines, ...(notes.length > 0 ? ["", ...notes] : [])].join("\n");
};
