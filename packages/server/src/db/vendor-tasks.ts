import { inArray } from "drizzle-orm";
import type { Queries } from "./client.js";
import { vendorTasks } from "./tables.js";

// What other stores write beside their own changes: a group is deleted if and only if its room ended.

export type NewVendorTask = typeof vendorTasks.$inferInsert;

/** Writes what is to be done at message services, inside the caller's transaction. */
export interface TaskWriter {
  add(tasks: readonly NewVendorTask[]): void;
  /** Takes back what need not be done any more. */
  drop(ids: readonly string[]): void;
}

export const createTaskWriter = (queries: Queries): TaskWriter => ({
  add(tasks) {
    for (const task of tasks) queries.insert(vendorTasks).values(task).run();
  },
  drop(ids) {
    if (ids.length > 0)
      queries
        .delete(vendorTasks)
        .where(inArray(vendorTasks.id, [...ids]))
        .run();
  },
});
