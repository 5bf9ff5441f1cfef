import type { ImServer, RoomStatus } from "@invigil/schema";
import { and, asc, eq, gt, inArray, lt, lte, ne, notExists, or, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/sqlite-core";
import type { RoomOfGroups, TaskWriter, VendorTask } from "../../domain/vendor-tasks.js";
import type { Database } from "../../storage/sqlite/client.js";
import {
  visibleParticipants as participants,
  visibleRooms as rooms,
  vendorTasks,
} from "../../storage/tables.js";

export interface Claim {
  readonly service: ImServer;
  readonly now: Date;
  /** Nobody else does what was claimed before this. */
  readonly until: Date;
  readonly limit: number;
}

export interface Claimed {
  readonly tasks: readonly VendorTask[];
  /** How many had expired, and are gone. */
  readonly expired: number;
  /** When the next one is due. */
  readonly nextDue: Date | undefined;
}

export interface GroupStore {
  /** A room's services, and whether it has ended. */
  room(roomId: string): Promise<{ imServer: readonly ImServer[]; status: RoomStatus } | undefined>;
  /** Whether any of these people is in the room. */
  hasAnyOf(roomId: string, userIds: readonly string[]): Promise<boolean>;
  /** Has a room's groups deleted at `dueAt`, unless the tasks are taken back. Returns their ids. */
  prepareUndo(room: RoomOfGroups, times: { dueAt: Date; now: Date }): Promise<string[]>;
  /** Has these tasks done now, and once more at `againAt` those for which that is too soon. */
  undo(
    taskIds: readonly string[],
    more: { now: Date; again: readonly RoomOfGroups[]; againAt: Date },
  ): Promise<void>;
  /** Takes what is due, of each group its first. Whoever claims counts as having begun it. */
  claim(claim: Claim): Promise<Claimed>;
  /** Forgets a task that was done, or given up. */
  finish(taskId: string): Promise<void>;
  /** Has a task done again at `dueAt`; what waits behind it in its group waits as long. */
  retry(task: VendorTask, next: { dueAt: Date; refusals: number }): Promise<void>;
}

export const createGroupStore = ({ db, tasks }: { db: Database; tasks: TaskWriter }): GroupStore => {
  const { queries, write } = db;
  const id = eq(vendorTasks.id, sql.placeholder("id"));
  const ofService = eq(vendorTasks.service, sql.placeholder("service"));
  const now = sql.placeholder("now");

  const room = queries
    .select({ imServer: rooms.imServer, status: rooms.status })
    .from(rooms)
    .where(eq(rooms.id, sql.placeholder("roomId")))
    .prepare();

  const earlier = alias(vendorTasks, "earlier");
  // Somebody who has to leave holds up nothing once that was tried.
  const holdsUp = and(
    eq(earlier.service, vendorTasks.service),
    eq(earlier.groupId, vendorTasks.groupId),
    lt(earlier.id, vendorTasks.id),
    or(ne(earlier.kind, "leave"), eq(earlier.attempts, 0)),
  );
  const firstOfGroups = queries
    .select()
    .from(vendorTasks)
    .where(
      and(
        ofService,
        lte(vendorTasks.dueAt, now),
        notExists(queries.select({ id: earlier.id }).from(earlier).where(holdsUp)),
      ),
    )
    .orderBy(asc(vendorTasks.dueAt), asc(vendorTasks.id))
    .limit(sql.placeholder("limit"))
    .prepare();
  const nextDue = queries
    .select({ dueAt: vendorTasks.dueAt })
    .from(vendorTasks)
    .where(and(ofService, gt(vendorTasks.dueAt, now)))
    .orderBy(asc(vendorTasks.dueAt))
    .limit(1)
    .prepare();
  const begin = queries
    .update(vendorTasks)
    .set({ dueAt: sql`${sql.placeholder("until")}`, attempts: sql`${vendorTasks.attempts} + 1` })
    .where(id)
    .prepare();
  const remove = queries.delete(vendorTasks).where(id).prepare();
  const setDue = queries
    .update(vendorTasks)
    .set({ dueAt: sql`${sql.placeholder("dueAt")}` })
    .where(id)
    .prepare();
  const reschedule = queries
    .update(vendorTasks)
    .set({ dueAt: sql`${sql.placeholder("dueAt")}`, refusals: sql`${sql.placeholder("refusals")}` })
    .where(id)
    .prepare();
  const holdBack = queries
    .update(vendorTasks)
    .set({ dueAt: sql`${sql.placeholder("dueAt")}` })
    .where(
      and(
        ofService,
        eq(vendorTasks.groupId, sql.placeholder("groupId")),
        gt(vendorTasks.id, sql.placeholder("id")),
        lt(vendorTasks.dueAt, sql.placeholder("dueAt")),
      ),
    )
    .prepare();

  return {
    room: async (roomId) => room.get({ roomId }),
    hasAnyOf: async (roomId, userIds) =>
      queries
        .select({ seq: participants.seq })
        .from(participants)
        .where(and(eq(participants.roomId, roomId), inArray(participants.userId, [...userIds])))
        .limit(1)
        .get() !== undefined,
    prepareUndo: (of, times) => write(() => tasks.deleteGroups(of, times)),
    undo: (taskIds, { now: dueAt, again, againAt }) =>
      write(() => {
        for (const taskId of taskIds) setDue.run({ id: taskId, dueAt: dueAt.getTime() });
        for (const of of again) tasks.deleteGroups(of, { dueAt: againAt, now: dueAt });
      }),
    claim: ({ service, now: at, until, limit }) =>
      write(() => {
        const claimed: VendorTask[] = [];
        let expired = 0;
        for (;;) {
          const found = firstOfGroups.all({ service, now: at.getTime(), limit: limit - claimed.length });
          const dead = found.filter(({ expiresAt }) => expiresAt !== null && expiresAt <= at);
          for (const task of dead) remove.run({ id: task.id });
          for (const task of found.filter((one) => !dead.includes(one))) {
            begin.run({ id: task.id, until: until.getTime() });
            claimed.push({ ...task, attempts: task.attempts + 1 });
          }
          expired += dead.length;
          if (dead.length === 0 || claimed.length === limit) break;
        }
        const next = nextDue.get({ service, now: at.getTime() });
        return { tasks: claimed, expired, nextDue: next?.dueAt };
      }),
    finish: (taskId) => write(() => void remove.run({ id: taskId })),
    retry: (task, { dueAt, refusals }) =>
      write(() => {
        const times = { id: task.id, dueAt: dueAt.getTime() };
        reschedule.run({ ...times, refusals });
        if (task.kind !== "leave") holdBack.run({ ...times, service: task.service, groupId: task.groupId });
      }),
  };
};
