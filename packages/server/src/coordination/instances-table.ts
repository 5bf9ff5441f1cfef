import { and, asc, eq, gt, isNull, lte, or } from "drizzle-orm";
import type { Reader, Storage, Transaction } from "../storage/port.js";
import { insertion, param, query, rawParam, statement } from "../storage/statement.js";
import { instances, serverNotices } from "../storage/tables.js";

/** `displaced`: the id of a connection that another page has displaced. `muted`: the id of a room whose mutes have changed. */
export type NoticeTopic = (typeof serverNotices.$inferSelect)["topic"];

/** What one server tells others: what their pages must know at once, and the event log does not contain. */
export interface Notice {
  readonly topic: NoticeTopic;
  readonly data: string;
  readonly now: Date;
}

/** A server that has a lease. */
export type StoredInstance = Omit<typeof instances.$inferSelect, "claimedUntil">;

export type StoredNotice = Pick<typeof serverNotices.$inferSelect, "id" | "topic" | "data">;

const isInstance = eq(instances.id, param("id"));
const extendLease = statement(
  query
    .update(instances)
    .set({ leaseUntil: rawParam<Date>("until") })
    .where(and(isInstance, isNull(instances.claimedUntil))),
);
const insertInstance = insertion(instances);
const isExpired = lte(instances.leaseUntil, param("now"));
/** The server that cleans up may itself have ended. */
const isUnclaimed = or(isNull(instances.claimedUntil), lte(instances.claimedUntil, param("now")));
const expiredInstances = statement(query.select({ id: instances.id }).from(instances).where(isExpired));
const claimInstance = statement(
  query
    .update(instances)
    .set({ claimedUntil: rawParam<Date>("until") })
    .where(and(isInstance, isExpired, isUnclaimed)),
);
const deleteInstance = statement(query.delete(instances).where(isInstance));

const runningInstances = statement(
  query
    .select({ id: instances.id })
    .from(instances)
    .where(gt(instances.leaseUntil, param("now"))),
);

const runningServers = statement(
  query
    .select({
      id: instances.id,
      leaseUntil: instances.leaseUntil,
      startedAt: instances.startedAt,
      version: instances.version,
    })
    .from(instances)
    .where(gt(instances.leaseUntil, param("now"))),
);

const insertNotices = insertion(serverNotices);
const noticesOf = statement(
  query
    .select({ id: serverNotices.id, topic: serverNotices.topic, data: serverNotices.data })
    .from(serverNotices)
    .where(eq(serverNotices.instance, param("id")))
    .orderBy(asc(serverNotices.id)),
);
const deleteNotice = statement(query.delete(serverNotices).where(eq(serverNotices.id, param("id"))));
const deleteNoticesOf = statement(query.delete(serverNotices).where(eq(serverNotices.instance, param("id"))));

/** Notifies servers, in the transaction of the cause. */
export const notifyServers = async (
  tx: Transaction<"installation">,
  servers: readonly string[],
  { topic, data, now }: Notice,
): Promise<void> => {
  await tx.insert(
    insertNotices,
    servers.map((instance) => ({ instance, topic, data, createdAt: now })),
  );
};

/** Returns all running servers except one. */
export const otherServers = async (reader: Reader, self: string, now: Date): Promise<string[]> => {
  const running = await reader.all(runningInstances, { now });
  return running.map(({ id }) => id).filter((id) => id !== self);
};

export type InstanceStore = ReturnType<typeof createInstanceStore>;

export const createInstanceStore = ({ storage }: { storage: Storage }) => ({
  /** Begins the lease of a server. */
  begin: async (server: StoredInstance): Promise<void> => {
    await storage.write((tx) => tx.last(() => tx.insert(insertInstance, [server])));
  },
  /** Returns the servers whose leases have not expired. */
  running: (now: Date): Promise<StoredInstance[]> => storage.all(runningServers, { now }),
  /** Extends the lease of a server. Returns false if another server cleans up after it, or has done so. */
  renew: async (id: string, until: Date): Promise<boolean> =>
    (await storage.write((tx) => tx.last(() => tx.run(extendLease, { id, until })))) > 0,
  /** Claims the clean-up after a server whose lease has expired. Returns false if it has not, or if another server has claimed it. */
  claim: async (id: string, { now, until }: { readonly now: Date; readonly until: Date }): Promise<boolean> =>
    (await storage.write((tx) => tx.last(() => tx.run(claimInstance, { id, now, until })))) > 0,
  /** Returns the servers whose leases have expired. */
  expired: async (now: Date): Promise<string[]> =>
    (await storage.all(expiredInstances, { now })).map(({ id }) => id),
  /** Removes a server, once nothing refers to it. */
  remove: async (id: string): Promise<void> => {
    await storage.write((tx) =>
      tx.last(() => Promise.all([tx.run(deleteNoticesOf, { id }), tx.run(deleteInstance, { id })])),
    );
  },
  /** The notices for a server, in the order in which they were written. */
  notices: (id: string): Promise<readonly StoredNotice[]> => storage.all(noticesOf, { id }),
  removeNotices: (notices: readonly StoredNotice[]): Promise<void> =>
    storage.write((tx) =>
      tx.last(async () => {
        await Promise.all(notices.map(({ id }) => tx.run(deleteNotice, { id })));
      }),
    ),
});
