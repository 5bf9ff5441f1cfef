#!/usr/bin/env node
// The benchmark: npm run bench -- [--row NAME] [--quick] [--markdown | --json]; README.md explains it.
import { writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { build } from "./lib/build.mjs";
import { readCommandLine, say } from "./lib/command-line.mjs";
import { machine, machineText } from "./lib/machine.mjs";
import { measureGroup } from "./lib/measure.mjs";
import { planFor } from "./lib/plan.mjs";
import { CALLS } from "./lib/records.mjs";
import { createStage } from "./lib/stage.mjs";
import { tableOf } from "./lib/table.mjs";
import { groupsFor } from "./rows/index.mjs";

const resultsFile = join(import.meta.dirname, "results.json");

/** Other measurements. They are programs with their own options. */
const OTHERS = {
  engines: "what a call costs on SQLite, on PostgreSQL and with several servers, beside the limits",
  morning: "a simulated morning of exams on PostgreSQL and several servers",
  fairness: "how long calls of strangers take beside one busy caller",
  turns: "how long the largest calls delay others",
  console: "what watching 5,000 candidates costs the page",
  media: "what streams cost the embedded media server, and calls beside them",
};
const other = process.argv[2]?.replace(/^--/, "");
if (Object.hasOwn(OTHERS, other)) {
  say("building");
  await build({ console: ["console", "media"].includes(other) });
  process.argv.splice(2, 1);
  await import(`./${other}.mjs`);
  process.exit();
}

const USAGE = `npm run bench -- [options]
  --row NAME      only this row; may be given more than once
  --list          name the rows
  --quick         short rounds, for a look: the figures are rough
  --markdown      print the table as Markdown
  --json          print the results as JSON
Other measurements, each with options of its own (--help):
${Object.entries(OTHERS)
  .map(([name, what]) => `  --${name.padEnd(9)} ${what}`)
  .join("\n")}`;
const { options, refuse } = readCommandLine({
  usage: USAGE,
  options: {
    row: { type: "string", multiple: true },
    list: { type: "boolean" },
    quick: { type: "boolean" },
    markdown: { type: "boolean" },
    json: { type: "boolean" },
  },
});
const plan = planFor(options);
const groups = groupsFor(plan);
const names = groups.flat().map(({ name }) => name);
const unknown = options.row?.find((name) => !names.includes(name));
if (unknown !== undefined) refuse(`There is no row ${unknown}. There are: ${names.join(", ")}`);
const chosen = groups
  .map((rows) => rows.filter(({ name }) => !options.row || options.row.includes(name)))
  .filter((rows) => rows.length > 0);
if (options.list) {
  for (const { name, ours, theirs } of chosen.flat()) {
    console.log(`${name.padEnd(16)} ${ours.label}${theirs ? ` / ${theirs.label}` : ""}`);
  }
  process.exit();
}
const start = performance.now();

say("building");
await build({ client: chosen.flat().some(({ needsClient }) => needsClient) });
const stage = createStage();
const results = [];
for (const rows of chosen) results.push(...(await measureGroup(rows, { stage, plan, say })));
await stage.close();
say("");

const report = { at: new Date().toISOString(), machine, connections: CALLS, plan, results };
writeFileSync(resultsFile, `${JSON.stringify(report, null, 2)}\n`);

if (options.json) {
  console.log(JSON.stringify(report, null, 2));
} else {
  const verdictsOf = ({ verdict = "", failure }) => (failure ? "failed" : verdict);
  const count = (wanted) => results.filter((result) => verdictsOf(result).startsWith(wanted)).length;
  const seconds = Math.round((performance.now() - start) / 1000);
  const verdicts = ["met", "missed", "unclear", "failed"].map((verdict) => `${count(verdict)} ${verdict}`);
  console.log(
    [
      `${machineText(machine)}; ${CALLS} connections; medians of ${plan.rounds} rounds of ${plan.seconds} s`,
      "",
      tableOf(results, options),
      "",
      `${verdicts.join(", ")}, in ${seconds} s; written to ${relative(process.cwd(), resultsFile)}`,
      ...(options.markdown ? [] : ["Again, one row: npm run bench -- --row NAME"]),
    ].join("\n"),
  );
}
process.exitCode = results.some(({ failure }) => failure) ? 1 : 0;
