// A limit: the server's own router behind tRPC's stock Fastify adapter, set up as in tRPC's documentation, without a log and without
// Invigil's headers.
import { fastifyTRPCPlugin } from "@trpc/server/adapters/fastify";
import { createAppRouter } from "../../packages/server/dist/api/router.js";
import { answerParent } from "../lib/ipc.mjs";
import { Fastify } from "../lib/server-modules.mjs";
import { contextOf, openServices } from "../lib/services.mjs";

answerParent(async ({ settings }) => {
  const services = await openServices(settings);
  const app = Fastify({ routerOptions: { maxParamLength: 5000 } });
  await app.register(fastifyTRPCPlugin, {
    prefix: "/trpc",
    trpcOptions: {
      router: createAppRouter(services),
      createContext: ({ req }) =>
        contextOf(services, {
          authorization: req.headers.authorization,
          address: req.ip,
          requestId: req.id,
        }),
    },
  });
  return app.listen({ host: "127.0.0.1", port: 0 });
});
