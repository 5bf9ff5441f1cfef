#!/usr/bin/env node
// The benchmark: node bench/run.mjs [--only TEXT] [--quick] [--markdown | --json]; README.md tells more.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { createStage } from "./contenders.mjs";
import { measureGroup } from "./measure.mjs";
import { CALLS } from "./records.mjs";
import { groups } from "./rows.mjs";
import { tableOf } from "./table.mjs";

const USAGE = `node bench/run.mjs [options]
  --only TEXT   only the rows whose "path / limit" contains TEXT; may be given more than once
  --quick       short rounds, for a look: the figures are rough
  --markdown    print the table as Markdown
  --json        print the results as JSON`;
const PLAN = { rounds: 5, seconds: 1.5, warmUp: 2 };
const QUICK = { rounds: 3, seconds: 0.5, warmUp: 0.5 };

const root = resolve(import.meta.dirname, "..");
const resultsFile = join(import.meta.dirname, "results.json");

const readOptions = () => {
  try {
    return parseArgs({
      options: {
        only: { type: "string", multiple: true },
        quick: { type: "boolean" },
        markdown: { type: "boolean" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`);
    process.exit(2);
  }
};

const chosenGroups = (wanted) => {
  const isWanted = ({ name }) => !wanted || wanted.some((text) => name.includes(text));
  const chosen = groups.map((rows) => rows.filter(isWanted)).filter((rows) => rows.length > 0);
  if (chosen.length === 0) {
    const names = groups.flat().map(({ name }) => `  ${name}`);
    console.error(`No row is named like that. There are:\n${names.join("\n")}`);
    process.exit(2);
  }
  return chosen;
};

/** What is measured is what the sources say now. */
const build = () => {
  const { status, stdout } = spawnSync(join(root, "node_modules/.bin/tsc"), ["-b", "packages/server"], {
    cwd: root,
    encoding: "utf8",
  });
  if (status === 0) return;
  console.error(stdout ? stdout.trimEnd() : "The compiler is missing: run npm run setup first.");
  process.exit(1);
};

/** One line on a terminal that is written over; nothing elsewhere. */
const say = (text) => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text.slice(0, process.stderr.columns - 1)}`);
};

const { only, quick, markdown, json, help } = readOptions();
if (help) {
  console.log(USAGE);
  process.exit();
}
const plan = quick ? QUICK : PLAN;
const chosen = chosenGroups(only);
const start = performance.now();

say("building");
build();
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

if (json) {
  console.log(JSON.stringify(report, null, 2));
} else {
  const { node, platform, cpu, cores } = machine;
  const failed = results.filter(({ failure }) => failure).length;
  const seconds = Math.round((performance.now() - start) / 1000);
  console.log(
    [
      `Node ${node}, ${platform}, ${cores} × ${cpu}; ${CALLS} connections; medians of ${plan.rounds} rounds of ${plan.seconds} s`,
      "",
      tableOf(results, { markdown }),
      "",
      `${results.length - failed} measured, ${failed} failed, in ${seconds} s; written to ${relative(process.cwd(), resultsFile)}`,
      ...(markdown ? [] : ['Again, one row: node bench/run.mjs --only "path / limit"']),
    ].join("\n"),
  );
}
process.exitCode = results.some(({ failure }) => failure) ? 1 : 0;
