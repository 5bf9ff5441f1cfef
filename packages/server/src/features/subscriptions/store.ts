import { setImmediate as nextTurn } from "node:timers/promises";
import { type ExamSnapshot, isOver, type Room, type RoomSnapshot } from "@invigil/schema";
import { and, asc, between, eq, sql } from "drizzle-orm";
import { readBounds } from "../../domain/event-bounds.js";
import { isRoom } from "../../domain/people.js";
import type { RoomKey } from "../../domain/room-exams.js";
import { readRoomSnapshot } from "../../domain/room-snapshot.js";
import type { SeatKey } from "../../domain/seats.js";
import { shownRoom, shownRoomById } from "../../domain/shown-rooms.js";
import { isSameRoom } from "../../storage/conditions.js";
import type { Queries } from "../../storage/port.js";
import { param, query, statement } from "../../storage/statement.js";
import {
  attempts,
  cheatRecords,
  recordedPeople,
  visibleParticipants,
  visibleRooms,
} from "../../storage/tables.js";

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

const roomsOfExam = statement(
  query
    .select(shownRoom)
    .from(visibleRooms)
    .where(eq(visibleRooms.examId, param("examId")))
    .orderBy(asc(visibleRooms.id)),
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
  and(isSameRoom(table, visibleParticipants), eq(table.userId, visibleParticipants.userId));
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
const openFor = statement(
  query
    .select({ status: visibleRooms.status, attempt: { status: attempts.status } })
    .from(visibleRooms)
    .leftJoin(attempts, and(eq(attempts.examId, visibleRooms.examId), eq(attempts.userId, param("userId"))))
    .where(isRoom),
);
/** The rooms whose people with records are read in one turn of the event loop. */
const ROOMS_A_TURN = 100;
export type SubscriptionStore = ReturnType<typeof createSubscriptionStore>;

export const createSubscriptionStore = ({ storage }: { storage: Queries }) => ({
  room: ({ examId, roomId }: RoomKey): Promise<Room | undefined> =>
    storage.get(shownRoomById, { examId, roomId }),
  /** Whether a room is in progress for an examinee. */
  async isOpenFor({ examId, roomId, userId }: SeatKey): Promise<boolean> {
    const found = await storage.get(openFor, { examId, roomId, userId });
    return found?.status === "in_progress" && !(found.attempt && isOver(found.attempt));
  },

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
    storage.snapshot((reader) => readRoomSnapshot(reader, room)),

  /** These rooms of an exam at one moment. */
  examSnapshot: async (examId: string, accessible: "all" | readonly string[]): Promise<ExamSnapshot> => {
    const [rooms, { newest }] = await storage.snapshot((reader) =>
      Promise.all([reader.all(roomsOfExam, { examId }), readBounds(reader, examId)]),
    );
    return {
      examId,
      rooms: rooms.filter(({ id }) => accessible === "all" || accessible.includes(id)),
      lastEventId: String(newest),
    };
  },
});
