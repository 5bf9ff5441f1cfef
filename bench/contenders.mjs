// Starts what is measured. Each contender is a process of its own, and has the same form whatever is in it:
// `load(seconds)` tells how many calls were answered and how long they took, `verify()` throws when what was
// answered did not happen, `child` is the process.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { environment, newFolder, startModule, startProgram, stop } from "./children.mjs";
import { ask } from "./ipc.mjs";
import { CALLS } from "./records.mjs";
import { Sqlite } from "./server-modules.mjs";

const CLI = resolve(import.meta.dirname, "../packages/server/dist/cli.js");
const STOCK = resolve(import.meta.dirname, "stock.mjs");
const TEACHER = "teacher1";
const START_MS = 10_000;

const freePort = () =>
  new Promise((found, failed) => {
    const server = createServer().on("error", failed);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => found(port));
    });
  });

const untilReady = async (url, { child, complaints }) => {
  const deadline = performance.now() + START_MS;
  while (performance.now() < deadline && child.exitCode === null) {
    const ready = await fetch(`${url}/ready`).catch(() => undefined);
    if (ready?.ok) return;
    await sleep(20);
  }
  throw new Error(`the server did not start: ${complaints() || "it said nothing"}`);
};

const answerTo = async (url, { method, path, body }, headers) => {
  const response = await fetch(url + path, { method, headers, body });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
  return text;
};

const recordsIn = (file) => {
  const sqlite = new Sqlite(file, { readonly: true });
  const count = sqlite.prepare("SELECT count(*) FROM cheat_records").pluck().get();
  sqlite.close();
  return count;
};

/** What the contenders of a run share: databases, the token, the load generator. */
export const createStage = () => {
  const loader = startModule("load.mjs");
  const secret = randomBytes(32).toString("hex");
  const databases = new Map();
  let token;

  const seed = async (records) => {
    const folder = newFolder();
    const file = join(folder, "invigil.db");
    const seeder = startModule("seed.mjs");
    const room = await ask(seeder, { file, records, teacher: TEACHER });
    await stop(seeder);
    return { folder, file, room };
  };

  /** Paths that only read share the database of a size. */
  const databaseFor = ({ records, recordsPerCall }) => {
    if (recordsPerCall) return seed(records);
    if (!databases.has(records)) databases.set(records, seed(records));
    return databases.get(records);
  };

  const tokenFrom = async (env) => {
    const args = [CLI, "token", "--role", "teacher", "--user", TEACHER];
    return (await promisify(execFile)(process.execPath, args, { env })).stdout.trim();
  };

  const headersOf = ({ method }) => ({
    authorization: `Bearer ${token}`,
    ...(method === "POST" && { "content-type": "application/json" }),
  });

  /** Every answer under load must be `expected`, to the byte. */
  const overHttp = ({ child, url, path, requests, expected, verify = () => {} }) => {
    const headers = headersOf(requests[0]);
    let answered = 0;
    return {
      child,
      requests,
      expected,
      async load(seconds) {
        const round = await ask(loader, { url, requests, headers, expected, connections: CALLS, seconds });
        const calls = round.requests * (path.callsPerRequest ?? 1);
        answered += calls;
        return { ...round, calls };
      },
      verify: () => verify(answered),
    };
  };

  /** The server as people run it, by its command; its log, a line a request, goes to the null device. */
  const startInvigil = async (path) => {
    const { folder, file, room } = await databaseFor(path);
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const env = {
      ...environment,
      INVIGIL_PORT: String(port),
      INVIGIL_DATABASE_URL: `file:${file}`,
      INVIGIL_AUTH_SECRET: secret,
    };
    // Started in the folder of its database, where there is no .env.
    const args = path.isStock ? [STOCK] : [CLI, "serve"];
    const program = startProgram(process.execPath, args, { env, cwd: folder });
    await untilReady(url, program);
    token ??= await tokenFrom(env);

    const requests = path.requests(room);
    const expected = await answerTo(url, requests[0], headersOf(requests[0]));
    path.check(JSON.parse(expected), room);
    const verify = (answered) => {
      const acknowledged = answered * (path.recordsPerCall ?? 0);
      const kept = recordsIn(file);
      if (kept < acknowledged) throw new Error(`of ${acknowledged} acknowledged records ${kept} are kept`);
    };
    return overHttp({ child: program.child, url, path, requests, expected, verify });
  };

  const startBare = async (path, { requests, expected }) => {
    const [request] = requests;
    const child = startModule("bare.mjs");
    const url = await ask(child, { ...request, answer: JSON.parse(expected) });
    const answer = await answerTo(url, request, headersOf(request));
    if (answer !== expected) throw new Error(`the bare route answers something else: ${answer}`);
    return overHttp({ child, url, path, requests, expected });
  };

  const startRaw = async (path) => {
    const { file, room } = await databaseFor(path);
    const child = startModule("raw-sqlite.mjs");
    await ask(child, { file, room });
    return { child, load: (seconds) => ask(child, { seconds }), verify: () => {} };
  };

  return {
    /** Starts a contender. `started(spec)` gives one that was started before. */
    async start(spec, started) {
      if (spec.bareOf) return startBare(spec.bareOf, started(spec.bareOf));
      if (spec.rawOf) return startRaw(spec.rawOf);
      return startInvigil(spec);
    },
    close: () => stop(loader),
  };
};
