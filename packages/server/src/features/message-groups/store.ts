import type { ImServer, RoomStatus } from "@invigil/schema";
import { and, asc, eq } from "drizzle-orm";
import { isAttemptOf, isNotOver } from "../../domain/attempts.js";
import { lockExams } from "../../domain/exam-transaction.js";
import type { Outbox } from "../../domain/outbox/outbox.js";
import { roomById } from "../../domain/people.js";
import { examOfRoom, type RoomExams, type RoomKey } from "../../domain/room-exams.js";
import type { RoomOfGroups, TaskLog } from "../../domain/vendor-tasks.js";
import type { Writes } from "../../domain/writes.js";
import type { CountedCaller } from "../../identity/usage-key.js";
import type { Queries } from "../../storage/port.js";
import { param, query, statement } from "../../storage/statement.js";
import { attempts, visibleParticipants } from "../../storage/tables.js";

const isAttempt = and(isAttemptOf(visibleParticipants), eq(visibleParticipants.role, "examinee"));
const anyOfMembers = statement((dialect) =>
  query
    .select({ seq: visibleParticipants.seq })
    .from(visibleParticipants)
    .leftJoin(attempts, isAttempt)
    .where(
      and(
        isNotOver,
        eq(visibleParticipants.examId, param("examId")),
        eq(visibleParticipants.roomId, param("roomId")),
        dialect.isAnyOf(visibleParticipants.userId, "userIds"),
      ),
    )
    .limit(1),
);
const membersOfRoom = statement(
  query
    .select({ userId: visibleParticipants.userId })
    .from(visibleParticipants)
    .leftJoin(attempts, isAttempt)
    .where(
      and(
        isNotOver,
        eq(visibleParticipants.examId, param("examId")),
        eq(visibleParticipants.roomId, param("roomId")),
      ),
    )
    .orderBy(asc(visibleParticipants.role), asc(visibleParticipants.seq)),
);

export type GroupStore = ReturnType<typeof createGroupStore>;

export const createGroupStore = ({
  storage,
  writes,
  roomExams,
  outbox,
  tasks,
}: {
  storage: Queries;
  writes: Writes;
  roomExams: RoomExams;
  outbox: Outbox;
  tasks: TaskLog;
}) => ({
  /** Whether there is a room with this id in any exam, even one that is not visible. */
  hasRoom: async (roomId: string): Promise<boolean> =>
    (await storage.get(examOfRoom, { roomId })) !== undefined,
  /** A room's services, and whether it has ended. */
  room: (roomId: string): Promise<{ imServer: readonly ImServer[]; status: RoomStatus } | undefined> =>
    roomExams.find(storage, roomId, (exam) => storage.get(roomById, { examId: exam, roomId })),

  /** Whether the room's group should have any of these people: they are in the room, and it is not over for them. */
  hasAnyOf: async (room: RoomKey, userIds: readonly string[]): Promise<boolean> =>
    (await storage.get(anyOfMembers, { ...room, userIds })) !== undefined,

  /** The people whom the room's group should have. */
  membersOf: async (room: RoomKey): Promise<string[]> =>
    (await storage.all(membersOfRoom, { ...room })).map(({ userId }) => userId),

  /** Adds tasks that delete a room's groups at `dueAt` unless they are cancelled. Returns their ids. */
  prepareUndo: (
    room: RoomOfGroups,
    times: { dueAt: Date; now: Date },
    caller: CountedCaller,
  ): Promise<string[]> =>
    writes.unordered({ examId: room.examId, caller }, (tx) =>
      tx.last(() => tasks.deleteGroups(tx, room, times)),
    ),

  /** Does the same for a room that has ended, and cancels the tasks that would delete its groups earlier. @throws GroupsLeaving */
  prepareReopening: (
    room: RoomOfGroups,
    times: { dueAt: Date; now: Date },
    caller: CountedCaller,
  ): Promise<string[]> =>
    writes.unordered({ examId: room.examId, caller }, async (tx) => {
      await lockExams(tx, room.examId);
      await tasks.cancelDeletion(tx, room);
      return tasks.deleteGroups(tx, room, times);
    }),

  /** Makes tasks due now. Deletes the groups of the rooms in `again` a second time at `againAt`, because now may be too early. */
  undo: (
    examId: string,
    taskIds: readonly string[],
    { now, again, againAt }: { now: Date; again: readonly RoomOfGroups[]; againAt: Date },
  ): Promise<void> =>
    writes.unordered({ examId }, async (tx) => {
      await tx.last(() =>
        Promise.all([
          outbox.reschedule(tx, examId, taskIds, now),
          ...again.map((room) => tasks.deleteGroups(tx, room, { dueAt: againAt, now })),
        ]),
      );
    }),
});
