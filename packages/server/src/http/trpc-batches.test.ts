import Fastify from "fastify";
import { expect, it } from "vitest";
import { z } from "zod";
import { InvigilError } from "../platform/errors.js";
import type { Context } from "../trpc/context.js";
import { publicProcedure } from "../trpc/procedures.js";
import { router } from "../trpc/root.js";
import { createBodies } from "./bodies.js";
import { trpcPlugin } from "./trpc.js";

/** The order in which the calls of a batch start, between the turns of the event loop. */
const startsOf = async (url: string): Promise<string[]> => {
  const events: string[] = [];
  const start = ({ path }: { readonly path: string }): void => {
    events.push(path);
    setImmediate(() => events.push("turn"));
  };
  const light = publicProcedure.query(start);
  const app = Fastify();
  const identity = new InvigilError("UNAUTHENTICATED", "There is no token.");
  const context: Context = {
    identity,
    identify: () => Promise.resolve(identity),
    reopen: () => Promise.resolve(identity),
    address: "test",
    entryPoint: "trpc",
    trace: { requestId: "test", procedures: [] },
  };
  await app.register(trpcPlugin, {
    router: router({
      exam: { list: publicProcedure.input(pages).query(start), get: light, peek: light },
    }),
    createContext: () => Promise.resolve(context),
    bodies: createBodies({ bufferBytes: 1_000_000, timeoutMs: 1_000 }),
    anyOrigin: true,
  });
  const { statusCode } = await app.inject({ url });
  expect(statusCode).toBe(url.includes("none") ? 207 : 200);
  await app.close();
  expect(context.trace.procedures).toEqual(events.filter((event) => event !== "turn"));
  return events;
};

const pages = z.object({ pageSize: z.number().default(10) });
const input = encodeURIComponent(
  JSON.stringify({ 1: { json: { pageSize: 400 } }, 3: { json: { pageSize: 400 } } }),
);

it("a batch lets the event loop serve others after its heavy calls", async () => {
  const starts = await startsOf(`/exam.get,exam.list,exam.get,exam.list,exam.get?batch=1&input=${input}`);
  // Every call asked for a turn of its own.
  const merged = starts.filter((event, at) => event !== "turn" || starts[at - 1] !== "turn");
  expect(merged.slice(0, 7)).toEqual([
    "exam.get",
    "exam.list",
    "turn",
    "exam.get",
    "exam.list",
    "turn",
    "exam.get",
  ]);
});

it("a batch of light calls starts at once, also beside one of no procedure", async () => {
  const starts = await startsOf("/exam.none,exam.get,exam.peek,exam.get?batch=1");
  expect(starts.slice(0, 3)).toEqual(["exam.get", "exam.peek", "exam.get"]);
});
