import { count, eq, sql } from "drizzle-orm";
import type { Queries } from "../storage/sqlite/client.js";
import { participants } from "../storage/tables.js";

/** Makes the function that counts the people of a room, if there are not more than a number. */
export const roomSizer = (queries: Queries): ((roomId: string, most: number) => number) => {
  const some = queries
    .select({ seq: participants.seq })
    .from(participants)
    .where(eq(participants.roomId, sql.placeholder("roomId")))
    .limit(sql.placeholder("most"))
    .as("some");
  const counted = queries.select({ number: count() }).from(some).prepare();
  return (roomId, most) => counted.get({ roomId, most })?.number ?? 0;
};
