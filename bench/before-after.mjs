#!/usr/bin/env node
// Compares the speed of a commit with earlier ones: node bench/before-after.mjs BEFORE [FIRST] [options]; README.md explains it. BEFORE is
// a checkout of the commit before. FIRST is a checkout of the first release, so that small losses do not add up unnoticed. All of them, and
// this one, must be set up and built.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { readCommandLine, say } from "./lib/command-line.mjs";
import { compared } from "./lib/compared.mjs";
import { machine, machineText } from "./lib/machine.mjs";
import { measureInTurn, startSides } from "./lib/sides.mjs";
import { amount, linesOf, ratio } from "./lib/table.mjs";
import { judge } from "./lib/worse.mjs";

const USAGE = `node bench/before-after.mjs BEFORE [FIRST] [options]
  --path NAME   only this; may be given more than once
  --rounds N    rounds of each server (multiples of the number of servers put each first equally often)
  --quick       short rounds, for a look: the figures are rough
  --markdown    print the table as Markdown
  --json        print everything that was measured as JSON
Names: ${compared.map(({ name }) => name).join(", ")}`;

const { options, positionals, refuse } = readCommandLine({
  usage: USAGE,
  allowPositionals: true,
  options: {
    path: { type: "string", multiple: true },
    quick: { type: "boolean" },
    markdown: { type: "boolean" },
    json: { type: "boolean" },
  },
  numbers: { rounds: undefined },
});
if (positionals.length < 1 || positionals.length > 2) refuse("Name one or two folders.");
const unknown = options.path?.find((wanted) => compared.every(({ name }) => name !== wanted));
if (unknown !== undefined) refuse(`There is no path ${unknown}.`);
const plan = options.quick ? { seconds: 0.5, warmUp: 0.5 } : { seconds: 1.5, warmUp: 2 };

const [before, first] = positionals.map((folder) => resolve(folder));
const roots = { before, ...(first && { first }), after: resolve(import.meta.dirname, "..") };
/** The commit before runs on two servers. */
const servers = Object.keys(roots).length + 1;
plan.rounds = options.rounds ?? servers * (options.quick ? 1 : 2);
for (const root of Object.values(roots))
  if (!existsSync(join(root, "packages/server/dist/cli.js"))) refuse(`The server in ${root} is not built.`);

const begin = performance.now();
say(`starting ${servers} servers`);
const sides = await startSides(roots);
const rows = [];
const notes = [];
for (const { name, label, measures, isWrite, needs, start } of compared) {
  if (options.path && !options.path.includes(name)) continue;
  const without = needs && Object.values(roots).find((root) => !existsSync(join(root, needs)));
  if (without) {
    notes.push(`${name} is left out: ${without} has no ${needs}`);
    continue;
  }
  say(name);
  try {
    const rounds = await measureInTurn(sides, start, plan);
    for (const measure of measures) {
      const { unit, digits } = measure;
      rows.push({
        path: name,
        label: `${label}, ${unit}`,
        digits,
        ...judge({ measure, isWrite, rounds }),
        rounds,
      });
    }
  } catch (error) {
    rows.push({ path: name, label, failure: error.message });
  }
}
say("");

const losers = rows.filter(({ verdict }) => verdict === "worse");
const worse = losers.map(({ label }) => label);
/** On a busy machine, some rows are worse by chance. This measures them again, for longer. */
const again = [...new Set(losers.map(({ path }) => `--path ${path}`))].join(" ");
const failed = rows.filter(({ failure }) => failure);

const percent = (share) => `${amount(share * 100, 1)} %`;
const columns = [
  { title: "path" },
  ...[
    "before",
    "after",
    "ratio",
    "rounds",
    "CPU a call",
    "itself",
    "CPU itself",
    "loss",
    ...(first ? ["loss since the first"] : []),
    "own loss",
    "allowed",
  ].map((title) => ({ title, right: true })),
  { title: "verdict" },
];
const cellsOf = (row) => {
  if (row.failure) return [row.label, ...columns.slice(2).map(() => ""), "failed"];
  const ratioText = (ratios) => (ratios ? ratio(ratios.median) : "");
  return [
    row.label,
    amount(row.before, row.digits),
    amount(row.after, row.digits),
    ratioText(row.ratio),
    `${ratio(row.ratio.least)}–${ratio(row.ratio.most)}`,
    ratioText(row.cpuRatio),
    ratioText(row.itself),
    ratioText(row.cpuItself),
    percent(row.loss),
    ...(first ? [percent(row.lossSince)] : []),
    percent(row.ownLoss),
    `${row.allowed * 100} %`,
    row.verdict,
  ];
};

if (options.json) {
  const at = new Date().toISOString();
  console.log(JSON.stringify({ at, machine, plan, roots, worse, notes, rows }, null, 2));
} else {
  console.log(
    [
      `${machineText(machine)}; medians of ${plan.rounds} rounds of ${plan.seconds} s`,
      "",
      ...linesOf(columns, rows.map(cellsOf), options),
      "",
      ...failed.map(({ label, failure }) => `${label} failed: ${failure}`),
      ...notes,
      `${worse.length === 0 ? "No row is worse" : `Worse: ${worse.join("; ")}`} (in ${Math.round((performance.now() - begin) / 1000)} s)`,
      ...(again && !options.markdown ? [`Again, for longer: ${again} --rounds ${2 * plan.rounds}`] : []),
    ].join("\n"),
  );
}
// Timings do not affect the exit code: a worse row is a result, not a failure.
process.exit(failed.length > 0 ? 1 : 0);
