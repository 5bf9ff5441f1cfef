import { type ImServer, signals } from "@invigil/schema";
import { and, eq } from "drizzle-orm";
import type { Ids } from "../platform/ids.js";
import type { Transaction } from "../storage/port.js";
import { insertion, param, query, statement } from "../storage/statement.js";
import { type VendorTaskPayload, vendorTasks } from "../storage/tables.js";
import type { EventLog } from "./events.js";
import { endToldSince, loginOf, type MessageLog } from "./messages.js";
import { endPresence } from "./presence.js";

export type VendorTask = typeof vendorTasks.$inferSelect;
export type TaskKind = VendorTask["kind"];
/** What each message service can be asked for. Nothing else is written: most installations have no tasks at all. */
export type TaskKinds = Readonly<Record<ImServer, readonly TaskKind[]>>;

/** A room, as far as its groups are concerned. */
export interface RoomOfGroups {
  readonly id: string;
  readonly imServer: readonly ImServer[];
}

export interface Announced {
  readonly room: RoomOfGroups;
  /** The number of a signal. */
  readonly signal: number;
  /** What the signal says; sent as JSON. */
  readonly data: object;
  /** Whom it is for, by logins (`id`, `pc_id`); everybody in the group when absent. */
  readonly userIds?: readonly string[] | undefined;
  /** When vendors' services are asked to send it; default: at once. */
  readonly dueAt?: Date | undefined;
  readonly now: Date;
}

/**
 * Writes what is to be done at a room's message services, in the transaction of the change that asks for it. At the built-in service, which
 * is this database, it is done at once.
 */
export interface TaskLog {
  /** Sends a signal to the room's groups. A signal that cannot be sent soon is dropped: it would be out of date. */
  announce(tx: Transaction, announced: Announced): Promise<void>;
  /**
   * Tells everybody in a room that it has just ended. In the built-in service at once, unless somebody has told them already; at
   * vendors' services from `dueAt` on.
   */
  announceEnd(
    tx: Transaction,
    room: RoomOfGroups,
    times: { readonly dueAt: Date; readonly now: Date },
  ): Promise<void>;
  /** Deletes the room's groups, from `dueAt` on and until it succeeds. Returns the ids of the tasks. */
  deleteGroups(
    tx: Transaction,
    room: RoomOfGroups,
    times: { readonly dueAt: Date; readonly now: Date },
  ): Promise<string[]>;
  /** Tells an examinee that they were removed, takes the person out of the groups, and ends their presence. */
  sendAway(
    tx: Transaction,
    room: RoomOfGroups,
    person: { readonly userId: string; readonly role: string },
    now: Date,
  ): Promise<void>;
  /** Cancels the deletion of groups, because their room is written. @throws GroupsUndone when it has begun */
  keepGroups(tx: Transaction, taskIds: readonly string[]): Promise<void>;
}

/** Groups that were made for a room are being deleted: making the room took too long. */
export class GroupsUndone extends Error {
  constructor() {
    super("the message groups are being deleted");
  }
}

export interface TaskLogDeps {
  readonly kinds: TaskKinds;
  readonly ids: Ids;
  /** Called after a commit that added tasks. */
  readonly added: () => void;
  readonly events: EventLog;
  /** Keeps messages of the built-in service, where that is what `aliyun_new` means. */
  readonly messages: MessageLog | undefined;
}

/** A signal is sent within this, or not at all. */
const SIGNAL_LIFETIME_MS = 30_000;

const insertTask = insertion(vendorTasks);
const deleteUntriedTask = statement(
  query.delete(vendorTasks).where(and(eq(vendorTasks.id, param("id")), eq(vendorTasks.attempts, 0))),
);

/** The two logins of a person: their main camera's and their PC's. */
const loginsOf = (userId: string): string[] => [loginOf(userId, "main"), loginOf(userId, "pc")];

export const createTaskLog = ({ kinds, ids, added, events, messages }: TaskLogDeps): TaskLog => {
  interface New {
    readonly payload?: VendorTaskPayload;
    readonly dueAt?: Date;
    readonly expiresAt?: Date;
    readonly now: Date;
  }
  const add = async (
    tx: Transaction,
    kind: TaskKind,
    room: RoomOfGroups,
    { payload = {}, expiresAt, now, dueAt = now }: New,
  ): Promise<string[]> => {
    const services: ImServer[] = room.imServer.filter((service) => kinds[service].includes(kind));
    const tasks = services.map((service) => ({
      id: ids.next(),
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
        signal === signals.endRoom.type && (await messages.lastEndSignal(tx, room.id, endToldSince(now)));
      if (!isSent)
        await messages.addAll(tx, [
          {
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
    async sendAway(tx, room, { userId, role }, now) {
      const userIds = loginsOf(userId);
      if (role === "examinee") {
        const data = { sid: ids.next(), receiverIdList: userIds };
        await announce(tx, { room, signal: signals.endUser.type, data, userIds, now });
      }
      await add(tx, "leave", room, { payload: { userIds }, now });
      await endPresence(tx, events, { roomId: room.id, userId }, now);
    },
    async keepGroups(tx, taskIds) {
      for (const id of taskIds) if ((await tx.run(deleteUntriedTask, { id })) === 0) throw new GroupsUndone();
    },
  };
};
