import type {
  CheatRecord,
  EventType,
  ExamSnapshot,
  Member,
  Presence,
  Room,
  RoomSnapshot,
  StoredCheatConfig,
} from "@invigil/schema";
import { and, asc, between, eq, getTableColumns, gt, lte, max } from "drizzle-orm";
import { createErasureFilter } from "../../domain/bulk/erasure-filter.js";
import { toCheatRecord } from "../../domain/cheat-records.js";
import type { Reader, Storage } from "../../storage/port.js";
import { param, query, statement } from "../../storage/statement.js";
import {
  cheatConfigs,
  cheatRecords,
  type EventData,
  messages,
  presence,
  roomColumns,
  roomEvents,
  visibleParticipants,
  visibleRooms,
} from "../../storage/tables.js";

/** An event as it is stored in the log. */
export interface EventRow {
  readonly id: number;
  readonly roomId: string;
  readonly type: EventType;
  readonly data: EventData;
  readonly createdAt: Date;
  /** The exam of the room. Null once the room is deleted. */
  readonly examId: string | null;
}

/** A message as it is stored. */
export type MessageRow = typeof messages.$inferSelect;

/** Which events to read: those of a room, of an exam's rooms, or of all rooms. */
export type EventScope = { readonly roomId: string } | { readonly examId: string } | "all";

export interface LiveStore {
  /** The id of the newest event. 0 if there is none yet. */
  newestId(): Promise<number>;
  /** The first events after an id, in order. Undefined if some of them were deleted already, or if the log never had the id. */
  eventsAfter(scope: EventScope, id: number, limit: number): Promise<EventRow[] | undefined>;
  room(roomId: string): Promise<Room | undefined>;
  configOf(roomId: string): Promise<StoredCheatConfig | undefined>;
  /** The records of a room with ids from `from` to `to`. */
  records(roomId: string, from: number, to: number): Promise<CheatRecord[]>;
  message(id: number): Promise<MessageRow | undefined>;
  roomsOfExam(examId: string): Promise<string[]>;
  /** Everything about a room at one moment. Undefined if the room does not exist. */
  roomSnapshot(roomId: string): Promise<RoomSnapshot | undefined>;
  /** These rooms of an exam at one moment. */
  examSnapshot(examId: string, rooms: "all" | readonly string[]): Promise<ExamSnapshot>;
  /** A number that changes with every commit of another process. */
  othersVersion(): Promise<number | undefined>;
  /**
   * Deletes the oldest events that were written before a time: a limited number of them, and never the newest event. Returns whether
   * there may be more.
   */
  prune(before: Date): Promise<boolean>;
}

/** The most events that one write deletes. */
const MAX_DELETED = 500;

const newestEvent = statement(query.select({ id: max(roomEvents.id) }).from(roomEvents));
const oldestEvents = (limit: number) =>
  query
    .select({ id: roomEvents.id, createdAt: roomEvents.createdAt })
    .from(roomEvents)
    .where(gt(roomEvents.id, 0))
    .orderBy(asc(roomEvents.id))
    .limit(limit);
const oldestEvent = statement(oldestEvents(1));
const eventsToDelete = statement(oldestEvents(MAX_DELETED + 1));
const deleteEvents = statement(query.delete(roomEvents).where(lte(roomEvents.id, param("lastId"))));

const isAfter = gt(roomEvents.id, param("id"));
const loggedEvents = () =>
  query
    .select({ ...getTableColumns(roomEvents), examId: visibleRooms.examId })
    .from(roomEvents)
    .leftJoin(visibleRooms, eq(visibleRooms.id, roomEvents.roomId));
const eventsOfAllRooms = statement(
  loggedEvents().where(isAfter).orderBy(asc(roomEvents.id)).limit(param("limit")),
);
const eventsOfRoom = statement(
  loggedEvents()
    .where(and(eq(roomEvents.roomId, param("roomId")), isAfter))
    .orderBy(asc(roomEvents.id))
    .limit(param("limit")),
);

