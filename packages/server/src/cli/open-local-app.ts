import { userInfo } from "node:os";
import type { Caller } from "@invigil/schema";
import { pino } from "pino";
import type { Deps } from "../api/deps.js";
import { createAppRouter, type ServedRouter } from "../api/router.js";
import { createServices, type Services } from "../api/services.js";
import { openDeps } from "../app/installation.js";
import type { Config } from "../config/config.js";
import type { ActingCaller } from "../domain/calls.js";
import { SetupError } from "../platform/setup-error.js";
import { originOf } from "../trpc/context.js";
import { OPERATOR } from "./operator.js";
import type { CommandIo } from "./run.js";

/** The local installation, as commands use it, with or without a running server. */
export interface LocalApp {
  readonly config: Config;
  readonly deps: Deps;
  readonly services: Services;
  /**
   * Checks the disk space for operations that do not call a procedure.
   * @throws STORAGE_FULL
   */
  readonly assertFreeSpace: () => void;
  /** Calls procedures as an administrator, with the validation of their input. */
  readonly call: ReturnType<ServedRouter["createCaller"]>;
  /** Returns the operator as they call a procedure, for calls of a service. */
  readonly operatorIn: (procedure: string) => ActingCaller;
  /** Returns the procedures for another caller. */
  readonly as: (caller: Caller) => LocalApp["call"];
}

interface OpenedApp {
  readonly app: LocalApp;
  /** Starts the pending calls of message services, which a server finishes, and closes the installation. */
  readonly close: () => Promise<void>;
}

/** The user of the operating system. A container may run as one without a name. */
const osUser = (): string => {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
};

/**
 * Opens the local installation.
 * @param name the name that the person who runs the command gave
 * @throws SetupError for a database in memory
 */
export const openLocalApp = async (
  config: Config,
  { stderr }: CommandIo,
  name: string | undefined,
): Promise<OpenedApp> => {
  if (config.databaseFile === ":memory:")
    throw new SetupError("INVIGIL_DATABASE_URL must name a file: commands cannot use a database in memory");
  const deps = await openDeps(config, { log: pino({ level: "warn" }, stderr) });
  try {
    const services = createServices(deps, { unlimited: true });
    const router = createAppRouter(services);
    const call = {
      address: "in-process",
      entryPoint: "command",
      operator: name === undefined ? osUser() : `${osUser()} as ${name}`,
    } as const;
    const traced = () => ({ ...call, trace: { requestId: "cli", procedures: [] } });
    const as = (identity: Caller) =>
      router.createCaller({
        ...traced(),
        identity,
        identify: () => Promise.resolve(identity),
        reopen: async (...of) => services.access.look(identity, ...of),
        rights: services.access,
        gate: services.gate,
        accessLog: services.accessLog,
      });
    const operatorIn = (procedure: string): ActingCaller => ({
      ...OPERATOR,
      origin: originOf(traced(), procedure),
      audited: "change",
    });
    const assertFreeSpace = () => deps.disk.assertFreeSpace();
    return {
      app: { config, deps, services, assertFreeSpace, call: as(OPERATOR), operatorIn, as },
      async close() {
        try {
          await services.accessLog.flush({ isLast: true });
          await services.bulk.drain();
          await services.queue.drain(config.vendors.timeoutMs);
        } finally {
          await deps.db.close();
        }
      },
    };
  } catch (error) {
    await deps.db.close();
    throw error;
  }
};
