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
import { createTrpcHandler } from "../src/http/trpc-http/handler.js";
import { type Door, openDoors } from "./support/trpc-doors.js";

// The official client, all its links that speak HTTP, against the stock adapter and against ours.

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
/** Calls made in the same tick, so that they share a batch where there is one. */
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

const told = (error: unknown) => {
  if (!(error instanceof TRPCClientError)) throw error;
  const { message, shape, data } = error;
  return { message, shape, data };
};
const outcomes = async (link: TRPCLink<AnyTRPCRouter>) => {
  const client = createTRPCUntypedClient<AnyTRPCRouter>({ links: [link] });
  const made = new Map<string, unknown>();
  for (const calls of [CALLS, CHANGES])
    await Promise.all(calls.map(async ([name, make]) => made.set(name, await make(client).catch(told))));
  return made;
};

describe.each([
  ["without a transformer", "none", undefined],
  ["with superjson", "superjson", superjson],
] as const)("the client %s", (_, form, transformer) => {
  const doors = openDoors({ transformer: form, allowMethodOverride: true });
  /** How to reach the stock adapter, and how ours. */
  let theirs: Options;
  let ours: Options;
  const optionsFor = async ({ app }: Door): Promise<Options> => {
    const url = `${await app.listen({ host: "127.0.0.1", port: 0 })}/trpc`;
    // Loads what is loaded when it is first asked for; from then on it is known what there is not.
    await fetch(`${url}/late.get`);
    // Safe: a transformer is needed where the router has one, which the type of any router does not tell.
    return { url, ...(transformer && { transformer }) } as Options;
  };
  beforeAll(async () => {
    [theirs, ours] = await Promise.all([optionsFor(doors.stock), optionsFor(doors.ours)]);
  });
  afterAll(() => doors[Symbol.asyncDispose]());

  it.each(Object.entries(LINKS))("gets by %s what the stock adapter answers", async (name, linkTo) => {
    const before = doors.ours.stock();
    const mine = await outcomes(linkTo(ours));
    // Only what is streamed goes to the stock adapter: the two batches of that link.
    expect(doors.ours.stock() - before).toBe(name === "httpBatchStreamLink" ? 2 : 0);
    expect(mine).toEqual(await outcomes(linkTo(theirs)));
    expect(mine.get("a query without input")).toBe("standing");
    expect(mine.get("dates and sets")).toEqual(
      form === "superjson" ? DATES : { at: "1970-01-01T00:00:00.000Z", many: {} },
    );
  });

  it("sends forms past us, to the stock adapter", async () => {
    const before = doors.ours.stock();
    const sent = new FormData();
    sent.set("a", "1");
    for (const options of [theirs, ours]) {
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
    expect(doors.ours.stock() - before).toBe(1);
  });
});

describe("a client that leaves", () => {
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
      told: t.procedure.query(({ signal }) => signal?.aborted),
    });
    let stock = 0;
    const handle = createTrpcHandler(
      { router },
      {
        fallback: async () => {
          stock++;
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
    // An answer that was sent leaves the signal alone, also when its connection closes.
    const answer = await fetch(`${url}/told`, { headers: { connection: "close" } });
    expect(await answer.json()).toEqual({ result: { data: false } });
    await app.close();
    expect(stock).toBe(0);
  });

  it("aborts the signal of its request, also one that is asked for when it has left; calls have none where that is wanted", async () => {
    const t = initTRPC.create();
    const infos: TRPCRequestInfo[] = [];
    const router = t.router({ told: t.procedure.query(({ signal }) => signal === undefined) });
    const handle = createTrpcHandler(
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
    const answer = await fetch(`${url}/told`, { headers: { connection: "close" } });
    expect(await answer.json()).toEqual({ result: { data: true } });
    expect(infos[0]?.signal.aborted).toBe(false);
    for (const asked of ["before", "after"]) {
      hasGone = new Promise((resolve) => {
        gone = resolve;
      });
      const hasStarted = new Promise<void>((resolve) => {
        started = resolve;
      });
      const sent = httpRequest(`${url}/told`);
      sent.on("error", () => {}).end();
      await hasStarted;
      sent.destroy();
      await hasGone;
      expect(infos.at(-1)?.signal.aborted, asked).toBe(true);
    }
    await app.close();
  });
});
