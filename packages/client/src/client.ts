import { createTRPCClient, httpBatchLink, httpLink, splitLink, type TRPCClient } from "@trpc/client";
import { deserialize, serialize } from "superjson";
import { abortLink, timeoutLink } from "./call-links.js";
import { type Fetch, type PerRequest, requestParts, trpcFetch, trpcUrl } from "./http.js";
import { subscriptionLink } from "./live/link.js";
import { createLive, type Live } from "./live/live.js";
import type { LiveOptions } from "./live/options.js";
import { type RetryOptions, retryQueries } from "./retry.js";
import type { AppRouter } from "./router.js";
import type { UploadAudio } from "./upload.js";

/** The maximum number of calls in a batch. The server refuses longer ones. */
const MAX_BATCH = 100;
/** In characters. Proxies accept at least 8 KiB, and the input of a query takes a few hundred characters. */
const MAX_URL_LENGTH = 4000;
/** The maximum delay of a timer, in milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The options of {@link createInvigilClient}. */
export interface InvigilClientOptions {
  /**
   * The address of the server, including the path before `/trpc` if there is one:
   * `https://proctor.school.example`.
   */
  readonly url: string | URL;
  /**
   * The token, or a function that returns it. The function is called before each HTTP request and may be
   * async. Requests that start before its result arrives share that result. It must not call the client to
   * which it belongs. Without a token, requests have no `authorization` header.
   */
  readonly token?: PerRequest<string | null | undefined>;
  /** Sends the requests. Default: the global `fetch`. */
  readonly fetch?: Fetch | undefined;
  /**
   * Additional headers, or a function that returns them. The function is called before each HTTP request and
   * may be async. It must not call the client to which it belongs. For browsers on other origins, the server
   * allows only `x-request-id`.
   */
  readonly headers?: PerRequest<Readonly<Record<string, string>> | undefined>;
  /**
   * How long one attempt of a call may take, in milliseconds, including the token and headers functions. A
   * call that timed out is not retried. `Infinity` disables the limit. Default: 15000.
   */
  readonly timeoutMs?: number | undefined;
  /** Whether queries of the same tick share an HTTP request. Mutations never do. Default: true. */
  readonly batch?: boolean | undefined;
  /**
   * How queries are retried if the connection fails. `false` disables retries. Mutations are never retried.
   */
  readonly retry?: RetryOptions | false | undefined;
  /** The options of `live`. */
  readonly live?: LiveOptions | undefined;
}

/** The client of a server. Procedures are functions: `await invigil.room.get.query({ roomId })`. */
export type InvigilClient = TRPCClient<AppRouter> & {
  /** Rooms and exams whose state updates as events arrive. */
  readonly live: Live;
  /**
   * Uploads an audio file to the library of the server, which serves it from then on. It has no time limit and is not retried.
   *
   * @example
   * ```ts
   * const clip = await invigil.uploadAudio({ file, name: "Bell" }, { onProgress: ({ sent, total }) => show(sent / total) });
   * ```
   */
  readonly uploadAudio: UploadAudio;
};

/**
 * Creates a client of an Invigil server. It sends nothing until a procedure is called.
 *
 * If the server reports an error, a call rejects with an error that {@link isInvigilError} recognizes. If no
 * response arrives, it rejects with an error that {@link isNetworkError} recognizes.
 *
 * @throws TypeError if `url` is not an http or https URL
 * @throws RangeError if `timeoutMs` is not above 0
 * @example
 * ```ts
 * const invigil = createInvigilClient({ url: "http://127.0.0.1:7001", token });
 * const room = await invigil.room.create.mutate({ name: "Algebra, group 2" });
 * ```
 */
export const createInvigilClient = ({
  url,
  token,
  fetch: ownFetch,
  headers,
  timeoutMs = 15_000,
  batch = true,
  retry = {},
  live: connect = {},
}: InvigilClientOptions): InvigilClient => {
  if (!(timeoutMs > 0)) throw new RangeError(`timeoutMs must be above 0: ${timeoutMs}`);
  const fetch: Fetch = ownFetch ?? ((...request) => globalThis.fetch(...request));
  const parts = requestParts(token, headers);
  const http = {
    url: trpcUrl(url),
    headers: parts.headers,
    transformer: { serialize, deserialize },
  };
  const calls = { ...http, fetch: trpcFetch(fetch) };
  const single = httpLink<AppRouter>(calls);
  // Mutations are not batched: together they could exceed the server's limit of 1 MiB for a body.
  const batched = splitLink<AppRouter>({
    condition: ({ type }) => type === "query",
    true: httpBatchLink<AppRouter>({ ...calls, maxItems: MAX_BATCH, maxURLLength: MAX_URL_LENGTH }),
    false: single,
  });
  const trpc = createTRPCClient<AppRouter>({
    links: [
      abortLink(parts),
      splitLink<AppRouter>({
        condition: ({ type }) => type === "subscription",
        true: subscriptionLink({ ...http, fetch, token: parts.token, connect }),
        false: [
          ...(retry ? [retryQueries(retry)] : []),
          ...(timeoutMs <= MAX_TIMER_MS ? [timeoutLink(timeoutMs, parts)] : []),
          batch ? batched : single,
        ],
      }),
    ],
  });
  const { baseMs = 500, maxMs = 10_000 } = connect;
  const live = createLive(trpc, { retry, reconnect: { baseMs, maxMs } });
  const uploadAudio: UploadAudio = async (...call) => {
    const { upload } = await import("./upload.js");
    return upload(http.url.replace(/trpc$/, "audio"), parts, ownFetch, ...call);
  };
  const own: object = { live, uploadAudio };
  // The proxy of tRPC responds to every property name, so our own are looked up first.
  return new Proxy(trpc, {
    get: (target, name) => Reflect.get(Object.hasOwn(own, name) ? own : target, name) as unknown,
  }) as InvigilClient; // Safe: the router has none of these, and every other property is passed on.
};
