import { EventEmitter, once } from "node:events";
import { createTRPCClient, createWSClient, httpSubscriptionLink, wsLink } from "@trpc/client";
import { EventSource } from "eventsource";
import superjson from "superjson";
import { type ClientOptions, WebSocket } from "ws";
import type { SocketFixture, TestRouter } from "./socket-fixture.js";

// Clients of connections: the official ones, and bare ones that can send anything.

export const socketUrl = (url: string): string => `${url.replace("http", "ws")}/trpc`;

/** The official client over one WebSocket. */
export const connectSocket = (url: string, token: string | undefined) => {
  const ws = createWSClient({
    url: socketUrl(url),
    // Safe: what the client uses of it is the same in both.
    WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
    retryDelayMs: () => 0,
    ...(token !== undefined && { connectionParams: { token } }),
  });
  const api = createTRPCClient<TestRouter>({ links: [wsLink({ client: ws, transformer: superjson })] });
  return { api, ws, [Symbol.asyncDispose]: () => ws.close() };
};

/** The official client for event streams, with the token in the header or in the URL. */
export const connectStream = (url: string, token: string, where: "header" | "url" = "header") => {
  class Authorized extends EventSource {
    constructor(address: string | URL, init?: ConstructorParameters<typeof EventSource>[1]) {
      super(address, {
        ...init,
        fetch: (input, options) =>
          fetch(input, {
            ...options,
            headers: { ...options.headers, ...(where === "header" && { authorization: token }) },
          }),
      });
    }
  }
  return createTRPCClient<TestRouter>({
    links: [
      httpSubscriptionLink({
        url: `${url}/trpc`,
        EventSource: Authorized,
        transformer: superjson,
        ...(where === "url" && { connectionParams: { token } }),
      }),
    ],
  });
};

/** What the server sends. */
export interface Answer {
  readonly id: string | number | null;
  readonly error?: { readonly json: { readonly message: string; readonly data: Record<string, unknown> } };
  readonly result?: { readonly type: string; readonly data?: unknown };
}

/** A bare WebSocket that can send anything, with the received messages. */
export const rawSocket = async (url: string, options: ClientOptions = {}) => {
  const socket = new WebSocket(url, options);
  const received: string[] = [];
  const bell = new EventEmitter().setMaxListeners(0);
  socket.on("message", (data) => {
    // Safe: the binary type of a socket is left as it is, so that a message is one Buffer.
    received.push((data as Buffer).toString());
    bell.emit("message");
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once("close", (code, reason) => resolve({ code, reason: String(reason) }));
  });
  await once(socket, "open");
  socket.on("error", () => undefined);
  return {
    socket,
    received,
    closed,
    ask: (message: unknown) => socket.send(typeof message === "string" ? message : JSON.stringify(message)),
    /** The first matching message, including earlier ones. */
    async message(fits: (message: Answer) => boolean): Promise<Answer> {
      for (;;) {
        for (const text of received) {
          if (text === "PONG") continue;
          // Safe: what the server sends is of this form.
          const message = JSON.parse(text) as Answer;
          if (fits(message)) return message;
        }
        await once(bell, "message");
      }
    },
    [Symbol.dispose]: () => socket.terminate(),
  };
};

/** Reads an event stream as it arrives. */
export const openStream = async (url: string, headers: Record<string, string>) => {
  const leave = new AbortController();
  const response = await fetch(url, { headers, signal: leave.signal });
  // Safe: an event stream has a body.
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let text = "";
  return {
    response,
    /** Reads until this text arrives. */
    async until(part: string): Promise<string> {
      while (!text.includes(part)) {
        const { done, value } = await reader.read();
        if (done) throw new Error(`the stream ended after: ${text}`);
        text += decoder.decode(value, { stream: true });
      }
      return text;
    },
    /** The whole stream, after the server has ended it. */
    async rest(): Promise<string> {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return text;
        text += decoder.decode(value, { stream: true });
      }
    },
    [Symbol.dispose]: () => leave.abort(),
  };
};

/** Encodes an input for a URL. */
export const inputOf = (input: object): string => encodeURIComponent(JSON.stringify({ json: input }));

/** The request of a query. */
export const call = (id: unknown, path = "auth.whoami", input?: unknown) => ({
  id,
  method: "query",
  params: { path, ...(input !== undefined && { input: { json: input } }) },
});
/** The request that starts a subscription. */
export const listen = (id: unknown) => ({
  id,
  method: "subscription",
  params: { path: "test.events", input: { json: {} } },
});
/** A bare WebSocket of a teacher. */
export const connectAs = async (fixture: SocketFixture) => {
  const authorization = await fixture.token({ sub: "t1", role: "teacher" });
  return rawSocket(socketUrl(fixture.url), { headers: { authorization } });
};
/** The error code of a refused call. */
export const reasonOf = (answer: { error?: { json: { data: Record<string, unknown> } } }) =>
  answer.error?.json.data.reason;

/**
 * Receives events while its connection is reset after every tenth. Each event causes the next one to be
 * written.
 */
export const hearThroughResets = (
  api: ReturnType<typeof connectStream>,
  fixture: SocketFixture,
  total: number,
): Promise<string[]> =>
  new Promise((resolve, reject) => {
    const seen: string[] = [];
    const subscription = api.test.events.subscribe(
      {},
      {
        onStarted: () => {
          if (seen.length === 0) fixture.log.add("0");
        },
        onData({ data: { text } }) {
          seen.push(text);
          if (seen.length === total) {
            subscription.unsubscribe();
            resolve(seen);
            return;
          }
          // Events in transit are lost, and more are added while there is no connection.
          fixture.log.add(`${seen.length}`);
          if (seen.length % 10 !== 5) return;
          for (const socket of fixture.sockets()) socket.resetAndDestroy();
        },
        onError: reject,
      },
    );
  });
