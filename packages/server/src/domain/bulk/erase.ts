import { and, asc, eq, gt, inArray, sql } from "drizzle-orm";
import type { Queries } from "../../storage/sqlite/client.js";
import {
  cheatConfigs,
  cheatRecords,
  examAudio,
  exams,
  messageReaders,
  messages,
  mutes,
  participants,
  presence,
  recordedPeople,
  rooms,
  seatGenerations,
  streamEvents,
  streamNames,
  unseated,
} from "../../storage/tables.js";
import type { BulkChange, Phase } from "./types.js";

// What announced deletions leave to be erased.

/** Everything that names a room. */
const OF_ROOM = [
  messageReaders,
  messages,
  mutes,
  presence,
  seatGenerations,
  streamEvents,
  streamNames,
  participants,
  recordedPeople,
  cheatRecords,
] as const;

/** Deletes rows, at most so many, and says how many they were. */
type Eraser = (key: string, limit: number) => number;

const eraserOf = (
  queries: Queries,
  table: (typeof OF_ROOM)[number] | typeof unseated | typeof examAudio,
  owner: "roomId" | "examId",
): Eraser => {
  const rowid = sql<number>`rowid`;
  // Safe: each of these tables has the column that it is asked by.
  const column = (table as unknown as Record<string, typeof participants.roomId>)[owner];
  if (!column) throw new Error(`a table without ${owner} cannot be erased by it`);
  const some = queries
    .select({ rowid })
    .from(table)
    .where(eq(column, sql.placeholder("key")))
    .limit(sql.placeholder("limit"));
  const statement = queries.delete(table).where(inArray(rowid, some)).prepare();
  return (key, limit) => statement.run({ key, limit }).changes;
};

/** Erases an exam that nobody sees any more, room by room. Each window takes the first room that is left. */
export const examEraser = (queries: Queries): Phase => {
  const ofRoom = OF_ROOM.map((table) => eraserOf(queries, table, "roomId"));
  const ofExam = [unseated, examAudio].map((table) => eraserOf(queries, table, "examId"));
  const firstRoom = queries
    .select({ id: rooms.id })
    .from(rooms)
    .where(eq(rooms.examId, sql.placeholder("examId")))
    .orderBy(asc(rooms.id))
    .limit(1)
    .prepare();
  const deleteRoom = queries
    .delete(rooms)
    .where(eq(rooms.id, sql.placeholder("roomId")))
    .prepare();
  const deleteConfig = queries
    .delete(cheatConfigs)
    .where(eq(cheatConfigs.examId, sql.placeholder("examId")))
    .prepare();
  const deleteExam = queries
    .delete(exams)
    .where(eq(exams.id, sql.placeholder("examId")))
    .prepare();

  /** Deletes by each eraser in turn until so many rows are gone; whether nothing is left. */
  const erase = (erasers: readonly Eraser[], key: string, rows: number) => {
    let used = 0;
    for (const eraser of erasers) {
      if (used >= rows) return { used, isEmpty: false };
      const limit = rows - used;
      const gone = eraser(key, limit);
      used += gone;
      if (gone === limit) return { used, isEmpty: false };
    }
    return { used, isEmpty: true };
  };

  return ({ examId }, { rows }) => {
    let used = 0;
    while (used < rows) {
      const room = firstRoom.get({ examId });
      if (!room) break;
      const erased = erase(ofRoom, room.id, rows - used);
      used += erased.used;
      if (!erased.isEmpty) return { used, next: "again" };
      deleteRoom.run({ roomId: room.id });
      used += 1;
    }
    if (used >= rows) return { used, next: "again" };
    const erased = erase(ofExam, examId, rows - used);
    if (!erased.isEmpty) return { used: used + erased.used, next: "again" };
    deleteConfig.run({ examId });
    deleteExam.run({ examId });
    return { used: used + erased.used + 2 };
  };
};

/** A record is looked at in this part of the time in which one is deleted. */
const LOOKS_A_ROW = 4;

/** The rooms in which somebody was recorded, as far as a removal erases it. */
export const roomsErased = (queries: Queries) => {
  const after = sql.placeholder("after");
  const byExam = queries
    .select({ id: rooms.id })
    .from(rooms)
    .innerJoin(
      recordedPeople,
      and(eq(recordedPeople.roomId, rooms.id), eq(recordedPeople.userId, sql.placeholder("userId"))),
    )
    .where(and(eq(rooms.examId, sql.placeholder("examId")), gt(rooms.id, after)))
    .orderBy(asc(rooms.id))
    .limit(1)
    .prepare();
  const byRoom = queries
    .select({ id: recordedPeople.roomId })
    .from(recordedPeople)
    .where(
      and(
        eq(recordedPeople.roomId, sql.placeholder("roomId")),
        eq(recordedPeople.userId, sql.placeholder("userId")),
      ),
    )
    .prepare();
  return ({ examId, person }: Pick<BulkChange, "examId" | "person">, from: string): string | undefined => {
    if (!person || person.erases === "nothing") return undefined;
    const { userId, roomId = "", erases } = person;
    if (erases === "exam") return byExam.get({ examId, userId, after: from })?.id;
    return from < roomId ? byRoom.get({ roomId, userId })?.id : undefined;
  };
};

