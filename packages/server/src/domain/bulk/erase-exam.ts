import { type AnyColumn, and, asc, eq, getTableColumns, sql } from "drizzle-orm";
import { getTableConfig } from "drizzle-orm/sqlite-core";
import type { Transaction } from "../../storage/port.js";
import { param, query, type Statement, statement } from "../../storage/statement.js";
import {
  cheatConfigs,
  cheatRecords,
  examAudio,
  exams,
  joinCodes,
  messageReaders,
  messages,
  mutes,
  participants,
  presence,
  recordedPeople,
  rooms,
  seatGenerations,
  sendRates,
  streamEvents,
  streamNames,
  unseated,
} from "../../storage/tables.js";
import { deleteRoom } from "./marked-rows.js";
import type { Phase } from "./types.js";

/** All tables with rows of a room. */
const OF_ROOM = [
  messageReaders,
  messages,
  mutes,
  sendRates,
  presence,
  seatGenerations,
  streamEvents,
  streamNames,
  // They would go along with the participants, but count as rows of their own.
  joinCodes,
  participants,
  recordedPeople,
  cheatRecords,
] as const;
/** All tables with rows of an exam that do not belong to a room. */
const OF_EXAM = [unseated, examAudio] as const;

/** Makes a statement that deletes at most `limit` rows of an owner. */
const deletionOf = (
  table: (typeof OF_ROOM)[number] | (typeof OF_EXAM)[number],
  owner: "roomId" | "examId",
): Statement => {
  const columns: Readonly<Record<string, AnyColumn>> = getTableColumns(table);
  const { examId } = table;
  const ownerColumn = columns[owner];
  if (!ownerColumn) throw new Error(`a table without ${owner} cannot be erased by it`);
  const composite = getTableConfig(table).primaryKeys[0]?.columns;
  const key: readonly AnyColumn[] = composite ?? Object.values(columns).filter(({ primary }) => primary);
  return statement((dialect) => {
    const some = query
      .select(Object.fromEntries(key.map((column) => [column.name, sql`${column}`.as(column.name)])))
      .from(table)
      .where(and(eq(ownerColumn, param("ownerId")), dialect.inExam(examId)))
      .limit(param("limit"));
    return query
      .delete(table)
      .where(and(sql`(${sql.join([...key], sql`, `)}) IN ${some}`, dialect.inExam(examId)));
  });
};

const deletionsOfRoom = OF_ROOM.map((table) => deletionOf(table, "roomId"));
const deletionsOfExam = OF_EXAM.map((table) => deletionOf(table, "examId"));
const firstRoom = statement(
  query
    .select({ id: rooms.id })
    .from(rooms)
    .where(eq(rooms.examId, param("examId")))
    .orderBy(asc(rooms.id))
    .limit(1),
);
const deleteConfig = statement(query.delete(cheatConfigs).where(eq(cheatConfigs.examId, param("examId"))));
const deleteExam = statement(query.delete(exams).where(eq(exams.id, param("examId"))));

/** Runs the deletions in turn until `rows` rows are deleted. */
const deleteSome = async (
  tx: Transaction,
  deletions: readonly Statement[],
  owner: { readonly examId: string; readonly ownerId: string },
  rows: number,
): Promise<{ used: number; isEmpty: boolean }> => {
  let used = 0;
  for (const deletion of deletions) {
    if (used >= rows) return { used, isEmpty: false };
    const limit = rows - used;
    const deleted = await tx.run(deletion, { ...owner, limit });
    used += deleted;
    if (deleted === limit) return { used, isEmpty: false };
  }
  return { used, isEmpty: true };
};

/** Erases an exam that readers no longer see, room by room. Each window begins with the first remaining room. */
export const eraseExam: Phase = async (tx, { examId }, { rows }) => {
  let used = 0;
  while (used < rows) {
    const room = await tx.get(firstRoom, { examId });
    if (!room) break;
    const erased = await deleteSome(tx, deletionsOfRoom, { examId, ownerId: room.id }, rows - used);
    used += erased.used;
    if (!erased.isEmpty) return { used, next: "again" };
    await deleteRoom(tx, { examId, roomId: room.id });
    used += 1;
  }
  if (used >= rows) return { used, next: "again" };
  const erased = await deleteSome(tx, deletionsOfExam, { examId, ownerId: examId }, rows - used);
  if (!erased.isEmpty) return { used: used + erased.used, next: "again" };
  await tx.run(deleteConfig, { examId });
  await tx.run(deleteExam, { examId });
  return { used: used + erased.used + 2 };
};
