// Makes the calls of one busy caller, in its own process, until the parent stops it.

import { once } from "node:events";
import { Agent, request } from "node:http";
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

let stop = async () => 0;

const begin = async ({ kind, inFlight, ...attack }) => {
  const call = await KINDS[kind](attack);
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

answerParent((question) => (question.begin ? begin(question.begin) : stop()));
