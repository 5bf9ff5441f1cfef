import type { Readable } from "node:stream";
import type { InjectOptions } from "fastify";
import superjson, { type SuperJSONResult } from "superjson";
import { expect } from "vitest";
import type { TestApp } from "../../src/app/testing.js";
import { expectDeclared, expectDocumented } from "./contract.js";

// Speaking HTTP to an app, and what its answers look like.

/** Parsed JSON: tests look into it as they please. */
export type Parsed = ReturnType<typeof JSON.parse>;

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, number | string | string[] | undefined>>;
  readonly text: string;
  /** The body, which must be JSON. */
  readonly body: Parsed;
}

export interface Sent {
  readonly method: string;
  /** With or without a query. */
  readonly path: string;
  readonly query?: Readonly<Record<string, unknown>> | undefined;
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>>;
  /** A body as it is, with its content type. */
  readonly raw?: { readonly type?: string; readonly body: string | Buffer };
  readonly headers?: Readonly<Record<string, string>>;
}

type Speaker = Pick<TestApp, "inject">;
type Method = "GET" | "POST";

const queryText = (query: Readonly<Record<string, unknown>>): string =>
  new URLSearchParams(
    Object.fromEntries(Object.entries(query).map(([name, value]) => [name, String(value)])),
  ).toString();

const payloadOf = ({ json, form, raw }: Sent): { type?: string | undefined; body?: string | Buffer } => {
  if (raw) return raw;
  if (form) return { type: "application/x-www-form-urlencoded", body: new URLSearchParams(form).toString() };
  return json === undefined ? {} : { type: "application/json", body: JSON.stringify(json) };
};

/** Sends one request and reads the answer, which must be JSON. */
export const send = async (app: Speaker, sent: Sent, authorization?: string): Promise<Answer> => {
  const { type, body } = payloadOf(sent);
  const { statusCode, headers, payload } = await app.inject({
    // Safe: the app answers every method that there is; tests send wrong ones on purpose.
    method: sent.method as Method,
    url: sent.query ? `${sent.path}?${queryText(sent.query)}` : sent.path,
    headers: {
      ...(authorization !== undefined && { authorization }),
      ...(type !== undefined && { "content-type": type }),
      ...sent.headers,
    },
    ...(body !== undefined && { payload: body }),
  });
  const parsed: Parsed = JSON.parse(payload);
  expectDocumented(sent, parsed);
  return { status: statusCode, headers, text: payload, body: parsed };
};

/** The documented paths, as somebody. */
export const rest = (app: Speaker, authorization?: string) => ({
  get: (path: string, query: Readonly<Record<string, unknown>> = {}) =>
    send(app, { method: "GET", path: `/exam/${path}`, query }, authorization),
  post: (path: string, json: unknown) =>
    send(app, { method: "POST", path: `/exam/${path}`, json }, authorization),
});

/** A success, exactly; returns its data. */
export const dataOf = ({ status, body }: Answer): Parsed => {
  expect({ status, ...body }).toEqual({
    status: 200,
    success: true,
    code: 200,
    errorCode: "",
    errorMsg: "",
    data: expect.anything(),
  });
  return body.data;
};

/** A success without data, exactly. */
export const expectDone = ({ status, body }: Answer): void => {
  expect({ status, ...body }).toStrictEqual({
    status: 200,
    success: true,
    code: 200,
    errorCode: "",
    errorMsg: "",
  });
};

/** Failures that keep their HTTP status for the vendor's apps. All others travel as 200. */
const ALWAYS_HTTP = new Set(["UNAUTHENTICATED", "NOT_FOUND", "METHOD_NOT_ALLOWED"]);
const ALWAYS_HTTP_STATUS = new Set([413, 415, 429, 500, 503]);

/** A failure in the envelope, exactly; returns its sentence. */
export const refusalOf = (
  { status, headers, body }: Answer,
  code: number,
  reason: string,
  mode: "legacy" | "http" = "legacy",
): string => {
  const asItIs = mode === "http" || ALWAYS_HTTP.has(reason) || ALWAYS_HTTP_STATUS.has(code);
  expect({ status, ...body }).toStrictEqual({
    status: asItIs ? code : 200,
    success: false,
    code,
    errorCode: String(code),
    errorMsg: expect.stringMatching(/^\S.{3,}/),
    reason,
    requestId: headers["x-request-id"],
  });
  return body.errorMsg;
};

