import type { AnyTRPCProcedure } from "@trpc/server";
import { pino } from "pino";
import { createDeps } from "../../src/api/deps.js";
import { createAppRouter } from "../../src/api/router.js";
import { createServices } from "../../src/api/services.js";
import { parseConfig } from "../../src/config/config.js";
import { createIds } from "../../src/platform/ids.js";
import { openTestDatabase } from "./database.js";

// The router, for tests that look at its procedures and call none. It is created before the first test, because tests are defined by what
// procedures declare.

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
export const router = createAppRouter(createServices(deps));
await db.close();

/** All procedures by their paths, such as `room.get`, in their order. */
export const procedures: ReadonlyMap<string, AnyTRPCProcedure> = new Map(
  Object.entries<AnyTRPCProcedure>(
    // Safe: at run time this is a flat record, although its type is nested.
    router._def.procedures as unknown as Record<string, AnyTRPCProcedure>,
  ).toSorted(([one], [other]) => one.localeCompare(other)),
);

/** @throws if there is no such procedure */
export const procedureAt = (path: string): AnyTRPCProcedure => {
  const procedure = procedures.get(path);
  if (!procedure) throw new Error(`there is no procedure ${path}`);
  return procedure;
};
