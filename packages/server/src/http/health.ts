import type { FastifyInstance } from "fastify";
import type { Config } from "../config.js";
import type { Database } from "../db/client.js";
import type { Disk } from "../limits/disk.js";

/** `/health`: the process lives. `/ready`: it can serve, because the database answers and has this version's tables, and the disk has room. */
export const healthRoutes = (
  app: FastifyInstance,
  { db, config, disk }: { db: Database; config: Pick<Config, "auth">; disk: Pick<Disk, "look"> },
): void => {
  app.get("/health", () => ({ status: "ok", auth: config.auth }));
  app.get("/ready", async (request, reply) => {
    if (!(await disk.look()))
      return reply.code(503).send({ status: "unavailable", disk: "nearly full: writes are refused" });
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
