import type { HTTPBatchLinkOptions } from "@trpc/client";
import { NetworkFailure } from "./errors.js";
import type { AppRouter } from "./router.js";

/** As much of `fetch` as the client uses. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** A value, or a function that gives it and is asked before each HTTP request. */
export type PerRequest<Value> = Value | (() => Value | Promise<Value>);

type LinkOptions = HTTPBatchLinkOptions<AppRouter["_def"]["_config"]["$types"]>;

/** A text without the characters at its end that are this one: a pattern for it takes the square of the time. */
const withoutTrailing = (text: string, character: string): string => {
  let end = text.length;
  while (end > 0 && text[end - 1] === character) end -= 1;
  return text.slice(0, end);
};

/** Where the tRPC door is, for a server at `url`. */
export const endpointOf = (url: string | URL): string => {
  const { protocol, origin, pathname } = new URL(url, globalThis.location?.href);
  // "localhost:7001" parses too: as the path 7001 of the protocol localhost.
  if (!/^https?:$/.test(protocol)) throw new TypeError(`url must begin with http:// or https://: ${url}`);
  return `${origin}${withoutTrailing(pathname, "/")}/trpc`;
};

/** What goes with each request. */
export interface RequestParts {
  readonly headers: () => Promise<Headers>;
  readonly token: () => Promise<string | null | undefined>;
  /** Whether one of the app's functions is being called right now: what is called meanwhile is called by it. */
  readonly isCalling: () => boolean;
  /** Whether the token function has been asked and has not answered yet. */
  readonly isWaiting: () => boolean;
}

/** How long requests wait for one answer of the token function, in milliseconds. Later ones ask it anew. */
const SHARE_MS = 15_000;

/** Asks for the headers and the token of each request. Requests share what the token function has not answered yet. */
export const requestParts = (
  token: PerRequest<string | null | undefined>,
  headers: PerRequest<Readonly<Record<string, string>> | undefined>,
): RequestParts => {
  let calling = false;
  let asked: Promise<string | null | undefined> | undefined;
  let askedAt = 0;
  const ask = <Value>(value: PerRequest<Value>): Promise<Value> =>
    new Promise((resolve) => {
      calling = true;
      try {
        // Neither tokens nor headers are functions themselves.
        resolve(typeof value === "function" ? (value as () => Value | Promise<Value>)() : value);
      } finally {
        calling = false;
      }
    });
  const askToken = () => {
    if (asked && performance.now() - askedAt < SHARE_MS) return asked;
    const mine = ask(token).finally(() => {
      if (asked === mine) asked = undefined;
    });
    askedAt = performance.now();
    asked = mine;
    return mine;
  };
  return {
    token: askToken,
    async headers() {
      const all = new Headers(await ask(headers));
      const bearer = await askToken();
      if (bearer) all.set("authorization", `Bearer ${bearer}`);
      return all;
    },
    isCalling: () => calling,
    isWaiting: () => !!asked,
  };
};

/** What went wrong in words: `fetch` itself says no more than that it failed. */
const detailOf = (thrown: unknown): string => {
  if (!(thrown instanceof Error)) return String(thrown);
  const { cause } = thrown;
  if (!(cause instanceof Error)) return thrown.message;
  return "code" in cause && typeof cause.code === "string" ? cause.code : cause.message;
};

/** Sends a request; a failure says that no answer came. */
export const answerOf = async <Answer>(url: string, answer: () => Promise<Answer>): Promise<Answer> => {
  try {
    return await answer();
  } catch (cause) {
    throw new NetworkFailure("lost", `No answer from ${new URL(url).origin}: ${detailOf(cause)}.`, { cause });
  }
};

/** @throws Error when what answered cannot be Invigil */
export const checkJson = (url: string, { headers, status }: Response): void => {
  const type = headers.get("content-type") ?? "no content type";
  if (!type.includes("json"))
    throw new Error(`Not an answer of Invigil: ${new URL(url).origin} answered ${status} with ${type}.`);
};

/** Sends requests for tRPC, and tells an answer that did not arrive and one that is not the server's from all others. */
export const fetchFor =
  (send: Fetch): NonNullable<LinkOptions["fetch"]> =>
  async (input, init) => {
    const url = input as string; // tRPC's links make it, as a text
    const [response, body] = await answerOf(url, async () => {
      const answered = await send(url, { ...init, signal: init?.signal ?? null });
      return [answered, await answered.text()] as const;
    });
    checkJson(url, response);
    return new Response(body, response);
  };
