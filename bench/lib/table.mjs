// Results as a table, for a terminal or for Markdown.
import { BUSY, goalText } from "./verdict.mjs";

const columns = [
  { title: "row" },
  { title: "path" },
  { title: "measured", right: true },
  { title: "against" },
  { title: "measured", right: true },
  { title: "ratio", right: true },
  { title: "rounds", right: true },
  { title: "goal", right: true },
  { title: "verdict" },
];

export const amount = (number, digits) =>
  number.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
export const ratio = (number) => amount(number, 2);

export const ratiosText = (rounds) =>
  rounds.length > 1 ? `${ratio(Math.min(...rounds))}–${ratio(Math.max(...rounds))}` : "";

const cellsOf = ({
  row,
  path,
  against,
  unit,
  digits,
  ours,
  theirs,
  value,
  rounds,
  goal,
  verdict,
  failure,
}) => {
  const goalCell = goal ? goalText(goal) : "";
  if (failure) return [row, path, "", against, "", "", "", goalCell, "failed"];
  const withUnit = (side) => (side === undefined ? "" : `${amount(side, digits)} ${unit}`);
  return [
    row,
    path,
    withUnit(ours.value),
    against,
    withUnit(theirs?.value),
    theirs ? ratio(value) : "",
    ratiosText(rounds),
    goalCell,
    verdict ?? "for information",
  ];
};

const notesOf = (results) => [
  ...results.flatMap(({ row, failure }) => (failure ? [`${row} failed: ${failure}`] : [])),
  ...results.flatMap(({ row, note, failure }) => (note && !failure ? [`${row}: ${note}`] : [])),
  ...(results.some(({ verdict }) => verdict === "unclear")
    ? [
        `unclear: the side that the verdict hangs on was busy less than ${BUSY * 100} % of the time: it could have done more.`,
      ]
    : []),
];

/**
 * The lines of a table.
 * @param {{ title: string, right?: boolean }[]} head `right`: the column is aligned to the right
 * @param {string[][]} rows
 * @param {{ markdown?: boolean }} options
 */
export const linesOf = (head, rows, { markdown = false } = {}) => {
  const all = [head.map(({ title }) => title), ...rows];
  const widths = head.map((_, n) => Math.max(...all.map((cells) => cells[n].length)));
  const padded = (cells) =>
    cells.map((cell, n) => (head[n].right ? cell.padStart(widths[n]) : cell.padEnd(widths[n])));
  const rule = head.map(({ right }, n) => {
    const dashes = "-".repeat(widths[n]);
    return markdown && right ? `${dashes.slice(1)}:` : dashes;
  });
  const line = markdown ? (cells) => `| ${cells.join(" | ")} |` : (cells) => cells.join("  ").trimEnd();
  return [padded(all[0]), rule, ...rows.map(padded)].map(line);
};

/** @param {{ markdown?: boolean }} options */
export const tableOf = (results, options) => {
  const notes = notesOf(results);
  return [
    ...linesOf(columns, results.map(cellsOf), options),
    ...(notes.length > 0 ? ["", ...notes] : []),
  ].join("\n");
};
