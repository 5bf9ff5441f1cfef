import { createTestApp, type TestAppOptions, type TestCaller } from "@invigil/server/testing";
import { WebSocket } from "ws";
import { createInvigilClient, type InvigilClientOptions } from "../src/index.js";
import type { LiveStatus } from "../src/live/core.js";
import { cuttingProxy } from "./servers.js";

export const TEACHER: TestCaller = { sub: "t1", role: "teacher" };
export const EXAMINEES = ["e1", "e2", "e3"] as const;

/** The two ways in which events come. */
export const transports = [
  { name: "WebSocket", WebSocket },
  { name: "server-sent events", WebSocket: false },
] as const;

/** A clock that never stands still: a tenth of a second passes each time it is looked at, so that nobody sends too often. */
const ticking = () => {
  let now = Date.parse("2026-01-02T03:04:05Z");
  return () => {
    now += 100;
    return new Date(now);
  };
};

/** A real server with a room in it, behind a proxy that can cut connections. */
export const liveWorld = async (options: TestAppOptions = {}) => {
  const app = await createTestApp({ now: ticking(), ...options });
  const url = await app.listen();
  const proxy = await cuttingProxy(url);
  const teacher = app.as(TEACHER);
  const room = await teacher.room.create({
    name: "Algebra",
    participants: EXAMINEES.map((userId) => ({ userId, name: userId.toUpperCase(), role: "examinee" })),
  });
  const opened: { close(): void }[] = [];
  /** Somebody's client, behind the proxy; what it opens is closed with the world. */
  const client = async (
    caller: TestCaller,
    more: Partial<InvigilClientOptions> = {},
    create = createInvigilClient,
  ) => {
    const { live, ...rest } = more;
    /** The paths that it fetched. */
    const fetched: string[] = [];
    const invigil = create({
      url: proxy.url,
      token: await app.token(caller),
      fetch: (target, init) => {
        fetched.push(new URL(target).pathname);
        return fetch(target, init);
      },
      retry: { attempts: 50, baseMs: 1, maxMs: 20 },
      live: { WebSocket, baseMs: 1, maxMs: 20, ...live },
      ...rest,
    });
    const open: typeof invigil.live.room = (...args) => {
      const one = invigil.live.room(...args);
      opened.push(one);
      return one;
    };
    const openExam: typeof invigil.live.exam = (...args) => {
      const one = invigil.live.exam(...args);
      opened.push(one);
      return one;
    };
    return { invigil, open, openExam, fetched };
  };
  const close = async () => {
    for (const one of opened) one.close();
    await proxy[Symbol.asyncDispose]();
    await app.close();
  };
  return { app, url, proxy, teacher, room, client, [Symbol.asyncDispose]: close };
};

interface EventLoop {
  readonly status: LiveStatus;
  on(type: "status", listener: (change: { status: LiveStatus; error?: unknown }) => void): () => void;
}

/** Waits until it has a status; the error that came with it. */
export const untilStatus = (
  feed: EventLoop & { readonly error: unknown },
  wanted: LiveStatus,
): Promise<unknown> =>
  new Promise((resolve) => {
    if (feed.status === wanted) {
      resolve(feed.error);
      return;
    }
    const off = feed.on("status", ({ status, error }) => {
      if (status !== wanted) return;
      off();
      resolve(error);
    });
  });

/** Waits until a loop yields a matching event. Returns all events until then. */
export const until = async <Item>(
  loop: AsyncIterator<Item>,
  isLast: (item: Item) => boolean,
): Promise<Item[]> => {
  const seen: Item[] = [];
  for (;;) {
    const { value, done } = await loop.next();
    if (done) throw new Error("the loop ended before");
    seen.push(value);
    if (isLast(value)) return seen;
  }
};
