// People of a simulated morning: candidates, their teachers, and one watcher for each exam. Each person has their own WebSocket for events,
// and their own HTTP connection for calls. They use the public API and the bare protocol.
import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { streamName } from "../../packages/server/dist/providers/stream-name.js";
import { answerParent } from "../lib/ipc.mjs";
import { WebSocket } from "../lib/server-modules.mjs";
import { streamReport } from "../lib/streams.mjs";

/** The maximum time before a cut connection is reopened, in milliseconds. */
const LONGEST_CUT_MS = 2000;
const CALL_TIMEOUT_MS = 30_000;
/** Attempts of calls that may be repeated. */
const ATTEMPTS = 12;
const RETRY_MS = 300;
/** Types of messages that are free for apps. */
const COMMAND = 30_001;
const ANSWER = 30_002;

let servers = [];
let plan;
let people = [];
/** A phase of the morning. The times of calls are recorded by phase. */
let phase = "arriving";
/** Whether people still start actions. */
let isBusy = true;
/** Calls that have not been answered yet. */
let pending = 0;
let turn = 0;
let reports = 0;
let commands = 0;

const latencies = new Map();
const counters = {
  arrived: 0,
  calls: 0,
  repeated: 0,
  deliveries: 0,
  cuts: 0,
  lost: 0,
  reconnects: 0,
  acknowledgedReports: 0,
  unknownReports: 0,
};
const problems = [];
/** Times from the loss of a connection until its subscription runs again, in milliseconds, by phase. */
const interruptions = [];

const problem = (text) => {
  if (problems.length < 50) problems.push(text);
};
const random = (most) => Math.random() * most;
const nextServer = () => {
  turn += 1;
  return servers[turn % servers.length];
};

const note = (kind, milliseconds) => {
  const key = `${phase} ${kind}`;
  const times = latencies.get(key) ?? [];
  latencies.set(key, times);
  times.push(Math.round(milliseconds * 1000));
};

/** One request over the person's own connection. Resolves to the status and the text. */
const request = (agent, { method, path, headers, body }) =>
  new Promise((resolve, reject) => {
    const sent = http.request(
      `${nextServer()}${path}`,
      {
        method,
        agent,
        timeout: CALL_TIMEOUT_MS,
        headers: { ...headers, "content-length": Buffer.byteLength(body ?? "") },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk) => {
          text += chunk;
        });
        response.on("end", () => resolve({ status: response.statusCode, text }));
        response.on("error", reject);
      },
    );
    sent.on("timeout", () => sent.destroy(new Error("a call was not answered in 30 s")));
    sent.on("error", reject);
    sent.end(body);
  });

/**
 * A call of a person. A call without an answer, or with a status from 502 to 504, is retried at another server if it may be repeated.
 * @param {{ kind: string, repeat?: boolean }} how `kind` names it in the figures
 * @returns {Promise<string | undefined>} the answer; undefined if its outcome is unknown
 */
const call = async (person, { kind, repeat = true }, { method = "POST", path, headers, body }) => {
  const all = {
    ...(method === "POST" && { "content-type": "application/json" }),
    ...person.headers,
    ...headers,
  };
  pending += 1;
  try {
    const begin = performance.now();
    for (let attempt = 1; ; attempt += 1) {
      counters.calls += 1;
      const outcome = await request(person.agent, { method, path, headers: all, body }).catch((error) => ({
        error,
      }));
      if (outcome.status === 200) {
        note(kind, performance.now() - begin);
        return outcome.text;
      }
      const isPassing = outcome.error !== undefined || outcome.status >= 502;
      if (!isPassing) {
        problem(`${kind} was answered ${outcome.status}: ${outcome.text.slice(0, 300)}`);
        return undefined;
      }
      if (!repeat) return undefined;
      if (attempt === ATTEMPTS) {
        problem(`${kind} failed ${ATTEMPTS} times: ${outcome.error?.message ?? outcome.status}`);
        return undefined;
      }
      counters.repeated += 1;
      await sleep(RETRY_MS);
    }
  } finally {
    pending -= 1;
  }
};
const rest = (person, path, body, how = {}) =>
  call(person, { kind: path, ...how }, { path: `/exam/${path}`, body: JSON.stringify(body) });
