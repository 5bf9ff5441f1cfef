#!/usr/bin/env node
// How long a roster takes to import: node bench/import.mjs [--rows N] [--json]
// Needs the build: npx tsc -b. Runs `invigil roster import` as it is typed, process start included, beside the
// same rows parsed and inserted by csv-parse and better-sqlite3 alone, in the same tables with the same pragmas.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readCommandLine } from "./lib/command-line.mjs";
import { newFolder } from "./lib/processes.mjs";
import { openTables } from "./lib/raw-tables.mjs";
import { CLI, parseCsv } from "./lib/server-modules.mjs";

const USAGE = `node bench/import.mjs [options]
  --rows N  people in the roster (default 100000)
  --json    print the results as JSON`;
const { rows: count, json } = readCommandLine({
  usage: USAGE,
  options: { json: { type: "boolean" } },
  numbers: { rows: 100_000 },
}).options;

const ROOMS = 500;

const folder = newFolder();
// Tells on descriptor 3 how much memory the process held at most.
const probe = join(folder, "probe.cjs");
writeFileSync(
  probe,
  'process.on("exit", () => require("node:fs").writeSync(3, String(process.resourceUsage().maxRSS)));',
);

const roster = (name, room) => {
  const people = Array.from({ length: count }, (_, n) => `c${n},考生${n}${room ? `,Room ${n % ROOMS}` : ""}`);
  const file = join(folder, name);
  writeFileSync(file, [room ? "id,name,room" : "id,name", ...people, ""].join("\n"));
  return file;
};

/** Runs the command; its seconds, its memory and what it printed. */
const invigil = (data, ...args) => {
  const start = performance.now();
  const { status, output } = spawnSync(process.execPath, ["--require", probe, CLI, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, INVIGIL_DATABASE_URL: `file:${join(folder, data, "invigil.db")}` },
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    maxBuffer: 1 << 28,
  });
  const seconds = (performance.now() - start) / 1000;
  if (status !== 0) throw new Error(String(output[2]));
  return { seconds, megabytes: Math.round(Number(output[3]) / 1024), stdout: String(output[1]) };
};

const makeExam = (data) =>
  invigil(
    data,
    "exam",
    "create",
    "--name",
    "E",
    "--start",
    "tomorrow 09:00",
    "--end",
    "11:00",
    "-q",
  ).stdout.trim();

/** The limit: the same rows, read and written with nothing around. */
const bare = async (file) => {
  const sqlite = await openTables(join(folder, "bare", "invigil.db"));
  sqlite
    .prepare(
      "INSERT INTO exams (id, name, start_time, end_time, created_by, created_at, updated_at) VALUES ('e','E',0,1,'b',0,0)",
    )
    .run();
  const insert = sqlite.prepare(
    "INSERT INTO unseated (exam_id, user_id, role, name, created_at, updated_at) VALUES ('e', ?, 'examinee', ?, 0, 0)",
  );
  const start = performance.now();
  const [, ...people] = parseCsv(readFileSync(file));
  sqlite
    .transaction(() => {
      for (const [id, name] of people) insert.run(id, name);
    })
    .immediate();
  const seconds = (performance.now() - start) / 1000;
  sqlite.close();
  return seconds;
};

const plain = roster("plain.csv", false);
const seated = roster("seated.csv", true);
const waiting = makeExam("waiting");
const rooms = makeExam("rooms");
{
  const sqlite = await openTables(join(folder, "rooms", "invigil.db"));
  const insert = sqlite.prepare(
    `INSERT INTO rooms (id, exam_id, name, status, audio_status, im_server, create_teacher, created_at, updated_at)
     VALUES (?, ?, ?, 'in_progress', 'silent', '["aliyun_new"]', 't', 0, 0)`,
  );
  const noteExam = sqlite.prepare("INSERT INTO room_exams (room_id, exam_id) VALUES (?, ?)");
  for (let n = 0; n < ROOMS; n += 1) {
    noteExam.run(`room${n}`, rooms);
    insert.run(`room${n}`, rooms, `Room ${n}`);
  }
  sqlite.close();
}

const limit = await bare(plain);
const measured = (what, data, file, exam) => {
  const { seconds, megabytes, stdout } = invigil(data, "roster", "import", file, "--exam", exam);
  const besideBare = Number((seconds / limit).toFixed(1));
  return {
    what,
    rows: count,
    seconds: Number(seconds.toFixed(2)),
    megabytes,
    besideBare,
    output: stdout.trim(),
  };
};
const results = [
  measured("into no room", "waiting", plain, waiting),
  measured("the same again", "waiting", plain, waiting),
  measured(`into ${ROOMS} rooms`, "rooms", seated, rooms),
];

if (json) console.log(JSON.stringify({ bareSeconds: limit, results }));
else {
  console.log(`csv-parse and better-sqlite3 alone: ${limit.toFixed(2)} s`);
  for (const { what, seconds, megabytes, besideBare, output } of results)
    console.log(`${what}: ${seconds} s, ${besideBare} times that, ${megabytes} MB at most (${output})`);
}
