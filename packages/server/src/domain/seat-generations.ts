import { and, eq, sql } from "drizzle-orm";
import type { Queries } from "../storage/sqlite/client.js";
import { seatGenerations } from "../storage/tables.js";

// A seat is a person's place in a room. Each time its links are revoked it begins another generation, and the tokens of the
// generations before are refused.

/** Stands for those who come into the room from now on. No person has this id. */
const NEWCOMERS = "";

/** Makes the function that reads the generation of a seat. */
export const generationReader = (queries: Queries) => {
  const one = queries
    .select({ generation: seatGenerations.generation })
    .from(seatGenerations)
    .where(
      and(
        eq(seatGenerations.roomId, sql.placeholder("roomId")),
        eq(seatGenerations.userId, sql.placeholder("userId")),
      ),
    )
    .prepare();
  return (roomId: string, userId: string): number => one.get({ roomId, userId })?.generation ?? 0;
};

/** Makes the function that begins the next generation of a seat, within a transaction, and returns that generation. */
export const generationRaiser = (queries: Queries) => {
  const raise = queries
    .insert(seatGenerations)
    .values({ roomId: sql.placeholder("roomId"), userId: sql.placeholder("userId"), generation: 1 })
    .onConflictDoUpdate({
      target: [seatGenerations.roomId, seatGenerations.userId],
      set: { generation: sql`${seatGenerations.generation} + 1` },
    })
    .returning({ generation: seatGenerations.generation })
    .prepare();
  return (roomId: string, userId: string): number => raise.get({ roomId, userId }).generation;
};

/** Makes the function that reads the generations of a room's seats, where links were revoked, by user id. */
export const generationsReader = (queries: Queries) => {
  const ofRoom = queries
    .select({ userId: seatGenerations.userId, generation: seatGenerations.generation })
    .from(seatGenerations)
    .where(eq(seatGenerations.roomId, sql.placeholder("roomId")))
    .prepare();
  return (roomId: string): ReadonlyMap<string, number> =>
    new Map(ofRoom.all({ roomId }).map(({ userId, generation }) => [userId, generation]));
};

/** Makes the function that gives a person who comes into a room the generation of newcomers, unless their seat has one. */
export const newcomerSeater = (queries: Queries) => {
  const generationOf = generationReader(queries);
  return (roomId: string, userId: string): void => {
    const generation = generationOf(roomId, NEWCOMERS);
    if (generation > 0)
      queries.insert(seatGenerations).values({ roomId, userId, generation }).onConflictDoNothing().run();
  };
};

/**
 * Erases the seats of a person, and keeps their revoked links revoked should the same person come back: newcomers to those
 * rooms start with a later generation. Belongs into a transaction.
 */
export const eraseSeats = (queries: Queries, userId: string, roomIds: readonly string[]): void => {
  for (const roomId of roomIds) {
    const erased = queries
      .delete(seatGenerations)
      .where(and(eq(seatGenerations.roomId, roomId), eq(seatGenerations.userId, userId)))
      .returning({ generation: seatGenerations.generation })
      .get();
    if (!erased) continue;
    queries
      .insert(seatGenerations)
      .values({ roomId, userId: NEWCOMERS, generation: erased.generation })
      .onConflictDoUpdate({
        target: [seatGenerations.roomId, seatGenerations.userId],
        set: { generation: sql`max(${seatGenerations.generation}, excluded.generation)` },
      })
      .run();
  }
};
