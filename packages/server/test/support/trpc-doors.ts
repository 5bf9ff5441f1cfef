import { type FastifyHandlerOptions, fastifyRequestHandler } from "@trpc/server/adapters/fastify";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { expect } from "vitest";
import { createTrpcHandler } from "../../src/http/trpc-http/handler.js";
import { createOddRouter, type OddRouter, throwAnything, type transformers } from "./trpc-router.js";

// The same router behind tRPC's own adapter and behind ours.

type Options = FastifyHandlerOptions<OddRouter, FastifyRequest, FastifyReply>;
export interface DoorOptions
  extends Pick<Options, "allowBatching" | "batching" | "allowMethodOverride" | "maxBatchSize"> {
  readonly transformer: keyof typeof transformers;
  readonly pathSeparator?: "~";
  /** Without `createContext`, `onError` and `responseMeta`. */
  readonly bare?: boolean;
}

export interface Door {
  readonly app: FastifyInstance;
  /** What the program behind the door was told, in any order. */
  readonly events: string[];
  /** How many requests went to the stock adapter. */
  readonly stock: () => number;
}

export interface TrpcRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** The request header that says what the program behind the door does. */
export const MOOD = "x-mood";

/** What `responseMeta` answers in each mood. */
const METAS: Readonly<Record<string, () => ReturnType<NonNullable<Options["responseMeta"]>>>> = {
  headers: () => ({ headers: { "cache-control": "max-age=1", "x-list": ["a", "b"], vary: "x-mood" } }),
  realHeaders: () => ({
    headers: new Headers([
      ["x-list", " a "],
      ["x-list", "b"],
      ["vary", "x-mood"],
    ]),
  }),
  cookies: () => ({ headers: { "set-cookie": ["a=1", "b=2"], "x-absent": undefined } }),
  type: () => ({ headers: { "Content-Type": "application/problem+json", ALLOW: "x" } }),
  badName: () => ({ headers: { "x-good": "1", "not a name": "x" } }),
  badValue: () => ({ headers: { "x-good": "1", "x-bad": "a\nb" } }),
  wideValue: () => ({ headers: { "x-wide": "é長" } }),
  status: () => ({ status: 418 }),
  statusNone: () => ({ status: 0 }),
  statusEmpty: () => ({ status: 204 }),
  statusText: () => ({ status: "202" as never }),
  statusFraction: () => ({ status: 202.7 }),
  statusHuge: () => ({ status: 1000 }),
  nothing: () => undefined as never,
  metaThrows: () => {
    throw new Error("The meta failed.");
  },
};
export const moods = [
  ...Object.keys(METAS),
  "contextThrows",
  "contextThrowsText",
  "noContext",
  "onErrorThrows",
];

const summary = (value: unknown): string =>
  JSON.stringify(value, (key, inner: unknown) => {
    if (typeof inner === "bigint") return `${inner}n`;
    // What cannot be written; the body shows the same.
    return key === "self" || key === "later" || typeof inner === "function" ? typeof inner : inner;
  }) ?? "undefined";
const attempt = (tell: () => string): string => {
  try {
    return tell();
  } catch {
    return "unwritable";
  }
};

const optionsOf = (options: DoorOptions, router: OddRouter, events: string[]): Options => {
  const { transformer: _, pathSeparator: __, bare, ...rest } = options;
  const moodOf = (req: FastifyRequest) => String(req.headers[MOOD] ?? "");
  // Safe: without a context only procedures that do without one are called.
  if (bare) return { router, ...rest } as unknown as Options;
  let mood = "";
  return {
    router,
    ...rest,
    async createContext({ req, res, info }) {
      mood = moodOf(req);
      const calls = info.calls.map(({ path, batchIndex, procedure, result }) => ({
        path,
        batchIndex,
        type: procedure?._def.type,
        result: result(),
      }));
      const { accept, type, isBatchCall, connectionParams, url, signal } = info;
      const told = {
        accept,
        type,
        isBatchCall,
        connectionParams,
        calls,
        url: url && [url.href, info.url === url],
        signal: signal instanceof AbortSignal && !signal.aborted,
        res: res.statusCode,
      };
      events.push(attempt(() => `context ${summary(told)}`));
      if (mood === "contextThrows") throw new TypeError("There is no context.");
      if (mood === "contextThrowsText") throwAnything("a text");
      if (mood === "noContext") return undefined as never;
      if (mood === "contextReads") {
        const inputs = await Promise.allSettled(info.calls.map((call) => call.getRawInput()));
        events.push(attempt(() => `inputs ${summary(inputs.map(({ status }) => status))}`));
      }
      return { who: "somebody", info: told };
    },
    // oxlint-disable-next-line typescript/no-deprecated -- Safe: programs that use `paths` must find it.
    responseMeta({ data, ctx, paths, info, type, errors, eagerGeneration }) {
      events.push(
        attempt(() =>
          [
            "meta",
            summary(data),
            summary(ctx?.who),
            summary(paths),
            info?.calls.length,
            type,
            errors.map(({ code, message }) => `${code} ${message}`),
            eagerGeneration,
          ].join(" "),
        ),
      );
      return METAS[mood]?.() ?? {};
    },
    onError({ error, path, input, ctx, type, req }) {
      const about = [error.code, error.message, error.cause?.message, path, ctx?.who, type, req.method];
      // Whether another call of the batch has read the inputs by now, is a matter of microseconds.
      const told = /[?&]batch=/.test(req.url) ? "" : input;
      events.push(attempt(() => `error ${summary(about)} ${summary(told)}`));
      if (moodOf(req) === "onErrorThrows") throw new Error("The report failed.");
    },
  };
};

