import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { asc, eq, lte, sql } from "drizzle-orm";
import type { FastifyBaseLogger } from "fastify";
import type { Transaction } from "../../storage/port.js";
import type { Database } from "../../storage/sqlite/client.js";
import { param, query, statement } from "../../storage/statement.js";
import { bulkChanges, exams } from "../../storage/tables.js";
import type { EventWriter } from "../events.js";
import type { TaskWriter } from "../vendor-tasks.js";
import { rowsOfChanges } from "./people.js";
import { createPhases } from "./phases.js";
import type { BulkChange, Phase } from "./types.js";

/** What a change is about. */
export type NewBulkChange = Pick<BulkChange, "kind" | "examId"> & {
  readonly person?: Exclude<BulkChange["person"], null>;
  readonly now: Date;
};

/**
 * Prepares a change, in steps: writes rows that nobody sees yet, and yields after each step how many they were. It runs inside of writes,
 * and is done when the change may be announced. Throws to call the change off.
 */
export type Prepare<Result> = (change: BulkChange) => Generator<number, Result, void>;

/**
 * Changes of many rows, which are all or nothing and never hold up the writes of others: docs/decisions/0032. A small one is one
 * write. A large one is made in small writes that nobody sees, announced by one, and finished in small writes.
 */
export interface BulkChanges {
  /**
   * Makes a change. Resolves when it is announced: from then on everybody sees it. While another change of the exam is under way it waits.
   * @throws what `prepare` throws, and what `busy` says after half a minute
   */
  run<Result>(about: NewBulkChange, prepare: Prepare<Result>): Promise<Result>;
  /**
   * Runs a write of the rooms or people of one exam, which calls `assertFree` for it: while a change of the exam is under way it waits.
   * @throws what the work throws, and what `busy` says after half a minute
   */
  readonly write: <Result>(work: () => Result) => Promise<Result>;
  /** Belongs into a write that was given to `write`, before its first change. */
  assertFree(examId: string): void;
  /**
   * Runs a transaction that writes the rooms or people of one exam. The work calls `assertUnlocked` first; while a bulk change of
   * the exam is under way, the transaction is rolled back and run again later.
   * @throws what `work` throws, and the error of `busy` after half a minute
   */
  transact<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result>;
  /** Refuses, within `transact`, to write the rooms or people of an exam that a bulk change is changing. Call it before the first write. */
  assertUnlocked(tx: Transaction, examId: string): Promise<void>;
  /** From now on this process carries on what others left. */
  start(): void;
  /** Begins no more writes. What is left is done by another process, or after the next start. */
  stop(): Promise<void>;
  /** Resolves when this process has finished what it began. */
  drain(): Promise<void>;
}

export interface BulkChangesDeps {
  readonly db: Database;
  readonly tasks: TaskWriter;
  readonly events: EventWriter;
  readonly clock: () => Date;
  readonly log: FastifyBaseLogger;
  /** The refusal of a call that waited in vain. */
  readonly busy: (examId: string) => Error;
}

/** Rows that one write of a change touches, about: some five milliseconds. */
const ROWS_A_WRITE = 500;
/** Nobody else carries on what was claimed before this. Every write of a change claims it anew. */
const CLAIM_MS = 5_000;
/** How often a process looks for what others left, in milliseconds. */
const LOOK_MS = 2_000;
const ASK_AGAIN_MS = 20;
const PATIENCE_MS = 30_000;

/** Another change of the exam is under way. */
class ExamBusy extends Error {
  constructor(readonly examId: string) {
    super(`a change of the exam ${examId} is under way`);
  }
}

/** Another process has taken the change over. */
class TakenOver extends Error {
  constructor() {
    super("another process has taken the change over");
  }
}

const changeOfExam = statement(
  query
    .select({ id: bulkChanges.id })
    .from(bulkChanges)
    .where(eq(bulkChanges.examId, param("examId")))
    .limit(1),
);

