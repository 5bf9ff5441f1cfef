import { setImmediate as nextTurn } from "node:timers/promises";
import type {
  CheatRecord,
  EventType,
  ExamSnapshot,
  Member,
  Room,
  RoomSnapshot,
  StoredCheatConfig,
} from "@invigil/schema";
import { and, asc, between, eq, exists, getTableColumns, gt, lte, max, or, sql } from "drizzle-orm";
import { createErasureFilter } from "../../domain/bulk/erasure-filter.js";
import { toCheatRecord } from "../../domain/cheat-records.js";
import { newestBegin, readBounds } from "../../domain/event-bounds.js";
import { isRoom } from "../../domain/people.js";
import { readPresences } from "../../domain/presence.js";
import type { RoomKey } from "../../domain/room-exams.js";
import type { Writes } from "../../domain/writes.js";
import type { Queries, Reader } from "../../storage/port.js";
import { param, query, statement } from "../../storage/statement.js";
import {
  cheatConfigs,
  cheatRecords,
  type EventData,
  exams,
  messages,
  prunedEvents,
  recordedPeople,
  roomColumns,
  roomEvents,
  visibleExams,
  visibleParticipants,
  visibleRooms,
} from "../../storage/tables.js";

/** An event as it is stored in the log. */
export interface EventRow {
  readonly id: number;
  /** `WHOLE_EXAM` for an event about the whole exam. */
  readonly roomId: string;
  readonly type: EventType;
  readonly data: EventData;
  readonly createdAt: Date;
  readonly examId: string;
}

/** A message as it is stored. */
export type MessageRow = typeof messages.$inferSelect;

/** Which events to read: those of an exam, or of one of its rooms. */
export interface EventScope {
  readonly examId: string;
  readonly roomId?: string;
}

/** A part of the log at one moment. */
export interface EventPage {
  /** Undefined if some of the events were deleted already, or if the exam never had the id after which they come. */
  readonly events: EventRow[] | undefined;
  /** The id of the newest event of the exam, as `newestIdOf` returns it. */
  readonly newestId: number;
}

/** An exam, and the last event of it that was read. */
export interface ExamPosition {
  readonly examId: string;
  readonly after: number;
}

/** How many cheat records there are about a person in a room. */
export interface DetectionCount {
  readonly roomId: string;
  readonly userId: string;
  readonly detections: number;
  readonly lastDetectionTime?: Date;
}

/** What may have changed how many records there are: new records by their ids, and people. */
export interface DetectionSources {
  /** By room. */
  readonly ranges: Map<string, { readonly from: number; readonly to: number }>;
  readonly people: Map<string, { readonly roomId: string; readonly userId: string }>;
}

/** The most events that one write deletes. */
const MAX_DELETED = 500;

const newestEvent = statement(query.select({ id: max(roomEvents.id) }).from(roomEvents));
const oldestEvents = (limit: number) =>
  query
    .select({ id: roomEvents.id, examId: roomEvents.examId, createdAt: roomEvents.createdAt })
    .from(roomEvents)
    .where(gt(roomEvents.id, 0))
    .orderBy(asc(roomEvents.id))
    .limit(limit);
const oldestEvent = statement(oldestEvents(1));
const eventsToDelete = statement(oldestEvents(MAX_DELETED + 1));
const deleteEvents = statement(query.delete(roomEvents).where(lte(roomEvents.id, param("lastId"))));

const isOfExam = eq(roomEvents.examId, param("examId"));
/** The oldest event of the next exam that has events. */
const oldestOfNextExam = statement(
  query
    .select({ examId: roomEvents.examId, createdAt: roomEvents.createdAt })
    .from(roomEvents)
    .where(gt(roomEvents.examId, param("examId")))
    .orderBy(asc(roomEvents.examId), asc(roomEvents.id))
    .limit(1),
);
const oldestOfExam = statement(
  query
    .select({ id: roomEvents.id, createdAt: roomEvents.createdAt })
    .from(roomEvents)
    .where(isOfExam)
    .orderBy(asc(roomEvents.id))
    .limit(MAX_DELETED),
);
const deleteEventsOfExam = statement(
  query.delete(roomEvents).where(and(isOfExam, lte(roomEvents.id, param("lastId")))),
);

