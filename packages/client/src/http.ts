import type { HTTPBatchLinkOptions } from "@trpc/client";
import { NetworkFailure } from "./errors.js";
import type { AppRouter } from "./router.js";

/** The part of the `fetch` API that the client uses. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** A value, or a function that returns it and is called before each HTTP request. */
export type PerRequest<Value> = Value | (() => Value | Promise<Value>);

type LinkOptions = HTTPBatchLinkOptions<AppRouter["_def"]["_config"]["$types"]>;

const parsedUrl = (url: string | URL): URL | undefined => {
  try {
    return new URL(url, globalThis.location?.href);
  } catch {
    return undefined;
  }
};

/** The URL of the tRPC endpoint of the server at `url`. */
export const trpcUrl = (url: string | URL): string => {
  const parsed = parsedUrl(url);
  // "localhost:7001" is a valid URL too: the path 7001 of the protocol localhost.
  if (!parsed || !/^https?:$/.test(parsed.protocol))
    throw new TypeError(`url must begin with http:// or https://: ${url}`);
  let { pathname } = parsed;
  while (pathname.endsWith("/")) pathname = pathname.slice(0, -1);
  if (pathname.endsWith("/trpc")) throw new TypeError(`url must not end with /trpc: ${url}`);
  return `${parsed.origin}${pathname}/trpc`;
};

/** The parts of a request that the application provides. */
export interface RequestParts {
  readonly headers: () => Promise<Headers>;
  readonly token: () => Promise<string | null | undefined>;
  /**
   * Whether a function of the application is running. Calls that start during this time come from that function.
   */
  readonly isInCallback: () => boolean;
  /** Whether the token function was called and its result is pending. */
  readonly isTokenPending: () => boolean;
}

/**
 * How long requests share one pending result of the token function, in milliseconds. Later requests call it
 * again.
 */
const TOKEN_SHARE_MS = 15_000;

/**
 * Gets the headers and the token of each request. Concurrent requests share the result of the token function.
 */
export const requestParts = (
  token: PerRequest<string | null | undefined>,
  headers: PerRequest<Readonly<Record<string, string>> | undefined>,
): RequestParts => {
  let calling = false;
  let pending: Promise<string | null | undefined> | undefined;
  let pendingSince = 0;
  const evaluate = <Value>(value: PerRequest<Value>): Promise<Value> =>
    new Promise((resolve) => {
      calling = true;
      try {
        // Tokens and headers are not functions.
        resolve(typeof value === "function" ? (value as () => Value | Promise<Value>)() : value);
      } finally {
        calling = false;
      }
    });
  const getToken = () => {
    if (pending && performance.now() - pendingSince < TOKEN_SHARE_MS) return pending;
    const current = evaluate(token).finally(() => {
      if (pending === current) pending = undefined;
    });
    pendingSince = performance.now();
    pending = current;
    return current;
  };
  return {
    token: getToken,
    async headers() {
      const all = new Headers(await evaluate(headers));
      const bearer = await getToken();
      if (bearer) all.set("authorization", `Bearer ${bearer}`);
      return all;
    },
    isInCallback: () => calling,
    isTokenPending: () => !!pending,
  };
};

/** The reason of a failure. `fetch` itself only reports that it failed. */
const reasonOf = (thrown: unknown): string => {
  if (!(thrown instanceof Error)) return String(thrown);
  const { cause } = thrown;
  if (!(cause instanceof Error)) return thrown.message;
  return "code" in cause && typeof cause.code === "string" ? cause.code : cause.message;
};

/**
 * Sends a request.
 * @throws NetworkFailure if no response arrives
 */
export const responseOf = async <Answer>(url: string, answer: () => Promise<Answer>): Promise<Answer> => {
  try {
    return await answer();
  } catch (cause) {
    throw new NetworkFailure("lost", `No response from ${new URL(url).origin}: ${reasonOf(cause)}.`, {
      cause,
    });
  }
};

/**
 * @throws NetworkFailure if a proxy answered that it did not reach the server
 * @throws Error if the response cannot come from an Invigil server
 */
export const assertJson = (url: string, { headers, status }: Response): void => {
  const type = headers.get("content-type") ?? "no content type";
  if (type.includes("json")) return;
  const { origin, pathname } = new URL(url);
  // The answers of proxies that did not reach the server.
  if (status >= 502 && status <= 504)
    throw new NetworkFailure("lost", `No response from ${origin}: a proxy responded with status ${status}.`);
  throw new Error(
    `Not a response of Invigil: ${origin}${pathname} responded with status ${status} and ${type}.`,
  );
};

/** Wraps `fetch` for tRPC. Lost responses and responses of other servers get errors of their own. */
export const trpcFetch =
  (send: Fetch): NonNullable<LinkOptions["fetch"]> =>
  async (input, init) => {
    const url = input as string; // Safe: tRPC's links pass a text.
    const [response, body] = await responseOf(url, async () => {
      const answered = await send(url, { ...init, signal: init?.signal ?? null });
      return [answered, await answered.text()] as const;
    });
    assertJson(url, response);
    return new Response(body, response);
  };
