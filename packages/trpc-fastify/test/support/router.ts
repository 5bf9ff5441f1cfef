import { setImmediate } from "node:timers/promises";
import { initTRPC, lazy, type TRPCDataTransformer, TRPCError } from "@trpc/server";
import superjson from "superjson";
import { z } from "zod";

// A router whose procedures do everything that a procedure may do, and some things that it should not do.

export interface Context {
  readonly who: string;
  /** What `createContext` was called with. */
  readonly info: Readonly<Record<string, unknown>>;
  readonly more?: string;
}

/** Throws any value, also one that is no error. */
export const throwAnything = (value: unknown): never => {
  throw value;
};

interface Seen {
  readonly path: string;
  readonly type?: string;
  readonly meta?: unknown;
  readonly batchIndex?: number;
  readonly signal: AbortSignal | undefined;
}

/** A transformer for each direction. Both use `this`. */
const split = {
  input: {
    mark: "in:",
    serialize: (value: unknown): unknown => value,
    deserialize(sent: unknown): unknown {
      if (sent === "throw") throw new Error("The input cannot be read.");
      if (sent === "throw a text") return throwAnything("a text");
      return typeof sent === "string" ? `${this.mark}${sent}` : sent;
    },
  },
  output: {
    mark: "out:",
    serialize(value: unknown): unknown {
      if (value === "in:unwritable") throw new TypeError("The output cannot be written.");
      return typeof value === "string" ? `${this.mark}${value}` : value;
    },
    deserialize: (value: unknown): unknown => value,
  },
};

export const transformers = { none: undefined, superjson: superjson as TRPCDataTransformer, split } as const;

class Odd extends Error {
  override name = "Odd";
}

const THROWN: Readonly<Record<string, () => unknown>> = {
  error: () => new Error("an error"),
  subclass: () => new Odd("an odd error"),
  text: () => "a text",
  number: () => 5,
  nothing: () => undefined,
  nil: () => null,
  object: () => ({ message: "an object", name: "Object", extra: 1 }),
  list: () => ["a", "list"],
  function: () => () => 1,
  caused: () => new TRPCError({ code: "CONFLICT", message: "a conflict", cause: new Error("its cause") }),
  foreign: () =>
    Object.assign(new Error("of another copy of tRPC"), { name: "TRPCError", code: "FORBIDDEN" }),
  unknownCode: () => Object.assign(new TRPCError({ code: "FORBIDDEN" }), { code: "NO_SUCH_CODE" }),
};
const CODES = [
  "PARSE_ERROR",
  "UNAUTHORIZED",
  "TOO_MANY_REQUESTS",
  "CLIENT_CLOSED_REQUEST",
  "TIMEOUT",
] as const;

/** What the error formatter does, by the message of the error. */
const FORMATS: Readonly<Record<string, (shape: object) => unknown>> = {
  "format: throw": () => {
    throw new Error("The formatter failed.");
  },
  "format: nothing": () => undefined,
  "format: text": () => "a text",
  "format: status 200": (shape) => ({ ...shape, data: { httpStatus: 200 } }),
  "format: status 204": (shape) => ({ ...shape, data: { httpStatus: 204 } }),
  "format: status 299.5": (shape) => ({ ...shape, data: { httpStatus: 299.5 } }),
  "format: status 304": (shape) => ({ ...shape, data: { httpStatus: 304 } }),
  "format: status 799": (shape) => ({ ...shape, data: { httpStatus: 799 } }),
  "format: no status": (shape) => ({ ...shape, data: {} }),
  "format: no data": (shape) => ({ ...shape, data: undefined }),
};

