import type { z } from "zod";
import type { outboxTasks } from "../../storage/tables.js";

/** A task of the outbox: work outside of the database, which a change left to be done. */
export type Task = typeof outboxTasks.$inferSelect;

/** Where a task waits. Tasks of one line run one after the other, in the order in which they were added. */
export interface Line {
  readonly examId: string;
  readonly queue: string;
  readonly key: string;
}

/** A task that is not in the outbox yet. */
export interface NewTask extends Line {
  readonly kind: string;
  readonly payload: object;
  readonly dueAt: Date;
  readonly expiresAt: Date | null;
  readonly createdAt: Date;
}

/**
 * A kind of tasks. Declare it once, where its tasks are added. The code that does the work passes its function to
 * `handler`.
 *
 * A new kind gets a queue of its own. A version that does not know the queue leaves its tasks alone; the versions before the outbox take a task of a
 * message service for done if they do not know its kind: docs/decisions/0048-one-outbox.md.
 */
export interface TaskKind<Subject, Payload extends object> {
  readonly name: string;
  readonly payload: z.ZodType<Payload>;
  /** The line of a task about a subject. */
  readonly lineOf: (subject: Subject) => Line;
  /** How long after its due time a task is tried. Undefined: until it succeeds or was refused too often. */
  readonly lifetimeMs?: number;
  /** The delay after the first failure. It doubles with each further one. */
  readonly firstDelayMs: number;
  /** Until when a task holds up those behind it in its line: until it is done or given up, or only until it was tried once. */
  readonly holdsUp: "untilDone" | "untilTried";
}

interface Times {
  readonly now: Date;
  /** Default: at once. */
  readonly dueAt?: Date | undefined;
}
export const timesOf = (
  { lifetimeMs }: Pick<TaskKind<never, object>, "lifetimeMs">,
  { now, dueAt = now }: Times,
): Pick<NewTask, "dueAt" | "expiresAt" | "createdAt"> => ({
  dueAt,
  expiresAt: lifetimeMs === undefined ? null : new Date(dueAt.getTime() + lifetimeMs),
  createdAt: now,
});

export const newTask = <Subject, Payload extends object>(
  kind: TaskKind<Subject, Payload>,
  subject: Subject,
  payload: Payload,
  times: Times,
): NewTask => ({ ...kind.lineOf(subject), kind: kind.name, payload, ...timesOf(kind, times) });

/** Runs tasks of a kind. */
export interface Handler {
  readonly kind: Omit<TaskKind<never, object>, "payload" | "lineOf">;
  /** Takes less time than a lease. Rejects if the task is to be tried again. It may run again after it has succeeded. */
  readonly run: (task: Task) => Promise<void>;
}

export const handler = <Subject, Payload extends object>(
  kind: TaskKind<Subject, Payload>,
  run: (payload: Payload, task: Line) => Promise<void>,
): Handler => ({ kind, run: async (task) => run(kind.payload.parse(task.payload), task) });

/** Tasks that share a worker. */
export interface TaskQueue {
  readonly name: string;
  /** How many of its tasks run at a time in this process. */
  readonly concurrency: number;
  readonly handlers: readonly Handler[];
  /** Whether a failure is a refusal of the task itself. Ten refusals end a task. Other failures end by themselves, or once a cause is fixed. */
  readonly isRefusal: (error: unknown) => boolean;
}