export interface TrpcAnswer extends Answer {
  /** What the procedure returned. */
  readonly data: Parsed;
  /** What it refused with: message, code, data. */
  readonly error: Parsed;
}

const read = (value: SuperJSONResult | undefined): Parsed => value && superjson.deserialize(value);

/** An error of a tRPC answer, which its procedure must declare. */
const declared = (error: Parsed): Parsed => {
  const { path, reason } = error?.data ?? {};
  if (typeof path === "string") expectDeclared(path, reason);
  return error;
};

/** One entry of a tRPC answer. */
export const unpack = (answer: Answer, entry: Parsed = answer.body): TrpcAnswer => ({
  ...answer,
  data: read(entry.result?.data),
  error: declared(read(entry.error)),
});

/** Returns the first event of a stream, except those in `ignored`. */
const firstEvent = async (
  stream: Readable,
  ignored = ["connected", "ping"],
): Promise<{ event: string | undefined; data: string }> => {
  let text = "";
  for await (const chunk of stream) {
    text += String(chunk);
    for (const block of text.split("\n\n").slice(0, -1)) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1];
      const [event, data] = [field("event"), field("data")];
      // Blocks without data keep the connection alive, or contain the reconnection time.
      if (data !== undefined && !ignored.includes(event ?? "")) return { event, data };
    }
  }
  throw new Error(`the stream has no event: ${text}`);
};

/**
 * Returns the answers of any request: those of a batch, or the first event of a stream, which is a ping if the stream has no events.
 */
export const answersTo = async (
  app: Speaker,
  request: InjectOptions,
): Promise<{ status: number; text: string; answers: Parsed[] }> => {
  const { statusCode: status, headers, ...answer } = await app.inject({ ...request, payloadAsStream: true });
  const stream = answer.stream();
  if (!String(headers["content-type"]).startsWith("text/event-stream")) {
    let text = "";
    for await (const chunk of stream.setEncoding("utf8")) text += String(chunk);
    return { status, text, answers: [JSON.parse(text)].flat() };
  }
  const { event, data } = await firstEvent(stream, ["connected"]);
  const parsed = JSON.parse(data || "{}");
  return {
    status,
    text: data,
    answers: [event === "serialized-error" ? { error: parsed } : { result: parsed }],
  };
};

/** Procedures over HTTP, as somebody, as the typed client sends them. */
export const trpc = (app: Speaker, authorization?: string) => ({
  query: async (path: string, input?: unknown): Promise<TrpcAnswer> => {
    const query = input === undefined ? undefined : { input: superjson.stringify(input) };
    return unpack(await send(app, { method: "GET", path: `/trpc/${path}`, query }, authorization));
  },
  /** Subscribes, and ends the subscription after the first event, which is the answer. */
  subscribe: async (path: string, input?: unknown): Promise<TrpcAnswer> => {
    const query = input === undefined ? "" : `?${queryText({ input: superjson.stringify(input) })}`;
    const answer = await app.inject({
      method: "GET",
      url: `/trpc/${path}${query}`,
      headers: { accept: "text/event-stream", ...(authorization !== undefined && { authorization }) },
      payloadAsStream: true,
    });
    const first = await firstEvent(answer.stream());
    const value = superjson.deserialize<Parsed>(JSON.parse(first.data));
    const failed = first.event === "serialized-error";
    // A stream of events is always 200: failures are in it.
    const status = failed ? value.data.httpStatus : answer.statusCode;
    const { headers } = answer;
    const [data, error] = failed ? [undefined, declared(value)] : [value, undefined];
    return { status, headers, text: first.data, body: undefined, data, error };
  },
  mutate: async (path: string, input?: unknown): Promise<TrpcAnswer> => {
    const raw = { type: "application/json", body: superjson.stringify(input) };
    return unpack(await send(app, { method: "POST", path: `/trpc/${path}`, raw }, authorization));
  },
});
