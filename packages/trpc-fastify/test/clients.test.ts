import { request as httpRequest } from "node:http";
import {
  createTRPCUntypedClient,
  httpBatchLink,
  httpBatchStreamLink,
  httpLink,
  isNonJsonSerializable,
  splitLink,
  TRPCClientError,
  type TRPCLink,
} from "@trpc/client";
import { type AnyTRPCRouter, initTRPC } from "@trpc/server";
import type { TRPCRequestInfo } from "@trpc/server/http";
import Fastify from "fastify";
import superjson from "superjson";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRequestHandler } from "../src/index.js";
import { createServers, type Server } from "./support/servers.js";

// tRPC's client, with all its links for HTTP, against tRPC's adapter and against this package.

type Client = ReturnType<typeof createTRPCUntypedClient<AnyTRPCRouter>>;
type Options = Parameters<typeof httpLink<AnyTRPCRouter>>[0] &
  Parameters<typeof httpBatchLink<AnyTRPCRouter>>[0];

const LINKS: Readonly<Record<string, (options: Options) => TRPCLink<AnyTRPCRouter>>> = {
  httpLink: (options) => httpLink(options),
  httpBatchLink: (options) => httpBatchLink(options),
  "httpBatchLink, two to a batch": (options) => httpBatchLink({ ...options, maxItems: 2 }),
  "httpLink by POST": (options) => httpLink({ ...options, methodOverride: "POST" }),
  "httpBatchLink by POST": (options) => httpBatchLink({ ...options, methodOverride: "POST" }),
  "splitLink: queries in batches, mutations alone": (options) =>
    splitLink({
      condition: ({ type }) => type === "query",
      true: httpBatchLink(options),
      false: httpLink(options),
    }),
  httpBatchStreamLink: (options) => httpBatchStreamLink(options),
};

const DATES = { at: new Date(0), many: new Set([1, 2]), none: undefined };
/** Calls that are made in the same tick, so that a batching link sends them together. */
const CALLS: readonly (readonly [name: string, make: (client: Client) => Promise<unknown>])[] = [
  ["a query", (client) => client.query("echo", { n: 1, text: "é長" })],
  ["a query without input", (client) => client.query("standing")],
  ["dates and sets", (client) => client.query("echo", DATES)],
  ["an answer that is nothing", (client) => client.query("nothing")],
  ["a nested query", (client) => client.query("deep.er.get")],
  ["a query that is wrong", (client) => client.query("typed", { n: "one" })],
  ["a query that fails", (client) => client.query("throw", "caused")],
  ["a query that throws a text", (client) => client.query("throw", "text")],
  ["a query that there is not", (client) => client.query("missing")],
];
const CHANGES: typeof CALLS = [
  ["a mutation", (client) => client.mutation("echoed", { n: 1 })],
  ["a mutation without input", (client) => client.mutation("deep.er.set")],
  ["a mutation that fails", (client) => client.mutation("throwChange", "object")],
];

const failureOf = (error: unknown) => {
  if (!(error instanceof TRPCClientError)) throw error;
  const { message, shape, data } = error;
  return { message, shape, data };
};
const outcomes = async (link: TRPCLink<AnyTRPCRouter>) => {
  const client = createTRPCUntypedClient<AnyTRPCRouter>({ links: [link] });
  const made = new Map<string, unknown>();
  for (const calls of [CALLS, CHANGES])
    await Promise.all(calls.map(async ([name, make]) => made.set(name, await make(client).catch(failureOf))));
  return made;
};

