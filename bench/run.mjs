#!/usr/bin/env node
// The benchmark: npm run bench -- [--row NAME] [--quick] [--markdown | --json]; README.md tells more.
import { writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { join, relative } from "node:path";
import { build } from "./lib/build.mjs";
import { say } from "./lib/command-line.mjs";
import { measureGroup } from "./lib/measure.mjs";
import { chosenGroups, readOptions } from "./lib/options.mjs";
import { planFor } from "./lib/plan.mjs";
import { CALLS } from "./lib/records.mjs";
import { createStage } from "./lib/stage.mjs";
import { tableOf } from "./lib/table.mjs";
import { groups } from "./rows/index.mjs";

const resultsFile = join(import.meta.dirname, "results.json");

/** Other measurements with options of their own. Their modules are also programs. */
const OTHERS = { "--cpu": "./cpu.mjs", "--engines": "./engines.mjs", "--morning": "./morning.mjs" };
const other = OTHERS[process.argv[2]];
if (other !== undefined) {
  say("building");
  await build();
  process.argv.splice(2, 1);
  // It ends the process.
  await import(other);
}

const options = readOptions();
const chosen = chosenGroups(groups, options.row);
if (options.list) {
  for (const { name, ours, theirs } of chosen.flat()) {
    console.log(`${name.padEnd(16)} ${ours.label}${theirs ? ` / ${theirs.label}` : ""}`);
  }
  process.exit();
}
const plan = planFor(options);
const start = performance.now();

say("building");
await build({ client: chosen.flat().some(({ needsClient }) => needsClient) });
const stage = createStage();
const results = [];
for (const rows of chosen) results.push(...(await measureGroup(rows, { stage, plan, say })));
await stage.close();
say("");

const machine = {
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  cpu: cpus()[0]?.model ?? "unknown",
  cores: availableParallelism(),
};
const report = { at: new Date().toISOString(), machine, connections: CALLS, plan, results };
writeFileSync(resultsFile, `${JSON.stringify(report, null, 2)}\n`);

if (options.json) {
  console.log(JSON.stringify(report, null, 2));
} else {
  const { node, platform, cpu, cores } = machine;
  const verdictsOf = ({ verdict = "", failure }) => (failure ? "failed" : verdict);
  const count = (wanted) => results.filter((result) => verdictsOf(result).startsWith(wanted)).length;
  const seconds = Math.round((performance.now() - start) / 1000);
  const verdicts = ["met", "missed", "unclear", "failed"].map((verdict) => `${count(verdict)} ${verdict}`);
  console.log(
    [
      `Node ${node}, ${platform}, ${cores} × ${cpu}; ${CALLS} connections; medians of ${plan.rounds} rounds of ${plan.seconds} s`,
      "",
      tableOf(results, options),
      "",
      `${verdicts.join(", ")}, in ${seconds} s; written to ${relative(process.cwd(), resultsFile)}`,
      ...(options.markdown ? [] : ["Again, one row: npm run bench -- --row NAME"]),
    ].join("\n"),
  );
}
process.exitCode = results.some(({ failure }) => failure) ? 1 : 0;
