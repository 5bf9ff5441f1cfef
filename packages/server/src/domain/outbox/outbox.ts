import { and, eq } from "drizzle-orm";
import type { Ids } from "../../platform/ids.js";
import type { Transaction } from "../../storage/port.js";
import { insertion, param, query, rawParam, statement } from "../../storage/statement.js";
import { outboxTasks } from "../../storage/tables.js";
import type { Line, NewTask, Task } from "./kind.js";

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

export type Outbox = ReturnType<typeof createOutbox>;

/** Adds tasks, in the transaction of the change that they follow from. */
export const createOutbox = ({
  ids,
  added,
}: {
  ids: Ids;
  /** Called after a commit that added tasks. */
  added: () => void;
}) => ({
  /** Returns the ids of the tasks. */
  async add(tx: Transaction, tasks: readonly NewTask[]): Promise<string[]> {
    const rows = tasks.map((task) => ({ id: ids.next(), ...task }));
    if (rows.length > 0) {
      tx.afterCommit(added);
      await tx.insert(insertTask, rows);
    }
    return rows.map(({ id }) => id);
  },
  /** Cancels a task. Returns false if it has begun or is done. */
  cancel: async (tx: Transaction, { examId, id }: Pick<Task, "examId" | "id">): Promise<boolean> =>
    (await tx.run(deleteUntriedTask, { examId, id })) > 0,
  /** Cancels the tasks of a kind in a line. Returns false if one of them has begun. */
  async cancelAll(tx: Transaction, { name: kind }: { readonly name: string }, line: Line): Promise<boolean> {
    await tx.run(deleteUntriedTasks, { ...line, kind });
    return !(await tx.get(triedTask, { ...line, kind }));
  },
  /** Changes when tasks are due. */
  async reschedule(tx: Transaction, examId: string, ids: readonly string[], dueAt: Date): Promise<void> {
    tx.afterCommit(added);
    await tx.run(rescheduleTasks, { examId, ids, dueAt });
  },
});
