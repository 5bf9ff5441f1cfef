// Makes the calls of one busy caller, in its own process, until the parent stops it.

import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { trpcCall } from "../lib/http.mjs";
import { answerParent } from "../lib/ipc.mjs";
import { WebSocket } from "../lib/server-modules.mjs";

const agent = new Agent({ keepAlive: true, maxSockets: 1000 });

/** Sends a request, and reads its whole answer. */
const send = (url, { method = "GET", headers = {}, body } = {}) =>
  new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode)).on("error", reject);
    });
    sent.on("error", reject).end(body);
  });

/** Opens a stream of events, and closes it once it has begun. */
const openAndClose = (url, headers) =>
  new Promise((resolve, reject) => {
    const sent = request(url, { headers }, (answer) => {
      answer.once("data", () => {
        sent.destroy();
        resolve();
      });
      answer.on("error", () => resolve());
    });
    sent.on("error", reject).end();
  });

const openDropIn = async (url, login) => {
  const socket = new WebSocket(`${url.replace("http", "ws")}/im`);
  await once(socket, "open");
  socket.send(JSON.stringify({ number: 1, do: "login", login }));
  await once(socket, "message");
  return socket;
};

const KINDS = {
  request: ({ url, requests }) => {
    let next = 0;
    return () => {
      next += 1;
      const { path, ...rest } = requests[next % requests.length];
      return send(url + path, { ...rest, body: rest.body?.replaceAll("#", String(next)) });
    };
  },
  events:
    ({ url, path, headers }) =>
    () =>
      openAndClose(url + path, headers),
  login:
    ({ url, login }) =>
    async () =>
      (await openDropIn(url, login)).terminate(),
  async mute({ url, login, groupId }) {
    const socket = await openDropIn(url, login);
    socket.send(JSON.stringify({ number: 2, do: "join", groupId }));
    let number = 2;
    return async () => {
      number += 1;
      const own = number;
      const users = Array.from({ length: 1000 }, (_, n) => `nobody-${own}-${n}`);
      socket.send(JSON.stringify({ number, do: "mute", groupId, muted: true, users }));
      for (;;) {
        const [data] = await once(socket, "message");
        if (JSON.parse(data).number === own) return;
      }
    };
  },
};

/** How many listeners are opened at a time. */
const OPENED_AT_ONCE = 50;
/** How often all calls are made, so that there are enough calls of strangers beside them. */
const TIMES = 5;
/** How many calls the console makes at a time. */
const CONSOLE_CALLS = 4;

/** Opens a subscription. Resolves when it receives all further events. `onTold` is called for each person whose change arrives. */
const listen = (url, { token, path, input }, onTold) =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/trpc?connectionParams=1`);
    socket.on("error", reject).on("close", (code) => reject(new Error(`a listener was closed: ${code}`)));
    socket.on("open", () => {
      socket.send(JSON.stringify({ method: "connectionParams", data: { token } }));
      socket.send(
        JSON.stringify({ id: 1, method: "subscription", params: { path, input: { json: input } } }),
      );
    });
    socket.on("message", (data) => {
      const frame = data.toString();
      if (frame === "PING") socket.send("PONG");
      else if (frame.includes('"type":"started"')) resolve();
      else if (frame.includes('"error"')) reject(new Error(`a listener failed: ${frame.slice(0, 300)}`));
      else if (frame.includes('"attempt_changed"')) onTold(JSON.parse(frame).result.data.json);
    });
  });

/** Opens the listeners. Returns a function that makes the calls, and resolves to the longest time until each listener heard of its people. */
const prepareControl = async ({ urls, headers, listeners, calls }) => {
  let left = 0;
  let onAllTold;
  const waiting = listeners.map(() => new Set());
  const open = async (index) => {
    await listen(urls[index % urls.length], listeners[index], ({ data, ...event }) => {
      if (!waiting[index].delete((data ?? event).userId)) return;
      left -= 1;
      if (left === 0) onAllTold();
    });
  };
  for (let from = 0; from < listeners.length; from += OPENED_AT_ONCE)
    await Promise.all(listeners.slice(from, from + OPENED_AT_ONCE).map((_, n) => open(from + n)));
  const control = async () => {
    for (const [index, { people }] of listeners.entries()) waiting[index] = new Set(people);
    left = listeners.reduce((sum, { people }) => sum + people.length, 0);
    const told = new Promise((resolve) => {
      onAllTold = resolve;
    });
    const start = performance.now();
    const key = randomUUID();
    const rest = [...calls];
    const work = async () => {
      for (let input = rest.shift(); input; input = rest.shift())
        await trpcCall(urls[0], "attempt.extend", { ...input, key }, headers);
    };
    await Promise.all([told, ...Array.from({ length: CONSOLE_CALLS }, work)]);
    return performance.now() - start;
  };
  return async () => {
    let longest = 0;
    for (let times = 0; times < TIMES; times += 1) longest = Math.max(longest, await control());
    return longest;
  };
};

let begin;
let stop;

const prepare = async ({ kind, inFlight, ...attack }) => {
  if (kind === "control") {
    begin = await prepareControl(attack);
    stop = async () => TIMES * attack.calls.length;
    return;
  }
  const call = await KINDS[kind](attack);
  begin = () => repeat(call, inFlight);
};

/** Begins to make calls until `stop`. */
const repeat = (call, inFlight) => {
  let isOver = false;
  let calls = 0;
  const one = async () => {
    while (!isOver) {
      // A refused or broken call is part of the attack.
      await call().catch(() => undefined);
      calls += 1;
      // Calls that fail at once must not keep this process from reading its messages.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const all = Promise.all(Array.from({ length: inFlight }, one));
  stop = async () => {
    isOver = true;
    await Promise.race([all, new Promise((resolve) => setTimeout(resolve, 12_000))]);
    return calls;
  };
};

answerParent((question) => {
  if (question.prepare) return prepare(question.prepare);
  return question.begin ? begin() : stop();
});
