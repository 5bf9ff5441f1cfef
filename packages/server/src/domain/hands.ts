import type { Caller, Hand } from "@invigil/schema";
import { and, asc, eq, isNull } from "drizzle-orm";
import type { Reader, Transaction } from "../storage/port.js";
import { param, query, rawParam, statement } from "../storage/statement.js";
import { hands } from "../storage/tables.js";
import type { RoomKey } from "./room-exams.js";
import type { SeatKey } from "./seats.js";

// Raised hands, as far as several features read and write them.

export type HandRow = typeof hands.$inferSelect;

const isOfRoom = and(eq(hands.examId, param("examId")), eq(hands.roomId, param("roomId")));
const isOpen = isNull(hands.resolvedAt);
const isOfPerson = eq(hands.userId, param("userId"));

/** Selects a hand of an exam. */
export const handById = statement(
  query
    .select()
    .from(hands)
    .where(and(eq(hands.examId, param("examId")), eq(hands.id, param("id")))),
);
const openOfRoom = statement(query.select().from(hands).where(and(isOfRoom, isOpen)).orderBy(asc(hands.id)));
const resolved = { status: "resolved", resolvedAt: rawParam<Date>("now") } as const;
const closeOfRoom = statement(query.update(hands).set(resolved).where(and(isOfRoom, isOpen)));
const closeOfPerson = statement(
  query
    .update(hands)
    .set(resolved)
    .where(and(isOfRoom, isOfPerson, isOpen)),
);
const closeOfPeople = statement((dialect) =>
  query
    .update(hands)
    .set(resolved)
    .where(and(eq(hands.examId, param("examId")), dialect.isAnyOf(hands.userId, "userIds"), isOpen)),
);
const deleteInRoom = statement(query.delete(hands).where(and(isOfRoom, isOfPerson)));
const deleteInExam = statement(query.delete(hands).where(and(eq(hands.examId, param("examId")), isOfPerson)));

/** A hand as staff see it. */
export const toHand = (row: HandRow): Hand => ({
  id: row.id,
  roomId: row.roomId,
  userId: row.userId,
  kind: row.kind,
  status: row.status,
  createdAt: row.createdAt,
  ...(row.text !== null && { text: row.text }),
  ...(row.grantedAt && { grantedAt: row.grantedAt }),
  ...(row.resolvedAt && { resolvedAt: row.resolvedAt }),
  ...(row.takenBy !== null && { takenBy: row.takenBy }),
  ...(row.note !== null && { note: row.note }),
});

/** The part of a hand that a caller may see: examinees learn neither who of the staff answers nor what they note. */
export const handFor = (caller: Pick<Caller, "role">, hand: Hand): Hand => {
  if (caller.role !== "examinee") return hand;
  const { takenBy: _, note: __, ...visible } = hand;
  return visible;
};

/** The open hands of a room, the oldest first. */
export const readOpenHands = async (reader: Reader, { examId, roomId }: RoomKey): Promise<Hand[]> =>
  (await reader.all(openOfRoom, { examId, roomId })).map(toHand);

/** Resolves the open hands of a room, which ends. The event of its end says so. */
export const closeHands = (tx: Transaction, { examId, roomId }: RoomKey, now: Date): Promise<number> =>
  tx.run(closeOfRoom, { examId, roomId, now });

/** Resolves the open hand of a person who leaves a room. The event of that says so. */
export const closeHandOf = (
  tx: Transaction,
  { examId, roomId, userId }: SeatKey,
  now: Date,
): Promise<number> => tx.run(closeOfPerson, { examId, roomId, userId, now });

/** Resolves the open hands of people for whom the exam is over. The event of that says so. */
export const closeHandsOf = (
  tx: Transaction,
  examId: string,
  userIds: readonly string[],
  now: Date,
): Promise<number> => tx.run(closeOfPeople, { examId, userIds, now });

/** Deletes the hands of a person who is erased from an exam, or from one room of it. */
export const deleteHandsOf = (
  tx: Transaction,
  { examId, roomId, userId }: Partial<RoomKey> & Omit<SeatKey, "roomId">,
): Promise<number> =>
  roomId === undefined
    ? tx.run(deleteInExam, { examId, userId })
    : tx.run(deleteInRoom, { examId, roomId, userId });
