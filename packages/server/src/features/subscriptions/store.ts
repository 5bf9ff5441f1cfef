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
import { and, asc, between, eq, getTableColumns, gt, lte, max, sql } from "drizzle-orm";
import { createErasedRows } from "../../domain/bulk/erased.js";
import { toCheatRecord } from "../../domain/cheat-records.js";
import type { Database } from "../../storage/sqlite/client.js";
import {
  cheatConfigs,
  cheatRecords,
  type EventData,
  messages,
  visibleParticipants as participants,
  presence,
  roomColumns,
  roomEvents,
  visibleRooms as rooms,
} from "../../storage/tables.js";

/** An event as it stands in the log. */
export interface LoggedRow {
  readonly id: number;
  readonly roomId: string;
  readonly type: EventType;
  readonly data: EventData;
  readonly createdAt: Date;
  /** The room's; null when the room is gone. */
  readonly examId: string | null;
}

/** A message as it is kept. */
export type MessageRow = typeof messages.$inferSelect;

/** Whose log is read: a room's, an exam's rooms', or everybody's. */
export type LogOf = { readonly roomId: string } | { readonly examId: string } | "all";

export interface LiveStore {
  /** The id of the newest event; 0 where there was none yet. */
  newest(): Promise<number>;
  /** What came after an id, in order; undefined when the log does not hold all of it any more, or never had the id. */
  since(of: LogOf, id: number, limit: number): Promise<LoggedRow[] | undefined>;
  room(roomId: string): Promise<Room | undefined>;
  configOf(roomId: string): Promise<StoredCheatConfig | undefined>;
  /** The records of a room with these ids and those between. */
  records(roomId: string, from: number, to: number): Promise<CheatRecord[]>;
  message(id: number): Promise<MessageRow | undefined>;
  roomsOfExam(examId: string): Promise<string[]>;
  /** Everything about a room, read at once. Undefined when there is none. */
  roomSnapshot(roomId: string): Promise<RoomSnapshot | undefined>;
  /** The rooms of an exam that are asked for, read at once. */
  examSnapshot(examId: string, rooms: "all" | readonly string[]): Promise<ExamSnapshot>;
  /** Another number when another process may have written. */
  othersVersion(): number | undefined;
  /**
   * Deletes events that are older, from the first on, as many as are looked at at once; the newest is kept. Resolves with
   * whether there may be more of them.
   */
  prune(before: Date): Promise<boolean>;
}

/** Events that are looked at at once to delete them. */
const PRUNED_AT_ONCE = 500;

const { endedAt: _, ...shownRoom } = roomColumns;

