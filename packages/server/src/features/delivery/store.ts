import type { CheatRecord, EventType, ExamEntry, Hand, Room, StoredCheatConfig } from "@invigil/schema";
import { and, asc, between, eq, exists, gt, max, or, sql } from "drizzle-orm";
import { createErasureFilter } from "../../domain/bulk/erasure-filter.js";
import { toCheatRecord } from "../../domain/cheat-records.js";
import { newestBegin, readBounds } from "../../domain/event-bounds.js";
import { isAuthor, namedEntry, toEntry } from "../../domain/exam-entries.js";
import { handById, toHand } from "../../domain/hands.js";
import { isRoom } from "../../domain/people.js";
import type { RoomKey } from "../../domain/room-exams.js";
import { shownConfigOfExam, shownRoomById } from "../../domain/shown-rooms.js";
import type { Writes } from "../../domain/writes.js";
import type { Queries, Reader } from "../../storage/port.js";
import { param, query, statement } from "../../storage/statement.js";
import {
  accounts,
  cheatRecords,
  type EventData,
  examEntries,
  messages,
  prunedEvents,
  roomEvents,
  visibleRooms,
} from "../../storage/tables.js";
import { createPruning, oldestEvent } from "./pruning-store.js";

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

const newestEvent = statement(query.select({ id: max(roomEvents.id) }).from(roomEvents));
const isOfExam = eq(roomEvents.examId, param("examId"));
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
const entriesOfRoom = statement(
  query
    .select(namedEntry)
    .from(examEntries)
    .leftJoin(accounts, isAuthor)
    .where(
      and(
        eq(examEntries.examId, param("examId")),
        eq(examEntries.roomId, param("roomId")),
        between(examEntries.id, param("from"), param("to")),
      ),
    )
    .orderBy(asc(examEntries.id)),
);
const messageById = statement(
  query
    .select()
    .from(messages)
    .where(and(eq(messages.examId, param("examId")), eq(messages.id, param("id")))),
);
const readEpoch = async (reader: Reader): Promise<number> => (await reader.get(newestEpoch))?.begin ?? 0;

export type DeliveryStore = ReturnType<typeof createDeliveryStore>;

export const createDeliveryStore = ({
  storage,
  writes,
}: {
  storage: Queries;
  writes: Pick<Writes, "unordered">;
}) => {
  const erasures = createErasureFilter(storage);

  return {
    /** The id of the newest event of an exam, even if it was deleted. 0 if there is none yet. */
    newestIdOf: async (examId: string): Promise<number> =>
      (await storage.snapshot((reader) => readBounds(reader, examId))).newest,

    /** The first events after an id, in order. Those of a room include the events about its whole exam. */
    eventsAfter: async ({ examId, roomId }: EventScope, id: number, limit: number): Promise<EventPage> => {
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
      storage.get(shownRoomById, { examId, roomId }),

    /** Whether a room still exists and had not ended before an event of its exam. */
    wasInProgress: async ({ examId, roomId }: RoomKey, id: number): Promise<boolean> =>
      (await storage.get(roomInProgress, { examId, roomId, id })) !== undefined,

    configOf: (examId: string): Promise<StoredCheatConfig | undefined> =>
      storage.get(shownConfigOfExam, { examId }),

    /** The entries of a room with ids from `from` to `to`. */
    entries: async ({ examId: ofExam, roomId }: RoomKey, from: number, to: number): Promise<ExamEntry[]> =>
      (await storage.all(entriesOfRoom, { examId: ofExam, roomId, from, to })).map(toEntry),
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

    hand: async (examId: string, id: number): Promise<Hand | undefined> => {
      const row = await storage.get(handById, { examId, id });
      return row && toHand(row);
    },

    message: (examId: string, id: number): Promise<MessageRow | undefined> =>
      storage.get(messageById, { examId, id }),

    /** A number that changes with every commit of another process. */
    othersVersion: (): Promise<number | undefined> => storage.othersVersion(),

    /**
     * Deletes the oldest events that were written before a time: a limited number of them. If all events have one order, the newest event is
     * never deleted. Returns whether there may be more.
     */
    prune: createPruning({ storage, writes }),
  };
};