const restGet = (person, path, query) =>
  call(person, { kind: path }, { method: "GET", path: `/exam/${path}?${new URLSearchParams(query)}` });
const trpc = async (person, procedure, input) => {
  const answer = await call(
    person,
    { kind: procedure },
    { path: `/trpc/${procedure}`, body: JSON.stringify({ json: input }) },
  );
  return answer === undefined ? undefined : JSON.parse(answer).result.data.json;
};

/** Records an event, which must be later than all before it. */
const onEvent = (person, event) => {
  counters.deliveries += 1;
  const id = Number(event.id);
  if (event.type === "gap") problem(`${person.userId} was told of a gap`);
  else if (id <= person.last) problem(`${person.userId} received the event ${id} after ${person.last}`);
  else person.ids.push(id);
  person.last = Math.max(person.last, id);
  if (event.type === "participant_left") person.lefts.push(event.userId);
  if (event.type === "cheat_records_added" && person.role === "teacher")
    for (const { extraInfo } of event.records) person.reports.push(extraInfo.report);
  if (event.type !== "message") return;
  const { type, data } = event.message;
  if (type === COMMAND && person.role === "teacher") person.told.push({ ...data, id });
  if (type === COMMAND && person.role === "examinee" && person.userId === data.to) {
    person.commands.push(data.command);
    void answerCommand(person, data);
  }
  if (type === ANSWER && person.role === "teacher") person.answers.push(data.command);
};

const answerCommand = async (person, { command, from }) => {
  const sent = await trpc(person, "im.send", {
    roomId: person.roomId,
    type: ANSWER,
    data: { command },
    to: [from],
    key: `answer-${command}`,
  });
  if (sent) person.answered.push(command);
};

const subscriptionOf = ({ role, roomId, examId, last }) =>
  role === "watcher"
    ? { path: "exam.onEvent", input: { json: { examId, lastEventId: String(last) } } }
    : { path: "room.onEvent", input: { json: { roomId, lastEventId: String(last) } } };
const snapshotOf = ({ role, roomId, examId }) =>
  role === "watcher"
    ? { path: "exam.snapshot", input: { json: { examId } } }
    : { path: "room.snapshot", input: { json: { roomId } } };

/** Opens the person's WebSocket, and reopens it when it is lost. The subscription resumes after the last event that was received. */
const connect = (person) => {
  const socket = new WebSocket(`${nextServer().replace("http", "ws")}/trpc?connectionParams=1`, {
    perMessageDeflate: false,
  });
  person.socket = socket;
  const send = (frame) => socket.send(JSON.stringify(frame));
  const subscribe = () => send({ id: 2, method: "subscription", params: subscriptionOf(person) });
  socket.on("open", () => {
    send({ method: "connectionParams", data: { token: person.token } });
    if (person.last === undefined) {
      person.asked = performance.now();
      send({ id: 1, method: "query", params: snapshotOf(person) });
    } else subscribe();
  });
  socket.on("message", (data) => {
    const text = data.toString();
    if (text === "PING") return socket.send("PONG");
    const { id, result, error } = JSON.parse(text);
    if (error) {
      problem(`${person.userId}'s subscription failed: ${JSON.stringify(error).slice(0, 300)}`);
      return socket.close();
    }
    if (id === 1) {
      note("snapshot", performance.now() - person.asked);
      person.first = Number(result.data.json.lastEventId);
      person.last = person.first;
      return subscribe();
    }
    if (result?.type === "started") {
      person.isConnected = true;
      if (person.lostAt !== undefined) {
        counters.reconnects += 1;
        interruptions.push({ phase, userId: person.userId, ms: performance.now() - person.lostAt });
        person.lostAt = undefined;
      }
      return person.onConnected();
    }
    if (result?.type === "data") return onEvent(person, result.data.json.data ?? result.data.json);
  });
  socket.on("error", () => undefined); // `close` follows.
  socket.on("close", () => {
    if (person.isConnected) {
      counters.lost += 1;
      person.lostAt = performance.now();
    }
    person.isConnected = false;
    if (person.hasLeft) return;
    // Safe: it does not reject.
    void sleep(random(LONGEST_CUT_MS)).then(() => {
      if (!person.hasLeft) connect(person);
    });
  });
};