export const createTestRouter = ({
  transformer,
  pathSeparator,
  onMutation,
}: {
  transformer: keyof typeof transformers;
  pathSeparator?: "~";
  onMutation: (what: unknown) => void;
}) => {
  const chosen = transformers[transformer];
  const t = initTRPC
    .context<Context>()
    .meta<{ label: string }>()
    .create({
      isDev: false,
      ...(chosen && { transformer: chosen }),
      ...(pathSeparator && { pathSeparator }),
      errorFormatter({ shape, error, path, input, type, ctx }) {
        const format = FORMATS[error.message];
        const cause = error.cause?.message;
        const formatted = {
          ...shape,
          data: { ...shape.data, cause, seen: { path, input, type, who: ctx?.who } },
        };
        // Safe: formatters written in JavaScript may return anything.
        return (format ? format(formatted) : formatted) as typeof formatted;
      },
    });
  const { router, procedure } = t;

  const withMore = procedure.use(({ ctx, next }) => next({ ctx: { more: `${ctx.who} and more` } }));
  /** Reads the input more than once. */
  const curious = procedure.use(async ({ getRawInput, next }) => {
    const first = await getRawInput();
    const second = await getRawInput();
    if (first !== second) throw new Error("The input is read anew each time.");
    return next();
  });
  const silent = procedure.use(async () => undefined as never);
  const afterwards = procedure.use(async ({ next }) => {
    const result = await next();
    if (!result.ok) throw new TRPCError({ code: "BAD_GATEWAY", message: `again: ${result.error.message}` });
    throw new TRPCError({ code: "PAYMENT_REQUIRED", message: "after all" });
  });
  const forgiving = procedure.use(async ({ next }) => {
    const result = await next();
    return result.ok ? result : { ...result, ok: true as const, data: `forgiven: ${result.error.message}` };
  });
  const returnsFailure = procedure.use(async ({ next }) => {
    const result = await next();
    // Safe: middlewares written in JavaScript may return anything.
    return { ...result, ok: false, error: "no error at all" } as never;
  });
  const rewriting = procedure
    .use(({ next }) => next({ getRawInput: async () => ({ n: 41 }) }))
    .input(z.object({ n: z.number() }))
    .use(({ input, next }) => next({ input: { n: input.n + 1 } }));
  const seen = ({ path, type, meta, batchIndex, signal }: Seen) => ({
    path,
    type,
    meta,
    batchIndex,
    signal: signal instanceof AbortSignal && !signal.aborted,
  });
  const watching = procedure.meta({ label: "outer" }).use(async (opts) => {
    const result = await opts.next();
    return result.ok ? { ...result, data: { inner: result.data, outer: seen(opts) } } : result;
  });

  const formatted = procedure.errors(({ shape, error }) => ({
    ...shape,
    data: { ...shape.data, own: error.message },
  }));

  const deep = router({
    er: router({ get: withMore.query(({ ctx }) => ctx.more), set: procedure.mutation(() => "set") }),
    get: procedure.query(({ ctx }) => ctx.who),
  });
  const late = lazy(async () =>
    router({ get: procedure.query(() => "late"), throw: procedure.query(() => fail("error")) }),
  );
  const fail = (kind: string) => throwAnything(THROWN[kind] ? THROWN[kind]() : new Error(kind));

  return router({
    echo: procedure.input(z.unknown()).query(({ input }) => input),
    echoed: procedure.input(z.unknown()).mutation(({ input }) => {
      onMutation(input);
      return input;
    }),
    raw: procedure.query(async (opts) => ({ input: opts.input ?? "none" })),
    typed: procedure
      .input(z.object({ n: z.number(), s: z.string().max(20).optional() }))
      .query(({ input }) => input),
    typedChange: procedure.input(z.object({ n: z.number() })).mutation(({ input }) => {
      onMutation(input.n);
      return { n: input.n };
    }),
    merged: procedure
      .input(z.object({ a: z.string().optional() }))
      .input(z.object({ b: z.string().optional() }))
      .query(({ input }) => input),
    standing: procedure.query(() => "standing"),
    nothing: procedure.query(() => undefined),
    nil: procedure.query(() => null),
    zero: procedure.query(() => 0),
    text: procedure.query(() => "é \ud800 \u2028 </script>"),
    date: procedure.query(() => ({ at: new Date(0), set: new Set([1]), map: new Map([["a", 1n]]) })),
    bigint: procedure.query(() => ({ n: 1n })),
    cyclic: procedure.query(() => {
      const ring: { self?: unknown } = {};
      ring.self = ring;
      return ring;
    }),
    writesItself: procedure.query(() => ({ toJSON: () => "by itself" })),
    cannotWriteItself: procedure.mutation(() => ({
      toJSON: () => {
        throw new TRPCError({ code: "UNPROCESSABLE_CONTENT", message: "cannot be written" });
      },
    })),
    function: procedure.query(() => () => 1),
    large: procedure.query(() => Array.from({ length: 2000 }, (_, n) => ({ n, text: "長".repeat(20) }))),
    promised: procedure.query(async () => Promise.resolve({ promised: true })),
    holdsPromise: procedure.query(() => ({ later: Promise.resolve(1) })),
    holdsIterable: procedure.query(() => ({
      later: (async function* () {
        yield 1;
      })(),
    })),
    holdsPromiseDeeper: procedure.query(() => ({ list: [Promise.resolve(1)] })),
    iterable: procedure.query(async function* () {
      yield 1;
    }),
    iterableChange: procedure.mutation(async function* () {
      onMutation("iterable");
      yield 1;
    }),
    slow: procedure.query(async () => {
      await setImmediate();
      return "slow";
    }),
    throw: procedure.input(z.string()).query(({ input }) => fail(input.replace(/^in:/, ""))),
    throwChange: procedure.input(z.string()).mutation(({ input }) => fail(input.replace(/^in:/, ""))),
    code: procedure.input(z.number().int()).query(({ input }) => {
      throw new TRPCError({
        code: CODES[Math.abs(input) % CODES.length] ?? "CONFLICT",
        message: `code ${input}`,
      });
    }),
    curious: curious.input(z.unknown()).query(({ input }) => input),
    silent: silent.query(() => "never"),
    afterwards: afterwards.query(() => "before"),
    afterwardsThrow: afterwards.query(() => fail("error")),
    forgiving: forgiving.query(() => fail("error")),
    returnsFailure: returnsFailure.query(() => "fine"),
    rewriting: rewriting.query(({ input }) => input.n),
    watching: watching.meta({ label: "inner" }).query((opts) => seen(opts)),
    badOutput: procedure.output(z.string()).query(() => 5 as never),
    goodOutput: procedure.output(z.object({ a: z.string() })).query(() => ({ a: "a", b: "b" })),
    formatted: formatted.query(() => fail("error")),
    formattedInput: formatted.input(z.object({ n: z.number() })).query(({ input }) => input.n),
    context: procedure.query(({ ctx }) => ctx),
    contextChange: procedure.mutation(({ ctx }) => ctx),
    deep,
    late,
    ticks: procedure.subscription(async function* () {
      yield 1;
      yield 2;
    }),
    // Names that objects inherit, and names that have to be encoded in a URL.
    constructor: procedure.query(() => "the constructor"),
    toString: procedure.mutation(() => "the text"),
    "a b": procedure.query(() => "a space"),
    "a,b": procedure.query(() => "a comma"),
    "a%2Fb": procedure.query(() => "an escape"),
    ü: procedure.query(() => "an umlaut"),
    "": procedure.query(() => "no name"),
  });
};
export type TestRouter = ReturnType<typeof createTestRouter>;
export const thrown = [...Object.keys(THROWN), ...Object.keys(FORMATS)];
