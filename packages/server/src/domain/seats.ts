import { and, eq, sql } from "drizzle-orm";
import type { Reader, Transaction } from "../storage/port.js";
import { insertion, param, query, rawParam, statement } from "../storage/statement.js";
import { seatGenerations } from "../storage/tables.js";

// A seat is a person's place in a room. When its links are revoked, its next generation begins, and tokens of earlier generations are
// refused.

/** The user id that stands for all people who are added to the room later. No person has this id. */
const NEWCOMERS = "";

const isSeat = and(eq(seatGenerations.roomId, param("roomId")), eq(seatGenerations.userId, param("userId")));
const generationOfSeat = statement(
  query.select({ generation: seatGenerations.generation }).from(seatGenerations).where(isSeat),
);
const generationsOfRoom = statement(
  query
    .select({ userId: seatGenerations.userId, generation: seatGenerations.generation })
    .from(seatGenerations)
    .where(eq(seatGenerations.roomId, param("roomId"))),
);
const raiseGeneration = statement(
  query
    .insert(seatGenerations)
    .values({ roomId: param("roomId"), userId: param("userId"), generation: 1 })
    .onConflictDoUpdate({
      target: [seatGenerations.roomId, seatGenerations.userId],
      set: { generation: sql`${seatGenerations.generation} + 1` },
    })
    .returning({ generation: seatGenerations.generation }),
);
const insertUnlessThere = insertion(seatGenerations, { onConflict: "ignore" });
const deleteSeat = statement(
  query.delete(seatGenerations).where(isSeat).returning({ generation: seatGenerations.generation }),
);
const raiseTo = statement(
  query
    .insert(seatGenerations)
    .values({ roomId: param("roomId"), userId: param("userId"), generation: rawParam<number>("generation") })
    .onConflictDoUpdate({
      target: [seatGenerations.roomId, seatGenerations.userId],
      set: {
        generation: sql`CASE WHEN ${seatGenerations.generation} > excluded.generation THEN ${seatGenerations.generation} ELSE excluded.generation END`,
      },
    }),
);

/** Returns the generation of a seat. */
export const readGeneration = async (reader: Reader, roomId: string, userId: string): Promise<number> =>
  (await reader.get(generationOfSeat, { roomId, userId }))?.generation ?? 0;

/** Returns the generations of the room's seats whose links were revoked, by user id. */
export const readGenerations = async (reader: Reader, roomId: string): Promise<ReadonlyMap<string, number>> =>
  new Map(
    (await reader.all(generationsOfRoom, { roomId })).map(({ userId, generation }) => [userId, generation]),
  );

/** Begins the next generation of a seat, and returns it. */
export const beginNextGeneration = async (
  tx: Transaction,
  roomId: string,
  userId: string,
): Promise<number> => {
  const raised = await tx.get(raiseGeneration, { roomId, userId });
  if (!raised) throw new Error(`the seat of ${userId} in the room ${roomId} was not written`);
  return raised.generation;
};

/** Gives a person who is added to a room the generation of newcomers, unless their seat has a generation. */
export const seatNewcomer = async (tx: Transaction, roomId: string, userId: string): Promise<void> => {
  const generation = await readGeneration(tx, roomId, NEWCOMERS);
  if (generation > 0) await tx.insert(insertUnlessThere, [{ roomId, userId, generation }]);
};

/**
 * Erases the seats of a person. Newcomers to these rooms start with the erased generation, so that revoked links stay revoked if the person
 * is added again.
 */
export const eraseSeats = async (
  tx: Transaction,
  userId: string,
  roomIds: readonly string[],
): Promise<void> => {
  for (const roomId of roomIds) {
    const erased = await tx.get(deleteSeat, { roomId, userId });
    if (erased) await tx.run(raiseTo, { roomId, userId: NEWCOMERS, generation: erased.generation });
  }
};
