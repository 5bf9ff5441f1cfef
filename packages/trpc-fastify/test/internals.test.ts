import { getTRPCErrorFromUnknown, initTRPC, lazy, TRPCError } from "@trpc/server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import * as core from "@trpc/server/unstable-core-do-not-import";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createProcedureCaller, findProcedure, isStream, procedurePath } from "../src/internals.js";
import { throwAnything } from "./support/router.js";

// What src/internals.ts assumes about tRPC. If an upgrade fails here, compare that file with `procedureBuilder`, `router` and
// `resolveResponse` of the new version, and adapt it.

const t = initTRPC
  .context<{ who?: string; more?: string }>()
  .meta<{ label: string }>()
  .create({ isDev: false });

describe("a procedure, as tRPC builds it,", () => {
  const passing = t.procedure.use(({ next }) => next());
  const procedure = passing
    .meta({ label: "x" })
    .input(z.string())
    .output(z.string())
    .query(({ input }) => input);
  // Safe: what tRPC's types keep to themselves is what is looked at here.
  const inside = procedure as unknown as { procedure: unknown; _def: Record<string, unknown> };

  it("says that it is one, and has its middlewares in a list: use, input, output, resolver", () => {
    expect(inside.procedure).toBe(true);
    expect(inside._def.middlewares).toEqual(Array(4).fill(expect.any(Function)));
    expect(inside._def).toMatchObject({ meta: { label: "x" }, type: "query" });
    expect(inside._def.caller).toBeUndefined();
  });

  it("is another thing when it has a caller of its own", async () => {
    const own = t.procedure
      .experimental_caller(async ({ args, invoke }) => [
        "called",
        // Safe: the first argument is what every procedure is called with.
        await invoke(args[0] as never),
      ])
      .query(() => "answer");
    // Safe: as above.
    expect((own as unknown as { procedure: unknown }).procedure).not.toBe(true);
    const call = {
      path: "own",
      type: "query",
      ctx: {},
      getRawInput: async () => 1,
      signal: undefined,
      batchIndex: 0,
    } as const;
    // Safe: to its callers it is a procedure like others.
    expect(await createProcedureCaller(own as never)(call)).toEqual(["called", "answer"]);
  });

  it.each<[string, object]>([
    ["middlewares that are no list", { middlewares: undefined }],
    ["a middleware that is no function", { middlewares: [{}] }],
    ["no middlewares", { middlewares: [] }],
    ["fewer schemas than middlewares that parse", { inputs: [] }],
    ["more schemas than middlewares that parse", { inputs: [z.string(), z.string()] }],
    ["no output schema", { output: undefined }],
  ])("is called by tRPC when it is built in another way: %s", (_, changes) => {
    // Safe: a procedure of another version of tRPC is a function with other members.
    const other = Object.assign(() => {}, inside, { _def: { ...inside._def, ...changes } }) as never;
    expect(createProcedureCaller(other)).toBe(other);
    expect(createProcedureCaller(procedure)).not.toBe(procedure);
  });

  it("has results of this form", async () => {
    const results: unknown[] = [];
    const watching = t.procedure.use(async ({ next }) => {
      const result = await next();
      results.push(result);
      return result;
    });
    const router = t.router({
      good: watching.query(() => 1),
      bad: watching.query(() => {
        throw new Error("bad");
      }),
    });
    const caller = router.createCaller({ who: "me" });
    await caller.good();
    await caller.bad().catch(() => undefined);
    expect(results).toEqual([
      { ok: true, data: 1, ctx: { who: "me" }, marker: core.middlewareMarker },
      { ok: false, error: expect.any(TRPCError), marker: core.middlewareMarker },
    ]);
  });
});