/** Notes the newest deleted event of each exam that still exists. */
const notePruned = statement((dialect) =>
  query
    .insert(prunedEvents)
    .select(
      sql`SELECT pruned."examId", pruned."lastId" FROM ${dialect.rows("pruned", { examId: "text", lastId: "integer" })} INNER JOIN ${exams} ON ${exams.id} = pruned."examId" WHERE true`,
    )
    .onConflictDoUpdate({ target: prunedEvents.examId, set: { lastId: sql`excluded.last_id` } }),
);

const isAfter = gt(roomEvents.id, param("id"));
const eventsOfAllExams = statement(
  query.select().from(roomEvents).where(isAfter).orderBy(asc(roomEvents.id)).limit(param("limit")),
);
const eventsOfExam = statement(
  query
    .select()
    .from(roomEvents)
    .where(and(isOfExam, isAfter))
    .orderBy(asc(roomEvents.id))
    .limit(param("limit")),
);
const eventsOfRoom = statement((dialect) =>
  query
    .select()
    .from(roomEvents)
    .where(and(eq(roomEvents.roomId, param("roomId")), dialect.inExam(roomEvents.examId), isAfter))
    // Literally as in the index, which the databases would not choose otherwise.
    .unionAll(
      query
        .select()
        .from(roomEvents)
        .where(and(isOfExam, sql`room_id = ''`, isAfter)),
    )
    .orderBy(asc(roomEvents.id))
    .limit(param("limit")),
);
const newestEpoch = statement(newestBegin);
/** The next events of several exams. PostgreSQL reads the part of each exam in the index only up to the limit. */
const eventsOfFollowed = statement((dialect) => {
  const followed = dialect.rows("followed", { examId: "text", after: "integer" });
  const isNext = sql`event.exam_id = followed."examId" AND event.id > followed."after"`;
  const next = dialect.firstOfEach(roomEvents, {
    as: "event",
    on: isNext,
    orderBy: sql`event.id`,
    limit: "limit",
  });
  return query
    .select({
      id: sql<number>`event.id`,
      examId: sql<string>`event.exam_id`,
      roomId: sql<string>`event.room_id`,
      type: sql<EventType>`event.type`,
      data: sql<EventData>`event.data`.mapWith(roomEvents.data),
      createdAt: sql<Date>`event.created_at`.mapWith(roomEvents.createdAt),
    })
    .from(sql`${followed} INNER JOIN ${next}`)
    .orderBy(sql`event.id`)
    .limit(param("limit"));
});
/** The exams of which events after the position were deleted already, or whose position is of an earlier epoch. */
const lostOfFollowed = statement((dialect) =>
  query
    .select({ examId: sql<string>`followed."examId"` })
    .from(dialect.rows("followed", { examId: "text", after: "integer" }))
    .leftJoin(prunedEvents, eq(prunedEvents.examId, sql`followed."examId"`))
    .where(or(gt(prunedEvents.lastId, sql`followed."after"`), sql`followed."after" < ${newestBegin}`)),
);

const { endedAt: _, ...shownRoom } = roomColumns;
const roomById = statement(query.select(shownRoom).from(visibleRooms).where(isRoom));
const roomsOfExam = statement(
  query
    .select(shownRoom)
    .from(visibleRooms)
    .where(eq(visibleRooms.examId, param("examId")))
    .orderBy(asc(visibleRooms.id)),
);
/**
 * The row of a room that had not ended before an event. A room that has ended since has an event of that: the log loses its oldest events
 * first.
 */
