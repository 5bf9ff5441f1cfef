// Rooms with listeners, and the messages that they receive.
import { trpcCall } from "./http.mjs";
import { ask } from "./ipc.mjs";
import { startModule, stop, usageOf } from "./processes.mjs";

/** Creates rooms. Returns for each the subscription of a listener, and the request that sends a message to the room. */
export const createLiveRooms = async ({ url, headers, count }) => {
  const [, token] = headers.authorization.split(" ");
  const rooms = [];
  for (let n = 1; n <= count; n += 1) {
    const { id: roomId } = await trpcCall(url, "room.create", { name: `Room ${n}` }, headers);
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
  return rooms;
};

/** A contender with `perRoom` listeners in each room. A round sends messages to the rooms in turn. */
export const overSockets = async ({ child, rooms, perRoom }) => {
  const listeners = startModule("listeners.mjs");
  await ask(listeners, { rooms, perRoom });
  return {
    child,
    async round(seconds) {
      const figures = await ask(listeners, { seconds });
      return { ...figures, residentBytes: usageOf(child)?.residentBytes };
    },
    verify: () => stop(listeners),
  };
};
