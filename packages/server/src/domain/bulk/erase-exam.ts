import { and, asc, eq, type SQL, sql } from "drizzle-orm";
import { DECLARATION, type DeclaredTable } from "../../storage/declaration.js";
import { primaryKeyOf, tablesOf } from "../../storage/inventory.js";
import type { Transaction } from "../../storage/port.js";
import { type AnyStatement, param, query, type Statement, statement } from "../../storage/statement.js";
import { exams, roomExams, rooms } from "../../storage/tables.js";
import { erasePeopleFromAudit } from "../audit-erasure.js";
import type { ExamTransaction } from "../exam-transaction.js";
import type { RoomKey } from "../room-exams.js";
import { deleteRoom } from "./marked-rows.js";
import type { Phase } from "./types.js";

/** How many rows of one room a statement deletes. */
const ERASED_AT_ONCE = 500;

/** Makes a statement that deletes at most `limit` rows of a table, under a condition with parameters. */
const deletionOf = (
  table: DeclaredTable<"exam" | "room">,
  isOwned: SQL,
): Statement<unknown, "exam" | "room"> => {
  const key = primaryKeyOf(table);
  return statement((dialect) => {
    const some = query
      .select(Object.fromEntries(key.map((column) => [column.name, sql`${column}`.as(column.name)])))
      .from(table)
      .where(and(isOwned, dialect.inExam(table.examId)))
      .limit(param("limit"));
    return query
      .delete(table)
      .where(and(sql`(${sql.join([...key], sql`, `)}) IN ${some}`, dialect.inExam(table.examId)));
  });
};
/** The tables whose rows go with their owner, each before those that it refers to. Rows that live until they are done have other deleters. */
const deletedWith = <Of extends "exam" | "room">(owner: Of) =>
  tablesOf(owner)
    .filter((table) => table[DECLARATION].lives !== "untilDone")
    .toReversed();

// A room is deleted last, with the row that tells its exam.
const deletionsOfRoom = deletedWith("room")
  .filter((table) => table !== roomExams)
  .map((table) => deletionOf(table, eq(table.roomId, param("ownerId"))));
const deletionsOfExam = deletedWith("exam")
  .filter((table) => table !== rooms)
  .map((table) => deletionOf(table, eq(table.examId, param("ownerId"))));
const firstRoom = statement(
  query
    .select({ id: rooms.id })
    .from(rooms)
    .where(eq(rooms.examId, param("examId")))
    .orderBy(asc(rooms.id))
    .limit(1),
);
const deleteExam = statement(query.delete(exams).where(eq(exams.id, param("examId"))));

/** Runs the deletions in turn until `rows` rows are deleted. */
const deleteSome = async (
  tx: Transaction,
  deletions: readonly AnyStatement[],
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

/** Erases a room, of which little is left, with everything that belongs to it. */
export const eraseRoom = async (tx: ExamTransaction, { examId, roomId }: RoomKey): Promise<void> => {
  const values = { examId, ownerId: roomId, limit: ERASED_AT_ONCE };
  let deleted: number[];
  // Started together, because the statements run in this order: no table refers to a later one.
  do deleted = await Promise.all(deletionsOfRoom.map((deletion) => tx.run(deletion, values)));
  while (deleted.includes(ERASED_AT_ONCE));
  await deleteRoom(tx, { examId, roomId });
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
  const owner = { examId, ownerId: examId };
  // These tables refer to the exam and not to each other, and most have few rows. So a few rows of each are deleted together.
  const few = Math.ceil((rows - used) / (2 * deletionsOfExam.length));
  const deleted = await Promise.all(
    deletionsOfExam.map((deletion) => tx.run(deletion, { ...owner, limit: few })),
  );
  used += deleted.reduce((sum, some) => sum + some, 0);
  const full = deletionsOfExam.filter((_, index) => deleted[index] === few);
  const erased = await deleteSome(tx, full, owner, Math.max(1, rows - used));
  if (!erased.isEmpty) return { used: used + erased.used, next: "again" };
  const limit = Math.max(1, rows - used - erased.used);
  const [people] = await Promise.all([
    // The audit outlives the exam.
    tx.run(erasePeopleFromAudit, { examId, limit }),
    tx.run(deleteExam, { examId }),
  ]);
  return { used: used + erased.used + people + 1, next: people === limit ? "again" : undefined };
};
