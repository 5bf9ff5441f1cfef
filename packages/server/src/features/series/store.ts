import { and, asc, desc, eq, gt, gte, lt, max, sql } from "drizzle-orm";
import type { Duties } from "../../coordination/duties.js";
import type { RoomKey } from "../../domain/room-exams.js";
import type { Writes } from "../../domain/writes.js";
import { groupBy } from "../../platform/rows.js";
import type { Queries } from "../../storage/port.js";
import { insertion, param, query, statement } from "../../storage/statement.js";
import {
  cheatRecords,
  examMinutes,
  presence,
  roomMinutes,
  visibleExams,
  visibleParticipants,
  visibleRooms,
} from "../../storage/tables.js";

/** The counts of one minute. */
export interface Counts {
  readonly present: number;
  readonly publishing: number;
  readonly detections: number;
}
/** The counts of the minute that began at a time. */
export type CountedMinute = Counts & { readonly minute: Date };
export type RoomMinute = CountedMinute & { readonly roomId: string };

/** The rooms under way in a minute. */
export interface Measurement {
  readonly minute: Date;
  readonly rooms: readonly (RoomKey & Counts)[];
  /** The newest cheat record that is counted, by exam. */
  readonly lastRecordIds: ReadonlyMap<string, number>;
}

/** How old the last minute of an exam may be for the next one to count the records after it. */
const LOOKBACK_MS = 5 * 60_000;
/** The most minutes of rooms that one transaction deletes. */
const MAX_DELETED = 500;

const roomRow = { examId: "text", roomId: "text" } as const;

const examsEndingAfter = statement(
  query
    .select({ id: visibleExams.id, startTime: visibleExams.startTime })
    .from(visibleExams)
    .where(gt(visibleExams.endTime, param("now"))),
);
// One exam is that of the room: grouped by room alone, the rows are read in the order of the key.
const roomsWithPeople = statement(
  query
    .select({ roomId: presence.roomId, examId: sql<string>`max(${presence.examId})` })
    .from(presence)
    .groupBy(presence.roomId),
);
// The status is checked after the query, because SQLite would read all rooms in progress.
const { examId, id: roomId, status } = visibleRooms;
const roomsOfExams = statement((dialect) =>
  query
    .select({ examId, roomId, status })
    .from(dialect.rows("held", { examId: "text" }))
    .innerJoin(visibleRooms, eq(examId, sql`held."examId"`)),
);
const roomsAmong = statement((dialect) =>
  query
    .select({ examId, roomId, status })
    .from(dialect.rows("entered", roomRow))
    .innerJoin(visibleRooms, and(eq(examId, sql`entered."examId"`), eq(roomId, sql`entered."roomId"`))),
);
/** The newest record of each exam, and the newest one that a minute has counted. */
const recordsOfExams = statement((dialect) => {
  const newest = query
    .select({ id: max(cheatRecords.id) })
    .from(cheatRecords)
    .where(eq(cheatRecords.examId, sql`counted."examId"`));
  const last = query
    .select({ id: examMinutes.lastRecordId })
    .from(examMinutes)
    .where(and(eq(examMinutes.examId, sql`counted."examId"`), gte(examMinutes.minute, param("since"))))
    .orderBy(desc(examMinutes.minute))
    .limit(1);
  return query
    .select({
      examId: sql<string>`counted."examId"`,
      newest: sql<number>`coalesce(${newest}, 0)`.mapWith(Number),
      last: sql<number | null>`${last}`,
    })
    .from(dialect.rows("counted", { examId: "text" }));
});
const countsOfRooms = statement((dialect) => {
  const examinees = (condition: ReturnType<typeof sql>) =>
    query
      .select({ number: sql`count(*)` })
      .from(visibleParticipants)
      .where(
        and(
          eq(visibleParticipants.examId, sql`room."examId"`),
          eq(visibleParticipants.roomId, sql`room."roomId"`),
          eq(visibleParticipants.role, "examinee"),
          condition,
        ),
      );
  const isPresent = sql`EXISTS ${query
    .select({ one: sql`1` })
    .from(presence)
    .where(
      and(
        eq(presence.examId, sql`room."examId"`),
        eq(presence.roomId, sql`room."roomId"`),
        eq(presence.userId, visibleParticipants.userId),
      ),
    )}`;
  const isPublishing = sql`(${visibleParticipants.mainPublishStatus} = 'publishing' OR ${visibleParticipants.pcPublishStatus} = 'publishing')`;
  const newRecords = query
    .select({ number: sql`count(*)` })
    .from(cheatRecords)
    .where(
      and(
        eq(cheatRecords.roomId, sql`room."roomId"`),
        eq(cheatRecords.examId, sql`room."examId"`),
        gt(cheatRecords.id, sql`room."after"`),
        sql`${cheatRecords.id} <= room."upTo"`,
      ),
    );
  return query
    .select({
      examId: sql<string>`room."examId"`,
      roomId: sql<string>`room."roomId"`,
      present: sql<number>`${examinees(isPresent)}`.mapWith(Number),
      publishing: sql<number>`${examinees(isPublishing)}`.mapWith(Number),
      detections: sql<number>`${newRecords}`.mapWith(Number),
    })
    .from(dialect.rows("room", { ...roomRow, after: "integer", upTo: "integer" }));
});

