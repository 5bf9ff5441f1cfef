// A limit that is no limit: the whole server, where tRPC's own Fastify adapter serves the same router at /stock.

import { buildApp } from "../packages/server/dist/app.js";
import { parseConfig, readEnvironment } from "../packages/server/dist/config.js";
import { contextMaker } from "../packages/server/dist/http/context.js";
import { trpcPlugin } from "../packages/server/dist/http/trpc.js";
import { openDeps } from "../packages/server/dist/main.js";
import { createAppRouter, createServices } from "../packages/server/dist/router.js";
import { fastifyRequestHandler, pino } from "./server-modules.mjs";

const config = parseConfig(readEnvironment());
const deps = openDeps(config, { log: pino({ level: config.logLevel }) });
const services = createServices(deps);
const app = await buildApp(deps, services);
await app.register(trpcPlugin, {
  prefix: "/stock",
  router: createAppRouter(services),
  createContext: contextMaker(services),
  anyOrigin: config.corsOrigins.includes("*"),
  createHandler: (options) => (req, res, path) => fastifyRequestHandler({ ...options, req, res, path }),
});
await app.listen({ host: config.host, port: config.port });
