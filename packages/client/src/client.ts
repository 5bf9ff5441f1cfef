import { createTRPCClient, httpBatchLink, httpLink, splitLink, type TRPCClient } from "@trpc/client";
import { deserialize, serialize } from "superjson";
import { endpointOf, type Fetch, fetchFor, type PerRequest, requestParts } from "./http.js";
import { abortLink, timeoutLink } from "./limits.js";
import { engineLoader, subscriptionLink } from "./live/link.js";
import { createLive, type Live } from "./live/live.js";
import type { LiveOptions } from "./live/options.js";
import { type RetryOptions, retryQueries } from "./retry.js";
import type { AppRouter } from "./router.js";

/** The server refuses longer batches. */
const MAX_BATCH = 100;
/** In characters. Proxies take 8 KiB or more; a query's own input takes a few hundred. */
const MAX_URL_LENGTH = 4000;
/** The longest that a timer can wait, in milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The settings of {@link createInvigilClient}. */
export interface InvigilClientOptions {
  /** Where the server is: `https://proctor.school.example`, with the path before `/trpc` if there is one. */
  readonly url: string | URL;
  /**
   * The token to call with, or a function that gives one; it is asked before each HTTP request and may be
   * async. Requests that are made while it has not answered wait for the same answer. It must not call the client that it is
   * given to. Without a token no `authorization` header is sent.
   */
  readonly token?: PerRequest<string | null | undefined>;
  /** Sends the requests. Default: the global `fetch`. */
  readonly fetch?: Fetch | undefined;
  /**
   * More headers, or a function that gives them; it is asked before each HTTP request and may be async, and must not call this client.
   * From a browser on another origin the server allows `x-request-id` and no other.
   */
  readonly headers?: PerRequest<Readonly<Record<string, string>> | undefined>;
  /**
   * How long one attempt of a call may take, in milliseconds, asking for the token and the headers included.
   * A call that timed out is not tried again. `Infinity`: as long as it takes. Default: 15000.
   */
  readonly timeoutMs?: number | undefined;
  /** Whether queries made in the same tick share an HTTP request; mutations never do. Default: true. */
  readonly batch?: boolean | undefined;
  /** How queries are tried again when the connection fails or breaks; `false`: never. Mutations never are. */
  readonly retry?: RetryOptions | false | undefined;
  /** How `live` connects. */
  readonly live?: LiveOptions | undefined;
}

/** The server's procedures as functions: `await invigil.room.get.query({ roomId })`. */
export type InvigilClient = TRPCClient<AppRouter> & {
  /** Rooms and exams as they change, without asking again and again. */
  readonly live: Live;
};

/**
 * Makes a client of an Invigil server. Nothing is sent until a procedure is called.
 *
 * Calls reject with an error that {@link isInvigilError} recognises when the server reports a failure, and
 * with one that {@link isNetworkError} recognises when no answer comes.
 *
 * @throws TypeError when `url` is not an http or https URL
 * @throws RangeError when `timeoutMs` is not above 0
 * @example
 * ```ts
 * const invigil = createInvigilClient({ url: "http://127.0.0.1:7001", token });
 * const room = await invigil.room.create.mutate({ name: "Algebra, group 2" });
 * ```
 */
export const createInvigilClient = ({
  url,
  token,
  fetch = (...request) => globalThis.fetch(...request),
  headers,
  timeoutMs = 15_000,
  batch = true,
  retry = {},
  live: connect = {},
}: InvigilClientOptions): InvigilClient => {
  if (!(timeoutMs > 0)) throw new RangeError(`timeoutMs must be above 0: ${timeoutMs}`);
  const parts = requestParts(token, headers);
  const http = {
    url: endpointOf(url),
    headers: parts.headers,
    transformer: { serialize, deserialize },
  };
  const calls = { ...http, fetch: fetchFor(fetch) };
  const single = httpLink<AppRouter>(calls);
  // Mutations stay single: together they could exceed the server's 1 MiB for a body.
  const batched = splitLink<AppRouter>({
    condition: ({ type }) => type === "query",
    true: httpBatchLink<AppRouter>({ ...calls, maxItems: MAX_BATCH, maxURLLength: MAX_URL_LENGTH }),
    false: single,
  });
  const engine = engineLoader();
  const trpc = createTRPCClient<AppRouter>({
    links: [
      abortLink(parts),
      splitLink<AppRouter>({
        condition: ({ type }) => type === "subscription",
        true: subscriptionLink(engine, { ...http, fetch, token: parts.token, connect }),
        false: [
          ...(retry ? [retryQueries(retry)] : []),
          ...(timeoutMs <= MAX_TIMER_MS ? [timeoutLink(timeoutMs, parts)] : []),
          batch ? batched : single,
        ],
      }),
    ],
  });
  const { baseMs = 500, maxMs = 10_000 } = connect;
  const live = createLive(trpc, { engine, retry, reconnect: { baseMs, maxMs } });
  // What tRPC makes answers to every name.
  return new Proxy(trpc, {
    get: (target, name) => (name === "live" ? live : (Reflect.get(target, name) as unknown)),
  }) as InvigilClient; // Safe: the router has no `live`, and everything else is passed on.
};
