// A limit that is no limit: the whole server, where tRPC's own Fastify adapter serves the same router at /stock.
import { parseConfig, readEnvironment } from "../packages/server/dist/config.js";
import { buildApp } from "../packages/server/dist/app.js";
import { contextMaker } from "../packages/server/dist/http/context.js";
import { openDeps } from "../packages/server/dist/main.js";
import { createAppRouter, createServices } from "../packages/server/dist/router.js";
import { fastifyTRPCPlugin, pino } from "./server-modules.mjs";

const config = parseConfig(readEnvironment());
const deps = openDeps(config, { log: pino({ level: config.logLevel }) });
const services = createServices(deps);
const app = await buildApp(deps, services);
const createContext = contextMaker(services);
await app.register(async (stock) => {
  await stock.register(fastifyTRPCPlugin, {
    prefix: "/stock",
    trpcOptions: { router: createAppRouter(services), createContext: ({ req }) => createContext(req) },
  });
});
await app.listen({ host: config.host, port: config.port });
