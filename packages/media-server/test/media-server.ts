import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, vi } from "vitest";
import type { Command, Measures, MediaRole, MediaServerOptions, Message, Reply } from "../src/messages.js";
import { ADDRESS, newPublisher, newViewer, type Publisher, type Viewer } from "../src/peers.js";

// A media server as the server runs it, and peers without a browser.

const PROGRAM = fileURLToPath(new URL("../../server/dist/media/media-server.cjs", import.meta.url));
const DEADLINE_MS = 60_000;
const WAIT = { timeout: DEADLINE_MS, interval: 20 };

type WithoutNumber<One> = One extends unknown ? Omit<One, "number"> : never;

export interface MediaServer extends AsyncDisposable {
  readonly process: ChildProcess;
  readonly messages: readonly Message[];
  readonly command: (command: WithoutNumber<Command>) => Promise<Reply>;
  readonly open: (role: MediaRole, session: string, stream: string, offer: string) => Promise<Reply>;
  readonly measures: () => Promise<Measures>;
  /** Waits until a message came. */
  readonly heard: (message: Message) => Promise<void>;
}

export const startMediaServer = async (
  options: Partial<MediaServerOptions> = {},
  execArgv: readonly string[] = [],
): Promise<MediaServer> => {
  const settings: MediaServerOptions = {
    address: ADDRESS,
    host: ADDRESS,
    ports: [17_100, 17_499],
    maxSentBits: 100_000_000,
    connectMs: DEADLINE_MS,
    ...options,
  };
  const child = fork(PROGRAM, [JSON.stringify(settings)], {
    env: {},
    execArgv: [...execArgv],
    serialization: "advanced",
  });
  const messages: Message[] = [];
  const waiting = new Map<number, (reply: Reply) => void>();
  let last = 0;
  child.on("message", (message: Message) => {
    messages.push(message);
    if ("reply" in message) waiting.get(message.number)?.(message.reply);
  });
  const heard = (message: Message) => vi.waitFor(() => expect(messages).toContainEqual(message), WAIT);
  await heard({ ready: true });
  const command = (one: WithoutNumber<Command>): Promise<Reply> =>
    new Promise((resolve) => {
      last += 1;
      waiting.set(last, resolve);
      child.send({ ...one, number: last });
    });
  return {
    process: child,
    messages,
    command,
    open: (role, session, stream, offer) => command({ do: "open", role, session, stream, offer }),
    measures: async () => {
      const reply = await command({ do: "measure" });
      return "measures" in reply ? reply.measures : expect.fail("no measures");
    },
    heard,
    async [Symbol.asyncDispose]() {
      const exit = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await exit;
    },
  };
};

export const answerOf = (reply: Reply): string =>
  "answer" in reply ? reply.answer : expect.fail(`refused: ${JSON.stringify(reply)}`);

/** Publishes a stream, and waits until it arrives. */
export const publish = async (
  server: MediaServer,
  session: string,
  stream: string,
  options?: Parameters<typeof newPublisher>[0],
): Promise<Publisher> => {
  const publisher = await newPublisher(options);
  await publisher.accept(answerOf(await server.open("publish", session, stream, publisher.offer)));
  await publisher.connected();
  return publisher;
};
export const watch = async (
  server: MediaServer,
  session: string,
  stream: string,
  options?: Parameters<typeof newViewer>[0],
): Promise<Viewer> => {
  const viewer = await newViewer(options);
  // The publisher may be connected a moment before the server is.
  const answer = await vi.waitFor(
    async () => answerOf(await server.open("watch", session, stream, viewer.offer)),
    WAIT,
  );
  await viewer.accept(answer);
  await viewer.connected();
  return viewer;
};
/** Sends packets until something holds. */
export const sending = (publisher: Publisher, check: () => unknown): Promise<void> =>
  vi.waitFor(async () => {
    publisher.send("video");
    publisher.send("audio");
    await check();
  }, WAIT);
