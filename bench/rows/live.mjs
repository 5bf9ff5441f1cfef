import { ask } from "../lib/ipc.mjs";
import { createLiveRooms, overSockets } from "../lib/live.mjs";
import { megabytesHeld, p99 } from "../lib/measures.mjs";
import { startModule } from "../lib/processes.mjs";

const ROOMS = 500;
/** 10,000 listeners in total, each with its own WebSocket. */
const PER_ROOM = 20;

const invigil = {
  label: "live events, 10,000 listeners in 500 rooms",
  async start({ stage }) {
    const { file } = await stage.databaseFor({ records: 0, recordsPerCall: 1 });
    const { url, child } = await stage.startServer(file);
    const headers = await stage.headersOf({ method: "POST" });
    const rooms = await createLiveRooms({ url, headers, count: ROOMS });
    const contender = await overSockets({ child, rooms, perRoom: PER_ROOM });
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
      perRoom: PER_ROOM,
      rooms: rooms.map(({ message }, n) => ({
        listener: { url: `${url.replace("http", "ws")}/${n}`, hello: [] },
        message: { ...message, url: `${url}/${n}` },
      })),
    });
  },
};

/** The time until a message reaches a listener, while 200 are sent per second: 4,000 deliveries. */
export const latency = {
  name: "live-p99",
  ours: invigil,
  theirs: bare,
  measure: p99,
  goal: { atMost: 3 },
};

/** The memory of the server with these listeners. */
export const memory = {
  name: "live-memory",
  ours: invigil,
  theirs: bare,
  measure: megabytesHeld,
  goal: { atMost: 5 },
};
