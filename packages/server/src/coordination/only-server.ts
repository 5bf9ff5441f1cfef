import { setTimeout as pause } from "node:timers/promises";
import type { RunningServer } from "@invigil/schema";
import { SetupError } from "../platform/setup-error.js";
import type { Instances } from "./instances.js";

/** How often the leases of other servers are read. */
const LOOK_MS = 500;

/** Of two servers that start together, one must go on. */
const beganBefore = (one: RunningServer, other: RunningServer): boolean => {
  const sinceOf = ({ startedAt }: RunningServer): number => startedAt?.getTime() ?? 0;
  return sinceOf(one) < sinceOf(other) || (sinceOf(one) === sinceOf(other) && one.id < other.id);
};

/**
 * Resolves when no earlier server runs on the database. Call it once this server has its lease. A server that has ended keeps its lease for
 * some seconds, which it does not renew: that is waited for.
 * @throws SetupError if another server renews its lease
 */
export const assertOnlyServer = async ({ running }: Pick<Instances, "running">): Promise<void> => {
  const renewals = new Map<string, number>();
  for (;;) {
    const servers = await running();
    const self = servers.find(({ isThis }) => isThis);
    const earlier = servers.filter((server) => !server.isThis && self && beganBefore(server, self));
    if (earlier.length === 0) return;
    for (const { id, renewedAt } of earlier) {
      const before = renewals.get(id) ?? renewedAt.getTime();
      if (renewedAt.getTime() > before)
        throw new SetupError(
          "INVIGIL_STREAM_SERVICE must not be 'embedded', because another server runs on the database: each would have a media server of its own",
        );
      renewals.set(id, before);
    }
    await pause(LOOK_MS);
  }
};
