import type { FastifyBaseLogger } from "fastify";
import type { Config } from "../config/config.js";
import type { PruningClock } from "../domain/pruning-clock.js";
import type { Ids } from "../platform/ids.js";
import type { Database } from "../storage/database.js";
import { type Duties, EVERY_DUTY } from "./duties.js";
import { createStoredDuties } from "./duties-table.js";
import { createInstances, createOnlyInstance, type Instances } from "./instances.js";
import { createInstanceStore } from "./instances-table.js";
import { createMemoryCounters } from "./login-counters-memory.js";
import { createStoredCounters } from "./login-counters-table.js";
import { createLoginThrottle, type LoginThrottle } from "./login-throttle.js";
import { createMemoryClaims, createPageClaims, type PageClaims } from "./page-claims.js";
import { createStoredClaims } from "./page-claims-table.js";
import { createMemoryRate, type SendRate } from "./send-rate.js";
import { storedRate } from "./send-rate-table.js";

/** The state that the servers of an installation share. */
export interface Coordination {
  readonly instances: Instances;
  readonly throttle: LoginThrottle;
  readonly sendRate: SendRate;
  readonly claims: PageClaims;
  readonly duties: Duties;
}

export interface CoordinationDeps {
  readonly config: Pick<Config, "login" | "presenceSettleSeconds">;
  readonly db: Pick<Database, "kind" | "storage" | "control">;
  readonly clock: () => Date;
  readonly monotonic: () => number;
  readonly ids: Ids;
  readonly pruning: Pick<PruningClock, "last">;
  readonly log: FastifyBaseLogger;
  readonly ownKey: (name: "login-key") => string;
}

/** For a server that has its database alone: everything is in its memory. */
const createAlone = ({ config, clock, monotonic, ids, log }: CoordinationDeps): Coordination => {
  const instances = createOnlyInstance({ clock });
  return {
    instances,
    throttle: createLoginThrottle({
      counters: createMemoryCounters(),
      // Corrections of the system's clock must not extend a block.
      now: monotonic,
      failuresPerAddress: config.login.failuresPerAddress,
    }),
    sendRate: createMemoryRate({ monotonic }),
    claims: createPageClaims({ held: createMemoryClaims(), instances, clock, nonce: () => ids.nonce(), log }),
    duties: EVERY_DUTY,
  };
};

/** For servers that share a database: everything is in its tables, with the times of its clock. */
export const createShared = ({
  config,
  db,
  clock,
  ids,
  pruning,
  log,
  ownKey,
}: CoordinationDeps): Coordination => {
  const { storage, control } = db;
  const nonce = () => ids.nonce();
  const instances = createInstances({
    store: createInstanceStore({ storage: control }),
    newId: nonce,
    clock,
    settleMs: config.presenceSettleSeconds * 1000,
    log,
  });
  return {
    instances,
    throttle: createLoginThrottle({
      counters: createStoredCounters({ storage, secret: ownKey("login-key"), pruning }),
      now: () => clock().getTime(),
      failuresPerAddress: config.login.failuresPerAddress,
    }),
    sendRate: storedRate,
    claims: createPageClaims({ held: createStoredClaims({ storage }), instances, clock, nonce, log }),
    duties: createStoredDuties({ control, instances }),
  };
};

/** Chooses the implementation. A file of SQLite has one server. */
export const createCoordination = (deps: CoordinationDeps): Coordination =>
  deps.db.kind === "sqlite" ? createAlone(deps) : createShared(deps);
