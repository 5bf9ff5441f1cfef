#!/usr/bin/env node
// The one command that checks everything: node scripts/check.mjs [--quick] [--only NAME]
// `--quick` is for the change at hand: it leaves out tests that start processes, what only they need, most of the generated cases, and
// what can wait: unused code, and the lint of files that have not changed.
// Two steps run at a time. Every step runs, whatever failed before it. The last line is `N passed, N failed`: the tests, and each
// other step as one. Exit 1 if anything failed.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { storageTests } from "./storage-tests.mjs";

const root = resolve(import.meta.dirname, "..");
const bin = (name) => join(root, "node_modules/.bin", name);
const packages = readdirSync(join(root, "packages"))
  .map((name) => `packages/${name}`)
  .filter((folder) => existsSync(join(root, folder, "src")));

const { only, quick = false } = parseArgs({
  options: { only: { type: "string" }, quick: { type: "boolean" } },
}).values;

const vitest = [bin("vitest"), "run", "--config", "vitest.workspace.ts"];

/** In the order in which they begin, each after those that it names. A step that `isAsked` runs with `--only` alone. */
const steps = [
  { name: "types", command: [bin("tsc"), "-b", ...packages] },
  { name: "format", command: [bin("biome"), "check", "--error-on-warnings", "."] },
  { name: "packed", command: [process.execPath, "scripts/pack.mjs"], after: ["types"], isQuick: false },
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
    name: "sizes",
    command: [process.execPath, "scripts/check-sizes.mjs"],
    after: ["console", "packed", "script", "client"],
    isQuick: false,
  },
  // Beside the tests: no other step needs what it makes.
  { name: "test-types", command: [bin("tsc"), "-b"], after: ["types"] },
  {
    name: "tests",
    // vitest runs what one of several patterns lets through, so there is one: `-p*` is whatever starts processes, and `-ci` what only .ci/run runs.
    command: [...vitest, "--project", quick ? "!*-p*" : "!*-ci"],
    after: ["types", "packed", "script", "adapter", "client", "react", "console"],
    counts: true,
  },
  {
    // What concerns storage, once more on PostgreSQL, with samples of the many cases. `.ci/run postgres` runs all tests there.
    name: "postgres",
    command: [...vitest, "--project", "server", ...storageTests()],
    env: { INVIGIL_TEST_DATABASE: "postgres", TEST_EFFORT: "quick" },
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

/** Runs one command; resolves to whether it succeeded and, unless it was streamed, what it printed. */
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
/** What is said of other steps while one prints for itself; undefined while none does. */
let held;
const say = (line) => (held ? held.push(line) : console.log(line));

const check = async (step) => {
  if (step.counts) {
    console.log(`.... ${step.name}`);
    held = [];
  }
  const start = performance.now();
  const { ok, output } = await run(step, {
    ...process.env,
    CHECK_COUNTS: countsFile,
    ...(quick && { TEST_EFFORT: "quick" }),
  });
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
  // A step that failed without saying how often failed once.
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
