#!/usr/bin/env node
// Measures what a call costs on each database, and whether the cost grows with the number of servers: npm run bench -- --engines, or node
// bench/engines.mjs [options]; README.md explains it.
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readCommandLine, say } from "./lib/command-line.mjs";
import { countStatements } from "./lib/database-figures.mjs";
import { ask } from "./lib/ipc.mjs";
import { machine, machineText } from "./lib/machine.mjs";
import {
  addCheatRecord,
  createRoom,
  examInfo,
  getCheatConfig,
  imSend,
  listCheatRecord,
  participantList,
  roomGet,
  roomInfo,
  userList,
} from "./lib/paths.mjs";
import { startPostgres } from "./lib/postgres.mjs";
import { cpuOf, startModule, stop } from "./lib/processes.mjs";
import { CALLS } from "./lib/records.mjs";
import { RECORDS, startSide } from "./lib/sides.mjs";
import { createLoader } from "./lib/stage.mjs";
import { median } from "./lib/statistics.mjs";
import { amount, linesOf, ratio, ratiosText } from "./lib/table.mjs";
import { goalText, verdictOf } from "./lib/verdict.mjs";

const PATHS = {
  "room-info": roomInfo,
  "room-get": roomGet,
  "exam-info": examInfo,
  "cheat-config": getCheatConfig,
  "list-records": listCheatRecord("first", RECORDS),
  "user-list": userList,
  "participant-list": participantList,
  "add-records": addCheatRecord,
  "im-send": imSend,
  "create-room": createRoom,
};
const WRITES = new Set(["add-records", "im-send", "create-room"]);
/** The number of servers in rows with several. */
const SERVERS = 3;
const IDLE_SECONDS = 3;

const USAGE = `node bench/engines.mjs [options]       (the server must be built)
  --path NAME      only this path; may be given more than once
  --rate N         calls a second for each server where the machine is not to be saturated (default 150)
  --rounds N       rounds of every contender
  --quick          short rounds, for a look: the figures are rough
  --markdown       print the tables as Markdown
  --json           print everything that was measured as JSON
Paths: ${Object.keys(PATHS).join(", ")}`;

const { options, refuse } = readCommandLine({
  usage: USAGE,
  options: {
    path: { type: "string", multiple: true },
    quick: { type: "boolean" },
    markdown: { type: "boolean" },
    json: { type: "boolean" },
  },
  numbers: { rate: 150, rounds: undefined },
});
const chosen = options.path ?? Object.keys(PATHS);
const unknown = chosen.find((name) => !(name in PATHS));
if (unknown !== undefined) refuse(`There is no path ${unknown}.`);
const plan = {
  rounds: options.rounds ?? (options.quick ? 3 : 6),
  seconds: options.quick ? 0.7 : 1.5,
  pacedSeconds: options.quick ? 2 : 4,
  warmUp: 1.5,
  rate: options.rate,
};

const begin = performance.now();
say("starting");
const root = resolve(import.meta.dirname, "..");
const loader = createLoader();
const postgres = await startPostgres(undefined, ["shared_preload_libraries=pg_stat_statements"]);
const statements = await countStatements(postgres.url);
const sqlite = await startSide(root, loader);
const shared = await startSide(root, loader, postgres.url);
const others = [];
while (others.length < SERVERS - 1) others.push(await shared.startAnother());

/** The CPU time of an idle server and its database, per second. */
const idleOf = async (pids, ownsDatabase) => {
  const spent = async () => ({
    server: cpuOf(pids),
    database: ownsDatabase ? postgres.cpuSeconds() : 0,
    statements: ownsDatabase ? await statements.count() : 0,
  });
  const [before, start] = [await spent(), performance.now()];
  await sleep(IDLE_SECONDS * 1000);
  const [after, seconds] = [await spent(), (performance.now() - start) / 1000];
  return Object.fromEntries(
    Object.keys(before).map((key) => [key, (after[key] - before[key]) / seconds / pids.length]),
  );
};

/**
 * The contenders for a path. `saturated`: a number of callers for each server, each of whom calls again as soon as they get an answer.
 * Otherwise, each busy server gets the same rate of calls.
 */
