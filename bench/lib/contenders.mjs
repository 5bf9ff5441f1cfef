// Contenders, which rows measure. All have the same form. `round(seconds)` works for this long and returns how much was done. `verify()`
// throws if acknowledged work was not done. `child` is the process, if there is one. `isLoaded`: its work comes from the load generator,
// and it waits for nothing else, so a round counts only if it was busy.
import assert from "node:assert/strict";
import { recordsIn } from "./databases.mjs";
import { answerTo } from "./http.mjs";
import { ask } from "./ipc.mjs";
import { startModule } from "./processes.mjs";
import { CALLS } from "./records.mjs";

/**
 * A path over HTTP.
 * @typedef {object} Path
 * @property {string} label
 * @property {number} records cheat records that the room has before
 * @property {(room: Room) => Request[]} requests sent in turn; all of them have the same answer
 * @property {(answer: any, room: Room) => void} check throws when an answer is wrong
 * @property {string} [mask] a pattern of the parts that differ between answers
 * @property {number} [connections] the number of concurrent calls; default: 64
 * @property {number} [callsPerRequest]
 * @property {number} [moreRooms] the number of further rooms that it needs
 * @property {number} [recordsPerCall] the number of records that a call writes; such a path has its own database
 *
 * @typedef {{ roomId: string, examId: string, moreRooms?: string[] }} Room
 * @typedef {{ method: "GET" | "POST", path: string, body?: string, caller?: { userId: string, role: string } }} Request default caller: the
 *   teacher who created the room
 */

/** Every answer under load must equal `expected` to the byte, except for the parts that the path masks. */
export const overHttp = ({ stage, path, child, load, file, room }) => {
  const { callsPerRequest = 1, recordsPerCall = 0, connections = CALLS } = path;
  let acknowledged = 0;
  return {
    child,
    file,
    room,
    // A path that writes waits for the disk.
    isLoaded: recordsPerCall === 0,
    load,
    async round(seconds) {
      const [round] = await stage.load([{ ...load, connections }], seconds);
      if (round.requests === 0) throw new Error(`no call was answered in ${seconds} s`);
      const calls = round.requests * callsPerRequest;
      acknowledged += calls * recordsPerCall;
      return { ...round, calls, recordsPerCall };
    },
    verify() {
      const kept = recordsPerCall ? recordsIn(file) : 0;
      if (kept < acknowledged) throw new Error(`of ${acknowledged} acknowledged records ${kept} are kept`);
    },
  };
};

/** The requests and the expected answer for the load generator. */
export const loadOf = async ({ stage, path, url, room }) => {
  const requests = await Promise.all(
    path.requests(room).map(async (request) => ({ ...request, headers: await stage.headersOf(request) })),
  );
  const [{ headers }] = requests;
  const expected = await answerTo(url, requests[0], headers);
  path.check(JSON.parse(expected), room);
  return { url, requests, headers, expected, mask: path.mask };
};

/** Invigil, as installations run it. @param {Path} path */
export const invigil = (path) => ({
  label: path.label,
  path,
  async start({ stage }) {
    const { file, room } = await stage.databaseFor(path);
    const { url, child } = await stage.serverOf(file);
    const load = await loadOf({ stage, path, url, room });
    return overHttp({ stage, path, child, load, file, room });
  },
});

/** The headers of an answer, without those that Node sets and the request id. */
const headersOfAnswer = async ({ url, requests: [{ method, path, body }], headers }) => {
  const response = await fetch(url + path, { method, headers, body });
  await response.arrayBuffer();
  const own = ["connection", "content-length", "date", "keep-alive", "x-request-id"];
  return Object.fromEntries([...response.headers].filter(([name]) => !own.includes(name)));
};

const assertSame = (answer, expected, who) => {
  if (answer !== expected) throw new Error(`${who} answers something else: ${answer.slice(0, 500)}`);
};

/**
 * The limit of a path: a bare Fastify route that answers the same requests with the same JSON. `dressed`: with the headers, the request id
 * and the log line of Invigil.
 */
export const bare = (spec, { dressed = false } = {}) => ({
  label: `${dressed ? "empty" : "bare"} ${spec.path.requests({ roomId: "", examId: "" })[0].method} route, same JSON${dressed ? ", headers, log" : ""}`,
  needs: spec,
  async start({ stage, started }) {
    const { load } = started(spec);
    const [request] = load.requests;
    const child = startModule("bare.mjs");
    const headers = dressed ? await headersOfAnswer(load) : undefined;
    const url = await ask(child, { ...request, answer: JSON.parse(load.expected), headers });
    assertSame(await answerTo(url, request, load.headers), load.expected, "the bare route");
    if (dressed) assert.deepEqual(await headersOfAnswer({ ...load, url }), headers);
    // It stores nothing.
    const path = { ...spec.path, recordsPerCall: 0 };
    return overHttp({ stage, path, child, load: { ...load, url } });
  },
});

/** The limit of recording: a bare Fastify route that writes the same rows by group commit, and checks nothing. */
export const leastRecording = (spec) => ({
  label: "bare POST route, group commit, no check",
  needs: spec,
  async start({ stage, started }) {
    const { load } = started(spec);
    const { file, room } = await stage.databaseFor(spec.path);
    const child = startModule("least-recording.mjs");
    const requests = spec.path.requests(room);
    const [{ path }] = requests;
    const url = await ask(child, { database: file, room, path, answer: JSON.parse(load.expected) });
    return overHttp({ stage, path: spec.path, child, load: { ...load, url, requests }, file });
  },
});

/** The same services and database behind another server: a module of `children/`. `path`: its path, if it differs. */
export const servedBy = (module, { label, like, path = like.path, sameAnswer }) => ({
  label,
  needs: like,
  async start({ stage, started }) {
    const { file, room, load: likened } = started(like);
    const child = startModule(module);
    const url = await ask(child, { settings: stage.settingsFor(file) });
    const load = await loadOf({ stage, path, url, room });
    if (sameAnswer) assertSame(load.expected, likened.expected, label);
    return overHttp({ stage, path, child, load, file, room });
  },
});

/** The limit of a path that writes: better-sqlite3 alone. */
export const rawSqlite = (spec) => ({
  label: `raw SQLite, ${CALLS} calls a commit`,
  async start({ stage }) {
    const { file, room } = await stage.databaseFor(spec.path);
    const child = startModule("raw-sqlite.mjs");
    await ask(child, { file, room });
    const { recordsPerCall } = spec.path;
    return { child, round: async (seconds) => ({ ...(await ask(child, { seconds })), recordsPerCall }) };
  },
});

/** The limit of a path with large answers: only the serialization of its answer as JSON. */
export const stringify = (spec) => ({
  label: "JSON.stringify of the same",
  needs: spec,
  async start({ started }) {
    const { expected } = started(spec).load;
    const child = startModule("stringify.mjs");
    assertSame(await ask(child, { text: expected }), expected, "JSON.stringify");
    return { child, round: (seconds) => ask(child, { seconds }) };
  },
});
