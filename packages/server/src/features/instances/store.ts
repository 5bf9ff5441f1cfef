import { asc, eq, lte } from "drizzle-orm";
import type { Storage } from "../../storage/port.js";
import { param, query, rawParam, statement } from "../../storage/statement.js";
import { instances, serverNotices } from "../../storage/tables.js";

export type StoredNotice = Pick<typeof serverNotices.$inferSelect, "id" | "topic" | "data">;

export interface InstanceStore {
  /** Begins or extends the lease of a server. Returns whether it was extended: false if it began anew. */
  renew(id: string, until: Date): Promise<boolean>;
  /** Returns the servers whose leases have expired. */
  expired(now: Date): Promise<string[]>;
  /** Removes a server, once nothing refers to it. */
  remove(id: string): Promise<void>;
  /** The notices for a server, in the order in which they were written. */
  notices(id: string): Promise<readonly StoredNotice[]>;
  removeNotices(notices: readonly StoredNotice[]): Promise<void>;
}

const isInstance = eq(instances.id, param("id"));
const extendLease = statement(
  query
    .update(instances)
    .set({ leaseUntil: rawParam<Date>("until") })
    .where(isInstance),
);
const insertInstance = statement(
  query
    .insert(instances)
    .values({ id: param("id"), leaseUntil: param("until") })
    .onConflictDoNothing(),
);
const expiredInstances = statement(
  query
    .select({ id: instances.id })
    .from(instances)
    .where(lte(instances.leaseUntil, param("now"))),
);
const deleteInstance = statement(query.delete(instances).where(isInstance));

const noticesOf = statement(
  query
    .select({ id: serverNotices.id, topic: serverNotices.topic, data: serverNotices.data })
    .from(serverNotices)
    .where(eq(serverNotices.instance, param("id")))
    .orderBy(asc(serverNotices.id)),
);
const deleteNotice = statement(query.delete(serverNotices).where(eq(serverNotices.id, param("id"))));
const deleteNoticesOf = statement(query.delete(serverNotices).where(eq(serverNotices.instance, param("id"))));

export const createInstanceStore = ({ storage }: { storage: Storage }): InstanceStore => ({
  renew: (id, until) =>
    storage.write(async (tx) => {
      if ((await tx.run(extendLease, { id, until })) > 0) return true;
      await tx.run(insertInstance, { id, until });
      return false;
    }),
  expired: async (now) => (await storage.all(expiredInstances, { now })).map(({ id }) => id),
  remove: async (id) => {
    await storage.write(async (tx) => {
      await tx.run(deleteNoticesOf, { id });
      await tx.run(deleteInstance, { id });
    });
  },
  notices: (id) => storage.all(noticesOf, { id }),
  removeNotices: (notices) =>
    storage.write(async (tx) => {
      for (const { id } of notices) await tx.run(deleteNotice, { id });
    }),
});
