import { ask } from "../lib/ipc.mjs";
import { megabytesHeld, p99 } from "../lib/measures.mjs";
import { startModule, stop, usageOf } from "../lib/processes.mjs";

const ROOMS = 100;
/** 2,000 listeners in all, each with a WebSocket of its own. */
const PER_ROOM = 20;

const overSockets = async ({ child, rooms }) => {
  const listeners = startModule("listeners.mjs");
  await ask(listeners, { rooms, perRoom: PER_ROOM });
  return {
    child,
    async round(seconds) {
      const figures = await ask(listeners, { seconds });
      return { ...figures, residentBytes: usageOf(child)?.residentBytes };
    },
    verify: () => stop(listeners),
  };
};

const invigil = {
  label: "live events, 2,000 listeners in 100 rooms",
  async start({ stage }) {
    const { file } = await stage.databaseFor({ records: 0, recordsPerCall: 1 });
    const { url, child } = await stage.startServer(file);
    const headers = await stage.headersOf(file, { method: "POST" });
    const [, token] = headers.authorization.split(" ");
    const post = async (procedure, input) => {
      const body = JSON.stringify({ json: input });
      const response = await fetch(`${url}/trpc/${procedure}`, { method: "POST", headers, body });
      const answer = await response.json();
      if (!response.ok) throw new Error(`${procedure} answered ${JSON.stringify(answer)}`);
      return answer.result.data.json;
    };
    const rooms = [];
    for (let n = 1; n <= ROOMS; n += 1) {
      const { id: roomId } = await post("room.create", { name: `Room ${n}` });
      const params = { path: "room.onEvent", input: { json: { roomId } } };
      rooms.push({
        listener: {
          url: `${url.replace("http", "ws")}/trpc?connectionParams=1`,
          hello: [
            JSON.stringify({ method: "connectionParams", data: { token } }),
            JSON.stringify({ id: 1, method: "subscription", params }),
          ],
          started: '"type":"started"',
        },
        message: {
          url: `${url}/trpc/im.send`,
          headers,
          body: JSON.stringify({ json: { roomId, type: 30_001, data: { sent: "SENT" } } }),
        },
      });
    }
    const contender = await overSockets({ child, rooms });
    const { frame } = await contender.round(0.1);
    return { ...contender, rooms, frame };
  },
};

const bare = {
  label: "bare WebSocket broadcast, same frames",
  needs: invigil,
  async start({ started }) {
    const { rooms, frame } = started(invigil);
    const child = startModule("bare-live.mjs");
    const url = await ask(child, { frame });
    return overSockets({
      child,
      rooms: rooms.map(({ message }, n) => ({
        listener: { url: `${url.replace("http", "ws")}/${n}`, hello: [] },
        message: { ...message, url: `${url}/${n}` },
      })),
    });
  },
};

/** Until a message that somebody sends has reached a listener, while 200 a second are sent: 4,000 deliveries. */
export const latency = {
  name: "live-p99",
  ours: invigil,
  theirs: bare,
  measure: p99,
  goal: { atMost: 8 },
};

/** What the server holds while they listen. */
export const memory = {
  name: "live-memory",
  ours: invigil,
  theirs: bare,
  measure: megabytesHeld,
  goal: { atMost: 4 },
};
