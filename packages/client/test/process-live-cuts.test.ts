import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { liveWorld, TEACHER } from "./live-world.js";
import { liveProcess } from "./processes.js";

// CI cuts and sends more often than `npm test`.
const CUTS = process.env.TEST_EFFORT === "full" ? 100 : 40;
/** What each client says while it is cut off again and again. */
const MESSAGES = process.env.TEST_EFFORT === "full" ? 150 : 60;
/** Between one message of the load and the next: clients that come back are to hear something, and not to be flooded. */
const PACE_MS = 2;
const DAY_SECONDS = 86_400;

interface SentMessage {
  readonly from: string;
  readonly n: number;
}

interface Line {
  readonly id?: string;
  readonly message?: number;
  readonly data?: unknown;
  readonly status?: string;
}

test.concurrent.each(["ws", "sse"] as const)(
  "cut off again and again while messages flow, two processes hear every event once, in order: %s",
  async (transport) => {
    await using fixture = await liveWorld();
    const { app, proxy, room, teacher } = fixture;
    const people = [
      { ...TEACHER, name: "A" },
      { sub: "e1", role: "examinee", name: "B" },
    ] as const;
    const clients = await Promise.all(
      people.map(async ({ name, ...caller }) =>
        liveProcess({
          INVIGIL_URL: proxy.url,
          TOKEN: await app.token(caller, 30 * DAY_SECONDS),
          ROOM: room.id,
          TRANSPORT: transport,
          COUNT: String(MESSAGES),
          NAME: name,
        }),
      ),
    );
    await Promise.all(clients.map((client) => client.line((line) => line.includes('"live"'))));

    await teacher.im.send({ roomId: room.id, type: 30_098, data: "begin" });
    let isOver = false;
    let n = 0;
    const talking = (async () => {
      while (!isOver) {
        n += 1;
        await teacher.im.send({ roomId: room.id, type: 30_001, data: { from: "load", n } });
        await pause(PACE_MS);
      }
    })();
    let positions = clients.map(() => 0);
    for (let cuts = 0; cuts < CUTS; cuts += 1) {
      // Both are connected again, and hear something.
      for (const text of ['"live"', '"id"'])
        await Promise.all(
          clients.map((client, index) => client.line((line) => line.includes(text), positions[index])),
        );
      positions = clients.map(({ lines }) => lines.length);
      proxy.cut();
    }
    isOver = true;
    await talking;
    await Promise.all(clients.map((client) => client.line((line) => line.includes('"sent"'))));
    await teacher.im.send({ roomId: room.id, type: 30_099, data: "the end" });
    expect(await Promise.all(clients.map(({ ended }) => ended))).toEqual([0, 0]);

    // Past the proxy, and all at once: what there was to hear.
    const events: object[] = [];
    const sent: SentMessage[] = [];
    const log = await app
      .as(TEACHER, { ttlSeconds: 30 * DAY_SECONDS })
      .room.onEvent({ roomId: room.id, lastEventId: "0" });
    for await (const { data: event } of log) {
      if (event.type !== "message") continue;
      const { id, type, data } = event.message;
      events.push({ id: event.id, message: id, data });
      // Safe: it is what this test and its processes say.
      if (type === 30_001) sent.push(data as unknown as SentMessage);
      if (type === 30_099) break;
    }
    const from = (name: string) => sent.filter((one) => one.from === name).map((one) => one.n);
    const numbers = (length: number) => Array.from({ length }, (_, index) => index + 1);
    // A message that is repeated after a lost response is delivered once.
    expect(from("A")).toEqual(numbers(MESSAGES));
    expect(from("B")).toEqual(numbers(MESSAGES));
    expect(from("load")).toEqual(numbers(n));
    for (const { lines } of clients) {
      const heard = lines.map((line) => JSON.parse(line) as Line);
      expect(heard.filter(({ message }) => message !== undefined)).toEqual(events);
      const ids = heard.flatMap(({ id }) => (id === undefined ? [] : [Number(id)]));
      expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
      expect(heard.filter(({ status }) => status === "live").length).toBeGreaterThanOrEqual(CUTS);
    }
  },
);
