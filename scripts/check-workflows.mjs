#!/usr/bin/env node
// Checks that GitHub runs the parts of .ci/run: node scripts/check-workflows.mjs [FOLDER]
// FOLDER is the repository; this one otherwise. Exit 1 with a line for each difference.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";

const root = resolve(process.argv[2] ?? join(import.meta.dirname, ".."));
const folder = join(root, ".github/workflows");
const workflows = new Map(
  readdirSync(folder).map((name) => [name, parse(readFileSync(join(folder, name), "utf8"))]),
);
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const parts = execFileSync(join(root, ".ci/run"), ["--list"], { encoding: "utf8" }).trim().split("\n");

const faults = [];
const expectSame = (what, actual, expected) => {
  for (const one of expected.filter((name) => !actual.includes(name))) faults.push(`${what} lacks ${one}`);
  for (const one of actual.filter((name) => !expected.includes(name)))
    faults.push(`${what} has ${one}, which .ci/run does not have`);
};

const jobsOf = (name) => Object.entries(workflows.get(name)?.jobs ?? {});
const stepsOf = (job) => job.steps ?? [];

// biome-ignore lint/suspicious/noTemplateCurlyInString: GitHub replaces it, not JavaScript.
const RUN_PART = ".ci/run ${{ matrix.part }}";
const jobOfParts = jobsOf("ci.yml").find(([, job]) => stepsOf(job).some(({ run }) => run === RUN_PART))?.[1];
if (!jobOfParts) faults.push(`ci.yml has no job that runs ${RUN_PART}`);
expectSame("the matrix of ci.yml", jobOfParts?.strategy?.matrix?.part ?? [], parts);

const CI = "./.github/workflows/ci.yml";
const checks = jobsOf("release.yml").find(([, job]) => job.uses === CI)?.[0];
if (!checks) faults.push(`release.yml has no job that uses ${CI}`);
for (const [name, job] of jobsOf("release.yml"))
  if (name !== checks && ![job.needs].flat().includes(checks))
    faults.push(`release.yml: the job ${name} does not wait for the checks`);

// The commands of a workflow must exist.
for (const [file, workflow] of workflows)
  for (const job of Object.values(workflow.jobs))
    for (const { run = "", with: options = {} } of stepsOf(job))
      for (const text of [run, ...Object.values(options)])
        for (const [, script] of String(text).matchAll(/\bnpm run ([\w:-]+)/g))
          if (!Object.hasOwn(scripts, script))
            faults.push(`${file}: there is no script ${script} in package.json`);

for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exitCode = 1;