const insertRoomMinutes = insertion(roomMinutes, { onConflict: "ignore" });
const insertExamMinutes = insertion(examMinutes, { onConflict: "ignore" });

const { minute, present, publishing, detections } = examMinutes;
const minutesOfExam = statement(
  query
    .select({ minute, present, publishing, detections })
    .from(examMinutes)
    .where(and(eq(examMinutes.examId, param("examId")), gte(examMinutes.minute, param("since"))))
    .orderBy(asc(examMinutes.minute)),
);
const minutesOfRooms = statement((dialect) =>
  query
    .select({
      roomId: roomMinutes.roomId,
      minute: roomMinutes.minute,
      present: roomMinutes.present,
      publishing: roomMinutes.publishing,
      detections: roomMinutes.detections,
    })
    .from(dialect.rows("room", roomRow))
    .innerJoin(
      roomMinutes,
      and(
        eq(roomMinutes.examId, sql`room."examId"`),
        eq(roomMinutes.roomId, sql`room."roomId"`),
        gte(roomMinutes.minute, param("since")),
      ),
    ),
);
const roomsOfExamAfter = statement(
  query
    .select({ id: visibleRooms.id })
    .from(visibleRooms)
    .where(and(eq(visibleRooms.examId, param("examId")), gt(visibleRooms.id, param("after"))))
    .orderBy(asc(visibleRooms.id))
    .limit(param("limit")),
);
const roomOfExam = statement(
  query
    .select({ id: visibleRooms.id })
    .from(visibleRooms)
    .where(and(eq(visibleRooms.examId, param("examId")), eq(visibleRooms.id, param("roomId")))),
);
const oldRoomMinutes = query
  .select({ minute: roomMinutes.minute })
  .from(roomMinutes)
  .where(lt(roomMinutes.minute, param("before")))
  .orderBy(asc(roomMinutes.minute))
  .limit(param("limit"));
const oldestRoomMinutes = statement(oldRoomMinutes);
const deleteRoomMinutes = statement(query.delete(roomMinutes).where(lt(roomMinutes.minute, param("before"))));
const deleteExamMinutes = statement(query.delete(examMinutes).where(lt(examMinutes.minute, param("before"))));

const byExam = <Row extends { readonly examId: string }>(rows: readonly Row[]): Map<string, Row[]> =>
  groupBy(rows, ({ examId }) => examId);

const sumOf = (rooms: readonly Counts[]): Counts => ({
  present: rooms.reduce((sum, room) => sum + room.present, 0),
  publishing: rooms.reduce((sum, room) => sum + room.publishing, 0),
  detections: rooms.reduce((sum, room) => sum + room.detections, 0),
});

export type SeriesStore = ReturnType<typeof createSeriesStore>;

