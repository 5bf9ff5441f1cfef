#!/usr/bin/env node
// The one command that checks everything: node scripts/check.mjs [--quick] [--changed COMMIT] [--only NAME]
// `--quick` is for use before each commit. It leaves out tests that start processes and the steps that only they need, the search for unused
// code, and the lint of unchanged files. With `--changed`, it also leaves out the tests that import no file changed since that commit.
// Two steps run at a time. All steps run, even if one fails. The last line is `N passed, N failed`. Each test counts, and each other step
// counts as one. Exit 1 if anything failed.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { storageTests } from "./tests-about.mjs";

const root = resolve(import.meta.dirname, "..");
const bin = (name) => join(root, "node_modules/.bin", name);
const packages = readdirSync(join(root, "packages"))
  .map((name) => `packages/${name}`)
  .filter((folder) => existsSync(join(root, folder, "src")));

const { changed, only, quick } = parseArgs({
  options: {
    changed: { type: "string" },
    only: { type: "string" },
    quick: { type: "boolean", default: false },
  },
}).values;

const vitest = [bin("vitest"), "run", "--config", "vitest.workspace.ts"];

/** The steps in the order in which they begin. Each begins after those that it names. A step with `isAsked` runs only with `--only`. */
const steps = [
  { name: "types", command: [bin("tsc"), "-b", ...packages] },
  { name: "format", command: [bin("biome"), "check", "--error-on-warnings", "."] },
  { name: "packed", command: [process.execPath, "scripts/pack.mjs"], after: ["types"], isQuick: false },
  { name: "media", command: [process.execPath, "scripts/build.mjs", "media"], isQuick: false },
  { name: "script", command: [process.execPath, "scripts/build.mjs", "script"], after: ["types"] },
  {
    name: "adapter",
    command: [process.execPath, "scripts/build.mjs", "adapter"],
    after: ["types"],
    isQuick: false,
  },
  {
    name: "client",
    command: [process.execPath, "scripts/build.mjs", "client"],
    after: ["types"],
    isQuick: false,
  },
  {
    name: "react",
    command: [process.execPath, "scripts/build.mjs", "react"],
    after: ["types"],
    isQuick: false,
  },
  {
    name: "console",
    command: [process.execPath, "scripts/build.mjs", "console"],
    isQuick: false,
  },
  {
    name: "candidate",
    command: [process.execPath, "scripts/build.mjs", "candidate"],
    isQuick: false,
  },
  {
    name: "sizes",
    command: [process.execPath, "scripts/check-sizes.mjs"],
    after: ["console", "candidate", "packed", "script", "media", "client"],
    isQuick: false,
  },
  // It runs beside the tests, because no other step needs its output. The two builds replace declarations that it reads.
  { name: "test-types", command: [bin("tsc"), "-b"], after: ["types", "client", "react"] },
  {
    name: "tests",
    // vitest runs a project that matches any of its patterns, so there is only one pattern. `-p*` matches projects that start processes,
    // and `-ci` those that only .ci/run runs.
    command: [
      ...vitest,
      "--project",
      quick ? "!*-p*" : "!*-ci",
      ...(changed ? ["--changed", changed, "--passWithNoTests"] : []),
    ],
    after: ["types", "packed", "script", "media", "adapter", "client", "react", "console", "candidate"],
    counts: true,
  },
  {
    // The tests about storage on PostgreSQL.
    name: "postgres",
    command: [...vitest, "--project", "server", "--project", "server-postgres-ci", ...storageTests()],
    env: { INVIGIL_TEST_DATABASE: "postgres" },
    counts: true,
    isAsked: true,
  },
  {
    name: "lint",
    command: [process.execPath, "scripts/lint.mjs", ...(quick ? ["--changed"] : [])],
    after: ["types", "client"],
  },
  {
    name: "imports",
    command: [
      bin("depcruise"),
      ...(quick ? ["--cache", "node_modules/.cache/dependency-cruiser", "--cache-strategy", "content"] : []),
      ...packages.map((folder) => `${folder}/src`),
    ],
    after: ["types"],
  },
  { name: "unused", command: [bin("knip")], after: ["types"], isQuick: false },
  { name: "audio", command: [process.execPath, "scripts/make-demo-audio.mjs", "--check"] },
  { name: "workflows", command: [process.execPath, "scripts/check-workflows.mjs"] },
  { name: "deploy", command: [process.execPath, "scripts/check-deploy.mjs"], after: ["types"] },
  { name: "links", command: [process.execPath, "scripts/check-links.mjs"] },
];
const AT_ONCE = 2;

const running = new Set();
for (const signal of ["SIGINT", "SIGTERM"])
  process.once(signal, () => {
    process.exitCode = 130;
    for (const child of running) child.kill(signal);
  });

/** Runs one command. Resolves to whether it succeeded and, unless it was streamed, to its output. */
const run = ({ command: [file, ...args], cwd = ".", counts, env: more }, env) =>
  new Promise((done) => {
    const child = spawn(file, args, {
      cwd: resolve(root, cwd),
      env: { ...env, ...more },
      stdio: counts ? ["ignore", "inherit", "inherit"] : ["ignore", "pipe", "pipe"],
    });
    running.add(child);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
    }
    const finish = (ok) => {
      running.delete(child);
      done({ ok, output });
    };
    child.on("error", (error) => {
      output += error.message;
      finish(false);
    });
    child.on("close", (code) => finish(code === 0));
  });

const chosen = steps.filter(({ name, isQuick = true, isAsked = false }) =>
  only === undefined ? !isAsked && (isQuick || !quick) : name === only,
);
if (chosen.length === 0) {
  console.error(`--only takes one of: ${steps.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), "invigil-check-"));
const countsFile = join(folder, "counts.json");
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const total = { passed: 0, failed: 0 };
/** The lines of other steps that wait while one step streams its output. Undefined while none does. */
let held;
const say = (line) => (held ? held.push(line) : console.log(line));

const check = async (step) => {
  if (step.counts) {
    console.log(`.... ${step.name}`);
    held = [];
  }
  const start = performance.now();
  const { ok, output } = await run(step, { ...process.env, CHECK_COUNTS: countsFile });
  if (process.exitCode === 130) return;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  if (step.counts) {
    const lines = held;
    held = undefined;
    for (const line of lines) console.log(line);
  }
  say(`${ok ? "ok  " : "FAIL"} ${step.name} (${seconds} s)`);
  if (!ok && output) say(output.trimEnd());
  const counts =
    step.counts && existsSync(countsFile)
      ? JSON.parse(readFileSync(countsFile, "utf8"))
      : { passed: ok ? 1 : 0, failed: 0 };
  total.passed += counts.passed;
  // A failed step without counts counts as one failure.
  total.failed += counts.failed || (ok ? 0 : 1);
};

const waiting = [...chosen];
const underWay = new Map();
const isDue = ({ after = [] }) =>
  !after.some((name) => underWay.has(name) || waiting.some((step) => step.name === name));
while ((waiting.length > 0 || underWay.size > 0) && process.exitCode !== 130) {
  const next = underWay.size < AT_ONCE ? waiting.findIndex(isDue) : -1;
  if (next === -1) {
    await Promise.race(underWay.values());
    continue;
  }
  const [step] = waiting.splice(next, 1);
  underWay.set(
    step.name,
    check(step).then(() => underWay.delete(step.name)),
  );
}
await Promise.all(underWay.values());
if (process.exitCode === 130) process.exit();

console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 ? 1 : 0;
