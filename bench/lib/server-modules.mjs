// The server's own copies of its dependencies, so that a limit runs on the same versions.
import { createRequire } from "node:module";
import { resolve } from "node:path";

const serverRequire = createRequire(new URL("../../packages/server/package.json", import.meta.url));

export const Fastify = serverRequire("fastify");
export const { LogController } = Fastify;
export const Sqlite = serverRequire("better-sqlite3");
export const pino = serverRequire("pino");
export const pg = serverRequire("pg");
export const { WebSocket, WebSocketServer } = serverRequire("ws");

const SERVER = resolve(import.meta.dirname, "../../packages/server");
/** The `invigil` command, as it is built. */
export const CLI = resolve(SERVER, "dist/cli.js");
/** The migrations that make the server's tables. */
export const MIGRATIONS = resolve(SERVER, "drizzle");
