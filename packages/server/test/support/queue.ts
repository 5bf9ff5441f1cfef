import type { ImServer } from "@invigil/schema";
import { pino } from "pino";
import { createEventLog } from "../../src/domain/events.js";
import type { RosterTransaction } from "../../src/domain/exam-transaction.js";
import { createDeadLetters, type DeadLetters } from "../../src/domain/outbox/dead-letters.js";
import type { TaskQueue } from "../../src/domain/outbox/kind.js";
import { createOutbox, type Outbox } from "../../src/domain/outbox/outbox.js";
import { createOutboxRunner, type OutboxRunner } from "../../src/domain/outbox/runner.js";
import { createOutboxStore } from "../../src/domain/outbox/store.js";
import { createRoomExams } from "../../src/domain/room-exams.js";
import { createTaskLog, type TaskLog } from "../../src/domain/vendor-tasks.js";
import { createGroupQueues, taskKindsOf } from "../../src/features/message-groups/queues.js";
import { createGroupStore, type GroupStore } from "../../src/features/message-groups/store.js";
import { createIds } from "../../src/platform/ids.js";
import type { MessageProviders } from "../../src/providers/types.js";
import { openTestDatabase, type TestDatabase } from "./database.js";
import { type TestService, tasksOf } from "./message-services.js";
import { withWrites, writeRows } from "./writes.js";

// The outbox with the queues of message services, without the app that fills it.

export const START = Date.parse("2026-01-02T03:04:05Z");

export interface Process extends AsyncDisposable {
  readonly db: TestDatabase;
  readonly queue: OutboxRunner;
  readonly deadLetters: DeadLetters;
  readonly outbox: Outbox;
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
  /** Further queues beside those of the services. */
  readonly queues?: readonly TaskQueue[];
  /** The database of another process, which closes it. */
  readonly db?: TestDatabase;
}

/** Opens a database with a queue for these services. The queue is not started. */
export const openProcess = async (
  at: Readonly<Partial<Record<ImServer, TestService>>>,
  {
    file,
    concurrency = 4,
    random = () => 0.5,
    clock: given,
    queues: more = [],
    db: shared,
  }: ProcessOptions = {},
): Promise<Process> => {
  let now = START;
  const clock = given ?? (() => new Date(now));
  const db = shared ?? (await openTestDatabase(file === undefined ? {} : { file }));
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
  const ids = createIds({ clock });
  const outbox = createOutbox({ ids, added: () => queue.wake() });
  const tasks = createTaskLog({
    kinds: taskKindsOf(messages),
    ids,
    outbox,
    events: createEventLog({ added: () => undefined }),
    messages: undefined,
  });
  const store = createGroupStore({ ...withWrites(db), roomExams: createRoomExams(), outbox, tasks });
  const queues = [...createGroupQueues({ store, messages, concurrency, log }), ...more];
  const outboxStore = createOutboxStore({ ...withWrites(db), outbox });
  const queue = createOutboxRunner({
    store: outboxStore,
    queues,
    clock,
    pruning: { now: async () => clock() },
    random,
    log,
  });
  return {
    db,
    queue,
    deadLetters: createDeadLetters({ store: outboxStore, queues, clock }),
    outbox,
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
      await queue.drain(60_000);
    },
    async [Symbol.asyncDispose]() {
      await queue.stop(5000);
      if (!shared) await db.close();
    },
  };
};
