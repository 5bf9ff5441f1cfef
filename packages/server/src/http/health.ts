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
    const unavailable = (why: Readonly<Record<string, string>>) =>
      reply.code(503).send({ status: "unavailable", ...why });
    if (!(await disk.look())) return unavailable({ disk: "nearly full: writes are refused" });
    let fault: string | undefined;
    let isCurrent: boolean;
    try {
      fault = db.fault();
      isCurrent = fault === undefined && db.migrationsAreCurrent();
    } catch (error) {
      request.log.error({ err: error }, "the database does not answer");
      return unavailable({ database: "failed" });
    }
    if (fault !== undefined) return unavailable({ database: "replaced while in use" });
    if (!isCurrent) return unavailable({ database: "ok", migrations: "of another version" });
    return { status: "ready", database: "ok", migrations: "current" };
  });
};