/** Records of a room about somebody, looked for by ranges of the room's records: there is no index of records by person. */
export const recordsInRoom = (queries: Queries) => {
  const range = queries
    .select({ id: cheatRecords.id, userId: cheatRecords.userId })
    .from(cheatRecords)
    .where(
      and(eq(cheatRecords.roomId, sql.placeholder("roomId")), gt(cheatRecords.id, sql.placeholder("after"))),
    )
    .orderBy(asc(cheatRecords.id))
    .limit(sql.placeholder("limit"))
    .prepare();
  return (roomId: string, userId: string, { after, limit }: { after: number; limit: number }) => {
    const rows = range.all({ roomId, after, limit });
    return {
      ids: rows.filter((row) => row.userId === userId).map(({ id }) => id),
      looked: rows.length,
      last: rows.at(-1)?.id ?? after,
    };
  };
};

/**
 * Erases what was recorded about a person before they were removed. It also looks at the records that came later: where one is about
 * the person, the room goes on noting so. The window is a room, and in it a record.
 */
export const recordEraser = (queries: Queries): Phase => {
  const nextRoom = roomsErased(queries);
  const inRoom = recordsInRoom(queries);
  const deleteRecord = queries
    .delete(cheatRecords)
    .where(eq(cheatRecords.id, sql.placeholder("id")))
    .prepare();
  const forget = queries
    .delete(recordedPeople)
    .where(
      and(
        eq(recordedPeople.roomId, sql.placeholder("roomId")),
        eq(recordedPeople.userId, sql.placeholder("userId")),
      ),
    )
    .prepare();

  return (change, { after, rows }) => {
    const { person } = change;
    if (!person) return { used: 0 };
    const [from = "", record = "0", kept = ""] = String(after).split("/");
    // In a room that was begun, the window goes on; else it is the next room.
    const roomId = record === "0" ? nextRoom(change, from) : from;
    if (roomId === undefined) return { used: 0 };
    const limit = Math.max(1, rows * LOOKS_A_ROW);
    const { ids, looked, last } = inRoom(roomId, person.userId, { after: Number(record), limit });
    const erased = ids.filter((id) => id <= person.lastRecordId).slice(0, rows);
    for (const id of erased) deleteRecord.run({ id });
    const isCut = ids.filter((id) => id <= person.lastRecordId).length > erased.length;
    const isKept = kept !== "" || ids.some((id) => id > person.lastRecordId);
    const used = erased.length + Math.ceil(looked / LOOKS_A_ROW);
    if (isCut || looked === limit)
      return { used, next: `${roomId}/${isCut ? (erased.at(-1) ?? 0) : last}/${isKept ? "kept" : ""}` };
    if (!isKept) forget.run({ roomId, userId: person.userId });
    return { used: used + 1, next: `${roomId}/0/` };
  };
};

/** Erases what was reported of a person's streams, in one room after another. */
export const streamEventEraser = (queries: Queries): Phase => {
  const after = sql.placeholder("after");
  const ofPerson = and(eq(streamEvents.roomId, rooms.id), eq(streamEvents.userId, sql.placeholder("userId")));
  const some = queries
    .select({ id: streamEvents.id })
    .from(rooms)
    .innerJoin(streamEvents, ofPerson)
    .where(and(eq(rooms.examId, sql.placeholder("examId")), gt(rooms.id, after)))
    .limit(sql.placeholder("limit"))
    .prepare();
  const inOneRoom = queries
    .select({ id: streamEvents.id })
    .from(streamEvents)
    .where(
      and(
        eq(streamEvents.roomId, sql.placeholder("roomId")),
        eq(streamEvents.userId, sql.placeholder("userId")),
      ),
    )
    .limit(sql.placeholder("limit"))
    .prepare();
  const remove = queries
    .delete(streamEvents)
    .where(eq(streamEvents.id, sql.placeholder("id")))
    .prepare();
  return ({ examId, person }, { rows }) => {
    if (!person || person.erases === "nothing") return { used: 0 };
    const { userId, roomId = "", erases } = person;
    const found =
      erases === "exam"
        ? some.all({ examId, userId, after: "", limit: rows })
        : inOneRoom.all({ roomId, userId, limit: rows });
    for (const { id } of found) remove.run({ id });
    return { used: found.length, next: found.length === rows ? "again" : undefined };
  };
};
