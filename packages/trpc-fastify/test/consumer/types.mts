import {
  createProcedureCaller,
  createRequestHandler,
  type FastifyTRPCPluginOptions,
  fastifyTRPCPlugin,
  type RequestCall,
} from "@invigil/trpc-fastify";
import { initTRPC } from "@trpc/server";
import type { CreateFastifyContextOptions } from "@trpc/server/adapters/fastify";
import Fastify from "fastify";

// What an application writes. It is compiled as an ES module and as CommonJS.

const createContext = ({ req, res }: CreateFastifyContextOptions) => ({ user: req.headers.from, res });
const t = initTRPC.context<Awaited<ReturnType<typeof createContext>>>().create();
const router = t.router({ hello: t.procedure.query(({ ctx }) => `hello ${ctx.user}`) });
type AppRouter = typeof router;

const app = Fastify();
void app.register(fastifyTRPCPlugin, {
  prefix: "/trpc",
  signals: false,
  weightOf: (call: RequestCall) => call.path.length,
  trpcOptions: {
    router,
    createContext,
    onError: ({ ctx, error }) => console.error(ctx?.user, error.code),
    responseMeta: ({ ctx }) => ({ status: ctx ? 200 : 500 }),
    maxBatchSize: 10,
  } satisfies FastifyTRPCPluginOptions<AppRouter>["trpcOptions"],
});
// @ts-expect-error -- A router is required.
void app.register(fastifyTRPCPlugin, { trpcOptions: { createContext } });

const handle = createRequestHandler(
  { router, createContext },
  { weightPerTurn: 10, charactersPerTurn: 1000 },
);
app.all<{ Params: { path: string } }>("/api/:path", (req, res) => handle(req, res, req.params.path));
// @ts-expect-error -- The context is not the router's.
createRequestHandler({ router, createContext: () => ({ user: 1 }) });

const hello = createProcedureCaller(router.hello);
export const answer: Promise<unknown> = hello({
  path: "hello",
  type: "query",
  ctx: { user: "me" },
  getRawInput: () => Promise.resolve(undefined),
  signal: undefined,
  batchIndex: 0,
});
