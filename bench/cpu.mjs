#!/usr/bin/env node
// What each documented REST path costs: npm run bench -- --cpu, or node bench/cpu.mjs [options]; README.md tells more.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readCommandLine, say } from "./lib/command-line.mjs";
import { createSchool, documented } from "./lib/documented.mjs";
import { answerTo } from "./lib/http.mjs";
import { machine, machineText } from "./lib/machine.mjs";
import { startPostgres } from "./lib/postgres.mjs";
import { cpuOf, newFolder } from "./lib/processes.mjs";
import { createLoader, createStage } from "./lib/stage.mjs";
import { median } from "./lib/statistics.mjs";
import { streamSettings } from "./lib/streams.mjs";
import { amount, linesOf, ratio, ratiosText } from "./lib/table.mjs";
import { startUploads } from "./lib/uploads.mjs";
import { goalText, verdictOf } from "./lib/verdict.mjs";

const CONNECTIONS = 32;
/** What the others are multiples of. It is measured in each round. */
const REFERENCE = "roomInfo";
const USAGE = `node bench/cpu.mjs [options]       (the server must be built)
  --path NAME      only this path, beside ${REFERENCE}; may be given more than once
  --engine NAME    only sqlite or only postgres; default: both
  --postgres URL   a PostgreSQL that runs already, whose own processor time is then unknown
  --rounds N       rounds of every path
  --quick          short rounds, for a look: the figures are rough
  --markdown       print the table as Markdown
  --json           print everything that was measured as JSON
Paths: ${documented.map(({ name }) => name).join(", ")}`;

const { options, refuse } = readCommandLine({
  usage: USAGE,
  options: {
    path: { type: "string", multiple: true },
    engine: { type: "string" },
    postgres: { type: "string" },
    quick: { type: "boolean" },
    markdown: { type: "boolean" },
    json: { type: "boolean" },
  },
  numbers: { rounds: undefined },
});
const unknown = options.path?.find((wanted) => documented.every(({ name }) => name !== wanted));
if (unknown !== undefined) refuse(`There is no path ${unknown}.`);
if (![undefined, "sqlite", "postgres"].includes(options.engine))
  refuse("The engines are sqlite and postgres.");
const plan = options.quick ? { rounds: 3, seconds: 0.5, warmUp: 0.7 } : { rounds: 7, seconds: 1, warmUp: 2 };
plan.rounds = options.rounds ?? plan.rounds;
const chosen = documented.filter(
  ({ name }) => name === REFERENCE || !options.path || options.path.includes(name),
);

const loader = createLoader();
const uploads = await startUploads();

/** A server on a database, with what the paths are about. */
const startEngine = async ({ label, database, databaseCpu }) => {
  const stage = createStage(undefined, loader);
  const { url, child } = await stage.startServer(database, { ...streamSettings, ...uploads.settings });
  const headers = await stage.headersOf(database, { method: "POST" });
  const answer = (request) => answerTo(url, request, request.headers ?? headers);
  const adminHeaders = await stage.adminHeaders(database);
  const school = await createSchool({ url, headers, adminHeaders, answer });
  return {
    label,
    url,
    school,
    answer,
    headers,
    spent: () => ({ server: cpuOf([child.pid]), database: databaseCpu() }),
  };
};

/** A path on an engine: `round` loads it, and returns the processor time of a call in microseconds. */
const preparePath = async (engine, path) => {
  const { url, school, answer, headers } = engine;
  const requestsNow = async () => {
    const requests = await path.requests(school);
    return path.once ? requests : requests.map((request) => ({ ...request }));
  };
  const first = await requestsNow();
  const expected = await answer(first[0]);
  path.check(JSON.parse(expected), school);
  return async (seconds) => {
    const requests = path.once ? await requestsNow() : first;
    const connections = path.connections ?? CONNECTIONS;
    let before;
    const [round] = await loader.loadUntilAnswered(
      [{ url, requests, headers, expected, mask: path.mask, connections, once: path.once }],
      seconds,
      async () => {
        before = engine.spent();
      },
    );
    const after = engine.spent();
    const perCall = (of) => ((after[of] - before[of]) / round.requests) * 1e6;
    return {
      server: perCall("server"),
      database: perCall("database"),
      calls: round.requests,
      p50: round.p50,
      p99: round.p99,
    };
  };
};

