// Listeners and senders in one process, so that one clock measures how long a message takes. The parent first asks it to `open`, then for
// rounds.
import { createHistogram } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { answerParent } from "../lib/ipc.mjs";
import { WebSocket } from "../lib/server-modules.mjs";

/** The default number of messages per second, in all rooms together. */
const EVENTS_PER_SECOND = 200;
/** How many WebSockets are opened at a time. */
const AT_ONCE = 50;
/** Deliveries that take longer than this, in milliseconds, count as missing. */
const MISSING_MS = 10_000;

let open;
const heard = { latencies: createHistogram(), count: 0, frame: "" };

const micros = () => Math.round(performance.now() * 1000);

const onFrame = (data) => {
  const now = micros();
  const frame = data.toString();
  const sent = /"sent(?:":| )(\d+)/.exec(frame)?.[1];
  if (sent === undefined) return;
  heard.latencies.record(Math.max(1, now - Number(sent)));
  heard.count += 1;
  heard.frame = frame;
};

/** Opens one listener. Resolves when it receives all further messages. */
const listen = ({ url, hello, started }) =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.on("error", reject);
    socket.on("close", (code) => reject(new Error(`a listener was closed: ${code}`)));
    socket.on("open", () => {
      for (const text of hello) socket.send(text);
      if (!started) resolve();
    });
    socket.on("message", (data) => {
      if (started && data.toString().includes(started)) resolve();
      else onFrame(data);
    });
  });

const send = async ({ url, headers, body }) => {
  const response = await fetch(url, { method: "POST", headers, body: body.replace(/"SENT"|SENT/, micros()) });
  const text = await response.text();
  if (!response.ok) throw new Error(`a message was answered ${response.status}: ${text}`);
};

/** @param {{ rooms: { listener: object, message: object }[], perRoom: number, perSecond?: number }} question */
const openAll = async ({ rooms, perRoom, perSecond = EVENTS_PER_SECOND }) => {
  const listeners = rooms.flatMap(({ listener }) => Array.from({ length: perRoom }, () => listener));
  while (listeners.length > 0) await Promise.all(listeners.splice(0, AT_ONCE).map(listen));
  open = { rooms, perRoom, perSecond, next: 0 };
};

const round = async (seconds) => {
  const { rooms, perRoom, perSecond } = open;
  heard.latencies.reset();
  heard.count = 0;
  const start = performance.now();
  const wanted = Math.round(seconds * perSecond);
  const sending = [];
  for (let n = 0; n < wanted; n += 1) {
    const due = start + (n * 1000) / perSecond;
    const early = due - performance.now();
    if (early > 1) await sleep(early);
    const { message } = rooms[open.next++ % rooms.length];
    sending.push(send(message));
  }
  await Promise.all(sending);
  const deadline = performance.now() + MISSING_MS;
  while (heard.count < wanted * perRoom) {
    if (performance.now() > deadline)
      throw new Error(`of ${wanted * perRoom} deliveries ${heard.count} came`);
    await sleep(5);
  }
  // No listener receives a message twice.
  if (heard.count > wanted * perRoom) throw new Error(`${heard.count} deliveries of ${wanted * perRoom}`);
  return {
    seconds,
    calls: wanted,
    p50: heard.latencies.percentile(50) / 1000,
    p99: heard.latencies.percentile(99) / 1000,
    frame: heard.frame,
  };
};

answerParent((question) => (question.rooms ? openAll(question) : round(question.seconds)));