const openDoor = (options: DoorOptions, isOurs: boolean): Door => {
  const events: string[] = [];
  let stock = 0;
  const { transformer, pathSeparator } = options;
  const router = createOddRouter({
    transformer,
    ...(pathSeparator && { pathSeparator }),
    onMutation: (what) => events.push(`mutation ${summary(what)}`),
  });
  const handlerOptions = optionsOf(options, router, events);
  const app = Fastify({ bodyLimit: 100_000, routerOptions: { maxParamLength: 10_000 } });
  app.addHook("onRequest", (_request, reply, done) => {
    // What was there before is replaced, or kept, in the same way.
    reply.header("vary", "x-before").header("x-before", "1");
    done();
  });
  // As tRPC's plugin does.
  app.removeContentTypeParser("application/json");
  app.addContentTypeParser("application/json", { parseAs: "string" }, (_request, body, done) => {
    done(null, body);
  });
  app.addContentTypeParser("multipart/form-data", {}, (_request, body, done) => {
    done(null, body);
  });
  app.addContentTypeParser("application/octet-stream", {}, (_request, body, done) => {
    done(null, body);
  });
  const ours = createTrpcHandler(handlerOptions, {
    fallback(request) {
      stock++;
      return fastifyRequestHandler(request);
    },
  });
  app.all<{ Params: { path: string } }>("/trpc/:path", async (req, res) => {
    const { path } = req.params;
    await (isOurs ? ours(req, res, path) : fastifyRequestHandler({ ...handlerOptions, req, res, path }));
  });
  return { app, events, stock: () => stock };
};

export interface Answered {
  readonly status: number;
  readonly headers: object;
  readonly body: string;
}
export interface Seen extends Answered {
  readonly events: readonly string[];
}

/** Differences that are none: how the end of the body is marked, and when it was sent. */
const FRAMING = ["content-length", "transfer-encoding", "connection", "date", "keep-alive"];

export const answered = (status: number, headers: object, body: string): Answered => ({
  status,
  headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !FRAMING.includes(name))),
  body,
});

/** Sends one request to an app. A stream that breaks off breaks the connection: status 0. */
export const answerOf = async (
  app: Pick<FastifyInstance, "inject">,
  { method, url, headers, body }: TrpcRequest,
): Promise<Answered> => {
  const answer = await app
    .inject({
      // Safe: the apps answer every method; the list of types is shorter.
      method: method as "GET",
      url,
      headers,
      ...(body !== undefined && { payload: body }),
    })
    .catch((error: NodeJS.ErrnoException) => error);
  if (answer instanceof Error) return { status: 0, headers: {}, body: answer.code ?? "" };
  return answered(answer.statusCode, answer.headers, answer.payload);
};

const seenAt = async ({ app, events }: Door, request: TrpcRequest): Promise<Seen> => {
  events.length = 0;
  const answer = await answerOf(app, request);
  return { ...answer, events: answer.status === 0 ? [] : events.toSorted() };
};

/** Sends a request to both, which must answer the same and tell the program the same; returns that. */
export const expectSame = async ({ stock, ours }: Doors, request: TrpcRequest): Promise<Seen> => {
  const theirs = await seenAt(stock, request);
  expect(await seenAt(ours, request)).toEqual(theirs);
  return theirs;
};

export interface Doors extends AsyncDisposable {
  readonly stock: Door;
  readonly ours: Door;
}

export const openDoors = (options: DoorOptions): Doors => {
  const [stock, ours] = [openDoor(options, false), openDoor(options, true)];
  return {
    stock,
    ours,
    async [Symbol.asyncDispose]() {
      await Promise.all([stock.app.close(), ours.app.close()]);
    },
  };
};
