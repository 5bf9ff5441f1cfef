import { and, asc, count, desc, eq, exists, gt, lt, lte, min, not, notExists, or, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/sqlite-core";
import { type Page, pageOf } from "../../platform/paging.js";
import type { Queries, Transaction } from "../../storage/port.js";
import { insertion, param, query, rawParam, statement } from "../../storage/statement.js";
import { deadLetters, outboxTasks } from "../../storage/tables.js";
import type { Author } from "../calls.js";
import type { Writes } from "../writes.js";
import type { NewTask, Task } from "./kind.js";
import type { Outbox } from "./outbox.js";

/** A task that was given up. */
export type DeadLetter = typeof deadLetters.$inferSelect;
/** What became of a dead letter that was to be tried again. `unhandled`: this installation does not run its kind. */
export type Revival = "retried" | "missing" | "unhandled";
export interface PageOfLetters {
  readonly limit: number;
  /** The id of the last letter of the page before. */
  readonly before?: string | undefined;
}
type Death = Pick<DeadLetter, "reason" | "diedAt"> & { readonly lastError?: string };

export interface Claim {
  readonly queue: string;
  /** The kinds that this process runs. It leaves others to processes that know them. */
  readonly kinds: readonly string[];
  /** Those that hold up tasks behind them only until their first attempt. */
  readonly passable: readonly string[];
  readonly now: Date;
  /** The end of the lease: no other process claims the tasks before this time. */
  readonly until: Date;
  readonly limit: number;
  /** The exams whose turn it was already. They come again once no other exam has a task that is due. The claim adds to them. */
  readonly served: Set<string>;
}

export interface Claimed {
  readonly tasks: readonly Task[];
  /** The number of tasks that were given up because they have expired. */
  readonly expired: number;
  /** When the next task is due. */
  readonly nextDue: Date | undefined;
}

const { examId, id, queue, kind, key, dueAt, expiresAt, attempts } = outboxTasks;
const isTask = and(eq(examId, param("examId")), eq(id, param("id")));
/** Whether no other server has claimed the task since. */
const isLeased = and(isTask, eq(attempts, param("attempts")));
const isOfQueue = eq(queue, param("queue"));

const earlier = alias(outboxTasks, "earlier");
const dueTasks = statement((dialect) =>
  query
    .select({ examId, id, expiresAt, attempts })
    .from(outboxTasks)
    .where(
      and(
        isOfQueue,
        lte(dueAt, param("now")),
        dialect.isAnyOf(kind, "kinds"),
        not(dialect.isAnyOf(examId, "passedBy")),
        notExists(
          query
            .select({ id: earlier.id })
            .from(earlier)
            .where(
              and(
                eq(earlier.examId, examId),
                eq(earlier.queue, queue),
                eq(earlier.key, key),
                lt(earlier.id, id),
                or(not(dialect.isAnyOf(earlier.kind, "passable")), eq(earlier.attempts, 0)),
              ),
            ),
        ),
      ),
    )
    .orderBy(asc(dueAt), asc(id))
    .limit(param("limit")),
);
type Due = Pick<Task, "examId" | "id" | "expiresAt" | "attempts">;
const nextDueTask = statement((dialect) =>
  query
    .select({ dueAt })
    .from(outboxTasks)
    .where(and(isOfQueue, gt(dueAt, param("now")), dialect.isAnyOf(kind, "kinds")))
    .orderBy(asc(dueAt))
    .limit(1),
);
// The task is no longer due if another process has claimed it in the meantime.
const claimTask = statement(
  query
    .update(outboxTasks)
    .set({ dueAt: rawParam<Date>("until"), attempts: sql`${attempts} + 1` })
    .where(and(isTask, lte(dueAt, param("now"))))
    .returning(),
);
const finishTask = statement(query.delete(outboxTasks).where(isLeased));
const takeTask = statement(query.delete(outboxTasks).where(isLeased).returning());
const retryTask = statement(
  query
    .update(outboxTasks)
    .set({
      dueAt: rawParam<Date>("dueAt"),
      refusals: rawParam<number>("refusals"),
      lastError: rawParam<string | null>("lastError"),
    })
    .where(isLeased),
);
const delayLaterTasks = statement(
  query
    .update(outboxTasks)
    .set({ dueAt: rawParam<Date>("dueAt") })
    .where(
      and(
        eq(examId, param("examId")),
        isOfQueue,
        eq(key, param("key")),
        gt(id, param("id")),
        lt(dueAt, param("dueAt")),
        exists(
          query
            .select({ id: earlier.id })
            .from(earlier)
            .where(
              and(
                eq(earlier.examId, param("examId")),
                eq(earlier.id, param("id")),
                eq(earlier.attempts, param("attempts")),
              ),
            ),
        ),
      ),
    ),
);

const allTasks = statement(
  query.select({ tasks: count(), oldest: min(outboxTasks.createdAt) }).from(outboxTasks),
);
const allLetters = statement(query.select({ letters: count() }).from(deadLetters));

const insertLetters = insertion(deadLetters);
const newestLetters = statement(
  query
    .select()
    .from(deadLetters)
    .where(lt(deadLetters.id, param("before")))
    .orderBy(desc(deadLetters.id))
    .limit(param("limit")),
);
const isLetter = eq(deadLetters.id, param("id"));
const letterById = statement(query.select().from(deadLetters).where(isLetter));
const dropLetter = statement(query.delete(deadLetters).where(isLetter));
const oldLetters = statement(
  query
    .select({ id: deadLetters.id })
    .from(deadLetters)
    .where(lte(deadLetters.diedAt, param("before")))
    .orderBy(asc(deadLetters.diedAt))
    .limit(param("limit")),
);
const dropLetters = statement((dialect) =>
  query.delete(deadLetters).where(dialect.isAnyOf(deadLetters.id, "ids")),
);

/** The cursor of the first page sorts after every id: ids consist of digits and lowercase letters. */
const FIRST = "~";
/** How many dead letters one transaction deletes. */
const PRUNED_AT_ONCE = 500;

const byExam = (found: readonly Due[]): Due[][] => {
  const exams = new Map<string, Due[]>();
  for (const task of found) exams.set(task.examId, [...(exams.get(task.examId) ?? []), task]);
  return [...exams.values()];
};
const letterOf = (task: Task, { reason, diedAt, lastError }: Death): DeadLetter => {
  const { id: taskId, examId: exam, queue: of, kind: name, key: line, payload, createdAt } = task;
  return {
    id: taskId,
    examId: exam,
    queue: of,
    kind: name,
    key: line,
    payload,
    reason,
    lastError: lastError ?? task.lastError,
    attempts: task.attempts,
    createdAt,
    diedAt,
  };
};

export type OutboxStore = ReturnType<typeof createOutboxStore>;

export const createOutboxStore = ({
  storage,
  writes,
  outbox,
}: {
  storage: Queries;
  writes: Pick<Writes, "ofExam" | "unordered">;
  outbox: Outbox;
}) => {
  /** Writes about a task that has run. */
  const about = async (
    { examId: exam }: Task,
    work: (tx: Transaction) => Promise<unknown>,
  ): Promise<void> => {
    await writes.unordered({ examId: exam }, work, { continues: true });
  };

  /** Finds due tasks of exams whose turn it is. */
  const findDue = async ({ served, ...of }: Omit<Claim, "until">): Promise<Due[]> => {
    const found = await storage.all(dueTasks, { ...of, passedBy: [...served] });
    if (found.length > 0 || served.size === 0) return found;
    served.clear();
    return findDue({ served, ...of });
  };

  /** Claims tasks of one exam, and buries those that have expired. */
  const claimAll = (found: readonly Due[], { now, until }: Pick<Claim, "now" | "until">) =>
    writes.unordered({}, async (tx) => {
      const taken: Task[] = [];
      const expired: Task[] = [];
      for (const task of found) {
        const isExpired = task.expiresAt !== null && task.expiresAt <= now;
        const own = await tx.get(isExpired ? takeTask : claimTask, { ...task, now, until });
        if (own) (isExpired ? expired : taken).push(own);
      }
      if (expired.length > 0)
        await tx.insert(
          insertLetters,
          expired.map((task) => letterOf(task, { reason: "expired", diedAt: now })),
        );
      return { taken, expired: expired.length };
    });

  return {
    /**
     * Claims due tasks, at most the first of each line, from all exams in turn. A claim counts as an attempt, by whose number its lease is
     * recognized. Buries those that have expired.
     */
    async claim({ limit, served, ...of }: Claim): Promise<Claimed> {
      const claimed: Task[] = [];
      let expired = 0;
      for (;;) {
        const places = limit - claimed.length;
        const found = await findDue({ ...of, served, limit: places });
        // No other task is due.
        const isWhole = found.length < places && served.size === 0;
        let missed = found.length;
        for (const tasks of byExam(found)) {
          const { taken, expired: buried } = await claimAll(tasks, of);
          claimed.push(...taken);
          expired += buried;
          missed -= taken.length;
          for (const task of tasks) served.add(task.examId);
        }
        // No other exam waits for a turn.
        if (isWhole) served.clear();
        // What expired may have held up others, and what another process has claimed left places.
        if (claimed.length === limit || (isWhole && missed === 0)) break;
      }
      const next = await storage.get(nextDueTask, { queue: of.queue, kinds: of.kinds, now: of.now });
      return { tasks: claimed, expired, nextDue: next?.dueAt };
    },

    /** Deletes a task that is done. */
    finish: (task: Task): Promise<void> => about(task, (tx) => tx.last(() => tx.run(finishTask, task))),

    /** Makes a task due again. Those behind it in its line wait as long, if it holds them up. */
    retry: (
      task: Task,
      next: Pick<Task, "dueAt" | "refusals" | "lastError">,
      holdsUp: boolean,
    ): Promise<void> =>
      about(task, (tx) =>
        tx.last(() =>
          Promise.all([
            tx.run(retryTask, { ...task, ...next }),
            holdsUp && tx.run(delayLaterTasks, { ...task, dueAt: next.dueAt }),
          ]),
        ),
      ),

    /** Makes a task that is given up a dead letter. */
    bury: (task: Task, death: Death): Promise<void> =>
      about(task, async (tx) => {
        const own = await tx.get(takeTask, task);
        if (own) await tx.last(() => tx.insert(insertLetters, [letterOf(own, death)]));
      }),

    /** Counts the tasks and the dead letters, for metrics. `oldest`: when the oldest task was added. */
    async count(): Promise<{
      readonly tasks: number;
      readonly oldest: Date | null;
      readonly letters: number;
    }> {
      const [tasks, letters] = await storage.together(() =>
        Promise.all([storage.get(allTasks), storage.get(allLetters)]),
      );
      return { tasks: 0, oldest: null, letters: 0, ...tasks, ...letters };
    },

    /** Lists dead letters, the newest tasks first. */
    deadLetters: async ({ limit, before = FIRST }: PageOfLetters): Promise<Page<DeadLetter, string>> =>
      pageOf(await storage.all(newestLetters, { before, limit: limit + 1 }), limit, (letter) => letter.id),

    /** Adds the task of a dead letter again, unless it is not known which task that is. */
    async revive(
      letterId: string,
      taskOf: (letter: DeadLetter) => NewTask | undefined,
      author: Author,
    ): Promise<Revival> {
      const letter = await storage.get(letterById, { id: letterId });
      if (!letter) return "missing";
      const task = taskOf(letter);
      if (!task) return "unhandled";
      return writes.ofExam({ examId: letter.examId, subject: letterId }, author, async (tx) => {
        // Another operator may have been faster.
        if ((await tx.run(dropLetter, { id: letterId })) === 0) return "missing";
        await outbox.add(tx, [task]);
        return "retried";
      });
    },

    /** Deletes a dead letter. Returns false if there is none. */
    async drop(letterId: string, author: Author): Promise<boolean> {
      const letter = await storage.get(letterById, { id: letterId });
      if (!letter) return false;
      const target = { examId: letter.examId, subject: letterId };
      return (await writes.ofExam(target, author, (tx) => tx.run(dropLetter, { id: letterId }))) > 0;
    },

    /** Deletes some of the dead letters that died before this time. Returns whether there may be more. */
    async prune(before: Date): Promise<boolean> {
      const ids = (await storage.all(oldLetters, { before, limit: PRUNED_AT_ONCE })).map(
        (letter) => letter.id,
      );
      if (ids.length > 0) await writes.unordered({}, (tx) => tx.run(dropLetters, { ids }));
      return ids.length === PRUNED_AT_ONCE;
    },
  };
};