const contendersFor = async (name) => {
  const { path } = PATHS[name];
  const connections = path.connections ?? CALLS;
  const onSqlite = await sqlite.serve(path);
  const onPostgres = await shared.serve(path);
  const first = { pid: onPostgres.child.pid, load: onPostgres.load };
  const more = others.map(({ url, child }) => ({ pid: child.pid, load: { ...onPostgres.load, url } }));
  const all = [first, ...more];
  const bareRoutes = [];
  while (bareRoutes.length < SERVERS) {
    const child = startModule("bare.mjs");
    const [request] = onSqlite.load.requests;
    const url = await ask(child, { ...request, answer: JSON.parse(onSqlite.load.expected) });
    bareRoutes.push({ child, pid: child.pid, load: { ...onSqlite.load, url } });
  }
  const bareRecording = async () => {
    const child = startModule("least-recording.mjs");
    const [{ path: url }] = onPostgres.load.requests;
    const answer = JSON.parse(onPostgres.load.expected);
    const where = await ask(child, { database: postgres.url, path: url, answer, room: onPostgres.room });
    return { servers: [{ child, pid: child.pid, load: { ...onPostgres.load, url: where } }] };
  };
  const limits = [
    {
      key: "bare",
      label: "limit: bare Fastify route, no database",
      saturated: true,
      servers: bareRoutes.slice(0, 1),
    },
    { key: "bare-several", label: `the same, ${SERVERS} processes`, saturated: true, servers: bareRoutes },
    ...(name === "add-records"
      ? [
          {
            label: "limit: bare route, bare pg, one statement a group",
            saturated: true,
            usesDatabase: true,
            ...(await bareRecording()),
          },
        ]
      : []),
  ];
  const database = { usesDatabase: true };
  return [
    {
      key: "sqlite",
      label: "SQLite",
      saturated: true,
      servers: [{ pid: onSqlite.child.pid, load: onSqlite.load }],
    },
    { key: "postgres", label: "PostgreSQL", saturated: true, ...database, servers: [first] },
    { key: "several", label: `PostgreSQL, ${SERVERS} servers`, saturated: true, ...database, servers: all },
    ...limits,
    { key: "paced-sqlite", label: "SQLite", servers: [{ pid: onSqlite.child.pid, load: onSqlite.load }] },
    { key: "paced", label: `PostgreSQL, 1 of ${SERVERS} servers busy`, ...database, servers: [first] },
    { key: "paced-several", label: `PostgreSQL, all ${SERVERS} servers busy`, ...database, servers: all },
  ].map((contender) => ({ ...contender, connections, callsPerRequest: path.callsPerRequest ?? 1 }));
};

const roundOf = async ({ servers, saturated, usesDatabase, connections, callsPerRequest }, seconds) => {
  const pids = servers.map(({ pid }) => pid);
  const spent = async () => ({
    server: cpuOf(pids),
    database: usesDatabase ? postgres.cpuSeconds() : 0,
    statements: usesDatabase ? await statements.count() : 0,
  });
  let before;
  const rounds = await loader.loadUntilAnswered(
    servers.map(({ load }) => ({ ...load, connections, ...(!saturated && { rate: plan.rate }) })),
    seconds,
    async () => {
      before = await spent();
    },
  );
  const after = await spent();
  const calls = rounds.reduce((sum, { requests }) => sum + requests, 0) * callsPerRequest;
  return {
    server: ((after.server - before.server) / calls) * 1e6,
    database: ((after.database - before.database) / calls) * 1e6,
    statements: (after.statements - before.statements) / calls,
    perSecond: calls / Math.max(...rounds.map((round) => round.seconds)),
    p50: Math.max(...rounds.map(({ p50 }) => p50)),
    p99: Math.max(...rounds.map(({ p99 }) => p99)),
  };
};

