import { eq, lte } from "drizzle-orm";
import type { Storage } from "../../storage/port.js";
import { param, query, rawParam, statement } from "../../storage/statement.js";
import { instances, serverNotices } from "../../storage/tables.js";

export type StoredNotice = Pick<typeof serverNotices.$inferSelect, "topic" | "data">;

export interface InstanceStore {
  /** Begins or extends the lease of a server. Returns whether it was extended: false if it began anew. */
  renew(id: string, until: Date): Promise<boolean>;
  /** Returns the servers whose leases have expired. */
  expired(now: Date): Promise<string[]>;
  /** Removes a server, once nothing refers to it. */
  remove(id: string): Promise<void>;
  /** Takes the notices for a server, in the order in which they were written. */
  takeNotices(id: string): Promise<readonly StoredNotice[]>;
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

const anyNotice = statement(
  query
    .select({ id: serverNotices.id })
    .from(serverNotices)
    .where(eq(serverNotices.instance, param("id")))
    .limit(1),
);
const deleteNotices = statement(
  query
    .delete(serverNotices)
    .where(eq(serverNotices.instance, param("id")))
    .returning({ id: serverNotices.id, topic: serverNotices.topic, data: serverNotices.data }),
);

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
      await tx.run(deleteNotices, { id });
      await tx.run(deleteInstance, { id });
    });
  },
  async takeNotices(id) {
    // Usually there are none, and a read costs less than a write.
    if (!(await storage.get(anyNotice, { id }))) return [];
    const taken = await storage.write((tx) => tx.all(deleteNotices, { id }));
    return taken.toSorted((one, other) => one.id - other.id);
  },
});