/** Connects, and resolves when the person's subscription runs. */
const goLive = (person) =>
  new Promise((resolve) => {
    person.onConnected = resolve;
    connect(person);
  });

/** Repeats an action at intervals that vary by half. */
const repeatedly = async (seconds, act) => {
  await sleep(random(seconds * 1000));
  while (isBusy) {
    await act();
    await sleep(seconds * (500 + random(1000)));
  }
};

const report = async (person) => {
  const { userId, roomId, examId } = person;
  const names = [1, 2].map(() => `${userId}:${++reports}`);
  const records = names.map((name, n) => ({
    userId,
    detectType: "manyPeople",
    isMainMonitor: n === 0,
    detectTime: Date.now(),
    extraInfo: { message: "More than one person", report: name },
  }));
  // A report whose outcome is unknown is not repeated, so that no report is stored twice.
  const answer = await rest(
    person,
    "cheat/addCheatRecord",
    { roomId, examId, data: JSON.stringify(records) },
    { repeat: false },
  );
  if (answer === undefined) {
    counters.unknownReports += 1;
    return;
  }
  counters.acknowledgedReports += 1;
  person.acknowledged.push(...names);
};

const candidate = async (person) => {
  const { userId, roomId, examId } = person;
  if (!plan.page) {
    // The provider's own server knows the candidate, and gets their token.
    const provider = { agent: person.agent, headers: plan.admin };
    const issued = await trpc(provider, "auth.issueToken", { userId, role: "examinee", roomId });
    if (!issued) return;
    person.token = issued.token;
  }
  person.headers = { authorization: `Bearer ${person.token}` };
  if (plan.page) {
    // The candidate's page has the token of its link, and reads everything with one call.
    const opened = await trpc(person, "attempt.open", { roomId });
    if (!opened) return;
    person.first = Number(opened.snapshot.lastEventId);
    person.last = person.first;
  } else {
    await restGet(person, "roomInfo", { roomId });
    await restGet(person, "examInfo", { examId });
    await restGet(person, "userInfo", { roomId, userId });
    await rest(person, "cheat/getCheatConfig", { examId });
    await rest(person, "v2/getIMToken", { userId, roomId, imServer: ["aliyun_new"] });
  }
  await goLive(person);
  counters.arrived += 1;
  // The reports of the stream service when the cameras publish.
  const service = { agent: person.agent, headers: {} };
  // A second camera's page is another arrival.
  for (const camera of plan.page ? ["main"] : ["main", "pc"]) {
    const id = streamName({ examId, roomId, userId, camera });
    const published = streamReport(id, { action: "publish", time: Math.floor(Date.now() / 1000) });
    await call(service, { kind: "userAct" }, published);
  }
  await repeatedly(plan.reportSeconds, () => report(person));
};

