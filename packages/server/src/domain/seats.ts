import { and, asc, eq, sql } from "drizzle-orm";
import { isOfSeat, isRoomOf } from "../storage/conditions.js";
import type { Reader } from "../storage/port.js";
import { insertion, param, query, rawParam, statement } from "../storage/statement.js";
import { joinCodes, rooms, seatGenerations, visibleParticipants } from "../storage/tables.js";
import type { ExamTransaction } from "./exam-transaction.js";
import type { RoomKey } from "./room-exams.js";

// A seat is a person's place in a room. When its links are revoked, its next generation begins, and tokens of earlier generations are
// refused.

/** The user id that stands for all seats that the room gets later. No person has this id. */
const NEW_SEATS = "";

/** A seat: its room, with the exam, and its person. */
export type SeatKey = RoomKey & { readonly userId: string };

const inRoom = and(eq(seatGenerations.examId, param("examId")), eq(seatGenerations.roomId, param("roomId")));
const isSeat = and(inRoom, eq(seatGenerations.userId, param("userId")));
const generationOfSeat = statement(
  query.select({ generation: seatGenerations.generation }).from(seatGenerations).where(isSeat),
);
/** Finds the generation of a seat, if the exam has the room. */
export const generationInRoom = statement(
  query
    .select({ generation: sql<number>`coalesce(${seatGenerations.generation}, 0)`.mapWith(Number) })
    .from(rooms)
    .leftJoin(
      seatGenerations,
      and(isRoomOf(rooms, seatGenerations), eq(seatGenerations.userId, param("userId"))),
    )
    .where(and(eq(rooms.examId, param("examId")), eq(rooms.id, param("roomId")))),
);
const generationsOfRoom = statement(
  query
    .select({ userId: seatGenerations.userId, generation: seatGenerations.generation })
    .from(seatGenerations)
    .where(inRoom),
);
const keyColumns = [seatGenerations.roomId, seatGenerations.userId, seatGenerations.examId];
const raiseGenerations = statement((dialect) =>
  query
    .insert(seatGenerations)
    .select(
      sql`SELECT "examId", "roomId", "userId", 1 + coalesce((SELECT max(other.generation) FROM seat_generations AS other WHERE other.exam_id = seats."examId" AND other.user_id = seats."userId" AND other.room_id IN (SELECT rooms.id FROM rooms WHERE rooms.exam_id = seats."examId")), 0) FROM ${dialect.rows("seats", { examId: "text", roomId: "text", userId: "text" })} WHERE true`,
    )
    .onConflictDoUpdate({
      target: keyColumns,
      set: { generation: sql`excluded.generation` },
    })
    .returning({ userId: seatGenerations.userId, generation: seatGenerations.generation }),
);
const insertUnlessThere = insertion(seatGenerations, { onConflict: "ignore" });
const deleteSeat = statement(
  query.delete(seatGenerations).where(isSeat).returning({ generation: seatGenerations.generation }),
);
const raiseTo = statement(
  query
    .insert(seatGenerations)
    .values({
      examId: param("examId"),
      roomId: param("roomId"),
      userId: param("userId"),
      generation: rawParam<number>("generation"),
    })
    .onConflictDoUpdate({
      target: keyColumns,
      set: {
        generation: sql`CASE WHEN ${seatGenerations.generation} > excluded.generation THEN ${seatGenerations.generation} ELSE excluded.generation END`,
      },
    }),
);

const codesOfSeat = statement(
  query.select({ page: joinCodes.page, digest: joinCodes.digest }).from(joinCodes).where(isOfSeat(joinCodes)),
);
const insertCodes = insertion(joinCodes);

const peopleOfRoom = statement(
  query
    .select({ userId: visibleParticipants.userId })
    .from(visibleParticipants)
    .where(
      and(eq(visibleParticipants.examId, param("examId")), eq(visibleParticipants.roomId, param("roomId"))),
    )
    .orderBy(asc(visibleParticipants.role), asc(visibleParticipants.seq)),
);
/** Returns the ids of the people of a room: by role, in the order in which people were added. */
export const readUserIds = async (reader: Reader, { examId, roomId }: RoomKey): Promise<string[]> =>
  (await reader.all(peopleOfRoom, { examId, roomId })).map(({ userId }) => userId);

const readGeneration = async (reader: Reader, seat: SeatKey): Promise<number> =>
  (await reader.get(generationOfSeat, seat))?.generation ?? 0;

/** Returns the generation of a seat. Undefined if the exam has no such room. */
export const readGenerationInRoom = async (reader: Reader, seat: SeatKey): Promise<number | undefined> =>
  (await reader.get(generationInRoom, seat))?.generation;

/** Returns the generations of the room's seats whose links were revoked, by user id. */
export const readGenerations = async (
  reader: Reader,
  { examId, roomId }: RoomKey,
): Promise<ReadonlyMap<string, number>> =>
  new Map(
    (await reader.all(generationsOfRoom, { examId, roomId })).map(({ userId, generation }) => [
      userId,
      generation,
    ]),
  );

/**
 * Begins the next generations of seats in a room. Returns them by user id. They are greater than those of all seats of the person in the exam,
 * because a link for a room that the person has left leads on to the seat, unless it is of an earlier generation.
 */
export const beginNextGenerations = async (
  tx: ExamTransaction,
  { examId, roomId }: RoomKey,
  userIds: readonly string[],
): Promise<ReadonlyMap<string, number>> => {
  const seats = userIds.map((userId) => ({ examId, roomId, userId }));
  const raised = await tx.all(raiseGenerations, { seats });
  return new Map(raised.map(({ userId, generation }) => [userId, generation]));
};

/**
 * Prepares the seat of a person who is added to a room. Returns a function that gives it the generation of new seats, unless it has a
 * generation.
 */
export const prepareSeat = async (
  tx: ExamTransaction,
  { examId, roomId, userId }: SeatKey,
): Promise<() => Promise<void>> => {
  const generation = await readGeneration(tx, { examId, roomId, userId: NEW_SEATS });
  return async () => {
    if (generation > 0) await tx.insert(insertUnlessThere, [{ examId, roomId, userId, generation }]);
  };
};

/**
 * Prepares to give a person's seat, to which they are moved, at least the generation of the seat from which they come, and its codes: their
 * links and cards lead on to it, and links that were revoked stay revoked. To be called before the person is deleted from the seat. What it
 * returns is to be started after the person and what `prepareSeat` returned.
 */
export const prepareMove = async (
  tx: ExamTransaction,
  from: SeatKey,
  roomId: string,
): Promise<() => Promise<void>> => {
  const [generation, codes] = await Promise.all([readGeneration(tx, from), tx.all(codesOfSeat, from)]);
  const seat = { ...from, roomId };
  return async () => {
    await Promise.all([
      generation > 0 && tx.run(raiseTo, { ...seat, generation }),
      codes.length > 0 &&
        tx.insert(
          insertCodes,
          codes.map((code) => ({ ...seat, ...code })),
        ),
    ]);
  };
};

/**
 * Erases the seats of a person in rooms of an exam. New seats in these rooms start with the erased generation, so that revoked links stay
 * revoked if the person is added again.
 */
export const eraseSeats = async (
  tx: ExamTransaction,
  { examId, userId }: { readonly examId: string; readonly userId: string },
  roomIds: readonly string[],
): Promise<void> => {
  for (const roomId of roomIds) {
    const erased = await tx.get(deleteSeat, { examId, roomId, userId });
    if (erased) await tx.run(raiseTo, { examId, roomId, userId: NEW_SEATS, generation: erased.generation });
  }
};
