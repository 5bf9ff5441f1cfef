import { type ImServer, signals } from "@invigil/schema";
import { z } from "zod";
import type { Ids } from "../platform/ids.js";
import type { Transaction } from "../storage/port.js";
import type { EventLog, NewEvent } from "./events.js";
import type { ExamTransaction } from "./exam-transaction.js";
import { announcesEnd, loginsOf, type MessageLog, type NewMessage } from "./messages.js";
import { newTask, type TaskKind } from "./outbox/kind.js";
import type { Outbox } from "./outbox/outbox.js";
import { endPresence } from "./presence.js";
import { noteDepartures } from "./presence-times.js";
import type { RoomKey } from "./room-exams.js";

/** The group of a room at a message service. It has the id of the room. */
interface Group {
  readonly examId: string;
  readonly service: ImServer;
  readonly groupId: string;
}
/** Each service has a queue of its own, in which tasks about one group run in their order. */
const lineOf = ({ examId, service, groupId }: Group) => ({ examId, queue: service, key: groupId });
const OTHERS_DELAY_MS = 10_000;

/** Sends a signal to the members of a group, or to some of them. */
export const sendSignal = {
  name: "send",
  payload: z.object({
    signal: z.object({ type: z.number(), data: z.string() }),
    userIds: z.array(z.string()).optional(),
  }),
  lineOf,
  // An outage must not flood the apps afterwards. The state is in the database.
  lifetimeMs: 30_000,
  firstDelayMs: 1000,
  holdsUp: "untilDone",
} satisfies TaskKind<Group, object>;
/** Removes a person from a group, with both of their logins. */
export const leaveGroup = {
  name: "leave",
  payload: z.object({ userIds: z.array(z.string()) }),
  lineOf,
  firstDelayMs: OTHERS_DELAY_MS,
  // What others are told does not depend on it.
  holdsUp: "untilTried",
} satisfies TaskKind<Group, object>;
export const deleteGroup = {
  name: "delete_group",
  payload: z.object({}),
  lineOf,
  firstDelayMs: OTHERS_DELAY_MS,
  holdsUp: "untilDone",
} satisfies TaskKind<Group, object>;

type GroupTask = typeof sendSignal | typeof leaveGroup | typeof deleteGroup;
/** The kinds of tasks of each message service. Tasks of other kinds are not written, so most installations have none. */
export type TaskKinds = Readonly<Record<ImServer, readonly GroupTask["name"][]>>;

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
  readonly outbox: Outbox;
  readonly events: EventLog;
  /** The messages of the built-in service. Undefined if `aliyun_new` is the service of the vendor. */
  readonly messages: MessageLog | undefined;
}

export type TaskLog = ReturnType<typeof createTaskLog>;

/**
 * Writes tasks for the message services of a room, in the transaction of the change that needs them. The built-in service uses this
 * database, so its part is done in the same transaction.
 */