const roomInProgress = statement((dialect) =>
  query
    .select({ id: visibleRooms.id })
    .from(visibleRooms)
    .where(
      and(
        isRoom,
        or(
          eq(visibleRooms.status, "in_progress"),
          exists(
            query
              .select({ id: roomEvents.id })
              .from(roomEvents)
              .where(
                and(
                  eq(roomEvents.roomId, param("roomId")),
                  dialect.inExam(roomEvents.examId),
                  // Literally as in the index.
                  sql`type = 'room_ended'`,
                  isAfter,
                ),
              ),
          ),
        ),
      ),
    ),
);
const configOfExam = statement(
  query
    .select(getTableColumns(cheatConfigs))
    .from(visibleExams)
    .innerJoin(cheatConfigs, eq(cheatConfigs.examId, visibleExams.id))
    .where(eq(visibleExams.id, param("examId"))),
);
const recordsOfRoom = statement((dialect) =>
  query
    .select()
    .from(cheatRecords)
    .where(
      and(
        eq(cheatRecords.roomId, param("roomId")),
        dialect.inExam(cheatRecords.examId),
        between(cheatRecords.id, param("from"), param("to")),
      ),
    )
    .orderBy(asc(cheatRecords.id)),
);
const messageById = statement(
  query
    .select()
    .from(messages)
    .where(and(eq(messages.examId, param("examId")), eq(messages.id, param("id")))),
);
const peopleOfRecords = statement((dialect) =>
  query
    .selectDistinct({ roomId: cheatRecords.roomId, userId: cheatRecords.userId })
    .from(dialect.rows("added", { roomId: "text", from: "integer", to: "integer" }))
    .innerJoin(
      cheatRecords,
      and(
        eq(cheatRecords.roomId, sql`added."roomId"`),
        dialect.inExam(cheatRecords.examId),
        between(cheatRecords.id, sql`added."from"`, sql`added."to"`),
      ),
    ),
);
const isSeatOf = (table: Pick<typeof recordedPeople, "examId" | "roomId" | "userId">) =>
  and(
    eq(table.examId, visibleParticipants.examId),
    eq(table.roomId, visibleParticipants.roomId),
    eq(table.userId, visibleParticipants.userId),
  );
const countColumns = {
  roomId: visibleParticipants.roomId,
  userId: visibleParticipants.userId,
  records: recordedPeople.records,
  lastAt: recordedPeople.lastAt,
};
const countsOfPeople = statement((dialect) =>
  query
    .select(countColumns)
    .from(dialect.rows("people", { roomId: "text", userId: "text" }))
    .innerJoin(
      visibleParticipants,
      and(
        eq(visibleParticipants.examId, param("examId")),
        eq(visibleParticipants.roomId, sql`people."roomId"`),
        eq(visibleParticipants.userId, sql`people."userId"`),
      ),
    )
    .leftJoin(recordedPeople, isSeatOf(recordedPeople)),
);
const countsOfRooms = statement((dialect) =>
  query
    .select(countColumns)
    .from(recordedPeople)
    .innerJoin(visibleParticipants, isSeatOf(recordedPeople))
    .where(
      and(eq(recordedPeople.examId, param("examId")), dialect.isAnyOf(recordedPeople.roomId, "roomIds")),
    ),
);
const toDetectionCount = ({
  roomId,
  userId,
  records,
  lastAt,
}: {
  roomId: string;
  userId: string;
  records: number | null;
  lastAt: Date | null;
}): DetectionCount => ({
  roomId,
  userId,
  detections: records ?? 0,
  ...(lastAt && { lastDetectionTime: lastAt }),
});
/** The rooms whose people with records are read in one turn of the event loop. */
const ROOMS_A_TURN = 100;
const membersOfRoom = statement(
  query
    .select()
    .from(visibleParticipants)
    .where(
      and(eq(visibleParticipants.examId, param("examId")), eq(visibleParticipants.roomId, param("roomId"))),
    ),
);
const toMember = ({
  userId,
  role,
  name,
  extraMinutes,
  mainPublishStatus,
  pcPublishStatus,
}: typeof visibleParticipants.$inferSelect): Member => ({
  userId,
  role,
  name,
  extraMinutes,
  publishStatus: { main: mainPublishStatus, pc: pcPublishStatus },
});

const readEpoch = async (reader: Reader): Promise<number> => (await reader.get(newestEpoch))?.begin ?? 0;
const readRoom = async (reader: Reader, { examId, roomId }: RoomKey): Promise<RoomSnapshot | undefined> => {
  const key = { examId, roomId };
  const [room, cheatConfig, members, presences, { newest }] = await Promise.all([
    reader.get(roomById, key),
    reader.get(configOfExam, { examId }),
    reader.all(membersOfRoom, key),
    readPresences(reader, key),
    readBounds(reader, examId),
  ]);
  return (
    room && {
      room,
      ...(cheatConfig && { cheatConfig }),
      members: members.toSorted((a, b) => a.seq - b.seq).map(toMember),
      presence: presences,
      lastEventId: String(newest),
    }
  );
};