const teacher = async (person) => {
  const { userId, roomId, candidates } = person;
  const session = await rest(person, "login", { username: userId, password: plan.password });
  if (session === undefined) return;
  person.token = JSON.parse(session).data.token;
  person.headers = { authorization: `Bearer ${person.token}` };
  await restGet(person, "roomInfo", { roomId });
  await rest(person, "v2/getIMToken", { userId, roomId, imServer: ["aliyun_new"], role: "admin" });
  await restGet(person, "userList", { roomId });
  await goLive(person);
  counters.arrived += 1;
  void repeatedly(plan.listSeconds, () => rest(person, "cheat/listCheatRecord", { roomId, pageSize: 20 }));
  await repeatedly(plan.commandSeconds, async () => {
    const to = candidates[Math.floor(random(candidates.length))];
    // Only people who have arrived receive a message. The number makes it unique.
    const command = `${userId}:${++commands}`;
    const data = { command, to, from: userId };
    const sent = await trpc(person, "im.send", { roomId, type: COMMAND, data, to: [to], key: command });
    if (sent) person.sent.push(command);
  });
};

const watcher = async (person) => {
  person.token = plan.adminToken;
  await goLive(person);
  counters.arrived += 1;
};

const LIVES = { examinee: candidate, teacher, watcher };

const begin = () => {
  for (const person of people) {
    const live = async () => {
      await sleep(person.arrivesAfterMs);
      await LIVES[person.role](person);
    };
    live().catch((error) => problem(`${person.userId}: ${error.stack}`));
  }
};

let cutting;
/** Cuts connections at random, without telling the server, as a lost network does. */
const cut = ({ everySeconds }) => {
  const EVERY_MS = 200;
  cutting = setInterval(() => {
    for (const person of people)
      if (person.isConnected && random(1) < EVERY_MS / (everySeconds * 1000)) {
        counters.cuts += 1;
        person.socket.terminate();
      }
  }, EVERY_MS);
};

/**
 * Stops all new actions, and waits until all calls are answered and all people are connected. After a while, those that are left count as
 * problems.
 */
const settle = async ({ seconds }) => {
  isBusy = false;
  clearInterval(cutting);
  const end = performance.now() + seconds * 1000;
  const lost = () => people.filter(({ isConnected }) => !isConnected).map(({ userId }) => userId);
  let quietFor = 0;
  while (quietFor < 5 && performance.now() < end) {
    await sleep(100);
    quietFor = pending === 0 && lost().length === 0 ? quietFor + 1 : 0;
  }
  if (pending > 0) problem(`${pending} calls are not answered after ${seconds} s`);
  if (lost().length > 0)
    problem(
      `${lost().length} people are not connected after ${seconds} s, for example ${lost().slice(0, 3).join(", ")}`,
    );
};

/** The actions of a person, and the events that they received. */
const lifeOf = (person) => {
  const { role, userId, roomId, examId, first, ids, lefts } = person;
  const { reports, commands, told, answers: received, sent, answered, acknowledged } = person;
  const heard = { ids, lefts, reports, commands, told, answers: received };
  return { role, userId, roomId, examId, first, ...heard, sent, answered, acknowledged };
};

const answers = {
  open(question) {
    ({ servers } = question);
    plan = question.plan;
    people = question.people.map((person) => ({
      ...person,
      agent: new http.Agent({ keepAlive: true, maxSockets: 1 }),
      headers: {},
      ids: [],
      lefts: [],
      reports: [],
      commands: [],
      told: [],
      answers: [],
      answered: [],
      acknowledged: [],
      sent: [],
    }));
  },
  begin,
  cut,
  settle,
  servers(question) {
    servers = question.servers;
  },
  phase(question) {
    phase = question.phase;
  },
  status: () => ({
    ...counters,
    connected: people.filter(({ isConnected }) => isConnected).length,
    waiting: pending,
  }),
  /** Some people leave and do not come back. */
  leave({ roomId }) {
    for (const person of people)
      if (person.roomId === roomId && person.role === "examinee") {
        person.hasLeft = true;
        person.socket.close();
      }
  },
  result: () => ({
    counters,
    problems,
    interruptions,
    latencies: [...latencies],
    people: people.map(lifeOf),
    cpu: process.cpuUsage(),
  }),
};

answerParent((question) => answers[question.do](question));
