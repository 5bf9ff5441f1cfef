import { and, eq, gte, lt, ne } from "drizzle-orm";
import type { Storage } from "../../storage/port.js";
import { param, query, statement } from "../../storage/statement.js";
import { streamNames, visibleRooms } from "../../storage/tables.js";

/** A stream of a person, in any room of the exam. */
export interface OwnStream {
  readonly name: string;
  readonly roomId: string;
}

export interface UploadStore {
  /** Returns the streams of a person in an exam, including those of former rooms. Newest room first. */
  streamsOf(examId: string, userId: string): Promise<OwnStream[]>;
  /** Whether the name of another room's stream begins with a text. */
  isShared(beginning: string, roomId: string): Promise<boolean>;
}

/** Greater than every character of a stream's name: names are ASCII. */
const ABOVE = "\u007F";

const streamsOfPerson = statement(
  query
    .select({ name: streamNames.name, roomId: streamNames.roomId })
    .from(visibleRooms)
    .innerJoin(
      streamNames,
      and(
        eq(streamNames.examId, visibleRooms.examId),
        eq(streamNames.roomId, visibleRooms.id),
        eq(streamNames.userId, param("userId")),
      ),
    )
    .where(eq(visibleRooms.examId, param("examId"))),
);
const streamOfAnotherRoom = statement(
  query
    .select({ roomId: streamNames.roomId })
    .from(streamNames)
    .where(
      and(
        gte(streamNames.name, param("from")),
        lt(streamNames.name, param("to")),
        ne(streamNames.roomId, param("roomId")),
      ),
    )
    .limit(1),
);

export const createUploadStore = ({ storage }: { storage: Storage }): UploadStore => ({
  async streamsOf(examId, userId) {
    const streams = await storage.all(streamsOfPerson, { examId, userId });
    return streams.toSorted((one, other) => (one.roomId < other.roomId ? 1 : -1));
  },
  async isShared(beginning, roomId) {
    const range = { from: beginning, to: `${beginning}${ABOVE}` };
    return (await storage.get(streamOfAnotherRoom, { ...range, roomId })) !== undefined;
  },
});
