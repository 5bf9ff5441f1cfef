import { pino } from "pino";
import { createDeps } from "../../src/api/deps.js";
import { createAppRouter, type ServedRouter } from "../../src/api/router.js";
import { createServices } from "../../src/api/services.js";
import { parseConfig } from "../../src/config/config.js";
import { createIds } from "../../src/platform/ids.js";
import { openTestDatabase } from "./database.js";

/** Creates the router, for tests that look at its procedures and call none. */
export const createTestRouter = async (): Promise<AsyncDisposable & { readonly router: ServedRouter }> => {
  const db = await openTestDatabase();
  const clock = () => new Date(0);
  const deps = createDeps({
    config: parseConfig({ INVIGIL_DATABASE_URL: ":memory:" }),
    db,
    clock,
    monotonic: () => 0,
    ids: createIds({ clock }),
    log: pino({ level: "silent" }),
    publicUrl: () => "http://127.0.0.1:7001",
    authSecret: "a secret of 32 bytes or more, as it must be",
    ownKey: (name) => name,
  });
  return {
    router: createAppRouter(createServices(deps)),
    [Symbol.asyncDispose]: () => db.close(),
  };
};