const start = performance.now();
say("starting");
const engines = [];
if (options.engine !== "postgres")
  engines.push(
    await startEngine({ label: "SQLite", database: join(newFolder(), "invigil.db"), databaseCpu: () => 0 }),
  );
const postgres = options.engine === "sqlite" ? undefined : await startPostgres(options.postgres);
if (postgres)
  engines.push(
    await startEngine({ label: "PostgreSQL", database: postgres.url, databaseCpu: postgres.cpuSeconds }),
  );

/** The rounds of each path on each engine. A path that fails is left out of the rest. */
const entries = [];
for (const path of chosen)
  for (const engine of engines) {
    const entry = { path, engine, rounds: [] };
    entries.push(entry);
    try {
      entry.round = await preparePath(engine, path);
    } catch (error) {
      entry.failure = error.message;
    }
  }
const measure = async (seconds, keep) => {
  for (const entry of entries) {
    if (entry.failure) continue;
    say(`${keep}: ${entry.path.label}, ${entry.engine.label}`);
    try {
      const round = await entry.round(seconds);
      if (keep !== "warming up") entry.rounds.push(round);
    } catch (error) {
      entry.failure = error.message;
    }
  }
};
await measure(plan.warmUp, "warming up");
for (let n = 1; n <= plan.rounds; n++) await measure(plan.seconds, `round ${n} of ${plan.rounds}`);
await loader.close();
await uploads.close();
await postgres?.stop();
say("");

const entryOf = (name, engine) =>
  entries.find((entry) => entry.path.name === name && entry.engine === engine);
const middle = (rounds, key) => median(rounds.map((round) => round[key]));
const total = ({ server, database }) => server + (Number.isNaN(database) ? 0 : database);

/** The ratio is that of server and database together, within each round. */
const resultOf = ({ path, engine, rounds, failure }) => {
  const head = { path: path.name, label: path.label, engine: engine.label, goal: path.goal };
  const reference = entryOf(REFERENCE, engine);
  const why = failure ?? reference.failure;
  if (why) return { ...head, failure: why };
  const ratios = rounds.map((round, n) => total(round) / total(reference.rounds[n]));
  const value = median(ratios);
  return {
    ...head,
    server: middle(rounds, "server"),
    database: middle(rounds, "database"),
    p50: middle(rounds, "p50"),
    p99: middle(rounds, "p99"),
    value,
    ratios,
    ...(path.goal && { verdict: verdictOf(value, path.goal) }),
    rounds,
  };
};
const results = entries.map(resultOf);
const report = { at: new Date().toISOString(), machine, connections: CONNECTIONS, plan, results };
writeFileSync(join(import.meta.dirname, "cpu.json"), `${JSON.stringify(report, null, 2)}\n`);

if (options.json) console.log(JSON.stringify(report, null, 2));
else {
  const right = true;
  const columns = [
    { title: "path" },
    { title: "database" },
    { title: "µs server", right },
    { title: "µs database", right },
    { title: `÷ ${REFERENCE}`, right },
    { title: "rounds", right },
    { title: "goal", right },
    { title: "verdict" },
  ];
  const micros = (number) => (Number.isNaN(number) ? "?" : amount(number, 0));
  const cellsOf = ({ label, engine, goal, failure, ...result }) =>
    failure
      ? [label, engine, "", "", "", "", goal ? goalText(goal) : "", "failed"]
      : [
          label,
          engine,
          micros(result.server),
          engine === "SQLite" ? "" : micros(result.database),
          ratio(result.value),
          ratiosText(result.ratios),
          goal ? goalText(goal) : "",
          result.verdict ?? "",
        ];
  const failures = results.filter(({ failure }) => failure);
  console.log(
    [
      `${machineText(machine)}; ${CONNECTIONS} connections; medians of ${plan.rounds} rounds of ${plan.seconds} s`,
      "",
      ...linesOf(columns, results.map(cellsOf), options),
      ...failures.map(({ label, engine, failure }) => `${label}, ${engine}, failed: ${failure}`),
      "",
      `in ${Math.round((performance.now() - start) / 1000)} s`,
    ].join("\n"),
  );
}
process.exit(results.some(({ failure }) => failure) ? 1 : 0);
