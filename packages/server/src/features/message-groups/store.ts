import type { ImServer, RoomStatus } from "@invigil/schema";
import { and, asc, eq, gt, lt, lte, ne, notExists, or, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/sqlite-core";
import { lockExams } from "../../domain/exam-transaction.js";
import { roomById } from "../../domain/people.js";
import { examOfRoom, type RoomExams, type RoomKey } from "../../domain/room-exams.js";
import type { RoomOfGroups, TaskLog, VendorTask } from "../../domain/vendor-tasks.js";
import type { Writes } from "../../domain/writes.js";
import type { CountedCaller } from "../../identity/usage-key.js";
import type { Queries } from "../../storage/port.js";
import { param, query, rawParam, statement } from "../../storage/statement.js";
import { vendorTasks, visibleParticipants } from "../../storage/tables.js";

export interface Claim {
  readonly service: ImServer;
  readonly now: Date;
  /** No other process claims the tasks before this time. */
  readonly until: Date;
  readonly limit: number;
}

export interface Claimed {
  readonly tasks: readonly VendorTask[];
  /** The number of expired tasks that were deleted. */
  readonly expired: number;
  /** When the next task is due. */
  readonly nextDue: Date | undefined;
}

export interface GroupStore {
  /** Whether there is a room with this id in any exam, even one that is not visible. */
  hasRoom(roomId: string): Promise<boolean>;
  /** A room's services, and whether it has ended. */
  room(roomId: string): Promise<{ imServer: readonly ImServer[]; status: RoomStatus } | undefined>;
  /** Whether any of these people is in the room. */
  hasAnyOf(room: RoomKey, userIds: readonly string[]): Promise<boolean>;
  /** Adds tasks that delete a room's groups at `dueAt` unless they are cancelled. Returns their ids. */
  prepareUndo(
    room: RoomOfGroups,
    times: { dueAt: Date; now: Date },
    caller: CountedCaller,
  ): Promise<string[]>;
  /** Does the same for a room that has ended, and cancels the tasks that would delete its groups earlier. @throws GroupsLeaving */
  prepareReopening(
    room: RoomOfGroups,
    times: { dueAt: Date; now: Date },
    caller: CountedCaller,
  ): Promise<string[]>;
  /** Makes tasks due now. Deletes the groups of the rooms in `again` a second time at `againAt`, because now may be too early. */
  undo(
    examId: string,
    taskIds: readonly string[],
    more: { now: Date; again: readonly RoomOfGroups[]; againAt: Date },
  ): Promise<void>;
  /** Claims due tasks, at most the first of each group. A claim counts as an attempt. */
  claim(claim: Claim): Promise<Claimed>;
  /** Deletes a task that is done or given up. */
  finish(task: Pick<VendorTask, "examId" | "id">): Promise<void>;
  /** Makes a task due again at `dueAt`. Later tasks of its group wait as long, except after a `leave` task. */
  retry(task: VendorTask, next: { dueAt: Date; refusals: number }): Promise<void>;
}

const { examId, id, service, groupId, dueAt, attempts } = vendorTasks;
const isOfExam = eq(examId, param("examId"));
const isTask = and(isOfExam, eq(id, param("id")));
const isOfService = eq(service, param("service"));

const anyOfPeople = statement((dialect) =>
  query
    .select({ seq: visibleParticipants.seq })
    .from(visibleParticipants)
    .where(
      and(
        eq(visibleParticipants.examId, param("examId")),
        eq(visibleParticipants.roomId, param("roomId")),
        dialect.isAnyOf(visibleParticipants.userId, "userIds"),
      ),
    )
    .limit(1),
);

const earlier = alias(vendorTasks, "earlier");
// A `leave` task blocks later tasks only until its first attempt.
const earlierBlockingTask = query
  .select({ id: earlier.id })
  .from(earlier)
  .where(
    and(
      eq(earlier.examId, examId),
      eq(earlier.service, service),
      eq(earlier.groupId, groupId),
      lt(earlier.id, id),
      or(ne(earlier.kind, "leave"), eq(earlier.attempts, 0)),
    ),
  );
const dueTasks = statement(
  query
    .select()
    .from(vendorTasks)
    .where(and(isOfService, lte(dueAt, param("now")), notExists(earlierBlockingTask)))
    .orderBy(asc(dueAt), asc(id))
    .limit(param("limit")),
);
const nextDueTask = statement(
  query
    .select({ dueAt })
    .from(vendorTasks)
    .where(and(isOfService, gt(dueAt, param("now"))))
    .orderBy(asc(dueAt))
    .limit(1),
);
// The task is no longer due if another process has claimed it in the meantime.
const claimTask = statement(
  query
    .update(vendorTasks)
    .set({ dueAt: rawParam<Date>("until"), attempts: sql`${attempts} + 1` })
    .where(and(isTask, lte(dueAt, param("now"))))
    .returning(),
);
const deleteTask = statement(query.delete(vendorTasks).where(isTask));
const makeTasksDue = statement((dialect) =>
  query
    .update(vendorTasks)
    .set({ dueAt: rawParam<Date>("dueAt") })
    .where(and(isOfExam, dialect.isAnyOf(id, "ids"))),
);
const retryTask = statement(
  query
    .update(vendorTasks)
    .set({ dueAt: rawParam<Date>("dueAt"), refusals: rawParam<number>("refusals") })
    .where(isTask),
);
const delayLaterTasks = statement(
  query
    .update(vendorTasks)
    .set({ dueAt: rawParam<Date>("dueAt") })
    .where(
      and(
        isOfExam,
        isOfService,
        eq(groupId, param("groupId")),
        gt(id, param("id")),
        lt(dueAt, param("dueAt")),
      ),
    ),
);

const byExam = (found: readonly VendorTask[]): VendorTask[][] => {
  const exams = new Map<string, VendorTask[]>();
  for (const task of found) exams.set(task.examId, [...(exams.get(task.examId) ?? []), task]);
  return [...exams.values()];
};

export const createGroupStore = ({
  storage,
  writes,
  roomExams,
  tasks,
}: {
  storage: Queries;
  writes: Writes;
  roomExams: RoomExams;
  tasks: TaskLog;
}): GroupStore => ({
  hasRoom: async (roomId) => (await storage.get(examOfRoom, { roomId })) !== undefined,
  room: (roomId) =>
    roomExams.find(storage, roomId, (exam) => storage.get(roomById, { examId: exam, roomId })),

  hasAnyOf: async (room, userIds) => (await storage.get(anyOfPeople, { ...room, userIds })) !== undefined,

  prepareUndo: (room, times, caller) =>
    writes.unordered({ examId: room.examId, caller }, (tx) =>
      tx.last(() => tasks.deleteGroups(tx, room, times)),
    ),

  prepareReopening: (room, times, caller) =>
    writes.unordered({ examId: room.examId, caller }, async (tx) => {
      await lockExams(tx, room.examId);
      await tasks.cancelDeletion(tx, room);
      return tasks.deleteGroups(tx, room, times);
    }),

  undo: (exam, taskIds, { now, again, againAt }) =>
    writes.unordered({ examId: exam }, async (tx) => {
      await tx.last(() =>
        Promise.all([
          tx.run(makeTasksDue, { examId: exam, ids: taskIds, dueAt: now }),
          ...again.map((room) => tasks.deleteGroups(tx, room, { dueAt: againAt, now })),
        ]),
      );
    }),

  async claim({ service: of, now, until, limit }) {
    const claimed: VendorTask[] = [];
    let expired = 0;
    /** Claims tasks, and deletes those that have expired. Returns how many it deleted. */
    const claimAll = (found: readonly VendorTask[]): Promise<{ taken: VendorTask[]; deleted: number }> =>
      writes.unordered({}, async (tx) => {
        const taken: VendorTask[] = [];
        let deleted = 0;
        for (const task of found)
          if (task.expiresAt !== null && task.expiresAt <= now) deleted += await tx.run(deleteTask, task);
          else {
            const own = await tx.get(claimTask, { examId: task.examId, id: task.id, now, until });
            if (own) taken.push(own);
          }
        return { taken, deleted };
      });
    for (;;) {
      const found = await storage.all(dueTasks, { service: of, now, limit: limit - claimed.length });
      let deletedNow = 0;
      for (const tasksOfExam of byExam(found)) {
        const { taken, deleted } = await claimAll(tasksOfExam);
        claimed.push(...taken);
        deletedNow += deleted;
      }
      expired += deletedNow;
      if (deletedNow === 0 || claimed.length === limit) break;
    }
    const next = await storage.get(nextDueTask, { service: of, now });
    return { tasks: claimed, expired, nextDue: next?.dueAt };
  },

  finish: ({ examId: exam, id: taskId }) =>
    writes.unordered({ examId: exam }, async (tx) => {
      await tx.last(() => tx.run(deleteTask, { examId: exam, id: taskId }));
    }),

  retry: ({ examId: exam, id: taskId, kind: taskKind, service: of, groupId: group }, next) =>
    writes.unordered({ examId: exam }, async (tx) => {
      const task = { examId: exam, id: taskId };
      await tx.last(() =>
        Promise.all([
          tx.run(retryTask, { ...task, ...next }),
          taskKind !== "leave" &&
            tx.run(delayLaterTasks, { ...task, service: of, groupId: group, dueAt: next.dueAt }),
        ]),
      );
    }),
});