const { endedAt: _, ...shownRoom } = roomColumns;
const roomById = statement(
  query
    .select(shownRoom)
    .from(visibleRooms)
    .where(eq(visibleRooms.id, param("roomId"))),
);
const roomsOfExam = statement(
  query
    .select(shownRoom)
    .from(visibleRooms)
    .where(eq(visibleRooms.examId, param("examId")))
    .orderBy(asc(visibleRooms.id)),
);
const configOfRoom = statement(
  query
    .select(getTableColumns(cheatConfigs))
    .from(visibleRooms)
    .innerJoin(cheatConfigs, eq(cheatConfigs.examId, visibleRooms.examId))
    .where(eq(visibleRooms.id, param("roomId"))),
);
const recordsOfRoom = statement(
  query
    .select()
    .from(cheatRecords)
    .where(
      and(eq(cheatRecords.roomId, param("roomId")), between(cheatRecords.id, param("from"), param("to"))),
    )
    .orderBy(asc(cheatRecords.id)),
);
const messageById = statement(
  query
    .select()
    .from(messages)
    .where(eq(messages.id, param("id"))),
);
const membersOfRoom = statement(
  query
    .select()
    .from(visibleParticipants)
    .where(eq(visibleParticipants.roomId, param("roomId"))),
);
const presenceOfRoom = statement(
  query
    .select()
    .from(presence)
    .where(eq(presence.roomId, param("roomId"))),
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
const toPresence = ({ roomId: _room, ...page }: typeof presence.$inferSelect): Presence => page;

const readNewestId = async (reader: Reader): Promise<number> => (await reader.get(newestEvent))?.id ?? 0;

const readEvents = async (
  reader: Reader,
  scope: EventScope,
  id: number,
  limit: number,
): Promise<EventRow[]> => {
  if (scope === "all") return reader.all(eventsOfAllRooms, { id, limit });
  if ("roomId" in scope) return reader.all(eventsOfRoom, { roomId: scope.roomId, id, limit });
  // The index has the events of each room as one range. The page is the first part of all ranges together.
  const rows: EventRow[] = [];
  for (const room of await reader.all(roomsOfExam, { examId: scope.examId }))
    rows.push(...(await reader.all(eventsOfRoom, { roomId: room.id, id, limit })));
  return rows.sort((a, b) => a.id - b.id).slice(0, limit);
};

const readRoom = async (reader: Reader, roomId: string): Promise<RoomSnapshot | undefined> => {
  const room = await reader.get(roomById, { roomId });
  if (!room) return undefined;
  const cheatConfig = await reader.get(configOfRoom, { roomId });
  const members = await reader.all(membersOfRoom, { roomId });
  const pages = await reader.all(presenceOfRoom, { roomId });
  return {
    room,
    ...(cheatConfig && { cheatConfig }),
    members: members.toSorted((a, b) => a.seq - b.seq).map(toMember),
    presence: pages.toSorted((a, b) => a.since.getTime() - b.since.getTime()).map(toPresence),
    lastEventId: String(await readNewestId(reader)),
  };
};

export const createLiveStore = ({ storage }: { storage: Storage }): LiveStore => {
  const erasures = createErasureFilter(storage);
  return {
    newestId: () => readNewestId(storage),

    eventsAfter: (scope, id, limit) =>
      storage.snapshot(async (reader) => {
        const oldest = await reader.get(oldestEvent);
        const holdsAll = id >= (oldest?.id ?? 1) - 1 && id <= (await readNewestId(reader));
        return holdsAll ? readEvents(reader, scope, id, limit) : undefined;
      }),

    room: (roomId) => storage.get(roomById, { roomId }),

    configOf: (roomId) => storage.get(configOfRoom, { roomId }),

    records: async (roomId, from, to) => {
      const records = await erasures.records(
        () => storage.all(recordsOfRoom, { roomId, from, to }),
        ({ examId }) => examId,
      );
      return records.map(toCheatRecord);
    },

    message: (id) => storage.get(messageById, { id }),

    roomsOfExam: async (examId) => (await storage.all(roomsOfExam, { examId })).map(({ id }) => id),

    roomSnapshot: (roomId) => storage.snapshot((reader) => readRoom(reader, roomId)),

    examSnapshot: (examId, reach) =>
      storage.snapshot(async (reader) => {
        const rooms = await reader.all(roomsOfExam, { examId });
        return {
          examId,
          rooms: rooms.filter(({ id }) => reach === "all" || reach.includes(id)),
          lastEventId: String(await readNewestId(reader)),
        };
      }),

    othersVersion: () => storage.othersVersion(),

    prune: async (before) => {
      // Usually there is nothing to delete. This read avoids a write, which would delay others.
      const oldest = await storage.get(oldestEvent);
      if (!oldest || oldest.createdAt >= before) return false;
      return storage.write(async (tx) => {
        const events = await tx.all(eventsToDelete);
        const firstKept = events.findIndex(({ createdAt }) => createdAt >= before);
        // Keeps the last of these events: it may be the newest one, which `eventsAfter` needs to recognize ids.
        const old = events.slice(0, firstKept < 0 ? -1 : firstKept);
        const last = old.at(-1);
        if (last) await tx.run(deleteEvents, { lastId: last.id });
        return old.length === MAX_DELETED;
      });
    },
  };
};
