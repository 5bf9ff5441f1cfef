import { type ImServer, signals } from "@invigil/schema";
import { and, eq, sql } from "drizzle-orm";
import type { Ids } from "../platform/ids.js";
import type { Queries } from "../storage/sqlite/client.js";
import { type VendorTaskPayload, vendorTasks } from "../storage/tables.js";
import { endToldSince, loginOf, type MessageWriter } from "./messages.js";
import type { PresenceEnder } from "./presence.js";

// What other stores write beside their own changes: a group is deleted if and only if its room ended.

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
 * Writes what is to be done at a room's message services; at the built-in one, which is this database, it is done at once.
 * Every method belongs into the caller's transaction.
 */
export interface TaskWriter {
  /** Says something in the room's groups: soon, or never, because what is late is no news. */
  announce(announced: Announced): void;
  /**
   * Tells everybody in a room that has just ended. In the built-in service at once, unless somebody has told them already; at
   * vendors' services from `dueAt` on.
   */
  tellOfEnd(room: RoomOfGroups, times: { readonly dueAt: Date; readonly now: Date }): void;
  /** Deletes the room's groups, from `dueAt` on for as long as it takes. Returns the ids of the tasks. */
  deleteGroups(room: RoomOfGroups, times: { readonly dueAt: Date; readonly now: Date }): string[];
  /** Tells an examinee that it is in the room no more, and takes whoever it is out of the groups, and from among those who are present. */
  sendAway(room: RoomOfGroups, person: { readonly userId: string; readonly role: string }, now: Date): void;
  /** Takes the deletion of groups back, because their room is written. @throws GroupsUndone when it has begun */
  keepGroups(taskIds: readonly string[]): void;
}

/** Groups that were made for a room are being deleted: making the room took too long. */
export class GroupsUndone extends Error {
  constructor() {
    super("the message groups are being deleted");
  }
}

/** What is announced is sent within this, or not at all. */
const NEWS_MS = 30_000;

/** The two logins of a person: its main camera's and its PC's. */
const loginsOf = (userId: string): string[] => [loginOf(userId, "main"), loginOf(userId, "pc")];

export interface TaskWriterDeps {
  readonly queries: Queries;
  readonly afterCommit: (call: () => void) => void;
  readonly kinds: TaskKinds;
  readonly ids: Ids;
  /** Told after the transaction that something may be there to do. */
  readonly added: () => void;
  /** Keeps messages of the built-in service, where that is the one which `aliyun_new` means. */
  readonly said: MessageWriter | undefined;
  readonly endPresence: PresenceEnder;
}

export const createTaskWriter = ({
  queries,
  afterCommit,
  kinds,
  ids,
  added,
  said,
  endPresence,
}: TaskWriterDeps): TaskWriter => {
  const insert = queries
    .insert(vendorTasks)
    .values({
      id: sql.placeholder("id"),
      service: sql.placeholder("service"),
      kind: sql.placeholder("kind"),
      groupId: sql.placeholder("groupId"),
      payload: sql.placeholder("payload"),
      dueAt: sql.placeholder("dueAt"),
      // As it is kept: the column's own way to write a time knows no null.
      expiresAt: sql`${sql.placeholder("expiresAt")}`,
      createdAt: sql.placeholder("now"),
    })
    .prepare();
  const drop = queries
    .delete(vendorTasks)
    .where(and(eq(vendorTasks.id, sql.placeholder("id")), eq(vendorTasks.attempts, 0)))
    .prepare();

  interface New {
    readonly payload?: VendorTaskPayload;
    readonly dueAt?: Date;
    readonly expiresAt?: Date;
    readonly now: Date;
  }
  const add = (kind: TaskKind, room: RoomOfGroups, { payload = {}, expiresAt, now, dueAt = now }: New) => {
    const services = room.imServer.filter((service) => kinds[service].includes(kind));
    const written = services.map((service) => {
      const id = ids.next();
      insert.run({
        id,
        service,
        kind,
        groupId: room.id,
        payload,
        dueAt,
        expiresAt: expiresAt?.getTime() ?? null,
        now,
      });
      return id;
    });
    if (written.length > 0) afterCommit(added);
    return written;
  };

  const announce: TaskWriter["announce"] = ({ room, signal, data, userIds, now, dueAt = now }) => {
    const text = JSON.stringify(data);
    const isTold = signal === signals.endRoom.type && said?.toldOfEnd(room.id, endToldSince(now));
    if (room.imServer.includes("aliyun_new") && !isTold)
      said?.add({
        roomId: room.id,
        type: signal,
        data: text,
        senderId: "server",
        senderRole: "server",
        senderCamera: "main",
        recipients: userIds,
        createdAt: now,
      });
    const payload = { signal: { type: signal, data: text }, ...(userIds && { userIds }) };
    add("send", room, { payload, dueAt, expiresAt: new Date(dueAt.getTime() + NEWS_MS), now });
  };

  return {
    announce,
    tellOfEnd: (room, times) =>
      announce({ room, signal: signals.endRoom.type, data: { sid: ids.next() }, ...times }),
    deleteGroups: (room, times) => add("delete_group", room, times),
    sendAway(room, { userId, role }, now) {
      const userIds = loginsOf(userId);
      if (role === "examinee") {
        const data = { sid: ids.next(), receiverIdList: userIds };
        announce({ room, signal: signals.endUser.type, data, userIds, now });
      }
      add("leave", room, { payload: { userIds }, now });
      endPresence({ roomId: room.id, userId }, now);
    },
    keepGroups(taskIds) {
      for (const id of taskIds) if (drop.run({ id }).changes === 0) throw new GroupsUndone();
    },
  };
};