describe("calling a procedure does what tRPC does", () => {
  type Steps = unknown[];
  /** What each middleware was given, and what comes out. */
  const routerWith = (steps: Steps) => {
    const step = (name: string, opts: object) =>
      steps.push([name, { ...opts, next: "next", getRawInput: "get" }]);
    const base = t.procedure.meta({ label: "outer" }).use(async (opts) => {
      step("first", opts);
      const result = await opts.next({ ctx: { more: "more" } });
      steps.push(result);
      return result;
    });
    const oddly = (changes: unknown) => t.procedure.use(({ next }) => next(changes as never));
    return t.router({
      plain: base.meta({ label: "inner" }).query((opts) => step("resolver", opts)),
      input: base.input(z.object({ a: z.number() })).query(({ input }) => input),
      both: base
        .input(z.object({ a: z.number() }))
        .use(({ input, next }) => next({ input: { ...input, b: 2 } }))
        .query(({ input }) => input),
      undefinedInput: base
        .input(z.unknown())
        .use(({ next }) => next({ input: undefined }))
        .query((opts) => "input" in opts && opts.input),
      raw: t.procedure
        .use(({ next }) => next({ getRawInput: async () => ({ a: 5 }) }))
        .input(z.object({ a: z.number() }))
        .query(({ input }) => input),
      contexts: oddly({ ctx: { who: "other" } }).query(({ ctx }) => ctx),
      noContext: oddly({ ctx: undefined }).query(({ ctx }) => ctx),
      nothing: oddly(undefined).query(({ ctx }) => ctx),
      textForChanges: oddly("text").query(({ ctx }) => ctx),
      zeroForChanges: oddly(0).query(({ ctx }) => ctx),
      silent: t.procedure.use(async () => undefined as never).query(() => 1),
      throws: base.query(() => throwAnything("a text")),
      fails: t.procedure
        // Safe: what a middleware without types may return.
        .use(async () => ({ ok: false, error: "no error" }) as never)
        .query(() => 1),
      nextTwice: t.procedure
        .use(async ({ next }) => {
          await next();
          return next();
        })
        .query(() => steps.push("resolved")),
      // Safe: a resolver without types finds `next`, too.
      resolverGoesOn: t.procedure.query((opts) => (opts as unknown as { next: () => unknown }).next()),
    });
  };
  const paths = Object.keys(routerWith([])._def.procedures);

  const run = async (make: (steps: Steps) => Promise<unknown>) => {
    const steps: Steps = [];
    const outcome = await make(steps).then(
      (data) => ({ data }),
      (cause: unknown) => {
        // A procedure may throw anything; what wraps it is told apart by code, message and cause.
        const { code, message, cause: inner } = getTRPCErrorFromUnknown(cause);
        return { own: cause instanceof TRPCError, code, message, inner };
      },
    );
    return { steps, outcome };
  };

  it.each(paths.flatMap((path) => [{ a: 1 }, { a: "x" }, undefined].map((input) => [path, input] as const)))(
    "%s with %j",
    async (path, input) => {
      const getRawInput = async () => input;
      const ctx = { who: "me" };
      const { signal } = new AbortController();
      const call = { path, type: "query", ctx, getRawInput, signal, batchIndex: 3 } as const;
      const theirs = await run((steps) => {
        // Safe: at run time a flat record of functions that take this.
        const procedures = routerWith(steps)._def.procedures as unknown as Record<
          string,
          (opts: typeof call) => Promise<unknown>
        >;
        return procedures[path]?.(call) ?? Promise.reject(new Error("no procedure"));
      });
      const mine = await run((steps) => {
        const procedure = findProcedure(routerWith(steps), path);
        return procedure ? createProcedureCaller(procedure)(call) : Promise.reject(new Error("no procedure"));
      });
      expect(mine).toEqual(theirs);
    },
  );
});

describe("finding a procedure does what tRPC does", () => {
  const router = t.router({
    a: { b: t.procedure.query(() => 1) },
    late: lazy(async () => t.router({ c: t.procedure.query(() => 2) })),
  });

  it("finds it by its path in a flat record that inherits nothing", async () => {
    expect(findProcedure(router, "a.b")).toBe(await core.getProcedureAtPath(router, "a.b"));
    expect(Object.getPrototypeOf(router._def.procedures)).toBeNull();
  });

  it("does not know what is not loaded, until it is", async () => {
    for (const path of ["late.c", "missing", "__proto__", "constructor"])
      expect(findProcedure(router, path)).toBeUndefined();
    const found = await core.getProcedureAtPath(router, "late.c");
    expect(findProcedure(router, "late.c")).toBe(found);
    for (const path of ["late.d", "missing", "__proto__", "constructor"])
      expect(findProcedure(router, path)).toBeNull();
    expect(await core.getProcedureAtPath(router, "missing")).toBeNull();
  });

  it("reads the path with the router's separator", () => {
    const tilde = initTRPC.create({ pathSeparator: "~" }).router({});
    expect(procedurePath("a~b.c", tilde)).toBe("a.b.c");
    expect(procedurePath("a~b.c", router)).toBe("a~b.c");
  });
});

/** An object with these methods. */
const having = (...names: readonly string[]): object =>
  Object.fromEntries(names.map((name) => [name, () => {}]));

it.each<[string, unknown, boolean]>([
  ["an iterable", (async function* () {})(), true],
  ["an object with an iterable", { a: (async function* () {})() }, true],
  ["an object with a promise", { a: Promise.resolve() }, true],
  ["an object with what has then and catch", { a: having("then", "catch") }, true],
  ["an object with what has only then", { a: having("then") }, false],
  ["a list with a promise", [Promise.resolve()], false],
  ["a promise deeper inside", { a: { b: Promise.resolve() } }, false],
  ["null", null, false],
  ["a text", "text", false],
])("%s: tRPC, too, cannot answer it at once, or can", async (_, data, expected) => {
  expect(isStream(data)).toBe(expected);
  const router = t.router({ it: t.procedure.query(() => data) });
  const req = new Request("http://invigil.example/it");
  const { status } = await fetchRequestHandler({ endpoint: "", req, router, createContext: () => ({}) });
  expect(status).toBe(expected ? 415 : 200);
});
