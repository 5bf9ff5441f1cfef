import { initTRPC, TRPCError } from "@trpc/server";
import { fastifyTRPCPlugin as stockPlugin } from "@trpc/server/adapters/fastify";
import Fastify, { type FastifyInstance } from "fastify";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type FastifyTRPCPluginOptions, fastifyTRPCPlugin } from "../src/index.js";

const t = initTRPC.context<{ user?: string }>().create({ isDev: false });
const router = t.router({
  double: t.procedure.input(z.number()).query(({ input }) => input * 2),
  set: t.procedure.input(z.unknown()).mutation(({ input, ctx }) => ({
    user: ctx.user,
    set: input instanceof FormData ? Object.fromEntries(input) : input,
  })),
  refuse: t.procedure.query(() => {
    throw new TRPCError({ code: "FORBIDDEN", message: "no" });
  }),
});
type Router = typeof router;

const json = { "content-type": "application/json" };
const createForm = (): FormData => {
  const form = new FormData();
  form.set("a", "1");
  return form;
};

describe("the plugin takes the place of tRPC's", () => {
  const openApp = async (plugin: "fast" | "stock"): Promise<FastifyInstance> => {
    const app = Fastify({ forceCloseConnections: true });
    const trpcOptions: FastifyTRPCPluginOptions<Router>["trpcOptions"] = {
      router,
      createContext: ({ req }) => ({ user: String(req.headers.from) }),
      onError({ error }) {
        if (error.code === "FORBIDDEN") throw new Error("not reported");
      },
    };
    // The rest of the application parses JSON and forms in its own way.
    app.addContentTypeParser("multipart/form-data", (_request, payload, done) => {
      payload.resume();
      done(null, "a form");
    });
    app.post("/other", (request) => ({ body: request.body }));
    await app.register(async (inner) => {
      if (plugin === "fast") await inner.register(fastifyTRPCPlugin, { prefix: "/trpc", trpcOptions });
      else await inner.register(stockPlugin<Router>, { prefix: "/trpc", trpcOptions });
    });
    return app;
  };

  it.each<[string, string, RequestInit, number]>([
    ["a query", "/trpc/double?input=2", {}, 200],
    ["a mutation", "/trpc/set", { method: "POST", headers: { ...json, from: "me" }, body: "[1]" }, 200],
    ["a form", "/trpc/set", { method: "POST", body: createForm() }, 200],
    ["a type that it does not take", "/trpc/set", { method: "POST", body: "text" }, 415],
    ["another method", "/trpc/set", { method: "PUT", headers: json, body: "1" }, 405],
    ["an error of onError", "/trpc/refuse", {}, 500],
    ["a path of the application", "/other", { method: "POST", headers: json, body: '{"a":1}' }, 200],
    ["a form of the application", "/other", { method: "POST", body: createForm() }, 200],
  ])("%s", async (_, path, request, status) => {
    const answers = [];
    for (const plugin of ["fast", "stock"] as const) {
      const app = await openApp(plugin);
      const answer = await fetch(`${await app.listen({ host: "127.0.0.1", port: 0 })}${path}`, request);
      answers.push([answer.status, answer.headers.get("content-type"), await answer.text()]);
      await app.close();
    }
    const [fast, stock] = answers;
    expect(fast).toEqual(stock);
    expect(fast?.[0]).toBe(status);
  });
});

describe("a batch", () => {
  type Options = Omit<FastifyTRPCPluginOptions<Router>, "trpcOptions">;

  /** What happens, in its order, while a batch of three is answered: calls, answers, and turns of the event loop. */
  const eventsOf = async (options: Options): Promise<string[]> => {
    const events: string[] = [];
    const note = (event: string): void => {
      events.push(event);
      setImmediate(() => events.push("turn"));
    };
    const serialize = (value: unknown): unknown => {
      note("answer");
      return value;
    };
    const own = initTRPC.create({
      isDev: false,
      transformer: {
        input: { serialize: (value: unknown) => value, deserialize: (value: unknown) => value },
        output: { serialize, deserialize: (value: unknown) => value },
      },
    });
    const call = own.procedure.query(() => {
      note("call");
      return "x".repeat(50);
    });
    const app = Fastify();
    await app.register(fastifyTRPCPlugin, {
      ...options,
      trpcOptions: { router: own.router({ heavy: call, light: call }) },
    });
    await app.inject({ url: "/heavy,light,light?batch=1" });
    await app.close();
    return events;
  };

  it("is made and written in one turn of the event loop when it is light", async () => {
    const events = await eventsOf({});
    expect(events.slice(0, 6)).toEqual(["call", "call", "call", "answer", "answer", "answer"]);
  });

  it("lets others have a turn after a heavy call", async () => {
    const events = await eventsOf({ weightOf: ({ path }) => (path === "heavy" ? 9 : 1), weightPerTurn: 9 });
    expect(events.slice(0, 4)).toEqual(["call", "turn", "call", "call"]);
  });

  it("lets others have a turn after a long answer", async () => {
    const events = await eventsOf({ charactersPerTurn: 100 });
    const answers = events.slice(events.indexOf("answer"));
    expect(answers.filter((event) => event === "answer")).toHaveLength(3);
    expect(answers.slice(0, 2)).toEqual(["answer", "answer"]);
    expect(answers[2]).toBe("turn");
  });
});
