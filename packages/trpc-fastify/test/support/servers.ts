import { type FastifyHandlerOptions, fastifyRequestHandler } from "@trpc/server/adapters/fastify";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { expect } from "vitest";
import { createRequestHandler } from "../../src/index.js";
import { createTestRouter, type TestRouter, throwAnything, type transformers } from "./router.js";

// The same router behind tRPC's adapter and behind this package.

type Options = FastifyHandlerOptions<TestRouter, FastifyRequest, FastifyReply>;
export interface ServerOptions
  extends Pick<Options, "allowBatching" | "batching" | "allowMethodOverride" | "maxBatchSize"> {
  readonly transformer: keyof typeof transformers;
  readonly pathSeparator?: "~";
  /** Without `createContext`, `onError` and `responseMeta`. */
  readonly bare?: boolean;
}

export interface Server {
  readonly app: FastifyInstance;
  /** The calls of `createContext`, `onError`, `responseMeta` and mutations. */
  readonly events: string[];
  /** How many requests the package left to tRPC's adapter. */
  readonly fallbacks: () => number;
}

export interface TestRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** The request header that tells `createContext`, `onError` and `responseMeta` how to behave. */
export const BEHAVIOUR = "x-behaviour";

/** What `responseMeta` returns for each behaviour. */
const METAS: Readonly<Record<string, () => ReturnType<NonNullable<Options["responseMeta"]>>>> = {
  headers: () => ({ headers: { "cache-control": "max-age=1", "x-list": ["a", "b"], vary: "x-behaviour" } }),
  realHeaders: () => ({
    headers: new Headers([
      ["x-list", " a "],
      ["x-list", "b"],
      ["vary", "x-behaviour"],
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
export const behaviours = [
  ...Object.keys(METAS),
  "contextThrows",
  "contextThrowsText",
  "noContext",
  "onErrorThrows",
];

const summary = (value: unknown): string =>
  JSON.stringify(value, (key, inner: unknown) => {
    if (typeof inner === "bigint") return `${inner}n`;
    // These cannot be written. The body of the response shows the difference.
    return key === "self" || key === "later" || typeof inner === "function" ? typeof inner : inner;
  }) ?? "undefined";
const attempt = (tell: () => string): string => {
  try {
    return tell();
  } catch {
    return "unwritable";
  }
};

const optionsOf = (options: ServerOptions, router: TestRouter, events: string[]): Options => {
  const { transformer: _, pathSeparator: __, bare, ...rest } = options;
  const behaviourOf = (req: FastifyRequest) => String(req.headers[BEHAVIOUR] ?? "");
  // Safe: without a context, procedures that use it fail in both servers alike.
  if (bare) return { router, ...rest } as unknown as Options;
  let behaviour = "";
  return {
    router,
    ...rest,
    async createContext({ req, res, info }) {
      behaviour = behaviourOf(req);
      const calls = info.calls.map(({ path, batchIndex, procedure, result }) => ({
        path,
        batchIndex,
        type: procedure?._def.type,
        result: result(),
      }));
      const { accept, type, isBatchCall, connectionParams, url, signal } = info;
      const received = {
        accept,
        type,
        isBatchCall,
        connectionParams,
        calls,
        url: url && [url.href, info.url === url],
        signal: signal instanceof AbortSignal && !signal.aborted,
        res: res.statusCode,
      };
      events.push(attempt(() => `context ${summary(received)}`));
      if (behaviour === "contextThrows") throw new TypeError("There is no context.");
      if (behaviour === "contextThrowsText") throwAnything("a text");
      if (behaviour === "noContext") return undefined as never;
      if (behaviour === "contextReads") {
        const inputs = await Promise.allSettled(info.calls.map((call) => call.getRawInput()));
        events.push(attempt(() => `inputs ${summary(inputs.map(({ status }) => status))}`));
      }
      return { who: "somebody", info: received };
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
      return METAS[behaviour]?.() ?? {};
    },
    onError({ error, path, input, ctx, type, req }) {
      const about = [error.code, error.message, error.cause?.message, path, ctx?.who, type, req.method];
      // Whether another call of the batch has read the inputs by now depends on microseconds.
      const received = /[?&]batch=/.test(req.url) ? "" : input;
      events.push(attempt(() => `error ${summary(about)} ${summary(received)}`));
      if (behaviourOf(req) === "onErrorThrows") throw new Error("The report failed.");
    },
  };
};

const createServer = (options: ServerOptions, adapter: "fast" | "stock"): Server => {
  const events: string[] = [];
  let fallbacks = 0;
  const { transformer, pathSeparator } = options;
  const router = createTestRouter({
    transformer,
    ...(pathSeparator && { pathSeparator }),
    onMutation: (what) => events.push(`mutation ${summary(what)}`),
  });
  const handlerOptions = optionsOf(options, router, events);
  const app = Fastify({ bodyLimit: 100_000, routerOptions: { maxParamLength: 10_000 } });
  app.addHook("onRequest", (_request, reply, done) => {
    // Headers that are set before the handler runs.
    reply.header("vary", "x-before").header("x-before", "1");
    done();
  });
  // Like tRPC's plugin.
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
  const handle = createRequestHandler(handlerOptions, {
    fallback(request) {
      fallbacks++;
      return fastifyRequestHandler(request);
    },
  });
  app.all<{ Params: { path: string } }>("/trpc/:path", (req, res) => {
    const { path } = req.params;
    if (adapter === "fast") handle(req, res, path);
    else
      fastifyRequestHandler({ ...handlerOptions, req, res, path }).catch((error: unknown) => res.send(error));
  });
  return { app, events, fallbacks: () => fallbacks };
};

export interface Answered {
  readonly status: number;
  readonly headers: object;
  readonly body: string;
}
export interface Seen extends Answered {
  readonly events: readonly string[];
}

/** Headers that may differ: how the end of the body is marked, and when it was sent. */
const FRAMING = ["content-length", "transfer-encoding", "connection", "date", "keep-alive"];

export const answered = (status: number, headers: object, body: string): Answered => ({
  status,
  headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !FRAMING.includes(name))),
  body,
});

/** Sends a request. The status is 0 when a stream breaks the connection. */
const answerOf = async (
  app: Pick<FastifyInstance, "inject">,
  { method, url, headers, body }: TestRequest,
): Promise<Answered> => {
  const answer = await app
    .inject({
      // Safe: the type has fewer methods than Fastify accepts.
      method: method as "GET",
      url,
      headers,
      ...(body !== undefined && { payload: body }),
    })
    .catch((error: NodeJS.ErrnoException) => error);
  if (answer instanceof Error) return { status: 0, headers: {}, body: answer.code ?? "" };
  return answered(answer.statusCode, answer.headers, answer.payload);
};

const seenAt = async ({ app, events }: Server, request: TestRequest): Promise<Seen> => {
  events.length = 0;
  const answer = await answerOf(app, request);
  return { ...answer, events: answer.status === 0 ? [] : events.toSorted() };
};

/** Sends a request to both servers, expects the same answer and the same events, and returns them. */
export const expectSame = async ({ stock, fast }: Servers, request: TestRequest): Promise<Seen> => {
  const expected = await seenAt(stock, request);
  expect(await seenAt(fast, request)).toEqual(expected);
  return expected;
};

export interface Servers extends AsyncDisposable {
  readonly stock: Server;
  readonly fast: Server;
}

export const createServers = (options: ServerOptions): Servers => {
  const [stock, fast] = [createServer(options, "stock"), createServer(options, "fast")];
  return {
    stock,
    fast,
    async [Symbol.asyncDispose]() {
      await Promise.all([stock.app.close(), fast.app.close()]);
    },
  };
};
