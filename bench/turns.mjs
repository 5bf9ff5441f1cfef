#!/usr/bin/env node
// Measures how long the largest calls keep others waiting: node bench/turns.mjs [--people N] [--records N] [--disk FOLDER] [--json] Needs
// the build (npx tsc -b). Runs `invigil serve` and makes each large call while another client writes without a pause.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readCommandLine, say } from "./lib/command-line.mjs";
import { answerTo, freePort, trpcCall, trpcQuery, untilReady } from "./lib/http.mjs";
import { environment } from "./lib/processes.mjs";
import { CLI, Sqlite } from "./lib/server-modules.mjs";
import { amount, linesOf } from "./lib/table.mjs";
import { createTokens } from "./lib/tokens.mjs";

const USAGE = `node bench/turns.mjs [options]
  --people N     examinees of the exam (default 100000)
  --records N    cheat records, half of them about one person (default 1000000)
  --disk FOLDER  where the database is; default: in memory (/dev/shm), where a sync costs nothing
  --markdown     print the table as Markdown
  --json         print the results as JSON`;
const { options } = readCommandLine({
  usage: USAGE,
  options: {
    disk: { type: "string", default: existsSync("/dev/shm") ? "/dev/shm" : tmpdir() },
    markdown: { type: "boolean" },
    json: { type: "boolean" },
  },
  numbers: { people: 100_000, records: 1_000_000 },
});

const TURN_GOAL_MS = 50;
const WRITE_GOAL_MS = 250;
const ROOM_SIZE = 200;

const folder = mkdtempSync(join(options.disk, "invigil-turns-"));
const secret = randomBytes(32).toString("hex");
const file = join(folder, "invigil.db");
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const server = spawn(
  process.execPath,
  ["--import", resolve(import.meta.dirname, "children/turns.mjs"), CLI, "serve"],
  {
    cwd: folder,
    env: {
      ...environment,
      INVIGIL_PORT: String(port),
      INVIGIL_AUTH_SECRET: secret,
      INVIGIL_DATABASE_URL: `file:${file}`,
      INVIGIL_WATCH_APP_URL: "https://watch.example/",
      INVIGIL_EXAMINEE_APP_URL: "https://sit.example/",
      INVIGIL_LOG_LEVEL: "error",
    },
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  },
);
process.on("exit", () => {
  server.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});
await untilReady(url, { child: server, errorOutput: () => "" });

const token = await createTokens(secret)("boss", "admin");
const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };

const mutate = (procedure, input) => trpcCall(url, procedure, input, headers);
const query = (procedure, input) => trpcQuery(url, procedure, input, headers);
const exam = (name) =>
  mutate("exam.create", {
    name,
    startTime: new Date("2099-01-01T08:00:00Z"),
    endTime: new Date("2099-01-01T10:00:00Z"),
  });
const { id: examId } = await exam("Large");
const { id: besideId } = await exam("Beside");
const { id: besideRoom } = await mutate("room.create", { name: "Beside", examId: besideId });

const record = {
  userId: "boss",
  isMainMonitor: true,
  detectType: "watch",
  detectTime: new Date("2026-01-01T08:00:00Z"),
};
const recordBeside = {
  method: "POST",
  path: "/trpc/cheat.addRecords",
  body: JSON.stringify({
    json: { roomId: besideRoom, records: [record] },
    meta: { values: { "records.0.detectTime": ["Date"] } },
  }),
};

for (let n = 0; n < 100; n++) await exam(`Small ${n}`);

/** Another exam's writes, one after the other: how long each took. */
const beside = () => {
  let isOver = false;
  let longest = 0;
  const write = async () => {
    while (!isOver) {
      const start = performance.now();
      await answerTo(url, recordBeside, headers);
      longest = Math.max(longest, performance.now() - start);
      await sleep(5);
    }
  };
  const work = write();
  return async () => {
    isOver = true;
    await work;
    return longest;
  };
};
const longestTurn = async () => {
  const answer = once(server, "message");
  server.send("?");
  const [turn] = await answer;
  return turn;
};
/** Resolves when the change is finished, including the invisible work after its announcement. */
const finished = async () => {
  const database = new Sqlite(file, { readonly: true });
  const left = database.prepare("SELECT count(*) FROM bulk_changes").pluck();
  while (left.get() > 0) await sleep(20);
  database.close();
};

const results = [];
const measure = async (name, call) => {
  say(name);
  await sleep(200);
  await longestTurn();
  const stop = beside();
  const start = performance.now();
  await call();
  const seconds = (performance.now() - start) / 1000;
  await finished();
  const allSeconds = (performance.now() - start) / 1000;
  const waited = await stop();
  const turn = await longestTurn();
  results.push({ name, seconds, allSeconds, turnMs: turn.cpu, wallMs: turn.wall, waitedMs: waited });
};

const roster = (name) =>
  Buffer.from(
    `id,name\n${Array.from({ length: options.people }, (_, n) => `k${n},${name} ${n}\n`).join("")}`,
  ).toString("base64");
