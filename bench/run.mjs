#!/usr/bin/env node
// The benchmark: npm run bench -- [--row NAME] [--quick] [--markdown | --json]; README.md tells more.
import { writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { join, relative, resolve } from "node:path";
import { measureGroup } from "./lib/measure.mjs";
import { chosenGroups, readOptions } from "./lib/options.mjs";
import { planFor } from "./lib/plan.mjs";
import { environment, run } from "./lib/processes.mjs";
import { CALLS } from "./lib/records.mjs";
import { createStage } from "./lib/stage.mjs";
import { tableOf } from "./lib/table.mjs";
import { groups } from "./rows/index.mjs";

const root = resolve(import.meta.dirname, "..");
const resultsFile = join(import.meta.dirname, "results.json");

/** What is measured is what the sources say now: the server, and where a row needs it the client as it is published. */
const build = async (rows) => {
  const bin = (name) => join(root, "node_modules/.bin", name);
  try {
    await run(bin("tsc"), ["-b", "packages/server"], { cwd: root, env: environment });
    await run(process.execPath, [join(root, "scripts/pack.mjs")], { cwd: root, env: environment });
    await run(bin("tsdown"), [], { cwd: join(root, "packages/im-script"), env: environment });
    if (rows.some(({ needsClient }) => needsClient))
      await run(bin("tsdown"), [], { cwd: join(root, "packages/client"), env: environment });
  } catch (error) {
    console.error(
      error.code === "ENOENT" ? "The compiler is missing: run npm run setup first." : error.message,
    );
    process.exit(1);
  }
};

/** One line on a terminal that is written over; nothing elsewhere. */
const say = (text) => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text.slice(0, process.stderr.columns - 1)}`);
};

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
await build(chosen.flat());
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
  const count = (wanted) => results.filter(({ verdict = "failed" }) => verdict.startsWith(wanted)).length;
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
