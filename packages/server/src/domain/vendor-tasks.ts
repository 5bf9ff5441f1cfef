import { type ImServer, signals } from "@invigil/schema";
import { and, eq } from "drizzle-orm";
import type { Ids } from "../platform/ids.js";
import type { Transaction } from "../storage/port.js";
import { insertion, param, query, statement } from "../storage/statement.js";
import { type VendorTaskPayload, vendorTasks } from "../storage/tables.js";
import type { EventLog } from "./events.js";
import { endAnnouncedSince, loginOf, type MessageLog } from "./messages.js";
import { endPresence } from "./presence.js";

export type VendorTask = typeof vendorTasks.$inferSelect;
export type TaskKind = VendorTask["kind"];
/** The kinds of tasks of each message service. Tasks of other kinds are not written, so most installations have none. */
export type TaskKinds = Readonly<Record<ImServer, readonly TaskKind[]>>;

/** The properties of a room that its groups depend on. */
export interface RoomOfGroups {
  readonly examId: string;
  readonly id: string;
  readonly imServer: readonly ImServer[];
}

export interface Announcement {
  readonly room: RoomOfGroups;
  /** The type of the signal. */
  readonly signal: number;
  /** The data of the signal, which is sent as JSON. */
  readonly data: object;
  /** The logins of the recipients (`id`, `pc_id`). Default: everybody in the group. */
  readonly userIds?: readonly string[] | undefined;
  /** When services of vendors send it. Default: at once. */
  readonly dueAt?: Date | undefined;
  readonly now: Date;
}

/**
 * Writes tasks for the message services of a room, in the transaction of the change that needs them. The built-in service uses this
 * database, so its part is done in the same transaction.
 */
export interface TaskLog {
  /** Sends a signal to the room's groups. A signal that cannot be sent soon is dropped, because it would be outdated. */
  announce(tx: Transaction, announcement: Announcement): Promise<void>;
  /**
   * Announces to everybody in a room that it has just ended. The built-in service sends the signal at once, unless it was sent already.
   * Services of vendors send it from `dueAt` on.
   */
  announceEnd(
    tx: Transaction,
    room: RoomOfGroups,
    times: { readonly dueAt: Date; readonly now: Date },
  ): Promise<void>;
  /** Deletes the room's groups from `dueAt` on, and tries until it succeeds. Returns the ids of the tasks. */
  deleteGroups(
    tx: Transaction,
    room: RoomOfGroups,
    times: { readonly dueAt: Date; readonly now: Date },
  ): Promise<string[]>;
  /** Cancels the deletion of a room's groups, because the room is reopened. @throws GroupsLeaving if a deletion has begun */
  cancelDeletion(tx: Transaction, room: RoomOfGroups): Promise<void>;
  /** Removes a person from the room's groups and ends their presence. An examinee also receives the signal that they were removed. */
  evict(
    tx: Transaction,
    room: RoomOfGroups,
    person: { readonly userId: string; readonly role: string },
    now: Date,
  ): Promise<void>;
  /** Cancels the deletion of groups, because their room is written. @throws GroupsUndone if the deletion has begun */
  keepGroups(tx: Transaction, examId: string, taskIds: readonly string[]): Promise<void>;
}

/** The groups of a new room are being deleted, because the creation of the room took too long. */
export class GroupsUndone extends Error {
  constructor() {
    super("the message groups are being deleted");
  }
}

/** The groups of a room that is reopened are being deleted. */
export class GroupsLeaving extends Error {
  constructor() {
    super("the message groups of the room are being deleted");
  }
}

export interface TaskLogDeps {
  readonly kinds: TaskKinds;
  readonly ids: Ids;
  /** Called after a commit that added tasks. */
  readonly added: () => void;
  readonly events: EventLog;
  /** The messages of the built-in service. Undefined if `aliyun_new` is the service of the vendor. */
  readonly messages: MessageLog | undefined;
}

/** A signal that cannot be sent within this time is dropped. */
const SIGNAL_LIFETIME_MS = 30_000;