export const createBulkChanges = ({ db, tasks, events, clock, log, busy }: BulkChangesDeps): BulkChanges => {
  const { queries } = db;
  const phases = createPhases({ queries, tasks, events });
  const { lastSeat, lastWaiting } = rowsOfChanges(queries);
  const worker = randomBytes(12).toString("hex");
  const underWay = new Set<Promise<unknown>>();
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;

  const ofExam = queries
    .select({ id: bulkChanges.id })
    .from(bulkChanges)
    .where(eq(bulkChanges.examId, sql.placeholder("examId")))
    .prepare();
  const byId = queries
    .select()
    .from(bulkChanges)
    .where(eq(bulkChanges.id, sql.placeholder("id")))
    .prepare();
  const left = queries
    .select()
    .from(bulkChanges)
    .where(lte(bulkChanges.claimedUntil, sql.placeholder("now")))
    .orderBy(asc(bulkChanges.claimedUntil))
    .limit(10)
    .prepare();
  const keep = queries
    .update(bulkChanges)
    .set({
      worker,
      state: sql`${sql.placeholder("state")}`,
      progress: sql`${sql.placeholder("progress")}`,
      claimedUntil: sql`${sql.placeholder("until")}`,
    })
    .where(eq(bulkChanges.id, sql.placeholder("id")))
    .prepare();
  const remove = queries
    .delete(bulkChanges)
    .where(eq(bulkChanges.id, sql.placeholder("id")))
    .prepare();

  const write = <T>(work: () => T): Promise<T> => db.write(work, { bulk: true });

  const save = (change: BulkChange, { released = false }: { released?: boolean } = {}): void => {
    const { id, state, progress } = change;
    const until = released ? 0 : clock().getTime() + CLAIM_MS;
    keep.run({ id, state, progress: JSON.stringify(progress), until });
  };
  /** The change as it stands, in a write of its worker. @throws TakenOver */
  const held = (id: number): BulkChange => {
    const change = byId.get({ id });
    if (change?.worker !== worker) throw new TakenOver();
    return change;
  };

  /** Does about `rows` rows of what is left to do; forgets the change when nothing is. Whether that is so. */
  const advance = (change: BulkChange, list: readonly Phase[], rows: number): boolean => {
    let { phase, after } = change.progress;
    let used = 0;
    while (used < rows) {
      const todo = list[phase];
      if (!todo) {
        remove.run({ id: change.id });
        return true;
      }
      const done = todo(change, { after, rows: rows - used });
      used += done.used;
      if (done.next === undefined) {
        phase += 1;
        after = "";
      } else after = done.next;
    }
    save({ ...change, progress: { phase, after } });
    return false;
  };
  const listOf = ({ state, kind }: BulkChange): readonly Phase[] =>
    state === "announced" ? phases.finish[kind] : phases.undo;

  /** Carries a change on to its end, in one direction or the other. */
  const carryOn = async (id: number): Promise<void> => {
    let isDone = false;
    while (!isDone && !isStopped)
      isDone = await write(() => {
        const change = held(id);
        return advance(change, listOf(change), ROWS_A_WRITE);
      });
    // Somebody else need not wait for the claim to end.
    if (!isDone) await write(() => save(held(id), { released: true }));
  };
  const carryOnLater = (id: number): Promise<void> => {
    const work = carryOn(id)
      .catch((error: unknown) => {
        // When its claim has ended it is carried on, here or elsewhere.
        if (!(error instanceof TakenOver))
          log.error({ err: error, changeId: id }, "a bulk change is carried on later");
      })
      .finally(() => underWay.delete(work));
    underWay.add(work);
    return work;
  };

  /** Takes what nobody carries on any more. */
  const look = async (): Promise<void> => {
    const now = clock();
    if (isStopped || left.all({ now: now.getTime() }).length === 0) return;
    const taken = await write(() => {
      const found = left.all({ now: now.getTime() });
      for (const change of found) save(change);
      return found;
    });
    for (const { id, kind, examId, state } of taken) {
      log.info({ changeId: id, kind, examId, state }, "a bulk change that was left is carried on");
      void carryOnLater(id);
    }
  };
  const lookQuietly = (): void => {
    look().catch((error: unknown) => log.error({ err: error }, "bulk changes cannot be read"));
  };

  const assertFree = (examId: string): void => {
    if (ofExam.get({ examId })) throw new ExamBusy(examId);
  };
  const assertUnlocked: BulkChanges["assertUnlocked"] = async (tx, examId) => {
    // A bulk change holds the same lock while it begins.
    await tx.lock(exams, examId);
    if (await tx.get(changeOfExam, { examId })) throw new ExamBusy(examId);
  };
  /** Does it again while the exam is busy. */
  const whenFree = async <T>(work: () => Promise<T>): Promise<T> => {
    const since = performance.now();
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof ExamBusy)) throw error;
        if (performance.now() - since > PATIENCE_MS || isStopped) throw busy(error.examId);
        // The change that it waits for may be one that its process left.
        await look();
        await wait(ASK_AGAIN_MS);
      }
    }
  };

  /** Prepares a change as far as one write may; announced when it says so. */
  const prepareOn = <Result>(
    change: BulkChange,
    steps: Generator<number, Result, void>,
  ): { change: BulkChange; announced?: { result: Result; isDone: boolean } } => {
    let rows = ROWS_A_WRITE;
    while (rows > 0) {
      const step = steps.next();
      if (!step.done) {
        rows -= step.value;
        continue;
      }
      // As `prepare` has left it.
      const prepared = held(change.id);
      const announcedChange: BulkChange = {
        ...prepared,
        state: "announced",
        progress: { phase: 0, after: "" },
      };
      save(announcedChange);
      const isDone = rows > 0 && advance(announcedChange, listOf(announcedChange), rows);
      return { change: announcedChange, announced: { result: step.value, isDone } };
    }
    save(change);
    return { change };
  };

  const run: BulkChanges["run"] = async <Result>(
    { kind, examId, person, now }: NewBulkChange,
    prepare: Prepare<Result>,
  ): Promise<Result> => {
    const id = randomBytes(6).readUIntBE(0, 6);
    let steps: Generator<number, Result, void> | undefined;
    const begin = () => {
      assertFree(examId);
      const change: BulkChange = {
        id,
        kind,
        examId,
        person: person ?? null,
        state: "preparing",
        seatedBefore: lastSeat(),
        unseatedBefore: lastWaiting(),
        progress: { phase: 0, after: "" },
        worker,
        claimedUntil: new Date(clock().getTime() + CLAIM_MS),
        createdAt: now,
      };
      queries.insert(bulkChanges).values(change).run();
      steps = prepare(change);
      return prepareOn(change, steps);
    };
    let { announced } = await whenFree(() => write(begin));
    try {
      while (!announced)
        ({ announced } = await write(() => {
          // Safe: the first write has made it.
          const going = steps as Generator<number, Result, void>;
          return prepareOn(held(id), going);
        }));
    } catch (error) {
      await carryOnLater(id);
      throw error instanceof TakenOver ? busy(examId) : error;
    }
    if (!announced.isDone) void carryOnLater(id);
    return announced.result;
  };

  return {
    run,
    write: (work) => whenFree(() => db.write(work)),
    assertFree,
    transact: (work) => whenFree(() => db.storage.write(work)),
    assertUnlocked,
    start() {
      isStopped = false;
      lookQuietly();
      timer ??= setInterval(lookQuietly, LOOK_MS);
      // It keeps no process alive.
      timer.unref();
    },
    async stop() {
      isStopped = true;
      clearInterval(timer);
      timer = undefined;
      await Promise.all(underWay);
    },
    drain: async () => {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
};
