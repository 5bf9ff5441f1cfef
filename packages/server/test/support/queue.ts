import type { ImServer } from "@invigil/schema";
import { pino } from "pino";
import { createEventLog } from "../../src/domain/events.js";
import type { RosterTransaction } from "../../src/domain/exam-transaction.js";
import { createRoomExams } from "../../src/domain/room-exams.js";
import { createTaskLog, type TaskLog } from "../../src/domain/vendor-tasks.js";
import { taskKindsOf } from "../../src/features/message-groups/kinds.js";
import { createGroupStore, type GroupStore } from "../../src/features/message-groups/store.js";
import { createTaskQueue, type TaskQueue } from "../../src/features/message-groups/task-queue.js";
import { createIds } from "../../src/platform/ids.js";
import type { MessageProviders } from "../../src/providers/types.js";
import { openTestDatabase, type TestDatabase } from "./database.js";
import { type TestService, tasksOf } from "./message-services.js";
import { withWrites, writeRows } from "./writes.js";

// The task queue of message services, without the app that fills it.

export const START = Date.parse("2026-01-02T03:04:05Z");

export interface Process extends AsyncDisposable {
  readonly db: TestDatabase;
  readonly queue: TaskQueue;
  readonly store: GroupStore;
  /** The log so far, parsed. */
  readonly lines: Record<string, unknown>[];
  /** Resolves when a message with this text has been logged. */
  logged(text: string): Promise<void>;
  /** Adds tasks, in a transaction. */
  add(work: (tasks: TaskLog, tx: RosterTransaction, now: Date) => Promise<unknown>): Promise<void>;
  /** The pending tasks, in the order in which they were written. */
  tasks(): ReturnType<typeof tasksOf>;
  /** Advances the time, and runs the tasks that are due then. */
  wait(ms: number): Promise<void>;
}

export interface ProcessOptions {
  readonly file?: string;
  readonly concurrency?: number;
  readonly random?: () => number;
  readonly clock?: () => Date;
}

/** Opens a database with a queue for these services. The queue is not started. */
export const openProcess = async (
  at: Readonly<Partial<Record<ImServer, TestService>>>,
  { file, concurrency = 4, random = () => 0.5, clock: given }: ProcessOptions = {},
): Promise<Process> => {
  let now = START;
  const clock = given ?? (() => new Date(now));
  const db = await openTestDatabase(file === undefined ? {} : { file });
  const lines: Record<string, unknown>[] = [];
  let look = (): void => undefined;
  const write = (line: string): void => {
    lines.push(JSON.parse(line));
    look();
  };
  const log = pino({ level: "info" }, { write });
  // Safe: these tests request no tokens from the services.
  const messages = Object.fromEntries(
    Object.entries(at).map(([name, { provider }]) => [name, provider]),
  ) as unknown as MessageProviders;
  const tasks = createTaskLog({
    kinds: taskKindsOf(messages),
    ids: createIds({ clock }),
    added: () => queue.wake(),
    events: createEventLog({ added: () => undefined }),
    messages: undefined,
  });
  const store = createGroupStore({ ...withWrites(db), roomExams: createRoomExams(), tasks });
  const queue = createTaskQueue({ store, messages, clock, random, concurrency, log });
  return {
    db,
    queue,
    store,
    lines,
    logged: (text) =>
      new Promise((resolve) => {
        look = () => {
          if (lines.some(({ msg }) => String(msg).includes(text))) resolve();
        };
        look();
      }),
    add: (work) =>
      writeRows(db, async (tx) => {
        await work(tasks, tx, clock());
      }),
    tasks: () => tasksOf({ db }),
    async wait(ms) {
      now += ms;
      queue.wake();
      await queue.drain(5000);
    },
    async [Symbol.asyncDispose]() {
      await queue.stop(5000);
      await db.close();
    },
  };
};