describe.each([
  ["without a transformer", "none", undefined],
  ["with superjson", "superjson", superjson],
] as const)("the client %s", (_, form, transformer) => {
  const servers = createServers({ transformer: form, allowMethodOverride: true });
  let stock: Options;
  let fast: Options;
  const optionsFor = async ({ app }: Server): Promise<Options> => {
    const url = `${await app.listen({ host: "127.0.0.1", port: 0 })}/trpc`;
    // Loads the lazy router. Until then an unknown path may be in it.
    await fetch(`${url}/late.get`);
    // Safe: the type of any router does not say whether it needs a transformer.
    return { url, ...(transformer && { transformer }) } as Options;
  };
  beforeAll(async () => {
    [stock, fast] = await Promise.all([optionsFor(servers.stock), optionsFor(servers.fast)]);
  });
  afterAll(() => servers[Symbol.asyncDispose]());

  it.each(Object.entries(LINKS))("gets by %s what the stock adapter answers", async (name, linkTo) => {
    const before = servers.fast.fallbacks();
    const results = await outcomes(linkTo(fast));
    // Only the two streamed batches go to the stock adapter.
    expect(servers.fast.fallbacks() - before).toBe(name === "httpBatchStreamLink" ? 2 : 0);
    expect(results).toEqual(await outcomes(linkTo(stock)));
    expect(results.get("a query without input")).toBe("standing");
    expect(results.get("dates and sets")).toEqual(
      form === "superjson" ? DATES : { at: "1970-01-01T00:00:00.000Z", many: {} },
    );
  });

  it("sends forms to the stock adapter", async () => {
    const before = servers.fast.fallbacks();
    const sent = new FormData();
    sent.set("a", "1");
    for (const options of [stock, fast]) {
      const asItIs = { serialize: (value: unknown) => value, deserialize: (value: unknown) => value };
      const form = httpLink({ ...options, transformer: asItIs });
      const client = createTRPCUntypedClient<AnyTRPCRouter>({
        links: [
          splitLink({
            condition: ({ input }) => isNonJsonSerializable(input),
            true: form,
            false: httpBatchLink(options),
          }),
        ],
      });
      expect(await client.mutation("deep.er.set", sent)).toEqual(transformer ? { json: "set" } : "set");
    }
    expect(servers.fast.fallbacks() - before).toBe(1);
  });
});

describe("a client that disconnects", () => {
  it.each(["single", "batch"])("aborts the signal of its calls: %s", async (form) => {
    const t = initTRPC.create();
    let started = () => {};
    let aborted = (_reason: unknown) => {};
    const hasStarted = new Promise<void>((resolve) => {
      started = resolve;
    });
    const reason = new Promise((resolve) => {
      aborted = resolve;
    });
    const router = t.router({
      wait: t.procedure.query(({ signal }) => {
        started();
        return new Promise((resolve) => {
          signal?.addEventListener("abort", () => {
            aborted(signal.reason);
            resolve("late");
          });
        });
      }),
      aborted: t.procedure.query(({ signal }) => signal?.aborted),
    });
    let fallbacks = 0;
    const handle = createRequestHandler(
      { router },
      {
        fallback: async () => {
          fallbacks++;
        },
      },
    );
    const app = Fastify({ forceCloseConnections: true });
    app.get<{ Params: { path: string } }>("/:path", (req, res) => handle(req, res, req.params.path));
    const url = await app.listen({ host: "127.0.0.1", port: 0 });
    const sent = httpRequest(`${url}/${form === "batch" ? "wait,told?batch=1" : "wait"}`);
    sent.on("error", () => {}).end();
    await hasStarted;
    sent.destroy();
    expect(await reason).toMatchObject({ name: "AbortError" });
    // Once the answer is sent, the end of the connection does not abort the signal.
    const answer = await fetch(`${url}/aborted`, { headers: { connection: "close" } });
    expect(await answer.json()).toEqual({ result: { data: false } });
    await app.close();
    expect(fallbacks).toBe(0);
  });

  it("aborts info.signal, also when that is first read afterwards; with `signals: false` procedures get no signal", async () => {
    const t = initTRPC.create();
    const infos: TRPCRequestInfo[] = [];
    const router = t.router({ aborted: t.procedure.query(({ signal }) => signal === undefined) });
    const handle = createRequestHandler(
      {
        router,
        createContext: async ({ info, res }) => {
          infos.push(info);
          if (infos.length === 1) return {};
          if (infos.length === 2) info.signal.addEventListener("abort", gone);
          else res.raw.on("close", gone);
          started();
          await hasGone;
          return {};
        },
      },
      { signals: false },
    );
    let started = () => {};
    let gone = () => {};
    let hasGone = Promise.resolve();
    const app = Fastify({ forceCloseConnections: true });
    app.get<{ Params: { path: string } }>("/:path", (req, res) => handle(req, res, req.params.path));
    const url = await app.listen({ host: "127.0.0.1", port: 0 });
    const answer = await fetch(`${url}/aborted`, { headers: { connection: "close" } });
    expect(await answer.json()).toEqual({ result: { data: true } });
    expect(infos[0]?.signal.aborted).toBe(false);
    for (const asked of ["before", "after"]) {
      hasGone = new Promise((resolve) => {
        gone = resolve;
      });
      const hasStarted = new Promise<void>((resolve) => {
        started = resolve;
      });
      const sent = httpRequest(`${url}/aborted`);
      sent.on("error", () => {}).end();
      await hasStarted;
      sent.destroy();
      await hasGone;
      expect(infos.at(-1)?.signal.aborted, asked).toBe(true);
    }
    await app.close();
  });
});