export const createLiveStore = ({ db }: { db: Database }): LiveStore => {
  const { queries, snapshot, write } = db;
  const newest = queries
    .select({ id: max(roomEvents.id) })
    .from(roomEvents)
    .prepare();
  const oldest = queries
    .select({ id: roomEvents.id, createdAt: roomEvents.createdAt })
    .from(roomEvents)
    .where(gt(roomEvents.id, 0))
    .orderBy(asc(roomEvents.id))
    .limit(1)
    .prepare();
  const after = gt(roomEvents.id, sql.placeholder("id"));
  const columns = { ...getTableColumns(roomEvents), examId: rooms.examId };
  const log = () => queries.select(columns).from(roomEvents).leftJoin(rooms, eq(rooms.id, roomEvents.roomId));
  const everybodys = log().where(after).orderBy(asc(roomEvents.id)).limit(sql.placeholder("limit")).prepare();
  const ofRoom = log()
    .where(and(eq(roomEvents.roomId, sql.placeholder("roomId")), after))
    .orderBy(asc(roomEvents.id))
    .limit(sql.placeholder("limit"))
    .prepare();
  const roomById = queries
    .select(shownRoom)
    .from(rooms)
    .where(eq(rooms.id, sql.placeholder("roomId")))
    .prepare();
  const roomsOf = queries
    .select(shownRoom)
    .from(rooms)
    .where(eq(rooms.examId, sql.placeholder("examId")))
    .orderBy(asc(rooms.id))
    .prepare();
  const config = queries
    .select(getTableColumns(cheatConfigs))
    .from(rooms)
    .innerJoin(cheatConfigs, eq(cheatConfigs.examId, rooms.examId))
    .where(eq(rooms.id, sql.placeholder("roomId")))
    .prepare();
  const records = queries
    .select()
    .from(cheatRecords)
    .where(
      and(
        eq(cheatRecords.roomId, sql.placeholder("roomId")),
        between(cheatRecords.id, sql.placeholder("from"), sql.placeholder("to")),
      ),
    )
    .orderBy(asc(cheatRecords.id))
    .prepare();
  const message = queries
    .select()
    .from(messages)
    .where(eq(messages.id, sql.placeholder("id")))
    .prepare();
  const membersOf = queries
    .select()
    .from(participants)
    .where(eq(participants.roomId, sql.placeholder("roomId")))
    .prepare();
  const presentIn = queries
    .select()
    .from(presence)
    .where(eq(presence.roomId, sql.placeholder("roomId")))
    .prepare();
  const first = queries
    .select({ id: roomEvents.id, createdAt: roomEvents.createdAt })
    .from(roomEvents)
    .where(gt(roomEvents.id, 0))
    .orderBy(asc(roomEvents.id))
    .limit(PRUNED_AT_ONCE + 1)
    .prepare();

  const erased = createErasedRows(db);
  const newestId = (): number => newest.get()?.id ?? 0;
  const rowsOf = (of: LogOf, id: number, limit: number): LoggedRow[] => {
    if (of === "all") return everybodys.all({ id, limit });
    // Each room's rows are one range of its index; the first of them all make the page.
    const ids = "roomId" in of ? [of.roomId] : roomsOf.all({ examId: of.examId }).map((room) => room.id);
    const rows = ids.flatMap((roomId) => ofRoom.all({ roomId, id, limit }));
    return ids.length > 1 ? rows.sort((a, b) => a.id - b.id).slice(0, limit) : rows;
  };
  const toMember = ({
    userId,
    role,
    name,
    extraMinutes,
    mainPublishStatus,
    pcPublishStatus,
  }: typeof participants.$inferSelect): Member => ({
    userId,
    role,
    name,
    extraMinutes,
    publishStatus: { main: mainPublishStatus, pc: pcPublishStatus },
  });
  const toPresence = ({ roomId: _room, ...page }: typeof presence.$inferSelect): Presence => page;

  return {
    newest: async () => newestId(),
    since: async (of, id, limit) =>
      snapshot(() => {
        const holdsAll = id >= (oldest.get()?.id ?? 1) - 1 && id <= newestId();
        return holdsAll ? rowsOf(of, id, limit) : undefined;
      }),
    room: async (roomId) => roomById.get({ roomId }),
    configOf: async (roomId) => config.get({ roomId }),
    records: async (roomId, from, to) =>
      erased.records(records.all({ roomId, from, to }), ({ examId }) => examId).map(toCheatRecord),
    message: async (id) => message.get({ id }),
    roomsOfExam: async (examId) => roomsOf.all({ examId }).map(({ id }) => id),
    roomSnapshot: async (roomId) =>
      snapshot(() => {
        const room = roomById.get({ roomId });
        if (!room) return undefined;
        const cheatConfig = config.get({ roomId });
        return {
          room,
          ...(cheatConfig && { cheatConfig }),
          members: membersOf
            .all({ roomId })
            .toSorted((a, b) => a.seq - b.seq)
            .map(toMember),
          presence: presentIn
            .all({ roomId })
            .toSorted((a, b) => a.since.getTime() - b.since.getTime())
            .map(toPresence),
          lastEventId: String(newestId()),
        };
      }),
    examSnapshot: async (examId, reach) =>
      snapshot(() => ({
        examId,
        rooms: roomsOf.all({ examId }).filter(({ id }) => reach === "all" || reach.includes(id)),
        lastEventId: String(newestId()),
      })),
    othersVersion: db.othersVersion,
    prune: async (before) => {
      // Mostly there is nothing to do: then nobody's writes wait for it.
      const next = oldest.get();
      if (!next || next.createdAt >= before) return false;
      return write(() => {
        const rows = first.all();
        const firstKept = rows.findIndex(({ createdAt }) => createdAt >= before);
        // The last that was looked at stays: it may be the newest, by which ids are judged.
        const gone = rows.slice(0, firstKept < 0 ? -1 : firstKept);
        const lastGone = gone.at(-1);
        if (lastGone) queries.delete(roomEvents).where(lte(roomEvents.id, lastGone.id)).run();
        return gone.length === PRUNED_AT_ONCE;
      });
    },
  };
};
