import { type ImServer, signals } from "@invigil/schema";
import { and, eq } from "drizzle-orm";
import type { Ids } from "../platform/ids.js";
import type { Transaction } from "../storage/port.js";
import { insertion, param, query, statement } from "../storage/statement.js";
import { type VendorTaskPayload, vendorTasks } from "../storage/tables.js";
import type { EventLog, NewEvent } from "./events.js";
import type { ExamTransaction } from "./exam-transaction.js";
import { announcesEnd, loginsOf, type MessageLog, type NewMessage } from "./messages.js";
import { endPresence } from "./presence.js";
import type { RoomKey } from "./room-exams.js";

export type VendorTask = typeof vendorTasks.$inferSelect;
type VendorTaskRow = typeof vendorTasks.$inferInsert;
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
  /** Returns ids for the signals of the built-in service: as many as `announceAll` may send. */
  messageIds(tx: Transaction, count: number): Promise<readonly number[]>;
  /**
   * Sends signals to the groups of rooms. Starts all of its statements at once. A signal that cannot be sent soon is dropped, because it would
   * be outdated.
   * @param ids from `messageIds`
   * @param before events to add before those of the signals
   */
  announceAll(
    tx: ExamTransaction,
    announcements: readonly Announcement[],
    ids: readonly number[],
    before?: readonly NewEvent[],
  ): Promise<void>;
  /**
   * Prepares to announce to everybody in a room that it has just ended. Returns a function that starts all statements at once. The built-in
   * service sends the signal at once, unless it was sent already. Services of vendors send it from `dueAt` on.
   */
  prepareEnd(
    tx: ExamTransaction,
    room: RoomKey,
  ): Promise<(ended: RoomOfGroups, times: { readonly dueAt: Date; readonly now: Date }) => Promise<unknown>>;
  /** Deletes the room's groups from `dueAt` on, and tries until it succeeds. Returns the ids of the tasks. */
  deleteGroups(
    tx: Transaction,
    room: RoomOfGroups,
    times: { readonly dueAt: Date; readonly now: Date },
  ): Promise<string[]>;
  /** Cancels the deletion of a room's groups, because the room is reopened. @throws GroupsLeaving if a deletion has begun */
  cancelDeletion(tx: Transaction, room: RoomOfGroups): Promise<void>;
  /**
   * Prepares to remove a person from the room's groups, and ends their presence. Returns a function that starts all further statements at
   * once. An examinee also receives the signal that they were removed.
   */
  prepareEviction(
    tx: ExamTransaction,
    room: RoomOfGroups,
    person: { readonly userId: string; readonly role: string },
    now: Date,
  ): Promise<() => Promise<unknown>>;
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

export const createTaskLog = ({ kinds, ids, added, events, messages }: TaskLogDeps): TaskLog => {
  interface NewTask {
    readonly kind: TaskKind;
    readonly room: RoomOfGroups;
    readonly payload?: VendorTaskPayload;
    readonly dueAt?: Date;
    readonly expiresAt?: Date;
    readonly now: Date;
  }
  /** Returns the rows of a task: one for each service of the room that has such tasks. */
  const rowsOf = ({ kind, room, payload = {}, expiresAt, now, dueAt = now }: NewTask): VendorTaskRow[] =>
    room.imServer
      .filter((service) => kinds[service].includes(kind))
      .map((service) => ({
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
  /** Adds tasks. Returns their ids. */
  const add = async (tx: Transaction, tasks: readonly NewTask[]): Promise<string[]> => {
    const rows = tasks.flatMap(rowsOf);
    if (rows.length > 0) {
      tx.afterCommit(added);
      await tx.insert(insertTask, rows);
    }
    return rows.map(({ id }) => id);
  };

  const signalTask = ({ room, signal, data, userIds, now, dueAt = now }: Announcement): NewTask => ({
    kind: "send",
    room,
    payload: { signal: { type: signal, data: JSON.stringify(data) }, ...(userIds && { userIds }) },
    dueAt,
    expiresAt: new Date(dueAt.getTime() + SIGNAL_LIFETIME_MS),
    now,
  });
  const isBuiltIn = ({ imServer }: RoomOfGroups): boolean =>
    messages !== undefined && imServer.includes("aliyun_new");
  const signalMessage = ({ room, signal, data, userIds, now }: Announcement): NewMessage => ({
    examId: room.examId,
    roomId: room.id,
    type: signal,
    data: JSON.stringify(data),
    senderId: "server",
    senderRole: "server",
    senderCamera: "main",
    recipients: userIds,
    createdAt: now,
  });

  const messageIds: TaskLog["messageIds"] = async (tx, count) =>
    messages && count > 0 ? messages.ids(tx, count) : [];
  const announceAll: TaskLog["announceAll"] = async (tx, announcements, givenIds, before = []) => {
    const builtIn = announcements.filter(({ room }) => isBuiltIn(room)).map(signalMessage);
    await Promise.all([
      messages && builtIn.length > 0
        ? messages.addAll(tx, { messages: builtIn, ids: givenIds }, before)
        : events.addAll(tx, before),
      add(tx, announcements.map(signalTask)),
    ]);
  };

  return {
    messageIds,
    announceAll,
    async prepareEnd(tx, { examId, roomId }) {
      const [sent, givenIds] = await Promise.all([
        messages?.lastEndSignal(tx, { examId, roomId }),
        messageIds(tx, 1),
      ]);
      return (room, times) => {
        const end = { room, signal: signals.endRoom.type, data: { sid: ids.next() }, ...times };
        const isSent = isBuiltIn(room) && sent !== undefined && announcesEnd(sent, times.now);
        return isSent ? add(tx, [signalTask(end)]) : announceAll(tx, [end], givenIds);
      };
    },
    deleteGroups: (tx, room, times) => add(tx, [{ kind: "delete_group", room, ...times }]),
    async cancelDeletion(tx, { examId, id: groupId, imServer }) {
      for (const service of imServer) {
        await tx.run(deleteUntriedDeletions, { examId, service, groupId });
        if (await tx.get(triedDeletion, { examId, service, groupId })) throw new GroupsLeaving();
      }
    },
    async prepareEviction(tx, room, { userId, role }, now) {
      const userIds = loginsOf(userId);
      const isTold = role === "examinee";
      const [left, givenIds] = await Promise.all([
        endPresence(tx, { examId: room.examId, roomId: room.id, userId }, now),
        messageIds(tx, isTold && isBuiltIn(room) ? 1 : 0),
      ]);
      const data = { sid: ids.next(), receiverIdList: userIds };
      const signal = { room, signal: signals.endUser.type, data, userIds, now };
      return () =>
        Promise.all([
          announceAll(tx, isTold ? [signal] : [], givenIds),
          add(tx, [{ kind: "leave", room, payload: { userIds }, now }]),
          events.addAll(tx, left),
        ]);
    },
    async keepGroups(tx, examId, taskIds) {
      const kept = await Promise.all(taskIds.map((id) => tx.run(deleteUntriedTask, { examId, id })));
      if (kept.includes(0)) throw new GroupsUndone();
    },
  };
};
