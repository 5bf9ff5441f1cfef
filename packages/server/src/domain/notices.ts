import { gt } from "drizzle-orm";
import type { Reader, Transaction } from "../storage/port.js";
import { insertion, param, query, statement } from "../storage/statement.js";
import { instances, serverNotices } from "../storage/tables.js";

// Servers of one database tell each other what their pages must know at once and the event log does not contain. A notice is written in
// the transaction of its cause. `features/instances` delivers it.

/** `displaced`: the id of a connection that another page has displaced. `muted`: the id of a room whose mutes have changed. */
export type NoticeTopic = (typeof serverNotices.$inferSelect)["topic"];

export interface Notice {
  readonly topic: NoticeTopic;
  readonly data: string;
  readonly now: Date;
}

const insertNotices = insertion(serverNotices);
const runningInstances = statement(
  query
    .select({ id: instances.id })
    .from(instances)
    .where(gt(instances.leaseUntil, param("now"))),
);

/** Notifies servers. */
export const notifyServers = async (
  tx: Transaction,
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