const teachers = Array.from({ length: Math.ceil(options.people / ROOM_SIZE) }, (_, n) => ({
  userId: `t${n}`,
  name: `Teacher ${n}`,
  role: "teacher",
}));
const plan = { examId, roomSize: ROOM_SIZE, teachers };

await measure("nothing", () => sleep(2000));
await measure("participant.import, dry run", () =>
  mutate("participant.import", { examId, file: roster("Name"), dryRun: true }),
);
await measure("participant.import", () => mutate("participant.import", { examId, file: roster("Name") }));
await measure("participant.import, all renamed", () =>
  mutate("participant.import", { examId, file: roster("Other name") }),
);
await measure("participant.listUnseated", () => query("participant.listUnseated", { examId }));
await measure("exam.plan, dry run", () => mutate("exam.plan", { ...plan, dryRun: true }));
await measure("exam.plan", () => mutate("exam.plan", plan));
await measure("exam.undoPlan", () => mutate("exam.undoPlan", { examId, plan: 1 }));
await mutate("exam.plan", plan);
await measure("participant.import, renamed in their rooms", () =>
  mutate("participant.import", { examId, file: roster("Last name") }),
);
await measure("room.joinLinks, all pages", async () => {
  let links = 0;
  for (let after; ; ) {
    const page = await mutate("room.joinLinks", { examId, limit: 500, after });
    links += page.length;
    const last = page.at(-1);
    if (page.length < 500) break;
    after = { roomId: last.roomId, userId: last.userId };
  }
  if (links < options.people) throw new Error(`${links} links for ${options.people} people`);
});
await measure("exam.snapshot", () => query("exam.snapshot", { examId }));
const lists = async (calls, pageSize) => {
  const paths = Array.from({ length: calls }, () => "exam.list").join(",");
  const inputs = Object.fromEntries(Array.from({ length: calls }, (_, n) => [n, { json: { pageSize } }]));
  const response = await fetch(
    `${url}/trpc/${paths}?batch=1&input=${encodeURIComponent(JSON.stringify(inputs))}`,
    {
      headers,
    },
  );
  await response.arrayBuffer();
  return response.status;
};
await measure("exam.list of 100", () => lists(1, 100));
await measure("exam.list, 100 of 10 in a batch", () => lists(100, 10));
await measure("exam.list, 100 of 100 in a batch", () => lists(100, 100));

// The records are inserted directly, because this part is not measured.
const database = new Sqlite(file);
database.pragma("busy_timeout = 10000");
const { room_id: recordedRoom, user_id: recorded } = database
  .prepare("SELECT room_id, user_id FROM visible_participants WHERE user_id = 'k0'")
  .get();
const insert = database.prepare(
  `INSERT INTO cheat_records (exam_id, room_id, user_id, detect_type, is_main_monitor, detect_time, extra_info,
    extra_info_is_object, created_at) VALUES (?, ?, ?, 'watch', 1, 0, '{}', 1, 0)`,
);
database.pragma("synchronous = OFF");
for (let n = 0; n < options.records; n += 1000)
  database.transaction(() => {
    for (let i = n; i < Math.min(n + 1000, options.records); i++)
      insert.run(examId, recordedRoom, i % 2 === 0 ? recorded : "k1");
    for (const userId of [recorded, "k1"])
      database
        .prepare("INSERT OR IGNORE INTO recorded_people (exam_id, room_id, user_id) VALUES (?, ?, ?)")
        .run(examId, recordedRoom, userId);
  })();
await measure("participant.removeFromExam, half the records", () =>
  mutate("participant.removeFromExam", { examId, userId: recorded, withRecords: true }),
);
await measure("exam.delete, refused", () =>
  mutate("exam.delete", { examId, withRooms: true, erase: "now" }).then(
    () => Promise.reject(new Error("it was deleted")),
    () => undefined,
  ),
);
database.exec("DELETE FROM cheat_records; DELETE FROM recorded_people");
database.close();
await measure("exam.delete", () => mutate("exam.delete", { examId, withRooms: true, erase: "now" }));

say("");

const columns = [
  { title: "call" },
  ...["answered, s", "finished, s", "longest turn, ms", "by the clock, ms", "another exam's write, ms"].map(
    (title) => ({ title, right: true }),
  ),
];
const missed = results.filter(({ turnMs, waitedMs }) => turnMs >= TURN_GOAL_MS || waitedMs >= WRITE_GOAL_MS);
if (options.json) console.log(JSON.stringify(results, null, 2));
else
  console.log(
    [
      ...linesOf(
        columns,
        results.map(({ name, seconds, allSeconds, turnMs, wallMs, waitedMs }) => [
          name,
          amount(seconds, 1),
          amount(allSeconds, 1),
          ...[turnMs, wallMs, waitedMs].map((ms) => amount(ms, 0)),
        ]),
        options,
      ),
      "",
      `goals: a turn under ${TURN_GOAL_MS} ms, a write within ${WRITE_GOAL_MS} ms: ${missed.length === 0 ? "met" : `missed by ${missed.map(({ name }) => name).join("; ")}`}`,
    ].join("\n"),
  );
process.exit();
