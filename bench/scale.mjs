#!/usr/bin/env node
// The tables of docs/scale.md, computed from the last simulated morning: node bench/scale.mjs [FILE]
// FILE is the JSON of a morning; by default bench/morning.json, which bench/morning.mjs writes.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { machineText } from "./lib/machine.mjs";
import { costsOf, machinesFor } from "./lib/sizing.mjs";
import { amount, linesOf } from "./lib/table.mjs";

const file = process.argv[2] ?? join(import.meta.dirname, "morning.json");
if (!existsSync(file)) {
  console.error(`There is no ${file}: run npm run bench -- --morning first.`);
  process.exit(2);
}
const report = JSON.parse(readFileSync(file, "utf8"));
const costs = costsOf(report);
const { machine, connections, plan } = report;
const right = true;

const MB = 1e6;
const GB = 1e9;
const given = [
  ["Fs", "first arrivals: processor time of the servers, s", amount(costs.firstServerSeconds, 1)],
  ["Fd", "first arrivals: processor time of the database, s", amount(costs.firstDatabaseSeconds, 1)],
  ["Es", "arriving: processor time of the servers, s", amount(costs.arrivalServerSeconds, 1)],
  ["Ed", "arriving: processor time of the database, s", amount(costs.arrivalDatabaseSeconds, 1)],
  ["Ws", "working: cores of the servers", amount(costs.workingServerCores, 3)],
  ["Wd", "working: cores of the database", amount(costs.workingDatabaseCores, 3)],
  ["M", "memory of the servers, MB", amount(costs.serverBytes / MB, 0)],
  ["Ca", "arriving: calls", amount(costs.callsAtArrival, 0)],
  ["Cw", "working: calls a second", amount(costs.callsASecond, 1)],
  ["V", "working: deliveries of events a second", amount(costs.deliveriesASecond, 0)],
  ["Da", "arriving: growth of the database, MB", amount(costs.arrivalBytes / MB, 2)],
  ["Dw", "working: growth of the database, kB a second", amount(costs.workingBytesASecond / 1000, 1)],
  ["La", "arriving: write-ahead log, MB", amount(costs.arrivalWalBytes / MB, 2)],
  ["Lw", "working: write-ahead log, kB a second", amount(costs.workingWalBytesASecond / 1000, 1)],
];
const each = [
  ["Is", "cores without anybody", amount(costs.idleServerCores, 3)],
  ["Id", "cores of the database without anybody", amount(costs.idleDatabaseCores, 3)],
  ["B", "memory without anybody, MB", amount(costs.emptyServerBytes / MB, 0)],
  ["N", "connections to the database", amount(costs.databaseConnections, 0)],
];
const sizes = [10_000, 100_000, 1_000_000].map((candidates) => machinesFor(candidates, costs));
const rows = [
  ["calls a second: Ca ÷ 600 + Cw", (size) => amount(size.callsASecond, 0)],
  ["deliveries a second: V", (size) => amount(size.deliveriesASecond, 0)],
  ["busy cores of the servers: Es ÷ 600 + Ws", (size) => amount(size.serverCores, 1)],
  ["servers, each with one core", (size) => amount(size.servers, 0)],
  ["their number follows from", (size) => size.decidedBy],
  ["memory of a server, MB: B + M a thousand", (size) => amount(size.serverBytes / MB, 0)],
  ["busy cores of the database: Ed ÷ 600 + Wd, and Id a server", (size) => amount(size.databaseCores, 1)],
  ["cores of the database", (size) => amount(size.databaseMachineCores, 0)],
  ["connections to the database: N a server", (size) => amount(size.databaseConnections, 0)],
  ["write-ahead log, MB a second: La ÷ 600 + Lw", (size) => amount(size.walBytesASecond / MB, 1)],
  ["disk for three hours, GB: Da + 10,800 Dw", (size) => amount(size.diskBytes / GB, 1)],
];
const table = (head, lines) => linesOf(head, lines, { markdown: true });
console.log(
  [
    `${machineText(machine)}; a morning of ${amount(connections, 0)} connections, ${plan.servers} servers, ${report.at.slice(0, 10)}`,
    "",
    ...table([{ title: "" }, { title: "each thousand connections" }, { title: "", right }], given),
    "",
    ...table([{ title: "" }, { title: "each server" }, { title: "", right }], each),
    "",
    ...table(
      [{ title: "candidates" }, ...sizes.map(({ candidates }) => ({ title: amount(candidates, 0), right }))],
      rows.map(([what, textOf]) => [what, ...sizes.map(textOf)]),
    ),
  ].join("\n"),
);
