import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import type { Config } from "../config/config.js";
import type { Disk } from "../limits/disk.js";
import type { Database } from "../storage/sqlite/client.js";

/** `/health`: the process lives. `/ready`: it can serve, because the database answers and has this version's tables, and the disk has room. */
export const healthRoutes = (
  app: FastifyInstance,
  { db, config, disk }: { db: Database; config: Pick<Config, "auth">; disk: Pick<Disk, "look"> },
): void => {
  app.get("/health", () => ({ status: "ok", auth: config.auth }));

  /** What keeps the server from being ready; undefined: nothing. */
  const obstacle = async (log: FastifyBaseLogger): Promise<object | undefined> => {
    if (!(await disk.look())) return { disk: "nearly full: writes are refused" };
    try {
      if (db.fault() !== undefined) return { database: "replaced while in use" };
      return db.migrationsAreCurrent() ? undefined : { database: "ok", migrations: "of another version" };
    } catch (error) {
      log.error({ err: error }, "the database does not answer");
      return { database: "failed" };
    }
  };
  app.get("/ready", async ({ log }, reply) => {
    const found = await obstacle(log);
    if (found) return reply.code(503).send({ status: "unavailable", ...found });
    return { status: "ready", database: "ok", migrations: "current" };
  });
};
