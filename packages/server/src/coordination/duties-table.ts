import { and, eq, lte, sql } from "drizzle-orm";
import type { Storage } from "../storage/port.js";
import { param, query, rawParam, statement } from "../storage/statement.js";
import { duties } from "../storage/tables.js";
import type { Duties } from "./duties.js";
import type { Instances } from "./instances.js";

const takeDuty = statement(
  query
    .insert(duties)
    .values({ name: param("name"), instance: param("instance"), until: param("until") })
    .onConflictDoUpdate({
      target: duties.name,
      set: { instance: sql`excluded.instance`, until: sql`excluded.until` },
      setWhere: sql`${eq(duties.instance, param("instance"))} OR ${lte(duties.until, param("now"))}`,
    }),
);
const keepDuty = statement(
  query
    .update(duties)
    .set({ until: rawParam<Date>("until") })
    .where(and(eq(duties.name, param("name")), eq(duties.instance, param("instance")))),
);

/** Holds the duties of all servers. */
export const createStoredDuties = ({
  control,
  instances,
}: {
  control: Storage;
  instances: Pick<Instances, "id">;
}): Duties => ({
  take: async (name, { now, until }) => {
    const values = { name, instance: instances.id, now, until };
    return (await control.write((tx) => tx.last(() => tx.run(takeDuty, values)))) > 0;
  },
  keep: async (tx, name, until) => (await tx.run(keepDuty, { name, instance: instances.id, until })) > 0,
});
