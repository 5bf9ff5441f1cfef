export { createRequestHandler, type RequestHandler } from "./handler.js";
export { createProcedureCaller, type ProcedureCall, type ProcedureCaller } from "./internals.js";
export type { RequestCall, RequestHandlerOptions } from "./options.js";
export { type FastifyTRPCPluginOptions, fastifyTRPCPlugin } from "./plugin.js";
