#!/usr/bin/env node
// A simulated morning of exams on PostgreSQL and several servers: npm run bench -- --morning, or node bench/morning.mjs [options].
// README.md explains it.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readCommandLine, say } from "./lib/command-line.mjs";
import { memoryOf, openFigures } from "./lib/database-figures.mjs";
import { trpcCall, trpcQuery } from "./lib/http.mjs";
import { ask } from "./lib/ipc.mjs";
import { machine } from "./lib/machine.mjs";
import { checkMorning } from "./lib/morning-checks.mjs";
import { morningText } from "./lib/morning-report.mjs";
import { startPostgres } from "./lib/postgres.mjs";
import { cpuOf, startModule, stop, usageOf } from "./lib/processes.mjs";
import { createStage } from "./lib/stage.mjs";
import { streamSettings } from "./lib/streams.mjs";

const PER_ROOM = 28;
const PASSWORD = "the password of the benchmark";
/** Calls of the preparation at the same time. */
const AT_ONCE = 8;
/** The mean time from one cut of a connection to its next. */
const CUT_SECONDS = 120;
/** How long the idle servers are measured. */
const IDLE_SECONDS = 10;
/** How long after the end all people must be connected and present. */
const SETTLE_SECONDS = 120;

const USAGE = `node bench/morning.mjs [options]       (the server must be built)
  --candidates N   how many candidates, in rooms of ${PER_ROOM} (default 1932: with their teachers, 2,000 connections)
  --exams N        how many exams the rooms belong to (default 4)
  --servers N      how many servers (default 2)
  --minutes N      how long they arrive (default 2; a real morning: 10)
  --steady N       how long they then work, in minutes; a server is killed after a half (default 2)
  --page           candidates arrive as the candidate's page does, and not as the documented apps do
  --people N       processes that play the people (default 2)
  --postgres URL   an empty database of a PostgreSQL that runs already; its processor time and memory are then unknown
  --quick          a small morning: 168 candidates, half a minute each
  --markdown       print the tables as Markdown
  --json           print everything that was measured as JSON`;

const { options, refuse } = readCommandLine({
  usage: USAGE,
  options: {
    candidates: { type: "string" },
    exams: { type: "string" },
    servers: { type: "string" },
    minutes: { type: "string" },
    steady: { type: "string" },
    people: { type: "string" },
    postgres: { type: "string" },
    page: { type: "boolean" },
    quick: { type: "boolean" },
    markdown: { type: "boolean" },
    json: { type: "boolean" },
  },
});
const numberOf = (name, otherwise, least) => {
  const value = options[name] === undefined ? otherwise : Number(options[name]);
  if (!(value >= least)) refuse(`--${name} needs a number from ${least}.`);
  return value;
};
const quick = options.quick ?? false;
const plan = {
  candidates: numberOf("candidates", quick ? 168 : 1932, 1),
  exams: numberOf("exams", quick ? 2 : 4, 1),
  servers: numberOf("servers", 2, 2),
  minutes: numberOf("minutes", quick ? 0.5 : 2, 0.1),
  steady: numberOf("steady", quick ? 0.5 : 2, 0.1),
  people: numberOf("people", 2, 1),
  page: options.page ?? false,
  reportSeconds: 30,
  listSeconds: 10,
  commandSeconds: 30,
  password: PASSWORD,
};

const clock = () => performance.now() / 1000;

const begun = clock();
say("starting PostgreSQL and the servers");
const postgres = await startPostgres(options.postgres);
const stage = createStage();
/** The load generator does not use the settings of the stage for its rooms; the limits are raised as in the other rows. */
const startServer = () =>
  stage.startServer(postgres.url, {
    ...streamSettings,
    INVIGIL_EXAMINEE_APP_URL: "https://exam.example/sit",
    INVIGIL_WATCH_APP_URL: "https://exam.example/watch",
  });
const servers = [await startServer()];
while (servers.length < plan.servers) servers.push(await startServer());
const admin = await stage.adminHeaders();

// --- The evening before: accounts, exams and rooms