export type SubscriptionStore = ReturnType<typeof createSubscriptionStore>;

export const createSubscriptionStore = ({
  storage,
  writes,
}: {
  storage: Queries;
  writes: Pick<Writes, "unordered">;
}) => {
  const erasures = createErasureFilter(storage);

  /** Prunes the log as a whole, in the order of the ids. */
  const pruneLog = async (before: Date): Promise<boolean> => {
    // Usually there is nothing to delete. This read avoids a write, which would delay others.
    const oldest = await storage.get(oldestEvent);
    if (!oldest || oldest.createdAt >= before) return false;
    return writes.unordered({}, async (tx) => {
      const events = await tx.all(eventsToDelete);
      const firstKept = events.findIndex(({ createdAt }) => createdAt >= before);
      // Keeps the last of these events: it may be the newest one, which `allEventsAfter` needs to recognize ids.
      const old = events.slice(0, firstKept < 0 ? -1 : firstKept);
      const last = old.at(-1);
      if (last) {
        const newest = new Map(old.map(({ id, examId }) => [examId, id]));
        await tx.run(notePruned, { pruned: [...newest].map(([examId, lastId]) => ({ examId, lastId })) });
        await tx.run(deleteEvents, { lastId: last.id });
      }
      return old.length === MAX_DELETED;
    });
  };

  /** Deletes old events of an exam. Returns whether it deleted any. */
  const pruneExam = (examId: string, before: Date): Promise<boolean> =>
    writes.unordered({ examId }, async (tx) => {
      await tx.lockName(`pruning events of ${examId}`);
      const events = await tx.all(oldestOfExam, { examId });
      const firstKept = events.findIndex(({ createdAt }) => createdAt >= before);
      const last = events.at(firstKept < 0 ? -1 : firstKept - 1);
      if (!last || firstKept === 0) return false;
      await tx.run(notePruned, { pruned: [{ examId, lastId: last.id }] });
      await tx.run(deleteEventsOfExam, { examId, lastId: last.id });
      return true;
    });
  /** The exam at which `pruneExams` continues. */
  let pruned = "";
  /** Prunes the log exam by exam. */
  const pruneExams = async (before: Date): Promise<boolean> => {
    // Events without an exam come first.
    if (await pruneExam(pruned, before)) return true;
    for (;;) {
      const next = await storage.get(oldestOfNextExam, { examId: pruned });
      pruned = next?.examId ?? "";
      if (!next) return false;
      if (next.createdAt < before && (await pruneExam(pruned, before))) return true;
    }
  };

  return {
    /** The id of the newest event of an exam, even if it was deleted. 0 if there is none yet. */
    newestIdOf: async (examId: string): Promise<number> =>
      (await storage.snapshot((reader) => readBounds(reader, examId))).newest,

    /** The first events after an id, in order. Those of a room include the events about its whole exam. */
    async eventsAfter({ examId, roomId }: EventScope, id: number, limit: number): Promise<EventPage> {
      const [{ start, newest }, events] = await storage.snapshot((reader) =>
        Promise.all([
          readBounds(reader, examId),
          roomId === undefined
            ? reader.all(eventsOfExam, { examId, id, limit })
            : reader.all(eventsOfRoom, { examId, roomId, id, limit }),
        ]),
      );
      return { events: id >= start && id <= newest ? events : undefined, newestId: newest };
    },

    /** Whether the ids of all events grow in the order in which events appear. If not, this is only true within each exam. */
    hasOneOrder: storage.commitsInOrder,
    /** The id of the newest event of all exams. 0 if there is none yet. */
    async newestId(): Promise<number> {
      const [newest, epoch] = await storage.together(() =>
        Promise.all([storage.get(newestEvent), readEpoch(storage)]),
      );
      return Math.max(newest?.id ?? 0, epoch);
    },
    /** The first events of all exams after an id. Undefined if some of them were deleted already. */
    async allEventsAfter(id: number, limit: number): Promise<EventRow[] | undefined> {
      const [oldest, newest, epoch, events] = await storage.snapshot((reader) =>
        Promise.all([
          reader.get(oldestEvent),
          reader.get(newestEvent),
          readEpoch(reader),
          reader.all(eventsOfAllExams, { id, limit }),
        ]),
      );
      const start = Math.max((oldest?.id ?? 1) - 1, epoch);
      return id >= start && id <= Math.max(newest?.id ?? 0, epoch) ? events : undefined;
    },

    /**
     * The first events after the positions of exams, in order: about `limit` of them. If there are fewer, these are all. `lost` are the
     * exams of which some events were deleted already, or whose position is of an earlier epoch.
     */
    async eventsOfExams(
      followed: readonly ExamPosition[],
      limit: number,
    ): Promise<{ readonly rows: EventRow[]; readonly lost: readonly string[] }> {
      const [rows, lost] = await storage.together(() =>
        Promise.all([
          // Read first: events that were deleted before this are noted by then.
          storage.all(eventsOfFollowed, { followed, limit }),
          storage.all(lostOfFollowed, { followed }),
        ]),
      );
      return { rows, lost: lost.map(({ examId }) => examId) };
    },

    room: ({ examId, roomId }: RoomKey): Promise<Room | undefined> =>
      storage.get(roomById, { examId, roomId }),

    /** Whether a room still exists and had not ended before an event of its exam. */
    wasInProgress: async ({ examId, roomId }: RoomKey, id: number): Promise<boolean> =>
      (await storage.get(roomInProgress, { examId, roomId, id })) !== undefined,

    configOf: (examId: string): Promise<StoredCheatConfig | undefined> =>
      storage.get(configOfExam, { examId }),

    /** The records of a room with ids from `from` to `to`. */
    records: async (
      { examId: ofExam, roomId }: RoomKey,
      from: number,
      to: number,
    ): Promise<CheatRecord[]> => {
      const records = await erasures.records(ofExam, () =>
        storage.all(recordsOfRoom, { examId: ofExam, roomId, from, to }),
      );
      return records.map(toCheatRecord);
    },

    message: (examId: string, id: number): Promise<MessageRow | undefined> =>
      storage.get(messageById, { examId, id }),

    /** The numbers of records about people of an exam, as they are now. */
    async detections(examId: string, { ranges, people }: DetectionSources): Promise<DetectionCount[]> {
      const added = [...ranges].map(([roomId, range]) => ({ roomId, ...range }));
      const recorded = added.length > 0 ? await storage.all(peopleOfRecords, { examId, added }) : [];
      const counts = await storage.all(countsOfPeople, { examId, people: [...people.values(), ...recorded] });
      return counts.map(toDetectionCount);
    },

    /** The same about everybody with records. */
    async allDetections(examId: string): Promise<DetectionCount[]> {
      const rooms = await storage.all(roomsOfExam, { examId });
      const counts: DetectionCount[] = [];
      for (let from = 0; from < rooms.length; from += ROOMS_A_TURN) {
        const roomIds = rooms.slice(from, from + ROOMS_A_TURN).map(({ id }) => id);
        counts.push(...(await storage.all(countsOfRooms, { examId, roomIds })).map(toDetectionCount));
        await nextTurn();
      }
      return counts;
    },

    roomsOfExam: async (examId: string): Promise<string[]> =>
      (await storage.all(roomsOfExam, { examId })).map(({ id }) => id),

    /** Everything about a room at one moment. Undefined if the room does not exist. */
    roomSnapshot: (room: RoomKey): Promise<RoomSnapshot | undefined> =>
      storage.snapshot((reader) => readRoom(reader, room)),

    /** These rooms of an exam at one moment. */
    async examSnapshot(examId: string, accessible: "all" | readonly string[]): Promise<ExamSnapshot> {
      const [rooms, { newest }] = await storage.snapshot((reader) =>
        Promise.all([reader.all(roomsOfExam, { examId }), readBounds(reader, examId)]),
      );
      return {
        examId,
        rooms: rooms.filter(({ id }) => accessible === "all" || accessible.includes(id)),
        lastEventId: String(newest),
      };
    },

    /** A number that changes with every commit of another process. */
    othersVersion: (): Promise<number | undefined> => storage.othersVersion(),

    /**
     * Deletes the oldest events that were written before a time: a limited number of them. If all events have one order, the newest event is
     * never deleted. Returns whether there may be more.
     */
    prune: storage.commitsInOrder ? pruneLog : pruneExams,
  };
};