export const createTaskLog = ({ kinds, ids, outbox, events, messages }: TaskLogDeps) => {
  interface Times {
    readonly now: Date;
    readonly dueAt?: Date | undefined;
  }
  /** Makes the tasks about the groups of a room: one for each of its services that has such tasks. */
  const tasksOf = <Payload extends object>(
    kind: TaskKind<Group, Payload> & { readonly name: GroupTask["name"] },
    { examId, id: groupId, imServer }: RoomOfGroups,
    payload: Payload,
    times: Times,
  ) =>
    imServer
      .filter((service) => kinds[service].includes(kind.name))
      .map((service) => newTask(kind, { examId, service, groupId }, payload, times));
  const signalTasks = ({ room, signal, data, userIds, ...times }: Announcement) =>
    tasksOf(
      sendSignal,
      room,
      {
        signal: { type: signal, data: JSON.stringify(data) },
        ...(userIds && { userIds: [...userIds] }),
      },
      times,
    );
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

  /** Returns ids for the signals of the built-in service: as many as `announceAll` may send. */
  const messageIds = async (tx: Transaction, count: number): Promise<readonly number[]> =>
    messages && count > 0 ? messages.ids(tx, count) : [];
  /**
   * Sends signals to the groups of rooms. Starts all of its statements at once. A signal that cannot be sent soon is dropped, because it would
   * be outdated.
   * @param ids from `messageIds`
   * @param before events to add before those of the signals
   */
  const announceAll = async (
    tx: ExamTransaction,
    announcements: readonly Announcement[],
    givenIds: readonly number[],
    before: readonly NewEvent[] = [],
  ): Promise<void> => {
    const builtIn = announcements.filter(({ room }) => isBuiltIn(room)).map(signalMessage);
    await Promise.all([
      messages && builtIn.length > 0
        ? messages.addAll(tx, { messages: builtIn, ids: givenIds }, before)
        : events.addAll(tx, before),
      outbox.add(tx, announcements.flatMap(signalTasks)),
    ]);
  };

  return {
    messageIds,
    announceAll,
    /**
     * Prepares to announce to everybody in a room that it has just ended. Returns a function that starts all statements at once. The built-in
     * service sends the signal at once, unless it was sent already. Services of vendors send it from `dueAt` on.
     */
    async prepareEnd(
      tx: ExamTransaction,
      { examId, roomId }: RoomKey,
    ): Promise<
      (ended: RoomOfGroups, times: { readonly dueAt: Date; readonly now: Date }) => Promise<unknown>
    > {
      const [sent, givenIds] = await Promise.all([
        messages?.lastEndSignal(tx, { examId, roomId }),
        messageIds(tx, 1),
      ]);
      return (room, times) => {
        const end = { room, signal: signals.endRoom.type, data: { sid: ids.next() }, ...times };
        const isSent = isBuiltIn(room) && sent !== undefined && announcesEnd(sent, times.now);
        return isSent ? outbox.add(tx, signalTasks(end)) : announceAll(tx, [end], givenIds);
      };
    },
    /** Deletes the room's groups from `dueAt` on, and tries until it succeeds. Returns the ids of the tasks. */
    deleteGroups: (
      tx: Transaction,
      room: RoomOfGroups,
      times: { readonly dueAt: Date; readonly now: Date },
    ): Promise<string[]> => outbox.add(tx, tasksOf(deleteGroup, room, {}, times)),
    /** Cancels the deletion of a room's groups, because the room is reopened. @throws GroupsLeaving if a deletion has begun */
    async cancelDeletion(tx: Transaction, { examId, id: groupId, imServer }: RoomOfGroups): Promise<void> {
      for (const service of imServer) {
        const line = lineOf({ examId, service, groupId });
        if (!(await outbox.cancelAll(tx, deleteGroup, line))) throw new GroupsLeaving();
      }
    },
    /**
     * Prepares to remove a person from the room's groups, and ends their presence. Returns a function that starts all further statements at
     * once. An examinee also receives the signal that they were removed.
     */
    async prepareEviction(
      tx: ExamTransaction,
      room: RoomOfGroups,
      { userId, role }: { readonly userId: string; readonly role: string },
      now: Date,
    ): Promise<() => Promise<unknown>> {
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
          outbox.add(tx, tasksOf(leaveGroup, room, { userIds: [...userIds] }, { now })),
          noteDepartures(tx, left.departures),
          events.addAll(tx, left.events),
        ]);
    },
    /**
     * Prepares to remove people from the groups of rooms, because the exam is over for them, and to tell them so if it was ended for them. Returns
     * a function that starts all further statements at once.
     */
    async prepareDismissals(
      tx: ExamTransaction,
      seats: readonly { readonly room: RoomOfGroups; readonly userId: string }[],
      { areTold, now }: { readonly areTold: boolean; readonly now: Date },
    ): Promise<(before: readonly NewEvent[]) => Promise<unknown>> {
      const told = areTold ? seats : [];
      const givenIds = await messageIds(tx, told.filter(({ room }) => isBuiltIn(room)).length);
      const ends = told.map(({ room, userId }) => ({
        room,
        signal: signals.endUser.type,
        data: { sid: ids.next(), receiverIdList: loginsOf(userId) },
        userIds: loginsOf(userId),
        now,
      }));
      return (before) =>
        Promise.all([
          announceAll(tx, ends, givenIds, before),
          outbox.add(
            tx,
            seats.flatMap(({ room, userId }) =>
              tasksOf(leaveGroup, room, { userIds: [...loginsOf(userId)] }, { now }),
            ),
          ),
        ]);
    },
    /** Cancels the deletion of groups, because their room is written. @throws GroupsUndone if the deletion has begun */
    async keepGroups(tx: Transaction, examId: string, taskIds: readonly string[]): Promise<void> {
      const kept = await Promise.all(taskIds.map((id) => outbox.cancel(tx, { examId, id })));
      if (kept.includes(false)) throw new GroupsUndone();
    },
  };
};