const middle = (rounds, key) => median(rounds.map((round) => round[key]));
const results = [];
for (const name of chosen) {
  const { label } = PATHS[name];
  let contenders = [];
  try {
    contenders = await contendersFor(name);
    for (const contender of contenders) {
      say(`${label}, warming up: ${contender.label}`);
      await roundOf(contender, plan.warmUp);
      contender.rounds = [];
    }
    for (let round = 1; round <= plan.rounds; round++)
      for (const contender of contenders) {
        say(`${label}, round ${round} of ${plan.rounds}: ${contender.label}`);
        contender.rounds.push(
          await roundOf(contender, contender.saturated ? plan.seconds : plan.pacedSeconds),
        );
      }
    const roundsOf = (key) => contenders.find((contender) => contender.key === key).rounds;
    const compare = (what, left, right, by, goal) => {
      const values = roundsOf(left).map(({ server }, n) => by(server, roundsOf(right)[n].server));
      const value = median(values);
      return { what, values, value, goal, verdict: goal ? verdictOf(value, goal) : "for information" };
    };
    const divide = (left, right) => left / right;
    const subtract = (left, right) => left - right;
    const beside = WRITES.has(name)
      ? compare("PostgreSQL − SQLite, saturated", "postgres", "sqlite", subtract, { atMost: 30, unit: "µs" })
      : compare("PostgreSQL ÷ SQLite, saturated", "postgres", "sqlite", divide, { atMost: 2 });
    results.push({
      name,
      label,
      contenders: contenders.map(({ key, label: title, saturated, rounds }) => ({
        key,
        label: title,
        saturated: saturated === true,
        rounds,
        ...Object.fromEntries(
          ["server", "database", "statements", "perSecond", "p50", "p99"].map((of) => [
            of,
            middle(rounds, of),
          ]),
        ),
      })),
      comparisons: [
        beside,
        // With few calls, reads are not gathered, and no resource is scarce.
        compare("PostgreSQL ÷ SQLite, same rate", "paced", "paced-sqlite", divide),
        compare(`${SERVERS} servers ÷ 1, saturated`, "several", "postgres", divide, { atMost: 1.1 }),
        compare(`${SERVERS} bare routes ÷ 1, saturated`, "bare-several", "bare", divide),
        compare(`${SERVERS} busy ÷ 1 busy, same rate`, "paced-several", "paced", divide, { atMost: 1.1 }),
      ],
    });
  } catch (error) {
    results.push({ name, label, failure: error.message });
  }
  for (const { child } of contenders.flatMap(({ servers }) => servers)) if (child) await stop(child);
}
say("idle");
const pidsOf = (list) => list.map(({ child }) => child.pid);
const idle = {
  SQLite: await idleOf(pidsOf([sqlite]), false),
  PostgreSQL: await idleOf(pidsOf([shared, ...others]), true),
};
await loader.close();
await statements.close();
await postgres.stop();
say("");

const report = { at: new Date().toISOString(), machine, callers: CALLS, plan, idle, results };
writeFileSync(join(import.meta.dirname, "engines.json"), `${JSON.stringify(report, null, 2)}\n`);

const textOf = () => {
  const right = true;
  const measured = results.filter(({ failure }) => !failure);
  const costs = measured.flatMap(({ label, contenders }) =>
    contenders.map((contender) => [
      label,
      contender.label,
      contender.saturated ? `${CALLS} callers each` : `${plan.rate} calls/s each`,
      amount(contender.server, 0),
      contender.database === 0 ? "" : amount(contender.database, 0),
      contender.database === 0 ? "" : amount(contender.statements, 2),
      amount(contender.perSecond, 0),
      amount(contender.p50, 1),
      amount(contender.p99, 1),
    ]),
  );
  const compared = measured.flatMap(({ label, comparisons }) =>
    comparisons.map(({ what, value, values, goal, verdict }) => [
      label,
      what,
      goal?.unit ? amount(value, 0) : ratio(value),
      ratiosText(values),
      goal ? goalText(goal) : "",
      verdict,
    ]),
  );
  return [
    `${machineText(machine)}; medians of ${plan.rounds} rounds of ${plan.seconds} s (of ${plan.pacedSeconds} s at a fixed rate)`,
    "",
    ...linesOf(
      [
        { title: "path" },
        { title: "database" },
        { title: "load" },
        { title: "µs server", right },
        { title: "µs database", right },
        { title: "statements", right },
        { title: "calls/s", right },
        { title: "p50 ms", right },
        { title: "p99 ms", right },
      ],
      costs,
      options,
    ),
    "",
    ...linesOf(
      [
        { title: "path" },
        { title: "CPU a call in the server" },
        { title: "", right },
        { title: "rounds", right },
        { title: "goal", right },
        { title: "verdict" },
      ],
      compared,
      options,
    ),
    "",
    ...Object.entries(idle).map(
      ([name, spent]) =>
        `Without calls, a server on ${name} takes ${amount(spent.server * 1000, 1)} ms of processor time a second${
          spent.statements > 0
            ? `, and the database ${amount(spent.database * 1000, 1)} ms for its ${amount(spent.statements, 0)} statements`
            : ""
        }.`,
    ),
    ...results.filter(({ failure }) => failure).map(({ label, failure }) => `${label} failed: ${failure}`),
    "",
    `in ${amount((performance.now() - begin) / 1000, 0)} s`,
  ].join("\n");
};
console.log(options.json ? JSON.stringify(report, null, 2) : textOf());
process.exit(results.some(({ failure }) => failure) ? 1 : 0);
