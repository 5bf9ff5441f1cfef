import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import superjson from "superjson";
import { WebSocket } from "ws";
import type { Heard } from "./fault-checks.js";
import type { Place } from "./fault-servers.js";
import { REPOSITORY } from "./folders.js";
import { startTcpProxy } from "./tcp-proxy.js";

// Listeners that stay with no server: when their connection is lost, they move to any server that is up, with the id of their last event.

/** What a listener follows. */
export type Target =
  | { readonly of: "room"; readonly id: string; readonly camera?: "main" | "pc" }
  | { readonly of: "exam"; readonly id: string };

export interface Listener extends AsyncDisposable {
  readonly name: string;
  readonly events: readonly Heard[];
  /** How often it has connected again. */
  readonly reconnections: () => number;
  /** Resolves when an event with this key has arrived. */
  heard(key: string): Promise<void>;
  /** Cuts its connections, so that it moves to another server. */
  move(): void;
}

interface ListenerOptions {
  readonly name: string;
  readonly target: Target;
  readonly token: string;
  /** The id after which it listens. Default: from now on. */
  readonly lastEventId?: string;
}

/** An event of the API, as far as the checks need it. */
interface ReceivedEvent {
  readonly id: string;
  readonly type: string;
  readonly roomId?: string;
  readonly message?: { readonly data: unknown };
  readonly records?: readonly { readonly extraInfo: unknown }[];
  readonly userId?: string;
}

const keysOf = ({ type, message, records, userId }: ReceivedEvent): string[] => {
  if (message) return [String(message.data)];
  if (records) return records.map(({ extraInfo }) => String(extraInfo));
  return type === "participant_added" && userId !== undefined ? [userId] : [];
};

/** The events that a listener has received so far. */
const createLedger = () => {
  const events: Heard[] = [];
  const keys = new Set<string>();
  let waiting: (() => void)[] = [];
  return {
    events,
    add(event: ReceivedEvent): void {
      const { type, userId, roomId = "" } = event;
      const added = { id: Number(event.id), roomId, type, userId, keys: keysOf(event) };
      events.push(added);
      for (const key of added.keys) keys.add(key);
      const calls = waiting;
      waiting = [];
      for (const look of calls) look();
    },
    async heard(key: string): Promise<void> {
      while (!keys.has(key))
        await new Promise<void>((resolve) => {
          waiting.push(resolve);
        });
    },
  };
};

/** The number of connections of all listeners. */
let turn = 0;

/** Where listeners connect to. */
type Entrance = Pick<Place, "url" | "isUp">;

/** A proxy that leads each new connection to a server that is up, one after the other. */
const movingProxy = (places: readonly Entrance[]) =>
  startTcpProxy(() => {
    const up = places.filter((place) => place.isUp());
    turn += 1;
    return Number(new URL((up[turn % up.length] ?? places[0])?.url() ?? "").port);
  });

/** Reads the events of a response, one by one. */
async function* eventsOf(response: Response): AsyncGenerator<ReceivedEvent> {
  if (!response.ok || !response.body) throw new Error(`the server answered ${response.status}`);
  const decoder = new TextDecoder();
  const chunks: AsyncIterable<Uint8Array> = response.body;
  let text = "";
  for await (const chunk of chunks) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const field = (name: string) => new RegExp(`^${name}: ?(.*)$`, "m").exec(block)?.[1];
      const [event, data, id] = [field("event"), field("data"), field("id")];
      if (event === "serialized-error") throw new Error(`the subscription has ended: ${data}`);
      // Safe: an event with an id is one of the log.
      if (id && data) yield superjson.deserialize<ReceivedEvent>(JSON.parse(data));
    }
  }
}

/** A listener that notes everything that the server sends, also what it sends twice. */
export const listenRaw = async (
  places: readonly Entrance[],
  { name, target, token, lastEventId: from }: ListenerOptions,
): Promise<Listener & { readonly failures: () => readonly string[] }> => {
  const proxy = await movingProxy(places);
  const ledger = createLedger();
  const stop = new AbortController();
  const failures: string[] = [];
  let lastEventId = from;
  let connections = 0;
  const input = () =>
    target.of === "room"
      ? { roomId: target.id, camera: target.camera ?? "main", lastEventId }
      : { examId: target.id, lastEventId };
  const listen = async (): Promise<void> => {
    connections += 1;
    const query = new URLSearchParams({ input: superjson.stringify(input()) });
    const response = await fetch(
      `http://127.0.0.1:${proxy.port}/trpc/${target.of}.onEvent?${query.toString()}`,
      {
        headers: { accept: "text/event-stream", authorization: token },
        signal: stop.signal,
      },
    );
    for await (const event of eventsOf(response)) {
      ledger.add(event);
      lastEventId = event.id;
    }
  };
  const listening = (async () => {
    while (!stop.signal.aborted) {
      await listen().catch((error: unknown) => failures.push(String(error)));
      // As clients do, so that they do not hinder a server that starts.
      if (!stop.signal.aborted) await pause(50);
    }
  })();
  return {
    name,
    ...ledger,
    reconnections: () => connections - 1,
    failures: () => failures,
    move: () => proxy.cut(),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await listening;
      await proxy[Symbol.asyncDispose]();
    },
  };
};

/** The part of a live room or exam of the typed client that tests use. */
interface LiveTarget extends AsyncIterable<ReceivedEvent> {
  on(event: "status", call: (change: { readonly status: string }) => void): unknown;
  ready(): Promise<unknown>;
  close(): void;
}
interface ClientModule {
  readonly createInvigilClient: (options: {
    readonly url: string;
    readonly token: string;
    readonly retry: object;
    readonly live: object;
  }) => { readonly live: Readonly<Record<"room" | "exam", (id: string) => LiveTarget>> };
}

/** The built client. The server's package does not depend on it. */
const loadClient = async (): Promise<ClientModule> =>
  // Safe: this is the client's interface.
  (await import(pathToFileURL(join(REPOSITORY, "packages/client/dist/index.js")).href)) as ClientModule;

/** The typed client, as pages use it. */
export const listenTyped = async (
  places: readonly Entrance[],
  transport: "WebSocket" | "SSE",
  { name, target, token }: ListenerOptions,
): Promise<Listener> => {
  const { createInvigilClient } = await loadClient();
  const proxy = await movingProxy(places);
  const ledger = createLedger();
  let reconnections = 0;
  const client = createInvigilClient({
    url: `http://127.0.0.1:${proxy.port}`,
    token,
    retry: { attempts: 1_000, baseMs: 20, maxMs: 500 },
    live: {
      WebSocket: transport === "WebSocket" && WebSocket,
      baseMs: 20,
      maxMs: 500,
      webSocketRetryMs: 100,
    },
  });
  const live = client.live[target.of](target.id);
  live.on("status", ({ status }) => {
    if (status === "reconnecting") reconnections += 1;
  });
  const events = live[Symbol.asyncIterator]();
  await live.ready();
  const listening = (async () => {
    for (;;) {
      const next = await events.next();
      if (next.done) return;
      ledger.add(next.value);
    }
  })();
  listening.catch(() => undefined);
  return {
    name,
    ...ledger,
    heard: (key) =>
      Promise.race([ledger.heard(key), listening.then(() => Promise.reject(new Error("closed")))]),
    reconnections: () => reconnections,
    move: () => proxy.cut(),
    async [Symbol.asyncDispose]() {
      live.close();
      await listening.catch(() => undefined);
      await proxy[Symbol.asyncDispose]();
    },
  };
};
