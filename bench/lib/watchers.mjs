// Compares the costs of one more watcher of a large exam's people with those of one more listener of a room.
import { join } from "node:path";
import { trpcCall } from "./http.mjs";
import { ask } from "./ipc.mjs";
import { newFolder, startModule, stop, usageOf } from "./processes.mjs";
import { createStage } from "./stage.mjs";
import { median } from "./statistics.mjs";

const EVENTS_A_SECOND = 50;
/** The number of subscribers that are added at once. It is large so that the cost of one is measurable. */
const AT_ONCE = 50;

/**
 * Renames one person of the exam repeatedly. All listeners of their room and all watchers of the exam receive the change.
 * @param {{ people: number, perRoom: number, seconds: number, rounds: number, say: (text: string) => void }} plan
 * @returns the processor time of the server for each event and subscriber in microseconds, and the ratios of the rounds
 */
export const measureWatchers = async ({ people, perRoom, seconds, rounds, say }) => {
  const stage = createStage();
  const file = join(newFolder(), "invigil.db");
  const { url, child } = await stage.startServer(file);
  const headers = await stage.adminHeaders();
  const call = (procedure, input) => trpcCall(url, procedure, input, headers);
  const { id: examId } = await call("exam.create", {
    name: "Mathematics A",
    startTime: new Date(),
    endTime: new Date(Date.now() + 3 * 3_600_000),
  });
  let roomId;
  for (let n = 0; n < people; n += perRoom) {
    const participants = Array.from({ length: Math.min(perRoom, people - n) }, (_, index) => ({
      userId: `e${n + index}`,
      name: `Candidate ${n + index}`,
      role: "examinee",
    }));
    const room = await call("room.create", { name: `Room ${n / perRoom + 1}`, examId, participants });
    roomId ??= room.id;
  }
  const renaming = {
    url: `${url}/trpc/participant.add`,
    headers,
    body: JSON.stringify({
      json: { roomId, participants: [{ userId: "e0", name: "sent SENT", role: "examinee" }] },
    }),
  };
  const [, token] = headers.authorization.split(" ");
  const listenerTo = (path, input) => ({
    url: `${url.replace("http", "ws")}/trpc?connectionParams=1`,
    hello: [
      JSON.stringify({ method: "connectionParams", data: { token } }),
      JSON.stringify({ id: 1, method: "subscription", params: { path, input: { json: input } } }),
    ],
    started: '"type":"started"',
  });

  /** The processor time of a round with so many subscribers, in microseconds for each event. */
  const costOf = async (listener, perRoomOfThem) => {
    const listeners = startModule("listeners.mjs");
    await ask(listeners, {
      rooms: [{ listener, message: renaming }],
      perRoom: perRoomOfThem,
      perSecond: EVENTS_A_SECOND,
    });
    await ask(listeners, { seconds: 1 });
    const before = usageOf(child);
    const { calls } = await ask(listeners, { seconds });
    const after = usageOf(child);
    await stop(listeners);
    return ((after.cpuSeconds - before.cpuSeconds) * 1e6) / calls;
  };

  const found = [];
  for (let round = 1; round <= rounds; round += 1) {
    say(`what one more watcher costs the server, round ${round} of ${rounds}`);
    const idle = await costOf(undefined, 0);
    const listening = await costOf(listenerTo("room.onEvent", { roomId }), AT_ONCE);
    const watching = await costOf(listenerTo("exam.onPeople", { examId }), AT_ONCE);
    found.push({ listener: (listening - idle) / AT_ONCE, watcher: (watching - idle) / AT_ONCE });
  }
  await stop(child);
  await stage.close();
  const ratios = found.map(({ listener, watcher }) => watcher / listener);
  return {
    listenerMicros: median(found.map(({ listener }) => listener)),
    watcherMicros: median(found.map(({ watcher }) => watcher)),
    ratio: median(ratios),
    ratios,
  };
};
