import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import type { Config } from "../config/config.js";
import type { PruningClock } from "../domain/pruning-clock.js";
import type { Disk } from "../limits/disk.js";
import type { Database } from "../storage/database.js";

/**
 * `/health`: the process runs. `/ready`: it can serve requests, because the database responds, its schema is
 * current, and there is enough disk space. It also says that the log cannot be written, which stops no request.
 */
export const healthRoutes = (
  app: FastifyInstance,
  {
    db,
    config,
    disk,
    pruning,
    logFault = () => undefined,
  }: {
    db: Database;
    config: Pick<Config, "auth">;
    disk: Pick<Disk, "check">;
    pruning: Pick<PruningClock, "jump">;
    logFault?: (() => string | undefined) | undefined;
  },
): void => {
  app.get("/health", () => ({ status: "ok", auth: config.auth }));

  /** The reason why the server is not ready. Undefined if it is. */
  const unreadiness = async (log: FastifyBaseLogger): Promise<object | undefined> => {
    if (!(await disk.check())) return { disk: "nearly full: writes are refused" };
    try {
      if (db.fault() !== undefined) return { database: "replaced while in use" };
      return (await db.migrationsAreCurrent())
        ? undefined
        : { database: "ok", migrations: "of another version" };
    } catch (error) {
      log.error({ err: error }, "the database does not answer");
      return { database: "failed" };
    }
  };
  app.get("/ready", async ({ log }, reply) => {
    const found = await unreadiness(log);
    // Neither is a reason to send requests elsewhere.
    const fault = logFault();
    const said = {
      ...(fault !== undefined && { log: `cannot be written: ${fault}` }),
      ...(pruning.jump() !== undefined && { clock: "jumped: old data is deleted slowly" }),
    };
    if (found) return reply.code(503).send({ status: "unavailable", ...found, ...said });
    return { status: "ready", database: "ok", migrations: "current", ...said };
  });
};
