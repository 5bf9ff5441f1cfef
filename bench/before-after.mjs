#!/usr/bin/env node
// What a change did: node bench/before-after.mjs FOLDER [--quick] [--markdown] [--path NAME]
// FOLDER is another checkout that was set up and built; this one must be built, too (npm run setup && npm run build). Both servers
// run beside each other, each on a database of its own, and are loaded in turn: the ratios come from one run.
import { randomBytes } from "node:crypto";
import { cpus } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { TEACHER } from "./lib/databases.mjs";
import { answerTo, freePort, untilReady } from "./lib/http.mjs";
import { ask } from "./lib/ipc.mjs";
import { addCheatRecord, listCheatRecord, roomGet, roomGetBatch, roomInfo, userList } from "./lib/paths.mjs";
import {
  environment,
  newFolder,
  run,
  startModule,
  startProgram,
  timeUntilLine,
  usageOf,
} from "./lib/processes.mjs";
import { raisedLimits } from "./lib/raised-limits.mjs";
import { CALLS, EXAMINEES, RECORDS_PER_CALL } from "./lib/records.mjs";
import { median } from "./lib/statistics.mjs";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean" },
    markdown: { type: "boolean" },
    path: { type: "string", multiple: true },
  },
});
if (positionals.length !== 1) {
  console.error("node bench/before-after.mjs FOLDER [--quick] [--markdown] [--path NAME]");
  process.exit(2);
}
const [rounds, seconds, warmUp] = options.quick ? [3, 0.5, 0.5] : [5, 1.5, 2];
const PASSES = 8;
const RECORDS = PASSES * CALLS * RECORDS_PER_CALL;
const paths = {
  "room-info": roomInfo,
  "room-get": roomGet,
  "room-get-batch": roomGetBatch,
  "list-records": listCheatRecord("first", RECORDS),
  // The load generator breaks characters where a piece of an answer ends in one, and the demo's people have Chinese names.
  "user-list": { path: { ...userList.path, mask: `${userList.path.mask}|"name":"[^"]*"` } },
  // Last: it makes the lists of the others longer.
  "add-records": addCheatRecord,
};
const secret = randomBytes(32).toString("hex");

/** A server as people run it, with a room of 500 examinees, a cheat config and some records. */
const startServer = async (root) => {
  const cli = join(root, "packages/server/dist/cli.js");
  const port = await freePort();
  const folder = newFolder();
  const env = {
    ...environment,
    INVIGIL_PORT: String(port),
    INVIGIL_DATABASE_URL: `file:${join(folder, "invigil.db")}`,
    INVIGIL_AUTH_SECRET: secret,
    INVIGIL_DEMO_EXAMINEES: String(EXAMINEES),
    ...raisedLimits(root),
  };
  const inFolder = { env, cwd: folder };
  const program = startProgram(process.execPath, [cli, "serve"], inFolder);
  const url = `http://127.0.0.1:${port}`;
  await untilReady(url, program);
  const token = await run(process.execPath, [cli, "token", "--role", "teacher", "--user", TEACHER], inFolder);
  const headers = { authorization: `Bearer ${token.trim()}` };
  const json = { ...headers, "content-type": "application/json" };
  const post = async (path, body) =>
    JSON.parse(await answerTo(url, { method: "POST", path, body: JSON.stringify(body) }, json)).data;
  const { id: roomId, examId } = await post("/exam/v2/createRoom", {
    name: "Room",
    imServer: ["aliyun_new"],
  });
  await post("/exam/cheat/setCheatConfig", { examId, data: JSON.stringify({ pc: { manyPeople: true } }) });
  for (let pass = 0; pass < PASSES; pass++)
    for (const request of addCheatRecord.path.requests({ roomId, examId }))
      await answerTo(url, request, json);
  const start = () =>
    timeUntilLine([cli, "serve"], "listening", { ...inFolder, env: { ...env, INVIGIL_PORT: "0" } });
  return {
    url,
    room: { roomId, examId },
    child: program.child,
    start,
    headersOf: (method) => (method === "POST" ? json : headers),
  };
};

const loader = startModule("load.mjs");
const loadOf = async ({ url, room, headersOf }, path) => {
  const requests = path.requests(room);
  const headers = headersOf(requests[0].method);
  const expected = await answerTo(url, requests[0], headers);
  path.check(JSON.parse(expected), room);
  return { url, requests, headers, expected, mask: path.mask, connections: path.connections ?? CALLS };
};

/** One round: calls a second, and calls a second of processor time. */
const measure = async (server, load, calls, duration) => {
  const before = usageOf(server.child);
  const [round] = await ask(loader, { loads: [load], seconds: duration });
  const used = usageOf(server.child).cpuSeconds - before.cpuSeconds;
  const done = round.requests * calls;
  return { rate: done / round.seconds, perCpu: done / used };
};

const say = (text) => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
};
const whole = (number) => Math.round(number).toLocaleString("en");
const times = (number) => number.toFixed(2);
const rowOf = (label, pairs, of = ({ rate }) => rate) => {
  const ratios = pairs.map(([before, after]) => of(after) / of(before)).toSorted((a, b) => a - b);
  const middle = (side) => whole(median(pairs.map((pair) => of(pair[side]))));
  return {
    label,
    before: middle(0),
    after: middle(1),
    ratio: times(median(ratios)),
    rounds: `${times(ratios[0])}–${times(ratios.at(-1))}`,
  };
};

const chosen = Object.entries(paths).filter(([name]) => !options.path || options.path.includes(name));
const servers = [
  await startServer(resolve(positionals[0])),
  await startServer(resolve(import.meta.dirname, "..")),
];
const rows = [];
for (const [name, { path }] of chosen) {
  const loads = await Promise.all(servers.map((server) => loadOf(server, path)));
  const calls = path.callsPerRequest ?? 1;
  const once = async (duration) => {
    const pair = [];
    for (const [index, server] of servers.entries())
      pair.push(await measure(server, loads[index], calls, duration));
    return pair;
  };
  say(name);
  await once(warmUp);
  const pairs = [];
  for (let round = 0; round < rounds; round++) pairs.push(await once(seconds));
  const { ratio: perCpu } = rowOf("", pairs, (round) => round.perCpu);
  rows.push({ ...rowOf(`${path.label}, calls/s`, pairs), perCpu });
}
if (!options.path) {
  say("start");
  const pairs = [];
  for (let round = 0; round < rounds; round++) {
    const pair = [];
    for (const server of servers) pair.push({ rate: await server.start() });
    pairs.push(pair);
  }
  rows.push({ ...rowOf("start to listening, ms", pairs), perCpu: "" });
}
say("");

const columns = ["path", "before", "after", "ratio", "rounds", "per CPU"];
const cells = rows.map(({ label, before, after, ratio, rounds: range, perCpu }) => [
  label,
  before,
  after,
  ratio,
  range,
  perCpu,
]);
const widths = columns.map((title, index) =>
  Math.max(title.length, ...cells.map((row) => row[index].length)),
);
const padded = (row) =>
  row.map((cell, index) => (index === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[index])));
console.log(
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}; medians of ${rounds} rounds of ${seconds} s\n`,
);
if (options.markdown) {
  const rule = widths.map((width, index) => (index === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  for (const row of [padded(columns), rule, ...cells.map(padded)]) console.log(`| ${row.join(" | ")} |`);
} else for (const row of [columns, ...cells]) console.log(padded(row).join("  "));
process.exit();