const [first] = servers;
const call = (procedure, input) => trpcCall(first.url, procedure, input, admin);
const inTurns = async (items, act) => {
  const queue = items.entries();
  const work = async () => {
    for (const [n, item] of queue) {
      say(`preparing: ${n + 1} of ${items.length}`);
      await act(item, n);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
};
const exams = [];
for (let n = 0; n < plan.exams; n++) {
  const startTime = new Date(Date.now() - 60_000);
  const endTime = new Date(Date.now() + 6 * 3_600_000);
  exams.push(await call("exam.create", { name: `Exam ${n + 1}`, startTime, endTime }));
}
const roomCount = Math.ceil(plan.candidates / PER_ROOM);
const rooms = Array.from({ length: roomCount }, (_, n) => ({
  examId: exams[n % exams.length].id,
  teacher: `teacher${n + 1}`,
  candidates: Array.from(
    { length: Math.min(PER_ROOM, plan.candidates - n * PER_ROOM) },
    (_unused, seat) => `candidate${n * PER_ROOM + seat + 1}`,
  ),
}));
await inTurns(rooms, async (room, n) => {
  const { teacher, candidates, examId } = room;
  await call("account.create", {
    userId: teacher,
    role: "teacher",
    name: `Teacher ${n + 1}`,
    password: PASSWORD,
  });
  const person = (role) => (userId) => ({ userId, role, name: userId });
  const participants = [person("teacher")(teacher), ...candidates.map(person("examinee"))];
  const { id: roomId } = await call("room.create", { name: `Room ${n + 1}`, examId, participants });
  room.roomId = roomId;
  // Their links are sent before the morning.
  const links = plan.page ? await call("room.joinLinks", { roomId, role: "examinee" }) : [];
  room.tokens = new Map(links.map(({ userId, url }) => [userId, new URL(url).searchParams.get("token")]));
});

// --- The people, divided by room between processes

const arrival = plan.minutes * 60_000;
const groups = Array.from({ length: plan.people }, () => []);
for (const [n, { roomId, examId, teacher, candidates, tokens }] of rooms.entries()) {
  const group = groups[n % groups.length];
  // Teachers arrive in the first fifth of the time; half of them in that of its second half, so that both halves have logins.
  const half = Math.floor(n / 2) % 2;
  const room = { roomId, examId };
  group.push({
    ...room,
    role: "teacher",
    userId: teacher,
    candidates,
    arrivesAfterMs: ((half + Math.random() / 5) * arrival) / 2,
  });
  for (const userId of candidates)
    group.push({
      ...room,
      role: "examinee",
      userId,
      token: tokens.get(userId),
      arrivesAfterMs: Math.random() * arrival,
    });
}
for (const [n, { id }] of exams.entries())
  groups[n % groups.length].push({
    role: "watcher",
    userId: `watcher${n + 1}`,
    examId: id,
    arrivesAfterMs: 0,
  });
const connections = groups.flat().length;
const children = groups.map(() => startModule("morning-people.mjs"));
/** Sends a question to all of them. Each question waits for the answers to the one before. */
let asked = Promise.resolve();
const askAll = (question) => {
  const answers = asked.then(() => Promise.all(children.map((child) => ask(child, question))));
  asked = answers.catch(() => undefined);
  return answers;
};
const urls = () => servers.map(({ url }) => url);
const people = { ...plan, admin, adminToken: admin.authorization.split(" ")[1] };
await Promise.all(
  groups.map((group, n) => ask(children[n], { do: "open", servers: urls(), plan: people, people: group })),
);

// --- Measurements during the morning

const figures = await openFigures(postgres.url);
const before = await figures.now();
const ended = { cpu: 0 };
const pidsOf = (list) => list.map(({ child }) => child.pid);
const spent = async () => ({
  at: clock(),
  ...(await figures.sizes()),
  servers: cpuOf(pidsOf(servers)) + ended.cpu,
  database: postgres.cpuSeconds(),
  people: cpuOf(children.map(({ pid }) => pid)),
});
const held = async () => ({
  servers: servers.map(({ child }) => usageOf(child)?.residentBytes ?? 0),
  database: memoryOf(postgres.processes()),
  databaseConnections: await figures.connections(),
});
/** The total time for which people have been connected so far. */
let connectedSeconds = 0;
let latest;
const statusOf = async () => {
  const all = await askAll({ do: "status" });
  const status = Object.fromEntries(
    Object.keys(all[0]).map((key) => [key, all.reduce((sum, one) => sum + one[key], 0)]),
  );
  const now = { at: clock(), connected: status.connected };
  if (latest) connectedSeconds += ((now.connected + latest.connected) / 2) * (now.at - latest.at);
  latest = now;
  return status;
};
/** Waits, and prints the state each second. */
const watch = async (seconds, what, isOver = () => false) => {
  const end = clock() + seconds;
  let status = await statusOf();
  while (clock() < end && !isOver(status)) {
    say(
      `${what}: ${status.connected} of ${connections} connected, ${status.acknowledgedReports} reports, ${status.deliveries} deliveries, ${status.waiting} calls wait`,
    );
    await sleep(Math.min(1000, Math.max(0, end - clock()) * 1000));
    status = await statusOf();
  }
  return status;
};
/** A phase: the resources it used, the actions of people, and the total time for which they were connected. */
const phases = [];
const phase = async (name, act) => {
  await askAll({ do: "phase", phase: name });
  const [spentBefore, statusBefore] = [await spent(), await statusOf()];
  const secondsBefore = connectedSeconds;
  await act();
  const [spentAfter, statusAfter] = [await spent(), await statusOf()];
  const difference = (left, right) =>
    Object.fromEntries(Object.keys(left).map((key) => [key, right[key] - left[key]]));
  phases.push({
    name,
    spent: difference(spentBefore, spentAfter),
    did: difference(statusBefore, statusAfter),
    connectedSeconds: connectedSeconds - secondsBefore,
    held: await held(),
  });
};

// --- The morning

const idle = await held();
await phase("idle", () => watch(IDLE_SECONDS, "idle"));
await askAll({ do: "begin" });
// Servers are slow just after their start. On a real morning, they have served hundreds of people before the busiest moment.
await phase("first arrivals", () => watch(plan.minutes * 30, "arriving"));
await phase("arriving", async () => {
  await watch(plan.minutes * 30, "arriving");
  await watch(SETTLE_SECONDS, "the last arrive", ({ arrived }) => arrived === connections);
});
await phase("working", () => watch((plan.steady * 60) / 2, "working"));
const kill = {};
await askAll({ do: "cut", everySeconds: CUT_SECONDS });
await phase("cut and killed", async () => {
  const victim = servers.shift();
  ended.cpu += cpuOf([victim.child.pid]);
  kill.connected = (await statusOf()).connected;
  const at = clock();
  await stop(victim.child);
  const back = watch(
    SETTLE_SECONDS,
    "a server was killed",
    ({ connected }) => connected >= 0.98 * kill.connected,
  );
  const another = startServer().then(async (server) => {
    servers.push(server);
    kill.anotherAfterSeconds = clock() - at;
    await askAll({ do: "servers", servers: urls() });
  });
  await back;
  kill.backAfterSeconds = clock() - at;
  await another;
  await watch(Math.max(0, (plan.steady * 60) / 2 - (clock() - at)), "working, with cuts");
});
say("settling");
await askAll({ do: "settle", seconds: SETTLE_SECONDS });

// --- Checks of the state afterwards

const checks = await checkMorning({
  rooms,
  query: (procedure, input) => trpcQuery(servers[0].url, procedure, input, admin),
  results: () => askAll({ do: "result" }),
  leave: (roomId) => askAll({ do: "leave", roomId }),
  events: figures.events,
  seconds: SETTLE_SECONDS,
  say,
});
const after = await figures.now();
await figures.close();
for (const child of children) await stop(child);
for (const { child } of servers) await stop(child);
await postgres.stop();
say("");

const report = {
  at: new Date().toISOString(),
  machine,
  plan: { ...plan, password: undefined },
  rooms: rooms.length,
  connections,
  seconds: clock() - begun,
  idle,
  phases,
  kill,
  before,
  after,
  ...checks,
};
writeFileSync(join(import.meta.dirname, "morning.json"), `${JSON.stringify(report, null, 2)}\n`);
console.log(options.json ? JSON.stringify(report, null, 2) : morningText(report, options));
process.exit(checks.failures.length > 0 ? 1 : 0);
