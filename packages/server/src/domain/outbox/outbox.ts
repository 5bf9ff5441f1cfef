import { and, eq } from "drizzle-orm";
import type { Ids } from "../../platform/ids.js";
import type { Transaction } from "../../storage/port.js";
import { insertion, param, query, rawParam, statement } from "../../storage/statement.js";
import { outboxTasks } from "../../storage/tables.js";
import type { Line, NewTask, Task } from "./kind.js";

/** Adds tasks, in the transaction of the change that they follow from. */
export interface Outbox {
  /** Returns the ids of the tasks. */
  add(tx: Transaction, tasks: readonly NewTask[]): Promise<string[]>;
  /** Cancels a task. Returns false if it has begun or is done. */
  cancel(tx: Transaction, task: Pick<Task, "examId" | "id">): Promise<boolean>;
  /** Cancels the tasks of a kind in a line. Returns false if one of them has begun. */
  cancelAll(tx: Transaction, kind: { readonly name: string }, line: Line): Promise<boolean>;
  /** Changes when tasks are due. */
  reschedule(tx: Transaction, examId: string, ids: readonly string[], dueAt: Date): Promise<void>;
}

const insertTask = insertion(outboxTasks);
const isOfExam = eq(outboxTasks.examId, param("examId"));
const isUntried = eq(outboxTasks.attempts, 0);
const deleteUntriedTask = statement(
  query.delete(outboxTasks).where(and(isOfExam, eq(outboxTasks.id, param("id")), isUntried)),
);
const isOfLine = and(
  isOfExam,
  eq(outboxTasks.queue, param("queue")),
  eq(outboxTasks.key, param("key")),
  eq(outboxTasks.kind, param("kind")),
);
const deleteUntriedTasks = statement(query.delete(outboxTasks).where(and(isOfLine, isUntried)));
const triedTask = statement(query.select({ id: outboxTasks.id }).from(outboxTasks).where(isOfLine).limit(1));
const rescheduleTasks = statement((dialect) =>
  query
    .update(outboxTasks)
    .set({ dueAt: rawParam<Date>("dueAt") })
    .where(and(isOfExam, dialect.isAnyOf(outboxTasks.id, "ids"))),
);

export const createOutbox = ({
  ids,
  added,
}: {
  ids: Ids;
  /** Called after a commit that added tasks. */
  added: () => void;
}): Outbox => ({
  async add(tx, tasks) {
    const rows = tasks.map((task) => ({ id: ids.next(), ...task }));
    if (rows.length > 0) {
      tx.afterCommit(added);
      await tx.insert(insertTask, rows);
    }
    return rows.map(({ id }) => id);
  },
  cancel: async (tx, { examId, id }) => (await tx.run(deleteUntriedTask, { examId, id })) > 0,
  async cancelAll(tx, { name: kind }, line) {
    await tx.run(deleteUntriedTasks, { ...line, kind });
    return !(await tx.get(triedTask, { ...line, kind }));
  },
  async reschedule(tx, examId, ids, dueAt) {
    tx.afterCommit(added);
    await tx.run(rescheduleTasks, { examId, ids, dueAt });
  },
});
