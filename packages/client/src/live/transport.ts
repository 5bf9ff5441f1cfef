import {
  createWSClient,
  httpSubscriptionLink,
  type OperationLink,
  TRPCClientError,
  type TRPCClientRuntime,
  type TRPCLink,
  wsLink,
} from "@trpc/client";
import type { TRPCErrorShape } from "@trpc/server";
import { observable } from "@trpc/server/observable";
import { EventSource, type EventSourceFetchInit } from "eventsource";
import { isInvigilError, NetworkFailure } from "../errors.js";
import { assertJson, type Fetch, responseOf } from "../http.js";
import type { AppRouter } from "../router.js";
import type { LiveOptions } from "./options.js";
import type { SubscriptionContext } from "./subscription-loop.js";

/** The options of {@link createTransport}. */
export interface TransportOptions {
  /** The URL of the tRPC endpoint. */
  readonly url: string;
  readonly fetch: Fetch;
  readonly headers: () => Promise<Headers>;
  readonly token: () => Promise<string | null | undefined>;
  readonly transformer: {
    readonly serialize: (value: unknown) => unknown;
    // biome-ignore lint/suspicious/noExplicitAny: Safe: superjson and tRPC declare it so; the router types the result.
    readonly deserialize: (value: any) => any;
  };
  readonly connect: LiveOptions;
}

/** How long a subscription may take to start, in milliseconds. */
const START_MS = 15_000;
/** A silent WebSocket is pinged, and closed within 15 seconds if it does not respond. The server pings as well. */
const KEEP_ALIVE = { enabled: true, intervalMs: 9_000, pongTimeoutMs: 5_000 };
/** How long an unused WebSocket stays open, in milliseconds, because another subscription may follow soon. */
const IDLE_MS = 1000;

interface Connection {
  /** The keys of its subscriptions. The server accepts one subscription to each room and exam per connection. */
  readonly users: ReadonlyMap<string, unknown>;
  readonly link: OperationLink<AppRouter>;
  /**
   * Keeps the connection open for a subscription, and calls `onHeard` for everything that arrives.
   * @returns a function that releases the connection
   */
  readonly acquire: (key: string, onHeard?: () => void) => () => void;
  readonly end: (cause?: unknown) => void;
  /** Why the connection ended. */
  readonly cause: () => unknown;
}

/** Opens one WebSocket. It ends at the first failure and never reconnects. */
const openWebSocket = (
  Base: typeof WebSocket,
  { url, token, transformer }: TransportOptions,
  runtime: TRPCClientRuntime,
  onOpen: () => void,
  onEnd: (opened: boolean) => void,
): Connection => {
  let opened = false;
  let ended = false;
  let cause: unknown;
  let raw: WebSocket | undefined;
  const users = new Map<string, (() => void) | undefined>();
  const end = (reason?: unknown) => {
    if (ended) return;
    ended = true;
    cause = reason;
    onEnd(opened);
    void client.close();
    // Otherwise, a WebSocket that is still connecting would continue.
    raw?.close();
  };
  const setRaw = (socket: WebSocket) => {
    raw = socket;
  };
  const client = createWSClient({
    url: url.replace(/^http/, "ws"),
    WebSocket: class extends Base {
      constructor(target: string | URL) {
        super(target);
        setRaw(this);
        this.addEventListener("message", () => {
          for (const onHeard of users.values()) onHeard?.();
        });
        // If a call is pending when the connection ends, tRPC opens one more WebSocket.
        if (ended) setTimeout(() => void client.close().finally(() => this.close()));
      }
      // tRPC closes the WebSocket if a pong is missing. The client would not answer the closing handshake
      // either.
      override close(...reason: [code?: number, reason?: string]) {
        super.close(...reason);
        end();
      }
    },
    connectionParams: async () => {
      const bearer = await token();
      return bearer ? { token: bearer } : {};
    },
    keepAlive: KEEP_ALIVE,
    retryDelayMs: () => 0,
  });
  client.connectionState.subscribe({
    next({ state, error }) {
      if (state === "pending") {
        opened = true;
        onOpen();
      }
      if (error) end(error);
    },
  });
  return {
    users,
    link: wsLink<AppRouter>({ client, transformer })(runtime),
    acquire(key, onHeard) {
      users.set(key, onHeard);
      return () => {
        users.delete(key);
        setTimeout(() => {
          if (users.size === 0) end();
        }, IDLE_MS);
      };
    },
    end,
    cause: () => cause,
  };
};

/** Identifies a subscription by its procedure and its room or exam. */
const subscriptionKey = ({ path, input }: { readonly path: string; readonly input: unknown }): string => {
  // Safe: the properties are read as unknown.
  const { roomId, examId } = (input ?? {}) as { readonly roomId?: unknown; readonly examId?: unknown };
  return JSON.stringify([path, roomId ?? examId]);
};

