import { and, eq, gte, lt, ne, sql } from "drizzle-orm";
import type { Database } from "../../storage/sqlite/client.js";
import { visibleRooms as rooms, streamNames } from "../../storage/tables.js";

/** A stream of a person's, whatever room of the exam it is of. */
export interface OwnStream {
  readonly name: string;
  readonly roomId: string;
}

export interface UploadStore {
  /** Those of a person in an exam, also of rooms that it was moved out of. The newest room's come first. */
  streamsOf(examId: string, userId: string): Promise<OwnStream[]>;
  /** Whether a stream of another room has a name that begins so. */
  isShared(beginning: string, roomId: string): Promise<boolean>;
}

/** Above every name that begins with the text before it: names are ASCII. */
const ABOVE = "\u007F";

export const createUploadStore = ({ db }: { db: Database }): UploadStore => {
  const own = db.queries
    .select({ name: streamNames.name, roomId: streamNames.roomId })
    .from(rooms)
    .innerJoin(
      streamNames,
      and(eq(streamNames.roomId, rooms.id), eq(streamNames.userId, sql.placeholder("userId"))),
    )
    .where(eq(rooms.examId, sql.placeholder("examId")))
    .prepare();
  const ofAnotherRoom = db.queries
    .select({ roomId: streamNames.roomId })
    .from(streamNames)
    .where(
      and(
        gte(streamNames.name, sql.placeholder("from")),
        lt(streamNames.name, sql.placeholder("to")),
        ne(streamNames.roomId, sql.placeholder("roomId")),
      ),
    )
    .limit(1)
    .prepare();

  return {
    async streamsOf(examId, userId) {
      const streams = own.all({ examId, userId });
      return streams.toSorted((one, other) => (one.roomId < other.roomId ? 1 : -1));
    },
    isShared: async (beginning, roomId) =>
      ofAnotherRoom.get({ from: beginning, to: `${beginning}${ABOVE}`, roomId }) !== undefined,
  };
};
