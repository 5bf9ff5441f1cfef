#!/usr/bin/env node
// The one command that checks everything: node scripts/check.mjs [--only NAME]
// Every step runs, whatever failed before it. The last line is `N passed, N failed`: the tests, and each
// other step as one. Exit 1 if anything failed.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

const root = resolve(import.meta.dirname, "..");
const bin = (name) => join(root, "node_modules/.bin", name);

const steps = [
  { name: "types", command: [bin("tsc"), "-b"] },
  { name: "packed", command: [process.execPath, "scripts/pack.mjs"] },
  { name: "script", command: [process.execPath, "scripts/build.mjs", "script"] },
  { name: "client", command: [process.execPath, "scripts/build.mjs", "client"] },
  { name: "format", command: [bin("biome"), "check", "--error-on-warnings", "."] },
  { name: "lint", command: [bin("oxlint")] },
  {
    name: "imports",
    command: [
      bin("depcruise"),
      ...["schema", "trpc-fastify", "server", "im-script", "client"].map((p) => `packages/${p}/src`),
    ],
  },
  { name: "unused", command: [bin("knip")] },
  { name: "audio", command: [process.execPath, "scripts/make-demo-audio.mjs", "--check"] },
  { name: "workflows", command: [process.execPath, "scripts/check-workflows.mjs"] },
  { name: "tests", command: [bin("vitest"), "run", "--config", "vitest.workspace.ts"], counts: true },
];

/** Runs one command; resolves to whether it succeeded and, unless it was streamed, what it printed. */
const run = ({ command: [file, ...args], cwd = ".", counts }, env) =>
  new Promise((done) => {
    const child = spawn(file, args, {
      cwd: resolve(root, cwd),
      env,
      stdio: counts ? ["ignore", "inherit", "inherit"] : ["ignore", "pipe", "pipe"],
    });
    const stop = (signal) => {
      child.kill(signal);
      process.exitCode = 130;
    };
    const signals = ["SIGINT", "SIGTERM"];
    for (const signal of signals) process.once(signal, stop);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
    }
    const finish = (ok) => {
      for (const signal of signals) process.off(signal, stop);
      done({ ok, output });
    };
    child.on("error", (error) => {
      output += error.message;
      finish(false);
    });
    child.on("close", (code) => finish(code === 0));
  });

const { only } = parseArgs({ options: { only: { type: "string" } } }).values;
const chosen = steps.filter(({ name }) => only === undefined || name === only);
if (chosen.length === 0) {
  console.error(`--only takes one of: ${steps.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), "invigil-check-"));
const countsFile = join(folder, "counts.json");
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const total = { passed: 0, failed: 0 };
for (const step of chosen) {
  if (step.counts) console.log(`.... ${step.name}`);
  const start = performance.now();
  const { ok, output } = await run(step, { ...process.env, CHECK_COUNTS: countsFile });
  if (process.exitCode === 130) process.exit();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${ok ? "ok  " : "FAIL"} ${step.name} (${seconds} s)`);
  if (!ok && output) console.log(output.trimEnd());
  const counts =
    step.counts && existsSync(countsFile)
      ? JSON.parse(readFileSync(countsFile, "utf8"))
      : { passed: ok ? 1 : 0, failed: 0 };
  total.passed += counts.passed;
  // A step that failed without saying how often failed once.
  total.failed += counts.failed || (ok ? 0 : 1);
}

console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 ? 1 : 0;