const insertTask = insertion(vendorTasks);
const deleteUntriedTask = statement(
  query
    .delete(vendorTasks)
    .where(
      and(
        eq(vendorTasks.examId, param("examId")),
        eq(vendorTasks.id, param("id")),
        eq(vendorTasks.attempts, 0),
      ),
    ),
);

const isDeletion = and(
  eq(vendorTasks.examId, param("examId")),
  eq(vendorTasks.service, param("service")),
  eq(vendorTasks.groupId, param("groupId")),
  eq(vendorTasks.kind, "delete_group"),
);
const deleteUntriedDeletions = statement(
  query.delete(vendorTasks).where(and(isDeletion, eq(vendorTasks.attempts, 0))),
);
const triedDeletion = statement(
  query.select({ id: vendorTasks.id }).from(vendorTasks).where(isDeletion).limit(1),
);

/** Returns the two logins of a person: for their main camera and for their PC. */
const loginsOf = (userId: string): string[] => [loginOf(userId, "main"), loginOf(userId, "pc")];

export const createTaskLog = ({ kinds, ids, added, events, messages }: TaskLogDeps): TaskLog => {
  interface NewTask {
    readonly payload?: VendorTaskPayload;
    readonly dueAt?: Date;
    readonly expiresAt?: Date;
    readonly now: Date;
  }
  const add = async (
    tx: Transaction,
    kind: TaskKind,
    room: RoomOfGroups,
    { payload = {}, expiresAt, now, dueAt = now }: NewTask,
  ): Promise<string[]> => {
    const services: ImServer[] = room.imServer.filter((service) => kinds[service].includes(kind));
    const tasks = services.map((service) => ({
      id: ids.next(),
      examId: room.examId,
      service,
      kind,
      groupId: room.id,
      payload,
      dueAt,
      expiresAt: expiresAt ?? null,
      createdAt: now,
    }));
    if (tasks.length > 0) {
      await tx.insert(insertTask, tasks);
      tx.afterCommit(added);
    }
    return tasks.map(({ id }) => id);
  };

  const announce: TaskLog["announce"] = async (tx, { room, signal, data, userIds, now, dueAt = now }) => {
    const text = JSON.stringify(data);
    if (messages && room.imServer.includes("aliyun_new")) {
      const isSent =
        signal === signals.endRoom.type &&
        (await messages.lastEndSignal(tx, { examId: room.examId, roomId: room.id }, endAnnouncedSince(now)));
      if (!isSent)
        await messages.addAll(tx, [
          {
            examId: room.examId,
            roomId: room.id,
            type: signal,
            data: text,
            senderId: "server",
            senderRole: "server",
            senderCamera: "main",
            recipients: userIds,
            createdAt: now,
          },
        ]);
    }
    const payload = { signal: { type: signal, data: text }, ...(userIds && { userIds }) };
    await add(tx, "send", room, {
      payload,
      dueAt,
      expiresAt: new Date(dueAt.getTime() + SIGNAL_LIFETIME_MS),
      now,
    });
  };

  return {
    announce,
    announceEnd: (tx, room, times) =>
      announce(tx, { room, signal: signals.endRoom.type, data: { sid: ids.next() }, ...times }),
    deleteGroups: (tx, room, times) => add(tx, "delete_group", room, times),
    async cancelDeletion(tx, { examId, id: groupId, imServer }) {
      for (const service of imServer) {
        await tx.run(deleteUntriedDeletions, { examId, service, groupId });
        if (await tx.get(triedDeletion, { examId, service, groupId })) throw new GroupsLeaving();
      }
    },
    async evict(tx, room, { userId, role }, now) {
      const userIds = loginsOf(userId);
      if (role === "examinee") {
        const data = { sid: ids.next(), receiverIdList: userIds };
        await announce(tx, { room, signal: signals.endUser.type, data, userIds, now });
      }
      await add(tx, "leave", room, { payload: { userIds }, now });
      await endPresence(tx, events, { examId: room.examId, roomId: room.id, userId }, now);
    },
    async keepGroups(tx, examId, taskIds) {
      const kept = await Promise.all(taskIds.map((id) => tx.run(deleteUntriedTask, { examId, id })));
      if (kept.includes(0)) throw new GroupsUndone();
    },
  };
};
