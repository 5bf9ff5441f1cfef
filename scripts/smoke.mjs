#!/usr/bin/env node
// Checks that the built server works under this Node: node scripts/smoke.mjs [--seconds N] [--people N] Starts it on an empty database,
// imports a roster by the command, loads it over loopback (REST, tRPC, WebSockets), checks every answer, and stops it. Needs the build: npm
// run build. The last line is `N passed, N failed`; exit 1 if anything failed.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

const USAGE = `node scripts/smoke.mjs [options]
  --seconds N  how long the server is loaded, 1 to 600 (default 60)
  --people N   people of the roster, 1 to 100000 (default 20000)`;
const options = (() => {
  try {
    const { values } = parseArgs({
      options: {
        seconds: { type: "string", default: "60" },
        people: { type: "string", default: "20000" },
      },
    });
    const number = (name, most) => {
      const value = Number(values[name]);
      if (!Number.isInteger(value) || value < 1 || value > most)
        throw new Error(`--${name} must be a whole number from 1 to ${most}`);
      return value;
    };
    return { seconds: number("seconds", 600), people: number("people", 100_000) };
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`);
    process.exit(2);
  }
})();

const root = resolve(import.meta.dirname, "..");
const { createInvigilClient, isInvigilError } = await import(join(root, "packages/client/dist/index.js"));
// Node 20 has no WebSocket of its own.
const { WebSocket } = createRequire(join(root, "packages/server/package.json"))("ws");
const CLI = join(root, "packages/server/dist/cli.js");

/** Rooms, each with its teacher, a page that listens, and one caller of each kind. */
const ROOMS = 4;
const EXAMINEES = 20;
/** The time limit for everything that this waits for, in milliseconds. */
const DEADLINE_MS = 60_000;

const folder = mkdtempSync(join(tmpdir(), "invigil-smoke-"));
const env = {
  PATH: process.env.PATH,
  INVIGIL_DATABASE_URL: `file:${join(folder, "invigil.db")}`,
  // Each teacher reads the list of people as fast as it is answered.
  INVIGIL_LIMIT_READ_ROWS: "person=9999999,admin=9999999",
  INVIGIL_LIMIT_READ_MIB: "person=9999999,admin=9999999",
};
const children = new Set();
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});
for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143 }))
  process.on(signal, () => process.exit(code));

const start = (args, settings = {}) => {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: folder,
    env: { ...env, ...settings },
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.add(child);
  child.once("exit", () => children.delete(child));
  return child;
};

/** Runs `invigil`, and returns its output. */
const invigil = async (...args) => {
  const child = start(args);
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk) => {
    text += chunk;
  });
  const [code, signal] = await once(child, "close");
  assert.equal(code ?? signal, 0, `invigil ${args.slice(0, 2).join(" ")} ended with ${code ?? signal}`);
  return text.trim();
};

const total = { passed: 0, failed: 0 };
/** Runs one part, and prints its result beside its name. Returns whether it succeeded. */
const part = async (name, work) => {
  const from = performance.now();
  try {
    const summary = await work();
    total.passed += 1;
    console.log(
      `ok   ${name}${summary ? `: ${summary}` : ""} (${((performance.now() - from) / 1000).toFixed(1)} s)`,
    );
    return true;
  } catch (error) {
    total.failed += 1;
    console.log(`FAIL ${name}: ${error.stack}`);
    return false;
  }
};

let server;
let url = "";
const startServer = async () => {
  server = start(["serve"], { INVIGIL_PORT: "0" });
  const lines = createInterface({ input: server.stdout });
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  const listening = new Promise((found, failed) => {
    // The log is read to the end. The server would otherwise block on it.
    lines.on("line", (line) => {
      const { msg, url: address } = JSON.parse(line);
      if (msg === "listening") found(address);
    });
    server.once("exit", (code, signal) => failed(new Error(`the server ended with ${code ?? signal}`)));
    deadline.addEventListener("abort", () => failed(new Error("the server does not listen")));
  });
  url = await listening;
  return url;
};

const importRoster = async () => {
  const exam = await invigil(
    "exam",
    "create",
    "--name",
    "Smoke",
    "--start",
    "tomorrow 09:00",
    "--end",
    "11:00",
    "-q",
  );
  const people = Array.from({ length: options.people }, (_, n) => `p${n + 1},考生${n + 1}`);
  const file = join(folder, "roster.csv");
  writeFileSync(file, ["id,name", ...people, ""].join("\n"));
  const imported = async () => JSON.parse(await invigil("roster", "import", file, "--exam", exam, "--json"));
  const { rows, added } = await imported();
  assert.deepEqual({ rows, added }, { rows: options.people, added: options.people });
  const { unchanged } = await imported();
  assert.equal(unchanged, options.people);
  const token = await invigil("token", "--role", "admin", "--user", "smoke");
  const client = createInvigilClient({ url, token });
  const last = `p${options.people}`;
  const { unseated } = await client.participant.locate.query({ examId: exam, userId: last });
  assert.ok(unseated, `the server does not know ${last}`);
  return `${options.people} people, twice`;
};

/** The server asks a caller to come back later. */
class SlowDown extends Error {
  constructor(seconds = 1) {
    super(`wait ${seconds} s`);
    this.seconds = seconds;
  }
}

const secondsToWait = (error) => {
  if (error instanceof SlowDown) return error.seconds;
  return isInvigilError(error, "TOO_MANY_REQUESTS") ? (error.data.retryAfterSeconds ?? 1) : undefined;
};

/** Repeats a call until `until`. A caller that the server slows down waits for as long as the server asks. */
const repeat = async (until, call) => {
  let done = 0;
  while (performance.now() < until) {
    try {
      await call(done);
      done += 1;
    } catch (error) {
      const seconds = secondsToWait(error);
      if (seconds === undefined) throw error;
      await sleep(Math.max(1, Math.min(1000 * seconds, until - performance.now())));
    }
  }
  return done;
};

/** A room with its teacher's client, in which everything is checked. */
const openRoom = async (n) => {
  const token = await invigil("token", "--role", "teacher", "--user", `teacher${n}`);
  const client = createInvigilClient({ url, token, live: { WebSocket } });
  const participants = Array.from({ length: EXAMINEES }, (_, e) => ({
    userId: `r${n}e${e}`,
    name: `Examinee ${e}`,
    role: "examinee",
  }));
  const room = await client.room.create.mutate({ name: `Room ${n}`, participants });
  return { n, token, client, room };
};

const rest = async ({ token }, path, query) => {
  const response = await fetch(`${url}${path}?${new URLSearchParams(query)}`, {
    headers: { authorization: token },
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  const answer = await response.json();
  if (answer.reason === "TOO_MANY_REQUESTS")
    throw new SlowDown(Number(response.headers.get("retry-after") ?? 1));
  assert.equal(response.status, 200, `${path} answered ${response.status}: ${JSON.stringify(answer)}`);
  assert.equal(answer.success, true, `${path}: ${JSON.stringify(answer)}`);
  return answer.data;
};

const restReads = (room) => async () => {
  const { name } = await rest(room, "/exam/roomInfo", { roomId: room.room.id });
  assert.equal(name, `Room ${room.n}`);
  const users = await rest(room, "/exam/userList", { roomId: room.room.id });
  assert.equal(users.length, EXAMINEES);
};

const trpcReads = (room) => async () => {
  const { client } = room;
  const roomId = room.room.id;
  const [got, people, me] = await Promise.all([
    client.room.get.query({ roomId }),
    client.participant.list.query({ roomId }),
    client.auth.whoami.query(),
  ]);
  assert.deepEqual([got.name, got.createdAt], [`Room ${room.n}`, room.room.createdAt]);
  assert.equal(people.length, EXAMINEES);
  assert.equal(me.userId, `teacher${room.n}`);
};

const records = (room) => async (n) => {
  await room.client.cheat.addRecords.mutate({
    roomId: room.room.id,
    records: [
      {
        userId: `r${room.n}e${n % EXAMINEES}`,
        isMainMonitor: true,
        detectType: "manyPeople",
        detectTime: new Date(Date.UTC(2026, 0, 2) + n * 1000),
        extraInfo: { n },
      },
    ],
  });
};

const recordsThere = async ({ client, room }) => {
  let count = 0;
  let cursor;
  do {
    const page = await client.cheat.listRecords.query({ roomId: room.id, pageSize: 100, cursor });
    count += page.records.length;
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return count;
};

/** Sends numbered messages over a WebSocket, and receives each once, in order. */
const messages = async (room, until) => {
  const live = room.client.live.room(room.room.id);
  let heard = 0;
  let arrived = () => {};
  live.on("message", ({ message }) => {
    if (message.type !== 30_001) return;
    if (message.data.n !== heard) heard = Number.NaN;
    heard += 1;
    arrived();
  });
  await live.ready();
  const sent = await repeat(until, (n) => live.send(30_001, { n }));
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  while (heard < sent) {
    await new Promise((found, failed) => {
      arrived = found;
      deadline.addEventListener("abort", () => failed(new Error(`${heard} of ${sent} messages arrived`)));
    });
  }
  assert.equal(heard, sent, "messages are lost, repeated or out of order");
  live.close();
  return sent;
};

const load = async () => {
  const rooms = await Promise.all(Array.from({ length: ROOMS }, (_, n) => openRoom(n)));
  const until = performance.now() + options.seconds * 1000;
  const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
  const inAll = async (work) => sum(await Promise.all(rooms.map(work)));
  const [restCalls, trpcCalls, written, sent] = await Promise.all([
    inAll((room) => repeat(until, restReads(room))),
    inAll((room) => repeat(until, trpcReads(room))),
    inAll(async (room) => {
      const acknowledged = await repeat(until, records(room));
      assert.equal(await recordsThere(room), acknowledged, "records that were acknowledged are missing");
      return acknowledged;
    }),
    inAll((room) => messages(room, until)),
  ]);
  for (const count of [restCalls, trpcCalls, written, sent]) assert.ok(count > 0, "a caller had no answer");
  return `${restCalls} rounds over REST, ${trpcCalls} over tRPC, ${written} records, ${sent} messages`;
};

const stop = async () => {
  server.kill("SIGTERM");
  const [code, signal] = await once(server, "exit", { signal: AbortSignal.timeout(DEADLINE_MS) });
  assert.equal(code ?? signal, 0, `the server ended with ${code ?? signal}`);
};

console.log(`Node ${process.version}`);
if (await part("start", startServer)) {
  await part("import", importRoster);
  await part(`load for ${options.seconds} s`, load);
  await part("stop", stop);
}
console.log(`${total.passed} passed, ${total.failed} failed`);
// The process exits even if a failure left something open.
process.exit(total.failed > 0 ? 1 : 0);
