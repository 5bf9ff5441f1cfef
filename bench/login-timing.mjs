#!/usr/bin/env node
// Whether time tells a wrong password from an unknown name: node bench/login-timing.mjs [--tries N] [--json]
// Needs the build: npx tsc -b. Prints medians, their ratio, and how well one try can be told from another (AUC).
import { createTestApp } from "../packages/server/dist/app/testing.js";
import { readCommandLine } from "./lib/command-line.mjs";
import { median } from "./lib/statistics.mjs";

const USAGE = `node bench/login-timing.mjs [options]
  --tries N   tries of each kind (default 200)
  --json      print the results as JSON`;

/** How often one of `left` is slower than one of `right`: 0.5 when they cannot be told apart (Mann and Whitney's U). */
const auc = (left, right) => {
  const wins = left.flatMap((a) => right.map((b) => (a > b ? 1 : a === b ? 0.5 : 0)));
  return wins.reduce((sum, win) => sum + win, 0) / wins.length;
};

const { tries, json } = readCommandLine({
  usage: USAGE,
  options: { json: { type: "boolean" } },
  numbers: { tries: 200 },
}).options;

// Each try is a quarter of an hour after the one before, so that none has to wait.
let now = Date.parse("2026-01-02T00:00:00Z");
const app = await createTestApp({
  now: () => new Date(now),
});
const password = "the right password";
await app
  .as({ sub: "root", role: "admin" })
  .account.create({ userId: "known", role: "teacher", name: "Known", password });

/** One login over HTTP without a socket, in milliseconds. */
const time = async (username) => {
  now += 15 * 60_000;
  const payload = { username, password: "not the password" };
  const start = performance.now();
  const { statusCode } = await app.inject({ method: "POST", url: "/exam/login", payload });
  const ms = performance.now() - start;
  if (statusCode !== 401) throw new Error(`a login of ${username} was answered ${statusCode}`);
  return ms;
};

const times = { known: [], nobody: [] };
try {
  for (let n = 0; n < 20; n++) await time(n % 2 ? "known" : "nobody");
  for (let n = 0; n < tries; n++) {
    // In turn, and each as often first as second.
    const pair = n % 2 ? ["known", "nobody"] : ["nobody", "known"];
    for (const username of pair) times[username].push(await time(username));
  }
} finally {
  await app.close();
}

const round = (value, digits) => Number(value.toFixed(digits));
const report = {
  tries,
  wrongPasswordMs: round(median(times.known), 2),
  unknownNameMs: round(median(times.nobody), 2),
  ratio: round(median(times.known) / median(times.nobody), 3),
  auc: round(auc(times.known, times.nobody), 3),
};
if (json) console.log(JSON.stringify(report));
else
  console.log(
    [
      `wrong password   ${report.wrongPasswordMs} ms (median of ${tries})`,
      `unknown name     ${report.unknownNameMs} ms (median of ${tries})`,
      `ratio            ${report.ratio}`,
      `AUC              ${report.auc} (0.5: one cannot be told from the other)`,
    ].join("\n"),
  );
