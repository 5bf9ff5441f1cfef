import { expect, it } from "vitest";
import { rest, trpc } from "./support/calls.js";
import { listenRaw } from "./support/fault-listeners.js";
import { openFaultServers } from "./support/fault-servers.js";
import { writeLast } from "./support/fault-work.js";

// A database that accepts connections and does not answer.

const ADMIN = { sub: "root", role: "admin" } as const;

it.each(["hold", "cut"] as const)(
  "(%s) every call is answered with 503, /ready says so, and listeners stay and catch up",
  async (fate) => {
    await using servers = await openFaultServers();
    const [silent, healthy] = servers.places;
    const { id: roomId, examId } = await healthy.as(ADMIN).room.create({
      name: "Room",
      participants: [{ userId: "e1", name: "E", role: "examinee" }],
    });
    const token = await silent.token(ADMIN);
    const { lastEventId } = await healthy.as(ADMIN).room.snapshot({ roomId });
    await using listener = await listenRaw([silent], {
      name: "the listener",
      target: { of: "exam", id: examId },
      token,
      lastEventId,
    });
    await writeLast(silent, roomId, "before");
    await listener.heard("before");

    silent.proxy.fateOf = () => fate;
    if (fate === "cut") silent.proxy.cut();
    const record = {
      userId: "e1",
      isMainMonitor: true,
      detectType: "manyPeople",
      detectTime: Date.now(),
      extraInfo: "never",
    };
    const restCalls = [
      () => rest(silent, token).get("roomInfo", { roomId }),
      () => rest(silent, token).post("cheat/listCheatRecord", { roomId }),
      () => rest(silent, token).post("cheat/addCheatRecord", { roomId, data: [record] }),
    ];
    const trpcCalls = [
      () => trpc(silent, token).query("room.get", { roomId }),
      () => trpc(silent, token).query("exam.get", { examId }),
      () => trpc(silent, token).query("im.history", { roomId }),
      () => trpc(silent, token).mutate("im.send", { roomId, type: 30_001, data: "never" }),
      () => trpc(silent, token).mutate("room.setAudioStatus", { roomId, audioStatus: "speaking" }),
      () => trpc(silent, token).mutate("room.create", { name: "Never" }),
    ];
    const isReady = async () => (await silent.inject({ url: "/ready" })).statusCode;
    const times = 20;
    const since = performance.now();
    const [ready, ofRest, ofTrpc] = await Promise.all([
      isReady(),
      Promise.all(restCalls.flatMap((call) => Array.from({ length: times }, call))),
      Promise.all(trpcCalls.flatMap((call) => Array.from({ length: times }, call))),
    ]);
    console.log(
      `(${fate}) ${ofRest.length + ofTrpc.length} calls were answered within ${Math.round(performance.now() - since)} ms`,
    );
    expect(ready).toBe(503);
    expect(new Set(ofRest.map(({ status, body }) => `${status} ${body.reason}`))).toEqual(
      new Set(["503 OVERLOADED"]),
    );
    expect(new Set(ofTrpc.map(({ status, error }) => `${status} ${error?.data.reason}`))).toEqual(
      new Set(["503 OVERLOADED"]),
    );
    await writeLast(healthy, roomId, "meanwhile");

    silent.proxy.fateOf = () => "pass";
    silent.proxy.cut();
    await expect.poll(isReady, { timeout: 60_000, interval: 200 }).toBe(200);
    await writeLast(silent, roomId, "after");
    await listener.heard("after");
    expect(listener.reconnections()).toBe(0);
    const keys = listener.events.flatMap((event) => event.keys);
    expect(keys).toEqual(["before", "meanwhile", "after"]);
  },
);