/** Server-sent events over `fetch`, which can send the token as a header. */
const eventStreamLink =
  ({ url, fetch, headers, transformer }: TransportOptions): TRPCLink<AppRouter> =>
  (runtime) =>
  (request) =>
    observable((observer) => {
      // An EventSource does not expose the reason of a failure, or a response that is not an event stream.
      let failure: Error | undefined;
      const connect = async (target: string, init: EventSourceFetchInit): Promise<Response> => {
        const all = await headers();
        for (const [name, value] of Object.entries(init.headers)) all.set(name, value);
        const response = await responseOf(url, () => fetch(target, { ...init, headers: all }));
        if (response.ok) return response;
        assertJson(url, response);
        const { error } = (await responseOf(url, () => response.json())) as { error: unknown };
        // Safe: the server responds to a failed call with the error shape of its router.
        const shape = transformer.deserialize(error) as TRPCErrorShape;
        throw TRPCClientError.from({ error: shape });
      };
      const { onHeard }: SubscriptionContext = request.op.context;
      const link = httpSubscriptionLink<AppRouter, typeof EventSource>({
        url,
        transformer,
        EventSource: class extends EventSource {
          override dispatchEvent(event: Event): boolean {
            if (event.type !== "error") onHeard?.();
            return super.dispatchEvent(event);
          }
        },
        eventSourceOptions: {
          fetch: (target, init) =>
            connect(String(target), init).catch((error: Error) => {
              failure = error;
              throw error;
            }),
        },
      });
      return link(runtime)(request).subscribe({
        next(envelope) {
          const { result } = envelope;
          if (result.type === "state" && result.error && failure) {
            observer.error(TRPCClientError.from(failure));
          } else observer.next(envelope);
        },
        error: (error) => observer.error(failure ? TRPCClientError.from(failure) : error),
        complete: () => observer.complete(),
      });
    });

/**
 * Carries subscriptions over one WebSocket. It uses server-sent events if there is no WebSocket, if it could
 * not be opened, or if it already carries a subscription to the same room or exam. When a connection is lost,
 * its subscriptions fail. The next subscription opens a new connection.
 */
export const createTransport =
  (options: TransportOptions): TRPCLink<AppRouter> =>
  (runtime) => {
    const { WebSocket = globalThis.WebSocket, webSocketRetryMs = 60_000 } = options.connect;
    // Safe: tRPC uses only what every WebSocket class has.
    const Base = WebSocket as typeof globalThis.WebSocket | false | undefined;
    const eventStream = eventStreamLink(options)(runtime);
    let current: Connection | undefined;
    /** Whether the last attempt to open a WebSocket failed. */
    let isWebSocketBlocked = !Base;
    /** Functions that end the event streams, so that their subscriptions move to a WebSocket. */
    const streams = new Set<() => void>();
    let probeTimer: ReturnType<typeof setTimeout> | undefined;

    const webSocket = (): Connection | undefined => {
      if (current || !Base) return current;
      const onOpen = () => {
        isWebSocketBlocked = false;
        for (const end of Array.from(streams)) end();
      };
      const onEnd = (opened: boolean) => {
        if (current === mine) current = undefined;
        if (!opened) isWebSocketBlocked = true;
        scheduleProbe();
      };
      const mine = openWebSocket(Base, options, runtime, onOpen, onEnd);
      current = mine;
      return mine;
    };

    /** Schedules another attempt to open a WebSocket while event streams are in use. */
    const scheduleProbe = () => {
      clearTimeout(probeTimer);
      if (!Base || streams.size === 0) return;
      probeTimer = setTimeout(() => {
        const release = webSocket()?.acquire("probe");
        if (release) setTimeout(release, START_MS);
      }, webSocketRetryMs);
    };

    return (request) =>
      observable((observer) => {
        const key = subscriptionKey(request.op);
        const open = isWebSocketBlocked ? undefined : webSocket();
        const connection = open?.users.has(key) ? undefined : open;
        const { onHeard }: SubscriptionContext = request.op.context;
        const release = connection?.acquire(key, onHeard);
        let started = false;
        const fail = (cause: unknown, kind: "lost" | "timeout" = "lost") => {
          const what = kind === "lost" ? "was lost" : "timed out";
          const failure = new NetworkFailure(
            kind,
            `The connection to ${new URL(options.url).origin} ${what}.`,
            {
              cause,
            },
          );
          // If the event stream also failed to start, the next attempt uses a WebSocket again.
          if (!open && !started) isWebSocketBlocked = !Base;
          observer.error(TRPCClientError.from(failure));
        };
        const timer = setTimeout(() => {
          connection?.end();
          fail(undefined, "timeout");
        }, START_MS);
        const moveToWebSocket = () => fail(undefined);
        if (!open) {
          streams.add(moveToWebSocket);
          scheduleProbe();
        }
        const call = (connection?.link ?? eventStream)(request).subscribe({
          next(envelope) {
            const { result } = envelope;
            if (result.type === "state") {
              if (result.error) fail(result.error);
              return;
            }
            started = true;
            clearTimeout(timer);
            observer.next(envelope);
          },
          error(error) {
            // The token of the connection is no longer valid.
            if (isInvigilError(error, "UNAUTHENTICATED") && current === connection) current = undefined;
            observer.error(error);
          },
          complete: () => fail(connection?.cause()),
        });
        return () => {
          clearTimeout(timer);
          streams.delete(moveToWebSocket);
          scheduleProbe();
          call.unsubscribe();
          release?.();
        };
      });
  };
