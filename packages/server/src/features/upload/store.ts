import { and, eq, exists, gte, lt, ne, sql } from "drizzle-orm";
import { isRoomOf } from "../../storage/conditions.js";
import type { Queries } from "../../storage/port.js";
import { param, query, statement } from "../../storage/statement.js";
import { streamNames, visibleRooms } from "../../storage/tables.js";

/** A stream of a person, in any room of the exam. */
export interface OwnStream {
  readonly name: string;
  readonly roomId: string;
}

/** A room, and the text with which the names of its streams begin. */
export interface RoomPrefix {
  readonly roomId: string;
  readonly prefix: string;
}

/** Greater than every character of a stream's name: names are ASCII. */
const ABOVE = "\u007F";

const streamsOfPerson = statement(
  query
    .select({ name: streamNames.name, roomId: streamNames.roomId })
    .from(visibleRooms)
    .innerJoin(streamNames, and(isRoomOf(visibleRooms, streamNames), eq(streamNames.userId, param("userId"))))
    .where(eq(visibleRooms.examId, param("examId"))),
);
const streamOfAnotherRoom = query
  .select({ roomId: streamNames.roomId })
  .from(streamNames)
  .where(
    and(
      gte(streamNames.name, sql`prefixes."from"`),
      lt(streamNames.name, sql`prefixes."to"`),
      ne(streamNames.roomId, sql`prefixes."roomId"`),
    ),
  );
const roomsOfSharedPrefixes = statement((dialect) =>
  query
    .select({ roomId: sql<string>`prefixes."roomId"` })
    .from(dialect.rows("prefixes", { roomId: "text", from: "text", to: "text" }))
    .where(exists(streamOfAnotherRoom)),
);

export type UploadStore = ReturnType<typeof createUploadStore>;

export const createUploadStore = ({ storage }: { storage: Queries }) => ({
  /** Returns the streams of a person in an exam, including those of former rooms. Newest room first. */
  async streamsOf(examId: string, userId: string): Promise<OwnStream[]> {
    const streams = await storage.all(streamsOfPerson, { examId, userId });
    return streams.toSorted((one, other) => (one.roomId < other.roomId ? 1 : -1));
  },
  /** Returns those of the rooms whose prefix also begins the name of another room's stream. */
  async sharedPrefixes(rooms: readonly RoomPrefix[]): Promise<ReadonlySet<string>> {
    const prefixes = rooms.map(({ roomId, prefix }) => ({ roomId, from: prefix, to: `${prefix}${ABOVE}` }));
    const shared = await storage.all(roomsOfSharedPrefixes, { prefixes });
    return new Set(shared.map(({ roomId }) => roomId));
  },
});
