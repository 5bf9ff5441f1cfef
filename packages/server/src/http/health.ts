import type { FastifyInstance } from "fastify";
import type { Config } from "../config.js";
import type { Database } from "../db/client.js";

/** `/health`: the process lives. `/ready`: it can serve, because the database answers and has this version's tables. */
export const healthRoutes = (
  app: FastifyInstance,
  { db, config }: { db: Database; config: Pick<Config, "auth"> },
): void => {
  app.get("/health", () => ({ status: "ok", auth: config.auth }));
  app.get("/ready", (request, reply) => {
    try {
      if (db.fault() !== undefined)
        return reply.code(503).send({ status: "unavailable", database: "replaced while in use" });
      if (db.migrationsAreCurrent()) return { status: "ready", database: "ok", migrations: "current" };
      return reply
        .code(503)
        .send({ status: "unavailable", database: "ok", migrations: "of another version" });
    } catch (error) {
      request.log.error({ err: error }, "the database does not answer");
      return reply.code(503).send({ status: "unavailable", database: "failed" });
    }
  });
};