export const createSeriesStore = ({
  storage,
  writes,
  duties,
}: {
  storage: Queries;
  writes: Pick<Writes, "unordered">;
  duties: Pick<Duties, "keep">;
}) => {
  const openRooms = async (now: Date): Promise<RoomKey[]> => {
    const [exams, entered] = await storage.together(() =>
      Promise.all([storage.all(examsEndingAfter, { now }), storage.all(roomsWithPeople)]),
    );
    const held = exams.filter(({ startTime }) => startTime <= now).map(({ id }) => ({ examId: id }));
    const isHeld = new Set(held.map(({ examId }) => examId));
    const others = entered.filter(({ examId }) => !isHeld.has(examId));
    const found = await storage.together(() =>
      Promise.all([
        held.length > 0 ? storage.all(roomsOfExams, { held }) : [],
        others.length > 0 ? storage.all(roomsAmong, { entered: others }) : [],
      ]),
    );
    return found
      .flat()
      .filter((room) => room.status === "in_progress")
      .map((room) => ({ examId: room.examId, roomId: room.roomId }));
  };

  return {
    /**
     * Counts what is there now, for the minute that has just ended. A room is under way if it is in progress, and if its exam is held or
     * people are present.
     */
    async measure(of: Date, now: Date): Promise<Measurement> {
      const rooms = await openRooms(now);
      if (rooms.length === 0) return { minute: of, rooms: [], lastRecordIds: new Map() };
      const exams = [...byExam(rooms).keys()].map((examId) => ({ examId }));
      const since = new Date(of.getTime() - LOOKBACK_MS);
      const records = await storage.all(recordsOfExams, { counted: exams, since });
      const bounds = new Map(
        records.map(({ examId, newest, last }) => [
          examId,
          // The first minute counts none, because it is unknown when they arrived.
          { after: last === null ? newest : Number(last), upTo: newest },
        ]),
      );
      const counted = await storage.all(countsOfRooms, {
        room: rooms.map((room) => ({ ...room, ...(bounds.get(room.examId) ?? { after: 0, upTo: 0 }) })),
      });
      const lastRecordIds = new Map([...bounds].map(([examId, { upTo }]) => [examId, upTo]));
      return { minute: of, rooms: counted, lastRecordIds };
    },

    /** Writes a measurement, unless another server has the duty by now, or has written the minute. Keeps the duty until a time. */
    async write({ minute: of, rooms, lastRecordIds }: Measurement, keepUntil: Date): Promise<void> {
      if (rooms.length === 0) return;
      await writes.unordered({}, async (tx) => {
        if (!(await duties.keep(tx, "series", keepUntil))) return;
        // Exams may have been erased since they were counted.
        const among = rooms.map((room) => ({ examId: room.examId, roomId: room.roomId }));
        const there = new Set((await tx.all(roomsAmong, { entered: among })).map((room) => room.roomId));
        const own = rooms.filter((room) => there.has(room.roomId));
        if (own.length === 0) return;
        const ofRooms = own.map((room) => ({ ...room, minute: of }));
        const ofExams = [...byExam(own)].map(([examId, counted]) => ({
          examId,
          minute: of,
          ...sumOf(counted),
          rooms: counted.length,
          lastRecordId: lastRecordIds.get(examId) ?? 0,
        }));
        await tx.last(() =>
          Promise.all([tx.insert(insertRoomMinutes, ofRooms), tx.insert(insertExamMinutes, ofExams)]),
        );
      });
    },

    /** The minutes of a whole exam from a time on, in order. */
    ofExam: (examId: string, since: Date): Promise<CountedMinute[]> =>
      storage.all(minutesOfExam, { examId, since }),
    /** The minutes of some rooms of an exam from a time on. */
    ofRooms: async (examId: string, roomIds: readonly string[], since: Date): Promise<RoomMinute[]> =>
      roomIds.length === 0
        ? []
        : storage.all(minutesOfRooms, { room: roomIds.map((roomId) => ({ examId, roomId })), since }),
    /** The ids of an exam's rooms after a room, in order. */
    roomsAfter: async (examId: string, after: string, limit: number): Promise<string[]> =>
      (await storage.all(roomsOfExamAfter, { examId, after, limit })).map(({ id }) => id),
    /** The minutes of a room from a time on. Undefined if the exam has no such room. */
    async ofRoom(room: RoomKey, since: Date): Promise<RoomMinute[] | undefined> {
      const [found, minutes] = await storage.together(() =>
        Promise.all([
          storage.get(roomOfExam, { ...room }),
          storage.all(minutesOfRooms, { room: [room], since }),
        ]),
      );
      return found && minutes;
    },

    /** Deletes some of the minutes before a time. Returns whether there may be more. */
    async prune(before: Date): Promise<boolean> {
      // Usually there is nothing to delete. This read avoids a write, which would delay others.
      if (!(await storage.get(oldestRoomMinutes, { before, limit: 1 }))) return false;
      return writes.unordered({}, async (tx) => {
        // Another server waits, and then finds other minutes.
        await tx.lockName("pruning the series");
        const old = await tx.all(oldestRoomMinutes, { before, limit: MAX_DELETED + 1 });
        // Whole minutes, at least one: all rooms of a minute are written together.
        const first = old[0]?.minute.getTime();
        const next = old.findLast(({ minute: at }) => at.getTime() !== first)?.minute;
        const isLast = old.length <= MAX_DELETED;
        const upTo = isLast ? before : (next ?? new Date((first ?? 0) + 1));
        await Promise.all([
          tx.run(deleteRoomMinutes, { before: upTo }),
          tx.run(deleteExamMinutes, { before: upTo }),
        ]);
        return !isLast;
      });
    },
  };
};
