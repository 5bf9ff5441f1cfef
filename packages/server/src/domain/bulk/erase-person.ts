import { and, asc, eq, gt } from "drizzle-orm";
import { isOfSeat, isRoomOf } from "../../storage/conditions.js";
import type { Reader } from "../../storage/port.js";
import { param, query, statement } from "../../storage/statement.js";
import { cheatRecords, pageVisits, recordedPeople, rooms, streamEvents } from "../../storage/tables.js";
import type { SeatKey } from "../seats.js";
import type { BulkChange, Phase } from "./types.js";

// The records about a person that a removal counts and erases.

/** How many records can be read in the time that it takes to delete one. */
const READS_PER_ROW = 4;

const isRecordedIn = isOfSeat(recordedPeople);
const nextRoomOfExam = statement(
  query
    .select({ id: rooms.id })
    .from(rooms)
    .innerJoin(
      recordedPeople,
      and(isRoomOf(rooms, recordedPeople), eq(recordedPeople.userId, param("userId"))),
    )
    .where(and(eq(rooms.examId, param("examId")), gt(rooms.id, param("after"))))
    .orderBy(asc(rooms.id))
    .limit(1),
);
const recordedInRoom = statement(
  query.select({ id: recordedPeople.roomId }).from(recordedPeople).where(isRecordedIn),
);
const recordsAfter = statement((dialect) =>
  query
    .select({ id: cheatRecords.id, userId: cheatRecords.userId })
    .from(cheatRecords)
    .where(
      and(
        eq(cheatRecords.roomId, param("roomId")),
        gt(cheatRecords.id, param("after")),
        dialect.inExam(cheatRecords.examId),
      ),
    )
    .orderBy(asc(cheatRecords.id))
    .limit(param("limit")),
);
const deleteRecords = statement((dialect) =>
  query
    .delete(cheatRecords)
    .where(and(dialect.isAnyOf(cheatRecords.id, "ids", "integer"), dialect.inExam(cheatRecords.examId))),
);
const deleteRecordedPerson = statement(query.delete(recordedPeople).where(isRecordedIn));
/** The statements that find and delete the rows of a person in a table to which rows are appended. */
const erasureOf = (table: typeof streamEvents | typeof pageVisits) => ({
  inExam: statement(
    query
      .select({ id: table.id })
      .from(rooms)
      .innerJoin(table, and(isRoomOf(rooms, table), eq(table.userId, param("userId"))))
      .where(eq(rooms.examId, param("examId")))
      .limit(param("limit")),
  ),
  inRoom: statement(query.select({ id: table.id }).from(table).where(isOfSeat(table)).limit(param("limit"))),
  deletion: statement((dialect) =>
    query.delete(table).where(and(dialect.isAnyOf(table.id, "ids", "integer"), dialect.inExam(table.examId))),
  ),
});
const erasures = [erasureOf(streamEvents), erasureOf(pageVisits)];

/** Returns the first room after `after` whose records about the person a removal erases; undefined when no room is left. */
export const readNextRecordedRoom = async (
  reader: Reader,
  { examId, person }: Pick<BulkChange, "examId" | "person">,
  after: string,
): Promise<string | undefined> => {
  if (!person || person.erases === "nothing") return undefined;
  const { userId, roomId = "", erases } = person;
  if (erases === "exam") return (await reader.get(nextRoomOfExam, { examId, userId, after }))?.id;
  return after < roomId ? (await reader.get(recordedInRoom, { examId, roomId, userId }))?.id : undefined;
};

/** Finds a person's records among `limit` records of a room, because records have no index by person. */
export const readRecordsOfPerson = async (
  reader: Reader,
  { examId, roomId, userId }: SeatKey,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<{ ids: number[]; read: number; last: number }> => {
  const rows = await reader.all(recordsAfter, { examId, roomId, after, limit });
  return {
    ids: rows.filter((row) => row.userId === userId).map(({ id }) => id),
    read: rows.length,
    last: rows.at(-1)?.id ?? after,
  };
};

/**
 * Erases the records about a person from before their removal. Later records stay. A room with later records keeps its row in
 * `recordedPeople`. The position of a window contains a room, a record in it, and whether the room keeps that row.
 */
export const eraseRecords: Phase = async (tx, change, { after, rows }) => {
  const { examId, person } = change;
  if (!person) return { used: 0 };
  const { userId, lastRecordId } = person;
  const [from = "", record = "0", kept = ""] = String(after).split("/");
  // Continues in the current room, or else with the next one.
  const roomId = record === "0" ? await readNextRecordedRoom(tx, change, from) : from;
  if (roomId === undefined) return { used: 0 };
  const limit = Math.max(1, rows * READS_PER_ROW);
  const { ids, read, last } = await readRecordsOfPerson(
    tx,
    { examId, roomId, userId },
    { after: Number(record), limit },
  );
  const erasable = ids.filter((id) => id <= lastRecordId);
  const erased = erasable.slice(0, rows);
  if (erased.length > 0) await tx.run(deleteRecords, { examId, ids: erased });
  const isCut = erasable.length > erased.length;
  const isKept = kept !== "" || ids.length > erasable.length;
  const used = erased.length + Math.ceil(read / READS_PER_ROW);
  if (isCut || read === limit)
    return { used, next: `${roomId}/${isCut ? (erased.at(-1) ?? 0) : last}/${isKept ? "kept" : ""}` };
  if (!isKept) await tx.run(deleteRecordedPerson, { examId, roomId, userId });
  return { used: used + 1, next: `${roomId}/0/` };
};

/** Erases the events of a person's streams, and the visits of their pages. */
export const eraseStreamEventsAndVisits: Phase = async (tx, { examId, person }, { rows }) => {
  if (!person || person.erases === "nothing") return { used: 0 };
  const { userId, roomId = "", erases } = person;
  const limit = Math.ceil(rows / erasures.length);
  const found = await Promise.all(
    erasures.map(({ inExam, inRoom }) =>
      erases === "exam"
        ? tx.all(inExam, { examId, userId, limit })
        : tx.all(inRoom, { examId, roomId, userId, limit }),
    ),
  );
  await Promise.all(
    erasures.map(async ({ deletion }, table) => {
      const ids = found[table]?.map(({ id }) => id) ?? [];
      if (ids.length > 0) await tx.run(deletion, { examId, ids });
    }),
  );
  return {
    used: found.flat().length,
    next: found.some(({ length }) => length === limit) ? "again" : undefined,
  };
};
