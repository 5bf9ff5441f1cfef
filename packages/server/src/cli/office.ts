import type { Caller } from "@invigil/schema";
import { pino } from "pino";
import type { Deps } from "../api/deps.js";
import { createAppRouter, type ServedRouter } from "../api/router.js";
import { createServices, type Services } from "../api/services.js";
import { openDeps } from "../app/main.js";
import { type Config, parseConfig, readEnvironment } from "../config/config.js";
import { SetupError } from "../platform/setup-error.js";

/** Whoever has the data folder in its hands is an administrator. No token or account can have this id: it begins with a space. */
export const OPERATOR: Caller = {
  userId: " operator",
  role: "admin",
  name: "Operator",
  expiresAt: new Date(8.64e15),
};

/** This installation, for a command that works on it: beside a running server, or without one. */
export interface Office {
  readonly config: Config;
  readonly deps: Deps;
  readonly services: Services;
  /** For what calls no procedure: whether the disk has room for it. @throws STORAGE_FULL */
  readonly assertRoom: () => void;
  /** Calls procedures as an administrator, through every check of their input. */
  readonly call: ReturnType<ServedRouter["createCaller"]>;
  /** The same as somebody else. */
  readonly as: (caller: Caller) => Office["call"];
}

/**
 * Opens the installation that the settings name, does some work, and closes it again. What the work left to do at
 * message services is begun here; a server does the rest.
 */
export const inOffice = async <Result>(work: (office: Office) => Promise<Result>): Promise<Result> => {
  const config = parseConfig(readEnvironment());
  if (config.databaseFile === ":memory:")
    throw new SetupError("INVIGIL_DATABASE_URL must name a file: a database in memory is the server's alone");
  const deps = openDeps(config, { log: pino({ level: "warn" }, pino.destination(2)) });
  try {
    const services = createServices(deps, { unlimited: true });
    const router = createAppRouter(services);
    const as = (identity: Caller) =>
      router.createCaller({
        identity,
        identify: () => Promise.resolve(identity),
        address: "in-process",
        gate: services.gate,
        trace: { requestId: "cli", procedures: [] },
      });
    try {
      const assertRoom = () => deps.disk.assertRoom();
      return await work({ config, deps, services, assertRoom, call: as(OPERATOR), as });
    } finally {
      await services.bulk.drain();
      await services.queue.drain(config.vendors.timeoutMs);
    }
  } finally {
    deps.db.close();
  }
};
